/** Claims → commented pcapng files and an index: reads each capture set once for all claims, at both ends where given. */

import type { Pseudonyms } from '../redaction/pseudonyms.ts';
import { parseAddress, textOf } from '../redaction/pseudonyms.ts';
import type { PacketSelector } from '../engine/extract.ts';
import { formatInstant } from '../units.ts';
import { writePcapng } from './pcapng.ts';
import type { Claim, Request } from './plan.ts';
import { readRecords, type FoundRecord } from './read.ts';
import { identityOf } from './rules.ts';

export interface CaptureFiles {
  readonly label: string;
  readonly period: string;
  readonly end: string;
  readonly paths: readonly string[];
  /** What outputs call a file, and its hash. */
  readonly describe: (path: string) => { readonly name: string; readonly sha256: string };
}

export interface BuildInput {
  readonly claims: readonly Claim[];
  readonly captures: readonly CaptureFiles[];
  /** Null keeps names; payloads are zeroed all the same. */
  readonly pseudonyms: Pseudonyms | null;
  readonly rebaseTimestamps: boolean;
  readonly version: string;
}

/** One line of extracts/index.json. */
export interface ExtractEntry {
  readonly file: string;
  readonly claim: string;
  /** Shows exactly the cited packets. */
  readonly display_filter: string;
  readonly packets: readonly {
    readonly frame_number: number;
    readonly capture: string;
    readonly capture_sha256: string;
    readonly capture_frame_number: number;
    readonly timestamp: string | null;
    readonly period: string;
    readonly end: string;
    readonly shows: string;
  }[];
}

export interface Extract {
  readonly entry: ExtractEntry;
  readonly bytes: Uint8Array;
}

interface Chosen {
  readonly record: FoundRecord;
  readonly files: CaptureFiles;
  readonly note: string;
  readonly request: Request;
}

/** Clocks of the two ends may differ; a packet is looked for so far around its time at the other end. */
const OTHER_END_NS = 2_000_000_000n;

export async function buildExtracts(input: BuildInput): Promise<Extract[]> {
  const requests = input.claims.flatMap((claim) => claim.requests);
  const chosen = new Map<Request, Chosen[]>(requests.map((request) => [request, []]));
  for (const files of input.captures) {
    const own = requests.filter(({ label }) => label === files.label);
    const found = await read(input, files, own.map(({ selector }) => selector));
    own.forEach((request, index) => {
      for (const record of request.pick(found[index] ?? []))
        chosen.get(request)!.push({ record, files, note: request.note, request });
    });
  }
  for (const files of input.captures) {
    // The other end of a period whose own end showed something.
    const others = requests.filter(({ label }) => isOtherEnd(input.captures, label, files) && chosen.size > 0);
    if (others.length === 0) continue;
    const found = await read(
      input,
      files,
      others.map(({ selector }) => ({ ...selector, fromNs: selector.fromNs - OTHER_END_NS, toNs: selector.toNs + OTHER_END_NS })),
    );
    others.forEach((request, index) => {
      const wanted = new Set(chosen.get(request)!.filter((one) => one.files.label === request.label).map(({ record }) => identityOf(record)));
      for (const record of found[index] ?? [])
        if (wanted.has(identityOf(record)))
          chosen.get(request)!.push({ record, files, note: 'the same packet at the other end', request });
    });
  }
  return input.claims.flatMap((claim) => {
    const packets = claim.requests.flatMap((request) => chosen.get(request) ?? []);
    return packets.length === 0 ? [] : [extractOf(input, claim, packets)];
  });
}

function isOtherEnd(captures: readonly CaptureFiles[], label: string, files: CaptureFiles): boolean {
  const own = captures.find((entry) => entry.label === label);
  return own !== undefined && own.period === files.period && own.end !== files.end;
}

/** Records by selector. */
async function read(input: BuildInput, files: CaptureFiles, selectors: readonly PacketSelector[]): Promise<FoundRecord[][]> {
  const found: FoundRecord[][] = selectors.map(() => []);
  if (selectors.length === 0) return found;
  const { pseudonyms } = input;
  const config = {
    selectors,
    timestampKey: input.rebaseTimestamps && pseudonyms ? pseudonyms.timestampKey() : null,
    keepNames: pseudonyms === null,
    mapName: (name: Uint8Array) => mapName(pseudonyms, name),
  };
  for await (const record of readRecords(files.paths, config)) found[record.selector ?? 0]?.push(record);
  return found;
}

