/** Which packets of a conversation show a claim: the fewest that a reader needs to see it. One row per kind of finding. */

import type { FoundRecord } from './read.ts';

export interface PickRule {
  /** Findings whose id starts so. */
  readonly finding: string;
  /** Packets read per conversation; a bound on memory, and what the rule can see. */
  readonly limit: number;
  /** Only the last so many ns of the conversation are read; null = from its start. */
  readonly lastNs: bigint | null;
  readonly pick: (records: readonly FoundRecord[]) => readonly FoundRecord[];
  /** What the chosen packets show. */
  readonly shows: string;
}

const FEW = 12;
const MANY = 4000;
const TEN_SECONDS_NS = 10_000_000_000n;

const PICK_RULES: readonly PickRule[] = [
  {
    finding: 'connection/half',
    limit: MANY,
    lastNs: TEN_SECONDS_NS,
    pick: (records) => records.slice(-FEW),
    shows: 'the end of the conversation',
  },
  {
    finding: 'connection/',
    limit: FEW,
    lastNs: null,
    pick: (records) => records,
    shows: 'the connection attempt',
  },
  {
    finding: 'loss/by-size',
    limit: FEW,
    lastNs: null,
    pick: (records) => records,
    shows: 'the start of a conversation of one size',
  },
  {
    finding: 'loss/',
    limit: MANY,
    lastNs: null,
    pick: firstRepeated,
    shows: 'a segment and its repetition',
  },
  ...['path/ttl', 'path/route'].map((finding) => ({
    finding,
    limit: MANY,
    lastNs: null,
    pick: (records: readonly FoundRecord[]) => firstChange(records, ({ ttl }) => ttl),
    shows: 'the packets on both sides of the change',
  })),
  {
    finding: 'marking/wireguard',
    limit: FEW,
    lastNs: null,
    pick: (records) => records,
    shows: 'the start of the conversation, with its handshake where the capture has it',
  },
  {
    finding: 'marking/',
    limit: MANY,
    lastNs: null,
    pick: (records) => firstChange(records, ({ dscp }) => dscp),
    shows: 'the packets on both sides of the change',
  },
];

/** For a finding that no row knows: the start of the conversation. */
const DEFAULT_RULE: PickRule = {
  finding: '',
  limit: FEW,
  lastNs: null,
  pick: (records) => records,
  shows: 'the start of the conversation',
};

export function ruleOf(finding: string): PickRule {
  return PICK_RULES.find((rule) => finding.startsWith(rule.finding)) ?? DEFAULT_RULE;
}

/** What is equal in a packet seen at both ends of a path, where no middlebox rewrites sequence numbers. */
export function identityOf(record: FoundRecord): string {
  const { tcpSequence, tcpAcknowledgment, tcpFlags, payloadLength } = record;
  return [tcpSequence, tcpAcknowledgment, tcpFlags, payloadLength].join();
}

function firstRepeated(records: readonly FoundRecord[]): readonly FoundRecord[] {
  const seen = new Map<string, FoundRecord>();
  for (const record of records) {
    if (record.payloadLength === 0) continue;
    const key = [record.isFromLower, record.tcpSequence, record.payloadLength].join();
    const first = seen.get(key);
    if (first) return [first, record];
    seen.set(key, record);
  }
  return records.slice(0, 4);
}

function firstChange(
  records: readonly FoundRecord[],
  valueOf: (record: FoundRecord) => number,
): readonly FoundRecord[] {
  const last = new Map<boolean, FoundRecord>();
  for (const record of records) {
    const before = last.get(record.isFromLower);
    if (before && valueOf(before) !== valueOf(record)) return [before, record];
    last.set(record.isFromLower, record);
  }
  return records.slice(0, 4);
}
