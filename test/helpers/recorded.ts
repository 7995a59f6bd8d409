/** What samples/recorded holds: the truth of each recording, its captures, and what the product says of them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { RecordedTruth } from '../../samples/record/publish.ts';
import type { HomeTruth, WorldTruth } from '../../samples/record/truth.ts';
import type { PairDocument } from '../../src/pairing/types.ts';
import { readCsv } from './captures-index.ts';
import { lagdiff } from './cli.ts';
import { pairFiles } from './pairing.ts';
import { ROOT } from './repository.ts';

export const folder = join(ROOT, 'samples', 'recorded');
export const names = existsSync(folder) ? readdirSync(folder).sort() : [];
const truths = new Map(
  names.map((name) => [
    name,
    JSON.parse(readFileSync(join(folder, name, 'truth.json'), 'utf8')) as RecordedTruth,
  ]),
);

/** 0.3 ms or 3 %, whichever is more. */
export const within = (ns: number): number => Math.max(300_000, 0.03 * ns);

/** All of a period: one world, or its sittings in order. */
export function worldsOf(name: string, period = 'only'): readonly WorldTruth[] {
  return truths.get(name)?.worlds.filter((world) => world.period === period) ?? [];
}

export function truthOf(name: string, period = 'only'): WorldTruth {
  const [found, ...others] = worldsOf(name, period);
  if (found === undefined || others.length > 0) throw new Error(`not one ${period} of ${name}`);
  return found;
}

const paired = new Map<string, Promise<PairDocument>>();

/** Of one world, or of several as a rotated capture. */
export function documentOf(
  name: string,
  worlds: readonly WorldTruth[] = [truthOf(name)],
): Promise<PairDocument> {
  const files = (end: End): string[] => worlds.map((world) => capture(name, end, world));
  const key = files('client').join();
  const known =
    paired.get(key) ?? pairFiles(files('client'), files('server')).then(({ document }) => document);
  paired.set(key, known);
  return known;
}

type End = 'client' | 'server';

export function capture(name: string, end: End, { period, sitting } = truthOf(name)): string {
  const words = [period === 'only' ? null : period, sitting, end].filter((word) => word !== null);
  return join(folder, name, `${words.join('-')}.pcap.zst`);
}

export async function flowsOf(file: string): Promise<Record<string, string | null>[]> {
  const words = ['export', file, '--table', 'flows', '--format', 'csv', '--out', '-', '--workers', '1'];
  const { code, stdout } = await lagdiff(words);
  expect(code).toBe(0);
  return readCsv(stdout);
}

export const everyWorld = [...truths].flatMap(([name, { worlds }]) =>
  worlds.map((world) => ({ name, period: world.period, sitting: world.sitting ?? 1, world })),
);
export const capturedHomes = ({ homes }: WorldTruth): readonly HomeTruth[] =>
  homes.filter(({ captured_at_home }) => captured_at_home);

export function isQuiet(link: unknown): boolean {
  return (link as { readonly load: number } | undefined)!.load < 0.5;
}
