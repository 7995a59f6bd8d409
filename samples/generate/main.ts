/**
 * Regenerates everything under samples/, or with --check tells whether what lies there is what this program makes.
 *
 *   npm run build && node dist/samples/generate/main.js [--out DIR] [--check]
 */

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { caseFiles } from './case-files.ts';
import type { SampleFile } from './case-files.ts';
import { scenarios } from './simulate/scenario.ts';

/** One line of manifest.json. `content_*` is before gzip, which alone may differ between builds of zlib. */
export interface ManifestEntry {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly content_sha256: string;
  readonly content_bytes: number;
  /** Null where the file is no capture. */
  readonly packets: number | null;
}

export interface Manifest {
  readonly schema: 'lagdiff/samples@1';
  readonly origin: string;
  readonly licence: string;
  readonly command: string;
  readonly files: readonly ManifestEntry[];
  /** What samples/record recorded; that program writes these lines. */
  readonly recorded: readonly ManifestEntry[];
}

const { values } = parseArgs({ options: { out: { type: 'string' }, check: { type: 'boolean' } } });
const folder = values.out ?? 'samples';
const files = scenarios.flatMap(caseFiles);
process.exitCode = values.check === true ? check(folder, files) : write(folder, files);

function write(out: string, made: readonly SampleFile[]): number {
  const entries = made.map((file): ManifestEntry => {
    const path = join(out, file.path);
    mkdirSync(dirname(path), { recursive: true });
    // A capture whose content is already right keeps its bytes, so another zlib does not churn the repository.
    const kept = existsSync(path) ? readFileSync(path) : null;
    const bytes = kept !== null && sha256(contentOf(file, kept)) === sha256(file.content) ? kept : file.bytes;
    if (bytes !== kept) writeFileSync(path, bytes);
    return entryOf(file, bytes);
  });
  const manifest: Manifest = {
    schema: 'lagdiff/samples@1',
    origin:
      'synthetic: written by samples/generate from the seeds in each case; no real player, network or address',
    licence: 'MIT, as the rest of this repository',
    command: 'npm run build && node dist/samples/generate/main.js',
    files: entries,
    recorded: recordedIn(join(out, 'manifest.json')),
  };
  writeFileSync(join(out, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  process.stdout.write(`${entries.length} files, ${bytes} bytes in ${out}\n`);
  return 0;
}

function check(out: string, made: readonly SampleFile[]): number {
  const manifest = JSON.parse(readFileSync(join(out, 'manifest.json'), 'utf8')) as Manifest;
  const listed = new Map(manifest.files.map((entry) => [entry.path, entry]));
  const faults: string[] = [];
  for (const file of made) {
    const entry = listed.get(file.path);
    listed.delete(file.path);
    if (entry === undefined) {
      faults.push(`${file.path}: not in the manifest`);
      continue;
    }
    if (entry.content_sha256 !== sha256(file.content)) faults.push(`${file.path}: generated content differs`);
    const path = join(out, file.path);
    if (!existsSync(path)) faults.push(`${file.path}: missing`);
    else if (sha256(readFileSync(path)) !== entry.sha256) faults.push(`${file.path}: the file was changed`);
  }
  for (const path of listed.keys()) faults.push(`${path}: in the manifest, but no longer generated`);
  process.stdout.write(
    faults.length === 0
      ? `${made.length} files: content generated anew and files on disk both match the manifest\n`
      : `${faults.join('\n')}\n`,
  );
  return faults.length === 0 ? 0 : 1;
}

/** What is recorded is not made here: its lines are kept as they are. */
function recordedIn(path: string): readonly ManifestEntry[] {
  if (!existsSync(path)) return [];
  return (JSON.parse(readFileSync(path, 'utf8')) as Partial<Manifest>).recorded ?? [];
}

function entryOf(file: SampleFile, bytes: Uint8Array): ManifestEntry {
  return {
    path: file.path,
    sha256: sha256(bytes),
    bytes: bytes.length,
    content_sha256: sha256(file.content),
    content_bytes: file.content.length,
    packets: file.packets,
  };
}

/** What a file on disk holds; nothing where it is not the gzip it should be. */
function contentOf(file: SampleFile, bytes: Uint8Array): Uint8Array {
  if (!file.path.endsWith('.gz')) return bytes;
  try {
    return gunzipSync(bytes);
  } catch {
    return new Uint8Array(0);
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
