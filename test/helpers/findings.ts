/** Findings of captures made packet by packet. */
import { ethernetFrame, pcapFile, type CapturedFrame } from '../generators/packets.ts';
import { lagdiffHere } from './in-process.ts';
import { workFolder } from './small-captures.ts';

export interface At {
  readonly atMs: number;
  readonly packet: Uint8Array;
}

export interface Found {
  readonly id: string;
  readonly claim: string;
  readonly count: number;
  readonly flow_ids: readonly number[];
  readonly trend?: { readonly counts: readonly number[] } | null;
}

const START_NS = 1_795_255_200_000_000_000n;

/** A reader of what `analyze` finds in packets, in any order of time; `pattern` picks ids. */
export function findingsReader(pattern: RegExp): (packets: readonly At[]) => Promise<Found[]> {
  const folder = workFolder();
  return async (packets) => {
    const frames: CapturedFrame[] = [...packets]
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ atMs, packet }) => ({
        timestampNs: START_NS + BigInt(Math.round(atMs * 1000)) * 1000n,
        data: ethernetFrame(packet),
      }));
    const path = folder.put('packets.pcap', pcapFile(frames));
    const { stdout, stderr, code } = await lagdiffHere(['analyze', path, '--format', 'json']);
    if (code !== 0) throw new Error(stderr);
    const { findings } = JSON.parse(stdout) as { findings: Found[] };
    return findings.filter(({ id }) => pattern.test(id));
  };
}