export function mapName(pseudonyms: Pseudonyms | null, name: Uint8Array): Uint8Array {
  if (pseudonyms === null) return name;
  return name.length === 6 ? pseudonyms.hardwareAddress(name) : pseudonyms.address(name);
}

function extractOf(input: BuildInput, claim: Claim, packets: Chosen[]): Extract {
  const order = (a: Chosen, b: Chosen): number => {
    const [left, right] = [a.record.timestampNs ?? 0n, b.record.timestampNs ?? 0n];
    return left < right ? -1 : left > right ? 1 : input.captures.indexOf(a.files) - input.captures.indexOf(b.files) || a.record.frameNumber - b.record.frameNumber;
  };
  const sorted = unique(packets.sort(order));
  const text = (value: string): string => input.pseudonyms?.text(value) ?? value;
  const cited = sorted.map(({ record, files, note }, index) => {
    const { name, sha256 } = files.describe(record.path);
    return {
      frame_number: index + 1,
      capture: text(name),
      capture_sha256: sha256,
      capture_frame_number: record.frameNumber,
      timestamp: record.timestampNs === null ? null : formatInstant(record.timestampNs),
      period: files.period,
      end: files.end,
      shows: note,
    };
  });
  const bytes = writePcapng(
    sorted.map(({ record, files }, index) => {
      const { capture, capture_sha256, capture_frame_number, shows } = cited[index]!;
      const payload = record.payload.length === 0 || !input.pseudonyms ? '' : `; payload hmac-sha256/128 ${input.pseudonyms.payloadHash(record.payload)} over ${record.payload.length} bytes`;
      return {
        interfaceName: `${files.period}-${files.end}`,
        linkType: record.linkType,
        timestampNs: record.timestampNs,
        originalLength: record.originalLength,
        bytes: record.bytes,
        comment: `${shows}; frame ${capture_frame_number} of ${capture} (sha256 ${capture_sha256})${payload}`,
      };
    }),
    { application: `lagdiff ${input.version}`, comment: text(claim.text) },
  );
  return {
    bytes,
    entry: { file: `extracts/${claim.id}.pcapng`, claim: text(claim.text), display_filter: filterOf(sorted, input.pseudonyms), packets: cited },
  };
}

/** A packet that shows two things is there once, with the first. */
function unique(sorted: readonly Chosen[]): Chosen[] {
  const seen = new Set<string>();
  return sorted.filter(({ record }) => {
    const key = `${record.path}\u0000${record.frameNumber}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** Five-tuples, each with its own time, as the extract shows them. */
function filterOf(packets: readonly Chosen[], pseudonyms: Pseudonyms | null): string {
  const groups = new Map<PacketSelector, bigint[]>();
  for (const { request, record } of packets) {
    const times = groups.get(request.selector) ?? [];
    groups.set(request.selector, [...times, ...(record.timestampNs === null ? [] : [record.timestampNs])]);
  }
  const parts = [...groups].map(([{ ends, protocol }, times]) => {
    const shown = ends.map(({ address }) => {
      const isV4 = address.subarray(0, 12).every((byte, at) => byte === (at < 10 ? 0 : 0xff));
      return textOf(mapName(pseudonyms, isV4 ? address.slice(12) : address));
    });
    const field = parseAddress(shown[0] ?? '')?.length === 16 ? 'ipv6.addr' : 'ip.addr';
    const port = { 6: 'tcp.port', 17: 'udp.port' }[protocol];
    const sorted = times.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return [
      ...shown.map((address) => `${field} == ${address}`),
      ...(port === undefined ? [] : ends.map((end) => `${port} == ${end.port}`)),
      `frame.time_epoch >= ${epoch(sorted[0] ?? 0n)}`,
      `frame.time_epoch <= ${epoch(sorted.at(-1) ?? 0n)}`,
    ].join(' && ');
  });
  return [...new Set(parts)].map((part) => `(${part})`).join(' || ');
}

function epoch(ns: bigint): string {
  return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
}
