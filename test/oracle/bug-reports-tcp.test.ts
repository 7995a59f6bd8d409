/**
 * Reports of wrong TCP flags in Wireshark, one test for each number: the situation that showed the fault, synthesized; what the strict
 * reading says, which goes by evidence; and what `--compat wireshark` says, which has to be what tshark itself says of the file.
 */
import { describe, expect, it } from 'vitest';
import { haveTool } from '../helpers/repository.ts';
import { workFolder } from '../helpers/small-captures.ts';
import { ethernetFrame, pcapFile, tcpFlags, tcpPacket } from '../generators/packets.ts';
import type { TcpOption } from '../generators/packets.ts';
import { ours, theirs } from './tcp-flags.ts';

const START_NS = 1_795_255_200_000_000_000n;
const SEGMENT = 1_000;
const folder = workFolder();

interface Said {
  /** Of each frame, what is flagged: 'frame kind'. */
  readonly strict: readonly string[];
  readonly wireshark: readonly string[];
}

type Block = readonly [number, number];

/** One connection as a capture saw it, times in µs, numbers from each side's first byte. */
class Connection {
  private readonly frames: { readonly atUs: number; readonly data: Uint8Array }[] = [];
  private readonly hasTimestamps: boolean;
  /** Packets the server has sent, those that the capture missed among them. */
  private serversCount = 100;

  constructor(hasTimestamps = false) {
    this.hasTimestamps = hasTimestamps;
  }

  /** The server beyond the capture, `rttUs` away. */
  handshake(rttUs: number): this {
    this.put(0, 'client', -1, null, 0, { flags: tcpFlags.syn });
    this.put(rttUs, 'server', -1, 0, 0, { flags: tcpFlags.syn | tcpFlags.ack });
    return this.put(rttUs + 20, 'client', 0, 0, 0);
  }

  /** Data of the server: place in segments. `sentUs`: what its clock said. */
  data(atUs: number, place: number, { bytes = SEGMENT, sentUs = atUs, count = 0 } = {}): this {
    return this.put(atUs, 'server', place * SEGMENT, 0, bytes, { sentUs, count });
  }

  /** The server sent so many packets that the capture missed. */
  missed(count: number): this {
    this.serversCount += count;
    return this;
  }

  /** The client has everything before a place, and beyond it the blocks. */
  ack(atUs: number, place: number, blocks: readonly Block[] = [], window = 60_000): this {
    const sack = blocks.map(([left, right]) => [left * SEGMENT, right * SEGMENT] as const);
    return this.put(atUs, 'client', 0, place * SEGMENT, 0, { sack, window });
  }

  private put(
    atUs: number,
    from: 'client' | 'server',
    seq: number,
    ack: number | null,
    bytes: number,
    more: {
      readonly flags?: number;
      readonly sack?: readonly (readonly [number, number])[];
      readonly window?: number;
      readonly sentUs?: number;
      readonly count?: number;
    } = {},
  ): this {
    const isClient = from === 'client';
    const [mine, peers] = isClient ? [5_000, 900_000] : [900_000, 5_000];
    const nop = { kind: 'nop' } as const;
    const options: TcpOption[] = [];
    if (seq === -1) options.push({ kind: 'mss', bytes: 1_460 }, { kind: 'sack-permitted' });
    if (this.hasTimestamps)
      options.push(nop, nop, {
        kind: 'timestamps',
        value: ((more.sentUs ?? atUs) / 1000 + 7_000) | 0,
        echo: 1,
      });
    const blocks = (more.sack ?? []).map(([left, right]) => [left + 900_001, right + 900_001] as const);
    if (blocks.length > 0) options.push(nop, nop, { kind: 'sack', blocks });
    const addresses = { src: '192.0.2.7', dst: '198.51.100.9', id: this.frames.length + 1 };
    const id = more.count !== undefined && more.count > 0 ? more.count : this.serversCount++;
    const packet = tcpPacket(isClient ? addresses : { src: addresses.dst, dst: addresses.src, id }, {
      srcPort: isClient ? 40_000 : 7_777,
      dstPort: isClient ? 7_777 : 40_000,
      seq: mine + 1 + seq,
      ...(ack === null ? {} : { ack: peers + 1 + ack }),
      flags: more.flags ?? tcpFlags.ack,
      window: more.window ?? 60_000,
      options,
      payload: new Uint8Array(bytes).fill(seq / SEGMENT),
    });
    this.frames.push({ atUs, data: ethernetFrame(packet) });
    return this;
  }

