/**
 * Claims → the conversations and instants that show them. For a verdict: up to three typical clients of its cohort, and of
 * each, in either period, the two packets of the RTT sample nearest to the client's median. For a finding: the first
 * conversations it names.
 */

import type { PacketSelector } from '../engine/extract.ts';
import type { Batch } from '../tables/batch.ts';
import { RTT_METHODS } from '../comparison/table-batches.ts';
import type { FoundRecord } from './read.ts';
import { ruleOf } from './rules.ts';

/** Tables of one capture set. */
export interface CaptureSet {
  readonly label: string;
  readonly flows: Batch;
  readonly rtt: readonly Batch[];
  readonly bins: readonly Batch[];
}

export interface Claim {
  /** File stem. */
  readonly id: string;
  readonly text: string;
  readonly requests: readonly Request[];
  /** Of so many groups of requests the packets are shown; groups seen at both ends go first. */
  readonly groups: number;
}

export interface Request {
  readonly label: string;
  /** Client or conversation: shown whole or not at all. */
  readonly group: string;
  readonly selector: PacketSelector;
  readonly pick: (records: readonly FoundRecord[]) => readonly FoundRecord[];
  readonly note: string;
  /** When the packets are the two of an RTT sample: its length. */
  readonly rttNs?: number;
}

/** Which end of a flow is the client, and which clients count. */
export interface ClientsInput {
  readonly isServer: (address: string) => boolean;
  /** Is this client one that the verdict speaks of? */
  readonly isMeant: (client: string) => boolean;
  /** Which way RTT was measured from the capture point. */
  readonly toward: 'client' | 'server';
}

export interface VerdictInput extends ClientsInput {
  readonly text: string;
  readonly baseline: CaptureSet;
  readonly evening: CaptureSet;
}

const EXEMPLARS = 3;
/** Looked at, so that those who were captured at both ends can go first. */
const CANDIDATES = 12;
const FLOWS_PER_FINDING = 3;

export interface Sample {
  readonly flow: number;
  readonly atNs: bigint;
  readonly rttNs: bigint;
  readonly method: string;
}

export function planVerdict(input: VerdictInput): Claim {
  const periods = [input.baseline, input.evening].map((set) => ({
    set,
    clients: samplesByClient(set, input),
  }));
  const [baseline, evening] = periods as [(typeof periods)[0], (typeof periods)[0]];
  const both = [...evening.clients]
    .flatMap(([client, samples]) => {
      const before = baseline.clients.get(client);
      return before ? [{ client, shift: Number(middle(samples).rttNs - middle(before).rttNs) }] : [];
    })
    .sort((a, b) => a.shift - b.shift || (a.client < b.client ? -1 : 1));
  const typical = both[both.length >> 1]?.shift ?? 0;
  const chosen = both
    .map((entry) => ({ ...entry, distance: Math.abs(entry.shift - typical) }))
    .sort((a, b) => a.distance - b.distance || (a.client < b.client ? -1 : 1))
    .slice(0, CANDIDATES);
  const requests = chosen.flatMap(({ client }) =>
    periods.flatMap(({ set, clients }) => {
      const samples = clients.get(client);
      return samples ? [sampleRequest(set, client, middle(samples), input.toward)] : [];
    }),
  );
  return { id: 'verdict', text: input.text, requests, groups: EXEMPLARS };
}

export function planFinding(
  set: CaptureSet,
  finding: { id: string; claim: string; flow_ids: readonly number[] },
): Claim {
  const rule = ruleOf(finding.id);
  const rows = rowsById(set.flows);
  const requests = finding.flow_ids.slice(0, FLOWS_PER_FINDING).flatMap((id) => {
    const row = rows.get(id);
    if (row === undefined) return [];
    const first = set.flows.i64('first_timestamp_ns')[row] ?? 0n;
    const last = set.flows.i64('last_timestamp_ns')[row] ?? 0n;
    const from = rule.lastNs === null || last - rule.lastNs < first ? first : last - rule.lastNs;
    return [
      {
        label: set.label,
        group: String(id),
        selector: selectorOf(set.flows, row, from, last, rule.limit),
        pick: rule.pick,
        note: rule.shows,
      },
    ];
  });
  return {
    id: `${set.label}-${finding.id.replace(/[^a-z0-9]+/gi, '-')}`,
    text: finding.claim,
    requests,
    groups: FLOWS_PER_FINDING,
  };
}

