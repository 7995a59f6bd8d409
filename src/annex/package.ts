/**
 * Writes an annex: builds it in a folder beside the target, signs it, and puts it in place with one rename, so that a
 * half-written annex never stands under its name. An existing folder is replaced only if it is an annex that verifies.
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, mkdtemp, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { EngineError, UsageError } from '../errors.ts';
import type { ExtractEntry } from '../extracts/build.ts';
import { renderAsksMarkdown } from '../report/asks-markdown.ts';
import { planFigures, planSummaryFigures } from '../report/figures/plan.ts';
import { renderReportHtml } from '../report/html.ts';
import type { ReportInput } from '../report/input.ts';
import { buildReport } from '../report/model.ts';
import { runbookPages } from '../report/runbook-page.ts';
import { renderSummaryPdf } from '../report/summary-pdf.ts';
import { renderSummaryHtml } from '../report/summary.ts';
import { renderUpdateMarkdown } from '../report/update.ts';
import { ATTESTATION_FILE, renderAttestation } from './attestation.ts';
import { renderSums, SIGNATURE_FILE, SUMS_FILE, whyUnsafe } from './checksums.ts';
import { appendEvidence } from './evidence-log.ts';
import type { EvidenceEntry, EvidenceFile } from './evidence-log.ts';
import { indentedJson, type Json } from './json.ts';
import { makeManifest, MANIFEST_FILE } from './manifest.ts';
import { renderReproduce } from './reproduce.ts';
import type { Reproduction } from './reproduce.ts';
import { renderReproduceTshark } from './reproduce-tshark.ts';
import { loadSigningKey, signBytes } from './signing.ts';
import type { SigningKey } from './signing.ts';
import { LOG_FILE, PUBLIC_KEY_FILE, verifyAnnex } from './verify.ts';
import { wiresharkProfile } from './wireshark-profile.ts';
import { writeZip } from './zip.ts';

// From source (src/annex) the package root is two folders up, from dist/src/annex three.
const ROOT = new URL(import.meta.url.includes('/dist/src/annex/') ? '../../../' : '../../', import.meta.url);
/** Noto Sans JP, JIS X 0208 and Latin: what a Japanese ticket is written in. SIL Open Font License 1.1, beside it. */
const PDF_FONT = new URL('src/report/fonts/NotoSansJP-Regular.ttf', ROOT);

type Pieces = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

export interface AnnexTable {
  /** File stem under tables/, e.g. `flows`. */
  readonly name: string;
  /** The Parquet file in pieces: from parquetBytes, or `[bytes]`. */
  readonly parquet: Pieces;
}

export interface AnnexExtract {
  /** Path under the annex, and the line of the index, as plain data. */
  readonly entry: ExtractEntry;
  readonly bytes: Uint8Array;
}

export interface AnnexInput {
  readonly dir: string;
  /** Private key, PKCS #8 PEM; made there on first use. Must lie outside `dir`. */
  readonly keyPath: string;
  readonly report: ReportInput;
  /** The text of analysis.json; indentedJson writes one from a value. */
  readonly analysis: string;
  readonly tables: readonly AnnexTable[];
  readonly extracts?: readonly AnnexExtract[];
  /** Sees every file before the annex is signed; what it throws stops the annex. */
  readonly inspect?: (path: string, bytes: Uint8Array) => void;
  /** What was done before packaging, in order. */
  readonly evidence: readonly EvidenceEntry[];
  /** The line of the log that packaging itself adds; `utc` is the caller's clock. */
  readonly packaging: { readonly utc: string; readonly actor: string; readonly argv: readonly string[] };
  /** SHA-256 of the core that read the packets. */
  readonly wasmSha256: string;
  /** Also write the annex as one file `<dir>.zip`. */
  readonly zip?: boolean;
  /** Arguments of `lagdiff` that made this, and every input with its hash, for reproduce.sh. */
  readonly reproduce: Pick<Reproduction, 'argv' | 'inputs' | 'findByHash'>;
}

