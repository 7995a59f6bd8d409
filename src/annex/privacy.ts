/** What one annex shows of names and free text: the tier's rules, applied the same to every part of it. */

import { basename } from 'node:path';
import type { Case } from '../case/read-case.ts';
import type { CaseDocument } from '../case/schema.ts';
import { omit, publicCase } from '../redaction/case-view.ts';
import { loadCaseKey } from '../redaction/key.ts';
import { LeakScan } from '../redaction/leak-scan.ts';
import { latin1, parseAddress, Pseudonyms } from '../redaction/pseudonyms.ts';
import type { CaptureFacts } from '../report/input.ts';

export const TIERS = ['public', 'restricted'] as const;
export type Tier = (typeof TIERS)[number];

/** Words of every annex, which a server may be called by, too. */
const OWN_WORDS =
  'baseline-server evening-server baseline-client evening-client captures extracts analysis lagdiff';

export interface Privacy {
  readonly tier: Tier;
  /** Null: names stay. */
  readonly pseudonyms: Pseudonyms | null;
  /** The case as this tier may quote it. */
  readonly document: CaseDocument;
  /** Plain data with every name in it rewritten. */
  readonly redact: <T>(value: T) => T;
  /** Names met in packets, for the leak scan. */
  readonly metInPacket: (name: Uint8Array) => void;
  /** Undefined where nothing is withheld. */
  readonly inspect: ((path: string, bytes: Uint8Array) => void) | undefined;
}

export interface PrivacyInput {
  readonly tier: Tier;
  readonly given: Case;
  readonly caseName: string;
  readonly signingKeyPath: string;
  /** Null: beside the case file. */
  readonly redactionKeyPath: string | null;
  /** Every address in the tables. */
  readonly addresses: readonly Uint8Array[];
  readonly captures: readonly CaptureFacts[];
  /** Names that the annex shows on purpose: cohorts. */
  readonly shown: readonly string[];
}

export async function planPrivacy(input: PrivacyInput): Promise<Privacy> {
  const { given, tier } = input;
  if (tier === 'restricted') {
    const nothing = (): undefined => undefined;
    const document = omit(given.document, 'secrets');
    return {
      tier,
      pseudonyms: null,
      document,
      redact: (value) => value,
      metInPacket: nothing,
      inspect: undefined,
    };
  }
  const key = await loadCaseKey(given.file, input.signingKeyPath, input.redactionKeyPath ?? undefined);
  const servers = given.document.servers.flatMap(({ address }) => parseAddress(address) ?? []);
  const pseudonyms = new Pseudonyms(key, [...input.addresses, ...servers]);
  const fileNames = nameFiles(pseudonyms, input);
  const { document, withheld } = publicCase(given.document);
  const view = pseudonyms.value({
    ...document,
    captures: document.captures.map((capture, index) => ({ ...capture, path: `captures-${index + 1}` })),
  });
  const packetNames = new Set<string>();
  let scan: LeakScan | null = null;
  return {
    tier,
    pseudonyms,
    document: view,
    redact: (value) => pseudonyms.value(value),
    metInPacket: (name) => {
      if (name.length !== 0 && name.some((byte) => byte !== 0 && byte !== 0xff))
        packetNames.add(latin1(name));
    },
    inspect: (path, bytes) => {
      scan ??= new LeakScan({
        pseudonyms,
        packetNames,
        withheld: withheld.filter((word) => !(given.document.secrets ?? []).includes(word)),
        secrets: given.document.secrets ?? [],
        shown: JSON.stringify([view, input.shown, OWN_WORDS, fileNames]),
      });
      scan.check(path, bytes);
    },
  };
}

/** Files are called by what they are: names of captures often hold host names. */
function nameFiles(pseudonyms: Pseudonyms, { given, captures, caseName }: PrivacyInput): string[] {
  const names: string[] = [];
  const counts = new Map<string, number>();
  for (const { path, period, end, format } of captures) {
    const stem = `${period}-${end ?? 'end'}`;
    const number = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, number);
    const suffix = `${/pcapng/.test(format) ? 'pcapng' : 'pcap'}${/gzip/.test(format) ? '.gz' : ''}`;
    const name = `${stem}-${number}.${suffix}`;
    names.push(name);
    pseudonyms.nameFile(path, name);
    if (basename(path) !== path) pseudonyms.nameFile(basename(path), name);
  }
  for (const [index, { path }] of (given.document.traces ?? []).entries()) {
    pseudonyms.nameFile(path, `trace-${index + 1}.txt`);
    if (basename(path) !== path) pseudonyms.nameFile(basename(path), `trace-${index + 1}.txt`);
  }
  pseudonyms.nameFile(caseName, 'case.yaml');
  if (given.cohorts?.kind === 'file') pseudonyms.nameFile(given.cohorts.given, 'cohorts');
  return names;
}
