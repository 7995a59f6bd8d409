/** Our packets table against tshark, every packet of every real capture whose link type both of us decode. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureIndex, readCsv } from '../helpers/captures-index.ts';
import { inParallel } from '../helpers/cli.ts';
import { lagdiffHere as lagdiff } from '../helpers/in-process.ts';
import { CAPTURES, haveCaptures, haveTool, REPORTS } from '../helpers/repository.ts';
import { isKnown, knownDifferences } from './differences.ts';
import { type OracleRow, tsharkRows } from './tshark.ts';

/** Link types in scope, by the names capinfos gives them. */
const LINK_TYPES = new Set([
  ...[
    'Ethernet',
    'Linux cooked-mode capture v1',
    'Linux cooked-mode capture v2',
    'NULL/Loopback',
    'OpenBSD loopback',
  ],
  ...['Raw IP', 'Raw IPv4', 'Raw IPv6', 'Per packet', 'PPP', 'Cisco HDLC', 'Frame Relay', 'Linux ARCNET'],
  ...['IEEE 802.11 plus radiotap radio header', 'IEEE 802.11 Wireless LAN', 'Per-Packet Information header'],
  ...['FDDI with bit-swapped MAC addresses', 'IP over IB', 'NFLOG', 'Linux Netlink', 'SS7 MTP2'],
]);
const AGREEMENT_MIN = 0.999;
const PERFECT_MIN = 0.97;
/** tshark is single-threaded and so is a small run of ours: two at a time fill two cores. */
const WIDTH = 2;

interface Disagreement {
  readonly frame: number;
  readonly column: string;
  readonly ours: string | null;
  readonly theirs: string | null;
  readonly protocols: string;
}

interface FileReport {
  readonly file: string;
  readonly rows: number;
  readonly refusal: string | null;
  readonly disagreements: readonly Disagreement[];
  /** Rows whose time, by tshark, an int64 of ns cannot hold: null is the only right value. */
  readonly beyondColumn: number;
}

async function compareFile(file: string): Promise<FileReport> {
  const path = join(CAPTURES, file);
  const args = ['export', path, '--table', 'packets', '--format', 'csv', '--out', '-', '--workers', '1'];
  const ours = await lagdiff(args);
  if (ours.code !== 0)
    return {
      file,
      rows: 0,
      refusal: /error\[(\S+)\]/.exec(ours.stderr)?.[1] ?? `exit ${ours.code}`,
      disagreements: [],
      beyondColumn: 0,
    };
  const rows = new Map(readCsv(ours.stdout).map((row) => [Number(row['frame_number']), row]));
  const theirs = new Map<number, OracleRow>((await tsharkRows(path)).map((row) => [row.frame_number, row]));
  const disagreements: Disagreement[] = [];
  let beyondColumn = 0;
  const frames = [...new Set([...rows.keys(), ...theirs.keys()])].sort((a, b) => a - b);
  for (const frame of frames) {
    const [mine, other] = [rows.get(frame), theirs.get(frame)];
    const protocols = other?.protocols ?? '';
    if (mine === undefined || other === undefined) {
      const word = (row: unknown): string => (row === undefined ? 'no row' : 'a row');
      disagreements.push({ frame, column: 'row', ours: word(mine), theirs: word(other), protocols });
      continue;
    }
    for (const [column, theirValue] of Object.entries(other.values)) {
      const own = mine[column] ?? null;
      const value = column === 'timestamp_ns' ? inColumn(theirValue) : theirValue;
      if (value !== theirValue) beyondColumn++;
      if (value !== undefined && own !== value)
        disagreements.push({ frame, column, ours: own, theirs: value, protocols });
    }
  }
  return { file, rows: frames.length, refusal: null, disagreements, beyondColumn };
}

/** What an int64 column can say of a time: itself, or nothing. */
function inColumn(ns: string | null | undefined): string | null | undefined {
  return typeof ns === 'string' && BigInt.asIntN(64, BigInt(ns)) !== BigInt(ns) ? null : ns;
}

/** Records of a file whose time `analyze` says it could not hold. */
async function toldImplausible(file: string): Promise<number> {
  const { stdout } = await lagdiff(['analyze', join(CAPTURES, file), '--format', 'json', '--workers', '1']);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { id: string; count: number }[] };
  return diagnostics.find(({ id }) => id === 'capture/implausible-timestamp')?.count ?? 0;
}

describe.skipIf(!haveCaptures || !haveTool('tshark'))('the packets table and tshark', () => {
  it('agree on every packet but the listed ones', { timeout: 600_000 }, async () => {
    const files = captureIndex()
      .filter(({ encapsulation }) => LINK_TYPES.has(encapsulation))
      .map(({ name }) => name);
    expect(files.length).toBeGreaterThan(200);
    const reports = await inParallel(files, WIDTH, compareFile);

    const known = knownDifferences();
    const lines: string[] = [];
    const unlisted: string[] = [];
    let rows = 0;
    let wrong = 0;
    for (const report of reports) {
      const badFrames = new Set(report.disagreements.map(({ frame }) => frame)).size;
      rows += report.rows;
      wrong += badFrames;
      const state = report.refusal ?? `${report.rows - badFrames} of ${report.rows} rows agree`;
      lines.push(`${report.file}: ${state}`);
      for (const { frame, column, ours, theirs, protocols } of report.disagreements) {
        const line = `  ${frame} ${column}: lagdiff ${ours ?? 'null'}, tshark ${theirs ?? 'null'} (${protocols})`;
        lines.push(line);
        if (!isKnown(known, report.file, frame, column)) unlisted.push(`${report.file}${line}`);
      }
    }
    const summary = `${rows - wrong} of ${rows} rows agree (${((100 * (rows - wrong)) / rows).toFixed(3)} %)`;
    mkdirSync(REPORTS, { recursive: true });
    writeFileSync(join(REPORTS, 'tshark-packets.txt'), [summary, ...lines, ''].join('\n'));
    console.log(`${summary} in ${files.length} captures; details in coverage/tshark-packets.txt`);

    const message = [`not in DIFFERENCES.md: ${unlisted.length}`, ...unlisted.slice(0, 60)].join('\n');
    expect((rows - wrong) / rows, message).toBeGreaterThanOrEqual(AGREEMENT_MIN);
    expect(unlisted, message).toEqual([]);
    const beyond = reports.filter(({ beyondColumn }) => beyondColumn > 0);
    expect(beyond.map(({ file }) => file)).toEqual([
      'formats/ppp-pcapng-example-2.pcapng',
      'formats/ppp-pcapng-example.pcapng.zst',
    ]);
    for (const { file, beyondColumn } of beyond) expect(await toldImplausible(file), file).toBe(beyondColumn);
    const read = reports.filter(({ refusal }) => refusal === null);
    const perfect = read.filter(({ disagreements }) => disagreements.length === 0);
    expect(perfect.length / read.length).toBeGreaterThanOrEqual(PERFECT_MIN);
  });
});