export interface AnnexResult {
  readonly dir: string;
  readonly files: readonly EvidenceFile[];
  readonly fingerprint: string;
  /** SHA-256 of SHA256SUMS: send it by another way than the annex. */
  readonly packSha256: string;
  readonly replaced: boolean;
  /** The same as one file, when asked for. */
  readonly zip: { readonly path: string; readonly bytes: number } | null;
}

export async function writeAnnex(input: AnnexInput): Promise<AnnexResult> {
  const dir = resolve(input.dir);
  const keyPath = resolve(input.keyPath);
  if (keyPath === dir || keyPath.startsWith(dir + sep))
    throw new UsageError({
      code: 'annex/key-inside',
      message: 'the signing key lies inside the annex, so it would be given away with it',
      help: 'name a place for the key outside the annex',
      path: input.keyPath,
    });
  const replaced = await checkTarget(dir, input.dir);
  const zipPath = `${dir}.zip`;
  if (input.zip === true) await checkTarget(zipPath, `${input.dir}.zip`);
  const key = await loadSigningKey(keyPath);
  await mkdir(dirname(dir), { recursive: true });
  const partial = await mkdtemp(join(dirname(dir), `.${basename(dir)}.partial-`));
  try {
    const result = await fill(partial, input, key);
    await chmod(partial, 0o755);
    await putInPlace(partial, dir, replaced);
    const names = [...result.files.map(({ path }) => path), SUMS_FILE, SIGNATURE_FILE];
    const zip =
      input.zip === true ? { path: `${input.dir}.zip`, bytes: await writeZip(dir, names, zipPath) } : null;
    return { ...result, dir, fingerprint: key.fingerprint, replaced, zip };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function fill(
  folder: string,
  input: AnnexInput,
  key: SigningKey,
): Promise<{ files: EvidenceFile[]; packSha256: string }> {
  const hashes = new Map<string, string>();
  const sizes = new Map<string, number>();
  const add = async (path: string, pieces: Pieces, mode?: number): Promise<void> => {
    const unsafe = whyUnsafe(path);
    if (unsafe !== null || hashes.has(path))
      throw new EngineError({
        code: 'annex/bad-name',
        message: `${JSON.stringify(path)} ${unsafe ?? 'is written twice'}`,
      });
    const { sha256, bytes } = await writePieces(join(folder, path), pieces, mode);
    hashes.set(path, sha256);
    sizes.set(path, bytes);
  };
  const text = (content: string): Uint8Array[] => [Buffer.from(content)];
  const { report, reproduce, packaging } = input;

  await add('analysis.json', text(checkJson(input.analysis)));
  for (const { name, parquet } of input.tables) await add(`tables/${name}.parquet`, parquet);
  const extracts = input.extracts ?? [];
  for (const { entry, bytes } of extracts) await add(entry.file, [bytes]);
  if (extracts.length > 0)
    await add(
      'extracts/index.json',
      text(
        indentedJson({
          schema: 'lagdiff/extracts@1',
          extracts: extracts.map(({ entry }) => entry) as unknown as Json,
        }),
      ),
    );
  const model = buildReport(report);
  const { ecdf, forest } = planSummaryFigures(model);
  for (const figure of [...planFigures(model), ecdf, forest]) {
    if (!figure) continue;
    await add(`figures/${figure.id}.svg`, text(figure.svg));
    await add(`figures/${figure.id}.csv`, text(figure.csv));
  }
  await add('report.html', text(renderReportHtml(report)));
  await add('summary.html', text(renderSummaryHtml(report)));
  await add('summary.pdf', [await renderSummaryPdf(report, await readFile(PDF_FONT))]);
  await add('asks.md', text(renderAsksMarkdown(report)));
  await add('update.md', text(renderUpdateMarkdown(report)));
  for (const { id, text: page } of runbookPages(report)) await add(`runbooks/${id}.md`, text(page));
  const script = renderReproduce({ version: report.version, seed: report.comparison.seed, ...reproduce });
  await add('reproduce.sh', text(script), 0o755);
  const entries = extracts.map(({ entry }) => entry);
  const tshark = renderReproduceTshark({ extracts: entries, captures: report.captures });
  await add('reproduce-tshark.sh', text(tshark), 0o755);
  for (const { path, text: content } of wiresharkProfile(entries)) await add(path, text(content));
  const manifest = makeManifest({
    version: report.version,
    wasmSha256: input.wasmSha256,
    tier: report.tier ?? 'restricted',
    argv: reproduce.argv,
    seed: report.comparison.seed,
    parents: reproduce.inputs,
    artefacts: listFiles(hashes).map((file) => ({ ...file, bytes: sizes.get(file.path)! })),
    retention: report.case?.retention,
  });
  await add(MANIFEST_FILE, text(indentedJson(manifest as Json)));
  await add(PUBLIC_KEY_FILE, text(key.publicPem));

  const outputs = listFiles(hashes);
  const entry: EvidenceEntry = { ...packaging, action: 'package', inputs: reproduce.inputs, outputs };
  const log = [...input.evidence, entry].reduce(appendEvidence, '');
  await add(LOG_FILE, text(log));
  const attested = { manifest, files: listFiles(hashes), utc: packaging.utc };
  await add(ATTESTATION_FILE, text(renderAttestation(attested, key)));

  if (input.inspect)
    for (const path of hashes.keys())
      if (path !== PUBLIC_KEY_FILE) input.inspect(path, await readFile(join(folder, path)));
  const sums = Buffer.from(renderSums(hashes));
  const { sha256: packSha256 } = await writePieces(join(folder, SUMS_FILE), [sums]);
  await writePieces(join(folder, SIGNATURE_FILE), [signBytes(key, sums)]);
  return { files: listFiles(hashes), packSha256 };
}

function listFiles(hashes: ReadonlyMap<string, string>): EvidenceFile[] {
  return [...hashes.keys()].sort().map((path) => ({ path, sha256: hashes.get(path)! }));
}

function checkJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new EngineError(
      { code: 'annex/not-json', message: 'the text for analysis.json is not JSON' },
      { cause: error },
    );
  }
}