  async said(name: string): Promise<Said> {
    const frames = this.frames.map(({ atUs, data }) => ({
      timestampNs: START_NS + BigInt(atUs) * 1000n,
      data,
    }));
    const path = folder.put(`${name}.pcap`, pcapFile(frames));
    const [strict, wireshark] = [await ours(path, 'strict'), await ours(path, 'wireshark')];
    if (haveTool('tshark'))
      expect([...wireshark!.flags].sort(), 'as tshark').toEqual([...(await theirs(path)).flags].sort());
    const told = (flags: Set<string>): string[] =>
      [...flags].filter((flag) => !flag.endsWith('duplicate_ack') && !flag.endsWith('not_captured'));
    return { strict: told(strict!.flags), wireshark: told(wireshark!.flags) };
  }
}

describe('reports of wrong TCP flags', () => {
  it('Wireshark#13863: a repeat that the receiver asked for, a round trip later, is no packet out of order', async () => {
    // Captured beside the client, 100 ms from the server, whose data go on: the last segment is always near.
    const connection = new Connection().handshake(100_000).data(200_000, 0).ack(200_050, 1).missed(1);
    for (let place = 2; place < 7; place++) {
      const atUs = 210_000 + (place - 2) * 10_000;
      connection.data(atUs, place).ack(atUs + 50, 1, [[2, place + 1]]);
    }
    connection.data(312_000, 1).ack(312_050, 7);
    const { strict, wireshark } = await connection.said('wireshark-13863');
    expect(strict).toEqual(['16 fast_retransmission']);
    expect(wireshark).toEqual(['16 out_of_order']);
  });

  it('Wireshark#13843: a repeat of what SACK says has arrived is spurious, and one that SACK asks for is not out of order', async () => {
    const connection = new Connection().handshake(100_000).data(200_000, 0).ack(200_050, 1).missed(1);
    connection
      .data(210_000, 2)
      .ack(210_050, 1, [[2, 3]])
      .data(211_000, 3)
      .ack(211_050, 1, [[2, 4]]);
    // Later both come again, with no third duplicate ACK between them.
    connection.data(301_000, 1).data(301_010, 2).ack(301_050, 4);
    const { strict, wireshark } = await connection.said('wireshark-13843');
    expect(strict).toEqual(['10 fast_retransmission', '11 spurious_retransmission']);
    expect(wireshark).toEqual(['10 out_of_order', '11 out_of_order']);
  });

  it('Wireshark#15993: an original that comes late is no repeat, by its clock or by its sender’s count of packets', async () => {
    // No handshake was captured, so that Wireshark gives 3 ms; the original is overtaken for 8.
    const late = (hasTimestamps: boolean, isCounted: boolean): Connection =>
      new Connection(hasTimestamps)
        .data(200_000, 0, { count: 50 })
        .ack(200_050, 1)
        .data(240_000, 2, { count: 52 })
        .ack(240_050, 1)
        .data(248_000, 1, { sentUs: 238_000, count: isCounted ? 51 : 60 })
        .ack(248_050, 3);
    expect(await late(true, false).said('wireshark-15993-clock')).toEqual({
      strict: ['5 out_of_order'],
      wireshark: ['5 retransmission'],
    });
    expect(await late(false, true).said('wireshark-15993-count')).toEqual({
      strict: ['5 out_of_order'],
      wireshark: ['5 retransmission'],
    });
    // Neither: then it may as well be a repeat, and is called one.
    expect((await late(false, false).said('wireshark-15993-neither')).strict).toEqual(['5 retransmission']);
  });

  it('Wireshark#15427: data that begin at the byte of a probe of a closed window are no repeat', async () => {
    const connection = new Connection()
      .handshake(20_000)
      .data(100_000, 0)
      .ack(100_050, 1, [], 0)
      .data(400_000, 1, { bytes: 1 })
      .ack(400_050, 1, [], 0)
      .ack(600_000, 1)
      .data(620_000, 1)
      .ack(620_050, 2);
    const dropped = await connection.said('wireshark-15427');
    expect(dropped.strict.filter((flag) => /retransmission|out_of_order/.test(flag))).toEqual([]);
    expect(dropped.wireshark.filter((flag) => /retransmission|out_of_order/.test(flag))).toEqual([]);
  });
});
