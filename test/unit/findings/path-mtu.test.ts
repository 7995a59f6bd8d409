/** Rules about the size of packets, from captures of the generator: a router that says so, and one that does not. */
import { describe, expect, it } from 'vitest';
import { lagdiffHere as lagdiff } from '../../helpers/in-process.ts';
import { workFolder } from '../../helpers/small-captures.ts';
import {
  ethernetFrame,
  icmpPacket,
  pcapFile,
  tcpFlags,
  tcpPacket,
  type CapturedFrame,
} from '../../generators/packets.ts';

const folder = workFolder();
const CLIENT = '192.0.2.10';
const SERVER = '198.51.100.5';
const START_NS = 1_795_255_200_000_000_000n;

/** A connection whose answer of 1400 bytes is sent five times; `atMs` in milliseconds. */
function stalled(): { atMs: number; packet: Uint8Array }[] {
  let id = 1;
  const up = (seq: number, ack: number, flags: number, bytes = 0): Uint8Array =>
    tcpPacket(
      { src: CLIENT, dst: SERVER, id: id++ },
      { srcPort: 50_000, dstPort: 443, seq, ack, flags, payload: new Uint8Array(bytes) },
    );
  const down = (seq: number, ack: number, flags: number, bytes = 0): Uint8Array =>
    tcpPacket(
      { src: SERVER, dst: CLIENT, id: id++, dontFragment: true },
      { srcPort: 443, dstPort: 50_000, seq, ack, flags, payload: new Uint8Array(bytes) },
    );
  const { syn, ack } = tcpFlags;
  const packets = [
    { atMs: 0, packet: up(1000, 0, syn) },
    { atMs: 10, packet: down(9000, 1001, syn | ack) },
    { atMs: 20, packet: up(1001, 9001, ack) },
    { atMs: 30, packet: up(1001, 9001, ack, 100) },
  ];
  for (let again = 0; again < 5; again++) {
    packets.push({ atMs: 50 + again * 1000, packet: down(9001, 1101, ack, 1400) });
    packets.push({ atMs: 550 + again * 1000, packet: up(1001, 9001, ack, 100) });
  }
  return packets;
}

async function findings(packets: readonly { atMs: number; packet: Uint8Array }[]): Promise<string[]> {
  const frames: CapturedFrame[] = packets.map(({ atMs, packet }) => ({
    timestampNs: START_NS + BigInt(atMs) * 1_000_000n,
    data: ethernetFrame(packet),
  }));
  const path = folder.put('mtu.pcap', pcapFile(frames));
  const { stdout, stderr, code } = await lagdiff(['analyze', path, '--format', 'json']);
  expect(code, stderr).toBe(0);
  const document = JSON.parse(stdout) as { findings: { id: string; claim: string }[] };
  return document.findings
    .filter(({ id }) => id.startsWith('path/'))
    .map(({ id, claim }) => `${id}: ${claim}`);
}

describe('packets above a size', () => {
  it('that vanish in silence are a black hole', async () => {
    expect(await findings(stalled())).toEqual([
      'path/mtu-black-hole: larger packets of 1 connection vanished without an ICMP error, while packets of up to 40 bytes arrived',
    ]);
  });

  it('that a router names are told with its MTU, and are no black hole', async () => {
    const packets = stalled();
    const large = packets[4]?.packet ?? new Uint8Array(0);
    const error = icmpPacket(
      { src: '203.0.113.1', dst: SERVER, id: 77 },
      { type: 3, code: 4, rest: 1400, payload: large.subarray(0, 28) },
    );
    const told = [...packets, { atMs: 6000, packet: error }];
    expect(await findings(told)).toEqual([
      'path/packet-too-big: ICMP errors named packets of 1 flow too big; the next link carries 1400 bytes',
    ]);
  });

  it('that arrive at the fifth try were only unlucky', async () => {
    const arrived = tcpPacket(
      { src: CLIENT, dst: SERVER, id: 99 },
      {
        srcPort: 50_000,
        dstPort: 443,
        seq: 1101,
        ack: 10_401,
        flags: tcpFlags.ack,
        payload: new Uint8Array(0),
      },
    );
    expect(await findings([...stalled(), { atMs: 7000, packet: arrived }])).toEqual([]);
  });
});