/** Ascending by RTT, per client that is meant. */
export function samplesByClient(set: CaptureSet, input: ClientsInput): Map<string, Sample[]> {
  const clientOf = new Map<number, { client: string; toward: number }>();
  rowsById(set.flows).forEach((row, id) => {
    const initiator = set.flows.address('initiator', row);
    const responder = set.flows.address('responder', row);
    const isInitiator = input.isServer(initiator) === input.isServer(responder) || input.isServer(responder);
    const client = isInitiator ? initiator : responder;
    // Code 0 of the rtt table's `toward` is the initiator.
    if (input.isMeant(client))
      clientOf.set(id, { client, toward: isInitiator === (input.toward === 'client') ? 0 : 1 });
  });
  const found = new Map<string, Sample[]>();
  for (const batch of set.rtt) {
    const [ids, toward, at, rtt, method] = [
      batch.u32('flow_id'),
      batch.u8('toward'),
      batch.i64('timestamp_ns'),
      batch.i64('rtt_ns'),
      batch.u8('method'),
    ];
    for (let row = 0; row < batch.rows; row++) {
      const flow = ids[row] ?? 0;
      const meant = clientOf.get(flow);
      if (meant?.toward !== toward[row]) continue;
      const sample = {
        flow,
        atNs: at[row] ?? 0n,
        rttNs: rtt[row] ?? 0n,
        method: RTT_METHODS[method[row] ?? 0] ?? 'unknown',
      };
      const list = found.get(meant!.client);
      if (list) list.push(sample);
      else found.set(meant!.client, [sample]);
    }
  }
  for (const list of found.values())
    list.sort((a, b) => Number(a.rttNs - b.rttNs) || Number(a.atNs - b.atNs));
  return found;
}

function middle(samples: readonly Sample[]): Sample {
  return samples[samples.length >> 1]!;
}

function sampleRequest(set: CaptureSet, client: string, sample: Sample, toward: string): Request {
  const row = rowsById(set.flows).get(sample.flow) ?? 0;
  const start = sample.atNs - sample.rttNs;
  return {
    label: set.label,
    group: client,
    selector: selectorOf(set.flows, row, start, sample.atNs, 4000),
    // A sample runs from the first packet's capture time to the last one's, exactly.
    pick: (records) =>
      records.filter(({ timestampNs }) => timestampNs === start || timestampNs === sample.atNs),
    rttNs: Number(sample.rttNs),
    note: `RTT sample of ${(Number(sample.rttNs) / 1e6).toFixed(3)} ms toward the ${toward}, by ${sample.method}, the client's median in this period`,
  };
}

function rowsById(flows: Batch): Map<number, number> {
  const ids = flows.u32('flow_id');
  return new Map(Array.from({ length: flows.rows }, (_, row) => [ids[row] ?? 0, row]));
}

function selectorOf(flows: Batch, row: number, fromNs: bigint, toNs: bigint, limit: number): PacketSelector {
  const end = (name: 'initiator' | 'responder'): PacketSelector['ends'][0] => ({
    address: flows.u8(name).slice(row * 16, row * 16 + 16),
    port: flows.isNull(`${name}_port`, row) ? 0 : (flows.u16(`${name}_port`)[row] ?? 0),
  });
  return {
    ends: [end('initiator'), end('responder')],
    protocol: flows.u8('protocol')[row] ?? 0,
    fromNs,
    toNs,
    limit,
  };
}

/** Conversations at the other end that may be the one at this end: same responder, at the same time; NAT may have renamed the initiator. */
export function atOtherEnd(flows: Batch, wanted: PacketSelector, slackNs: bigint): PacketSelector[] {
  const fromNs = wanted.fromNs - slackNs;
  const toNs = wanted.toNs + slackNs;
  const [first, last, protocol] = [
    flows.i64('first_timestamp_ns'),
    flows.i64('last_timestamp_ns'),
    flows.u8('protocol'),
  ];
  const [, responder] = wanted.ends;
  const found: PacketSelector[] = [];
  for (let row = 0; row < flows.rows; row++) {
    if (protocol[row] !== wanted.protocol || (first[row] ?? 0n) > toNs || (last[row] ?? 0n) < fromNs)
      continue;
    const selector = selectorOf(flows, row, fromNs, toNs, wanted.limit);
    const other = selector.ends[1];
    if (other.port === responder.port && other.address.every((byte, at) => byte === responder.address[at]))
      found.push(selector);
  }
  return found;
}
