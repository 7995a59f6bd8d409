/**
 * Which protocol every UDP flow of every real capture speaks, against a written expectation: what is claimed is in
 * applications.json with the flows it is claimed of, and nothing is claimed of any flow that is not. RTP against Wireshark:
 * packets lost per stream, and interarrival jitter computed from tshark's own sequence numbers, timestamps and times.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inParallel, runProcess } from '../helpers/cli.ts';
import { flowsOf } from '../helpers/flows.ts';
import { CAPTURES, haveCaptures, haveTool, listCaptures } from '../helpers/repository.ts';
import { nanoseconds } from './tshark.ts';

interface Expectations {
  /** capture → application → flow ids (frame number of the flow's first packet). */
  readonly claims: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  /** Captures of games and media without any claim, and why that is the truth. */
  readonly opaque: Readonly<Record<string, string>>;
  /** capture, flow and direction → tick period of an opaque sender in ms, within a hundredth. */
  readonly ticks: readonly {
    readonly capture: string;
    readonly flow: number;
    readonly column: string;
    readonly ms: number;
  }[];
  /** Media streams that tshark decodes when told the port. */
  readonly rtp: readonly {
    readonly capture: string;
    readonly flow: number;
    readonly direction: 'forward' | 'reverse';
    readonly port: number;
    readonly rateHz: number;
  }[];
}

const expected = JSON.parse(
  readFileSync(join(import.meta.dirname, 'applications.json'), 'utf8'),
) as Expectations;

describe.skipIf(!haveCaptures)('protocols over UDP in real captures', () => {
  it('claims what is written down, and nothing else anywhere', { timeout: 900_000 }, async () => {
    const names = listCaptures();
    const wrong: string[] = [];
    let readable = 0;
    await inParallel(names, 2, async (name) => {
      const flows = await flowsOf(join(CAPTURES, name));
      if (flows === null) return;
      readable += 1;
      const claims: Record<string, number[]> = {};
      for (const flow of flows) {
        if (flow['application'] === null) continue;
        (claims[flow['application'] ?? ''] ??= []).push(Number(flow['flow_id']));
      }
      const sorted = (all: Readonly<Record<string, readonly number[]>>): string =>
        JSON.stringify(
          Object.entries(all)
            .map(([application, ids]) => [application, [...ids].sort((a, b) => a - b)] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        );
      if (sorted(claims) !== sorted(expected.claims[name] ?? {}))
        wrong.push(`${name}: claimed ${sorted(claims)}, expected ${sorted(expected.claims[name] ?? {})}`);
      for (const { flow, column, ms } of expected.ticks.filter(({ capture }) => capture === name)) {
        const row = flows.find((candidate) => candidate['flow_id'] === String(flow));
        const found = Number(row?.[column] ?? Number.NaN) / 1e6;
        if (!(Math.abs(found - ms) < ms / 100))
          wrong.push(`${name} ${flow}: ${column} ${found} ms, expected ${ms}`);
      }
    });
    expect(readable).toBeGreaterThan(250);
    expect(wrong).toEqual([]);
  });

  it('every capture of games and media has an expectation', () => {
    const names = listCaptures().filter((name) => /^(games|voip-quic)\//.test(name));
    const without = names.filter((name) => !(name in expected.claims) && !(name in expected.opaque));
    expect(without).toEqual([]);
    expect(Object.keys(expected.opaque).filter((name) => name in expected.claims)).toEqual([]);
  });
});

interface MediaPacket {
  readonly atNs: bigint;
  readonly sequence: number;
  readonly ticks: number;
}

async function mediaPackets(name: string, port: number): Promise<Map<string, MediaPacket[]>> {
  const fields = ['rtp.ssrc', 'udp.srcport', 'frame.time_epoch', 'rtp.seq', 'rtp.timestamp', 'rtp.p_type'];
  const { stdout } = await runProcess(
    'tshark',
    [
      ...['-n', '-r', join(CAPTURES, name), '-d', `udp.port==${port},rtp`, '-Y', `rtp && udp.port==${port}`],
      ...[
        '-T',
        'fields',
        '-E',
        'separator=/t',
        '-E',
        'occurrence=f',
        ...fields.flatMap((field) => ['-e', field]),
      ],
    ],
    { timeoutMs: 120_000 },
  );
  const streams = new Map<string, MediaPacket[]>();
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const [source = '', from = '', epoch = '', sequence = '', ticks = '', type = ''] = line.split('\t');
    const key = `${source} ${from} ${type}`;
    const packets = streams.get(key) ?? [];
    packets.push({
      atNs: BigInt(nanoseconds(epoch) ?? '0'),
      sequence: Number(sequence),
      ticks: Number(ticks),
    });
    streams.set(key, packets);
  }
  return streams;
}

/** RFC 3550 A.8 in floating point, as Wireshark computes it: per packet in order of arrival. */
function jitterNs(packets: readonly MediaPacket[], rateHz: number): number {
  let jitter = 0;
  for (const [index, packet] of packets.entries()) {
    const before = packets[index - 1];
    if (before === undefined || packet.ticks === before.ticks) continue;
    const sent = (((packet.ticks - before.ticks) | 0) / rateHz) * 1e9;
    jitter += (Math.abs(Number(packet.atNs - before.atNs) - sent) - jitter) / 16;
  }
  return jitter;
}

function lost(packets: readonly MediaPacket[]): number {
  let highest = packets[0]?.sequence ?? 0;
  const first = highest;
  const seen = new Set<number>();
  for (const { sequence } of packets) {
    const step = ((sequence - highest) << 16) >> 16;
    seen.add(highest + step);
    highest = Math.max(highest, highest + step);
  }
  return highest - first + 1 - seen.size;
}

describe.skipIf(!haveCaptures || !haveTool('tshark'))('RTP as Wireshark sees it', () => {
  it('loses the same packets and has the same jitter', { timeout: 300_000 }, async () => {
    const report: string[] = [];
    for (const { capture, flow, direction, port, rateHz } of expected.rtp) {
      const flows = await flowsOf(join(CAPTURES, capture));
      const row = flows?.find((candidate) => candidate['flow_id'] === String(flow));
      const from = direction === 'forward' ? row?.['initiator_port'] : row?.['responder_port'];
      const streams = [...(await mediaPackets(capture, port))].filter(([key]) => key.split(' ')[1] === from);
      const longest = streams.map(([, packets]) => packets).sort((a, b) => b.length - a.length)[0] ?? [];
      const ours = {
        lost: Number(row?.[`${direction}_lost_packets`] ?? Number.NaN),
        jitterNs: Number(row?.[`${direction}_interarrival_jitter_ns`] ?? Number.NaN),
      };
      const theirs = { lost: lost(longest), jitterNs: jitterNs(longest, rateHz) };
      if (ours.lost !== theirs.lost || !(Math.abs(ours.jitterNs - theirs.jitterNs) < 1000))
        report.push(
          `${capture} ${flow} ${direction}: ours ${JSON.stringify(ours)}, tshark ${JSON.stringify(theirs)}`,
        );
    }
    expect(expected.rtp.length).toBeGreaterThan(8);
    expect(report).toEqual([]);
  });
});
