/** Small captures with every kind of row in them: for the command line and the laws, where the answer must only agree with itself. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  type CapturedFrame,
  ethernetFrame,
  etherTypes,
  fragmentedPackets,
  icmpPacket,
  pcapFile,
  quoted,
  tcpFlags,
  tcpPacket,
  udpDatagram,
  udpPacket,
} from '../generators/packets.ts';

const START_NS = 1_795_255_200_000_000_000n; // 2026-11-21T10:00:00Z
const MS = 1_000_000n;

export interface EveningOptions {
  /** Clients 192.0.2.10 upwards, each with one TCP and one UDP flow. */
  readonly clients?: number;
  readonly exchanges?: number;
  /** Every n-th server packet comes this much later than its tick: the evening. */
  readonly lateByMs?: number;
  readonly startNs?: bigint;
}

/** Game traffic seen at the server: TCP with timestamps, UDP ticks, a repeat, a re-marking, fragments, ICMP, ARP. */
export function evening(options: EveningOptions = {}): CapturedFrame[] {
  const { clients = 2, exchanges = 12, lateByMs = 0, startNs = START_NS } = options;
  const frames: CapturedFrame[] = [];
  const put = (atMs: number, packet: Uint8Array): void => {
    frames.push({
      timestampNs: startNs + BigInt(Math.round(atMs * 1000)) * 1000n,
      data: ethernetFrame(packet),
    });
  };
  for (let client = 0; client < clients; client++) {
    const up = { src: `192.0.2.${10 + client}`, dst: '198.51.100.5', ttl: 52 };
    const down = { src: up.dst, dst: up.src, ttl: 64 };
    const at = client * 3;
    const ports = { srcPort: 40_000 + client, dstPort: 27_015 };
    const back = { srcPort: ports.dstPort, dstPort: ports.srcPort };
    const stamps = (value: number, echo: number) => [{ kind: 'timestamps' as const, value, echo }];
    put(
      at,
      tcpPacket(up, {
        ...ports,
        seq: 1000,
        flags: tcpFlags.syn,
        options: [{ kind: 'mss', bytes: 1414 }, ...stamps(1, 0)],
      }),
    );
    put(
      at + 0.2,
      tcpPacket(down, {
        ...back,
        seq: 5000,
        ack: 1001,
        flags: tcpFlags.syn | tcpFlags.ack,
        options: stamps(900, 1),
      }),
    );
    put(
      at + 30,
      tcpPacket(up, { ...ports, seq: 1001, ack: 5001, flags: tcpFlags.ack, options: stamps(31, 900) }),
    );
    for (let tick = 0; tick < exchanges; tick++) {
      const t = at + 40 + tick * 50;
      const late = tick % 4 === 3 ? lateByMs : 0;
      const payload = new Uint8Array(100).fill(tick);
      const seq = 5001 + tick * 100;
      const data = { ...back, seq, ack: 1001, flags: tcpFlags.ack | tcpFlags.psh, payload };
      put(t, tcpPacket(down, { ...data, options: stamps(940 + tick * 50, 31 + tick * 50) }));
      if (tick === 5)
        put(t + 25, tcpPacket(down, { ...data, options: stamps(965 + tick * 50, 31 + tick * 50) }));
      put(
        t + 30 + late,
        tcpPacket(up, {
          ...ports,
          seq: 1001,
          ack: seq + 100,
          flags: tcpFlags.ack,
          options: stamps(71 + tick * 50, 940 + tick * 50),
        }),
      );
      put(
        t + 7 + late,
        udpPacket(
          { ...up, dscp: tick < 8 ? 46 : 0 },
          { srcPort: 50_000 + client, dstPort: 7777, payload: payload.subarray(0, 40) },
        ),
      );
      put(t + 9, udpPacket(down, { srcPort: 7777, dstPort: 50_000 + client, payload }));
    }
    put(at + 45, udpPacket(down, { srcPort: 7777, dstPort: 50_000 + client, payload: new Uint8Array(900) }));
  }
  const big = { src: '192.0.2.10', dst: '198.51.100.5', protocol: 17, id: 77 };
  const datagram = udpDatagram(big, { srcPort: 50_000, dstPort: 7777, payload: new Uint8Array(3000) });
  for (const [index, packet] of fragmentedPackets(big, datagram, 1400).entries())
    put(200 + index * 0.1, packet);
  const offender = udpPacket(
    { src: '198.51.100.5', dst: '192.0.2.10', dontFragment: true },
    { srcPort: 7777, dstPort: 50_000, payload: new Uint8Array(1472) },
  );
  put(210, offender);
  put(
    211,
    icmpPacket(
      { src: '203.0.113.1', dst: '198.51.100.5' },
      { type: 3, code: 4, rest: 1454, payload: quoted(offender, 28) },
    ),
  );
  put(
    212,
    udpPacket(
      { src: '2001:db8::10', dst: '2001:db8::5' },
      { srcPort: 50_001, dstPort: 7777, payload: new Uint8Array(64) },
    ),
  );
  frames.push({
    timestampNs: startNs + 213n * MS,
    data: ethernetFrame(new Uint8Array(46), { etherType: etherTypes.arp }),
  });
  return frames.sort((a, b) => (a.timestampNs < b.timestampNs ? -1 : a.timestampNs > b.timestampNs ? 1 : 0));
}

/** The same as a classic pcap file. */
export function eveningFile(options: EveningOptions = {}): Uint8Array {
  return pcapFile(evening(options));
}

/** A folder of its own for this test file, removed afterwards. */
export function workFolder(): {
  readonly path: string;
  readonly put: (name: string, content: Uint8Array | string) => string;
} {
  const path = mkdtempSync(join(tmpdir(), 'lagdiff-test-'));
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return {
    path,
    put: (name, content) => {
      const target = join(path, name);
      writeFileSync(target, content);
      return target;
    },
  };
}