/** Writes, flushes to the disk, and tells what was written. */
async function writePieces(
  path: string,
  pieces: Pieces,
  mode = 0o644,
): Promise<{ sha256: string; bytes: number }> {
  await mkdir(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const file = await open(path, 'wx', mode);
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      hash.update(piece);
      bytes += piece.length;
      await file.writeFile(piece);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: hash.digest('hex'), bytes };
}

/** True when `dir` holds an annex that may be replaced, false when there is nothing; refuses anything else. */
async function checkTarget(dir: string, given: string): Promise<boolean> {
  const refuse = (message: string): UsageError =>
    new UsageError({
      code: 'annex/not-replaceable',
      message,
      help: 'name a new folder, or move this one away',
      path: given,
    });
  const status = await lstat(dir).catch(() => null);
  if (status === null) return false;
  if (!status.isDirectory() && !dir.endsWith('.zip')) throw refuse('the target exists and is not a folder');
  if (status.isDirectory() && (await readdir(dir)).length === 0) return false;
  const { ok, faults } = await verifyAnnex(dir);
  const [first] = faults;
  if (!ok && first)
    throw refuse(
      `the target is not an annex as it was signed, so it will not be overwritten (${first.path} ${first.message})`,
    );
  return true;
}

async function putInPlace(partial: string, dir: string, replaced: boolean): Promise<void> {
  if (!replaced) {
    await rename(partial, dir);
    return;
  }
  const old = await mkdtemp(join(dirname(dir), `.${basename(dir)}.old-`));
  await rename(dir, join(old, 'annex'));
  try {
    await rename(partial, dir);
  } catch (error) {
    // If even this fails, the old annex stays whole in its hidden folder beside the target.
    await rename(join(old, 'annex'), dir);
    await rm(old, { recursive: true });
    throw error;
  }
  await rm(old, { recursive: true });
}
