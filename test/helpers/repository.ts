/** Where things lie, and whether what a test needs is on this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Real captures that may not be published with this repository; tests over them are skipped where they are absent. */
export const CAPTURES = join(ROOT, '../shared/captures');
export const haveCaptures = existsSync(CAPTURES);

/** Reports that tests leave for a reader; ignored by git. */
export const REPORTS = join(ROOT, 'coverage');

const NOT_CAPTURES = new Set(['INDEX.csv', 'SOURCES.md']);

/** Every real capture, by path under CAPTURES, in a fixed order. */
export function listCaptures(): string[] {
  if (!haveCaptures) return [];
  return readdirSync(CAPTURES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !NOT_CAPTURES.has(entry.name))
    .map((entry) => relative(CAPTURES, join(entry.parentPath, entry.name)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Whether a tool answers at all. */
export function haveTool(tool: string, ...args: readonly string[]): boolean {
  return spawnSync(tool, args.length > 0 ? args : ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** Committed samples that are captures, by path under samples/; malformed ones apart. */
export function listSamples(kind: 'sound' | 'malformed' = 'sound'): string[] {
  const samples = join(ROOT, 'samples');
  if (!existsSync(samples)) return [];
  return readdirSync(samples, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(pcap|pcapng)(\.gz)?$/.test(name))
    .filter((name) => name.startsWith('malformed/') === (kind === 'malformed'))
    .sort();
}
