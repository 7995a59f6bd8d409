/**
 * evidence-log.jsonl: who did what to which bytes, one canonical JSON object per line, each holding the SHA-256 of the
 * line before it (bytes without the newline), the first one 64 zeros. Changing, removing or swapping a line breaks the
 * chain at that place. Cutting off the end does not; SHA256SUMS, which lists the log, notices that.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from './json.ts';
import type { Json } from './json.ts';

export interface EvidenceFile {
  readonly path: string;
  readonly sha256: string;
}

export interface EvidenceEntry {
  /** RFC 3339 UTC; passed in, so that the same run can be written twice. */
  readonly utc: string;
  /** Person or program, for example `lagdiff 0.1.0`. */
  readonly actor: string;
  readonly action: string;
  readonly argv: readonly string[];
  readonly inputs: readonly EvidenceFile[];
  readonly outputs: readonly EvidenceFile[];
}

export interface LogFault {
  /** 1-based. */
  readonly line: number;
  readonly code: 'log/not-canonical' | 'log/wrong-seq' | 'log/broken-chain' | 'log/bad-entry';
  readonly message: string;
}

const GENESIS = '0'.repeat(64);
const KEYS = ['action', 'actor', 'argv', 'inputs', 'outputs', 'prev_hash', 'seq', 'utc'];

/** The log with one line more. `seq` counts from 1, so that it is also the line number. */
export function appendEvidence(log: string, entry: EvidenceEntry): string {
  const lines = log === '' ? [] : log.slice(0, -1).split('\n');
  const last = lines.at(-1);
  const { utc, actor, action, argv, inputs, outputs } = entry;
  const files = (list: readonly EvidenceFile[]): Json => list.map(({ path, sha256 }) => ({ path, sha256 }));
  const line = canonicalJson({
    seq: lines.length + 1,
    utc,
    actor,
    action,
    argv,
    inputs: files(inputs),
    outputs: files(outputs),
    prev_hash: last === undefined ? GENESIS : hashLine(last),
  });
  return `${log}${line}\n`;
}

/** Faults in order; the first one names the first line that cannot be trusted. */
export function checkLog(log: string): { faults: LogFault[]; entries: EvidenceEntry[] } {
  const faults: LogFault[] = [];
  const entries: EvidenceEntry[] = [];
  const lines = log.split('\n');
  if (lines.pop() !== '')
    faults.push({
      line: lines.length + 1,
      code: 'log/not-canonical',
      message: 'the last line does not end with a newline',
    });
  if (lines.length === 0 && faults.length === 0)
    faults.push({ line: 1, code: 'log/bad-entry', message: 'the log is empty; a log has at least one line' });
  let previous = GENESIS;
  for (const [i, text] of lines.entries()) {
    const fault = (code: LogFault['code'], message: string): number =>
      faults.push({ line: i + 1, code, message });
    const entry = parseEntry(text);
    if (typeof entry === 'string')
      fault(entry === 'canonical' ? 'log/not-canonical' : 'log/bad-entry', MESSAGES[entry]);
    else {
      entries.push(entry);
      if (entry.seq !== i + 1)
        fault('log/wrong-seq', `seq is ${entry.seq}, expected ${i + 1}: a line was removed, added or moved`);
      if (entry.prev_hash !== previous)
        fault(
          'log/broken-chain',
          `prev_hash is not the hash of line ${i}: this line or the one before it was changed`,
        );
    }
    previous = hashLine(text);
  }
  return { faults, entries };
}

const MESSAGES = {
  json: 'the line is not JSON',
  canonical: 'the line is not canonical JSON (sorted keys, no spaces)',
  keys: `the line does not have exactly the fields ${KEYS.join(', ')}, each of its type`,
} as const;

function parseEntry(
  text: string,
): (EvidenceEntry & { seq: number; prev_hash: string }) | keyof typeof MESSAGES {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'json';
  }
  if (!isEntry(value)) return 'keys';
  return canonicalJson(value as unknown as Json) === text ? value : 'canonical';
}

function isEntry(value: unknown): value is EvidenceEntry & { seq: number; prev_hash: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entry = value as Record<string, unknown>;
  const isText = (item: unknown): boolean => typeof item === 'string';
  const isFile = (item: unknown): boolean =>
    typeof item === 'object' &&
    item !== null &&
    Object.keys(item).sort().join() === 'path,sha256' &&
    Object.values(item).every(isText);
  return (
    Object.keys(entry).sort().join() === KEYS.join() &&
    Number.isSafeInteger(entry['seq']) &&
    ['utc', 'actor', 'action', 'prev_hash'].every((key) => isText(entry[key])) &&
    Array.isArray(entry['argv']) &&
    entry['argv'].every(isText) &&
    [entry['inputs'], entry['outputs']].every((list) => Array.isArray(list) && list.every(isFile))
  );
}

function hashLine(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}
