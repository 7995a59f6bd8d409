/** Claims → commented pcapng files and an index: reads each capture set once for all claims, at both ends where given. */

import type { Pseudonyms } from '../redaction/pseudonyms.ts';
import { parseAddress, textOf } from '../redaction/pseudonyms.ts';
import type { PacketSelector } from '../engine/extract.ts';
import type { Batch } from '../tables/batch.ts';
import { formatInstant } from '../units.ts';
import { writePcapng } from './pcapng.ts';
import { atOtherEnd, type Claim, type Request } from './plan.ts';
import { readRecords, type FoundRecord } from './read.ts';
import { identityOf } from './rules.ts';

export interface CaptureFiles {
  readonly label: string;
  readonly period: string;
  readonly end: string;
  readonly paths: readonly string[];
  /** Its flows table: which conversations there are to match. */
  readonly flows: Batch;
  /** What outputs call a file, and its hash. */
  readonly describe: (path: string) => { readonly name: string; readonly sha256: string };
}

export interface BuildInput {
  readonly claims: readonly Claim[];
  readonly captures: readonly CaptureFiles[];
  /** Null keeps names; payloads are zeroed all the same. */
  readonly pseudonyms: Pseudonyms | null;
  /** Told every name met in a packet. */
  readonly onName?: (name: Uint8Array) => void;
  readonly rebaseTimestamps: boolean;
  readonly version: string;
}

/** One line of extracts/index.json. */
export interface ExtractEntry {
  readonly file: string;
  readonly claim: string;
  /** Shows exactly the cited packets. */
  readonly display_filter: string;
  /** RTT samples among them: each runs from one packet to the other. */
  readonly rtt_samples: readonly {
    readonly from_frame: number;
    readonly to_frame: number;
    readonly rtt_ns: number;
  }[];
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
  readonly selector: PacketSelector;
  readonly request: Request;
}

/** Clocks of the two ends may differ; a packet is looked for so far around its time at the other end. */
const OTHER_END_NS = 2_000_000_000n;

export async function buildExtracts(input: BuildInput): Promise<Extract[]> {
  const requests = input.claims.flatMap((claim) => claim.requests);
  const chosen = new Map<Request, Chosen[]>(requests.map((request) => [request, []]));
  for (const files of input.captures) {
    const own = requests.filter(({ label }) => label === files.label);
    const found = await read(
      input,
      files,
      own.map(({ selector }) => selector),
    );
    own.forEach((request, index) => {
      for (const record of request.pick(found[index] ?? []))
        chosen.get(request)!.push({ record, files, note: request.note, selector: request.selector, request });
    });
  }
  for (const files of input.captures) await addOtherEnd(input, files, requests, chosen);
  return input.claims.flatMap((claim) => {
    const packets = shownGroups(claim, chosen);
    return packets.length === 0 ? [] : [extractOf(input, claim, packets)];
  });
}

/** The same packets in the captures of the other end of the same period. */
async function addOtherEnd(
  input: BuildInput,
  files: CaptureFiles,
  requests: readonly Request[],
  chosen: ReadonlyMap<Request, Chosen[]>,
): Promise<void> {
  const wanted = requests
    .filter(({ label }) => isOtherEnd(input.captures, label, files))
    .flatMap((request) =>
      atOtherEnd(files.flows, request.selector, OTHER_END_NS).map((selector) => ({ request, selector })),
    );
  const found = await read(
    input,
    files,
    wanted.map(({ selector }) => selector),
  );
  wanted.forEach(({ request, selector }, index) => {
    const list = chosen.get(request) ?? [];
    const known = new Set(
      list.filter(({ files: own }) => own.label === request.label).map(({ record }) => identityOf(record)),
    );
    const same = (found[index] ?? []).filter((record) => known.has(identityOf(record)));
    for (const record of same)
      list.push({ record, files, note: 'the same packet at the other end', selector, request });
  });
}

/** Packets of the first groups, those seen at both ends first. */
function shownGroups(claim: Claim, chosen: ReadonlyMap<Request, readonly Chosen[]>): Chosen[] {
  const groups = new Map<string, Chosen[]>();
  for (const request of claim.requests)
    groups.set(request.group, [...(groups.get(request.group) ?? []), ...(chosen.get(request) ?? [])]);
  const hasBothEnds = (packets: readonly Chosen[]): boolean =>
    new Set(packets.map(({ files }) => files.end)).size > 1;
  const list = [...groups.values()].filter((packets) => packets.length > 0);
  return [...list.filter(hasBothEnds), ...list.filter((packets) => !hasBothEnds(packets))]
    .slice(0, claim.groups)
    .flat();
}

function isOtherEnd(captures: readonly CaptureFiles[], label: string, files: CaptureFiles): boolean {
  const own = captures.find((entry) => entry.label === label);
  return own !== undefined && own.period === files.period && own.end !== files.end;
}

/** Records by selector. */
async function read(
  input: BuildInput,
  files: CaptureFiles,
  selectors: readonly PacketSelector[],
): Promise<FoundRecord[][]> {
  const found: FoundRecord[][] = selectors.map(() => []);
  if (selectors.length === 0) return found;
  const { pseudonyms } = input;
  const config = {
    selectors,
    timestampKey: input.rebaseTimestamps && pseudonyms ? pseudonyms.timestampKey() : null,
    keepNames: pseudonyms === null,
    mapName: (name: Uint8Array) => {
      input.onName?.(name);
      return mapName(pseudonyms, name);
    },
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
    return left < right
      ? -1
      : left > right
        ? 1
        : input.captures.indexOf(a.files) - input.captures.indexOf(b.files) ||
          a.record.frameNumber - b.record.frameNumber;
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
      const payload =
        record.payload.length === 0 || !input.pseudonyms
          ? ''
          : `; payload hmac-sha256/128 ${input.pseudonyms.payloadHash(record.payload)} over ${record.payload.length} bytes`;
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
    entry: {
      file: `extracts/${claim.id}.pcapng`,
      claim: text(claim.text),
      display_filter: filterOf(sorted, input.pseudonyms),
      rtt_samples: samplesOf(sorted),
      packets: cited,
    },
  };
}

/** Where a packet shows two samples, it is there with the first only: the second has no pair, and is not listed. */
function samplesOf(sorted: readonly Chosen[]): ExtractEntry['rtt_samples'] {
  const frames = new Map<Request, number[]>();
  sorted.forEach(({ request, files }, index) => {
    if (request.rttNs === undefined || files.label !== request.label) return;
    frames.set(request, [...(frames.get(request) ?? []), index + 1]);
  });
  return [...frames].flatMap(([{ rttNs }, [from_frame, to_frame, more]]) =>
    from_frame === undefined || to_frame === undefined || more !== undefined
      ? []
      : [{ from_frame, to_frame, rtt_ns: rttNs ?? 0 }],
  );
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
  for (const { selector, record } of packets) {
    const times = groups.get(selector) ?? [];
    groups.set(selector, [...times, ...(record.timestampNs === null ? [] : [record.timestampNs])]);
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
