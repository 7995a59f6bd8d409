/** Two simulated captures through the product, as a library in this process; samples and all. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'vitest';
import type { pair as Pair } from '../../src/pair.ts';
import type { Direction, PairSamples, Pairing } from '../../src/pairing/types.ts';
import { DIRECTIONS } from '../../src/pairing/types.ts';
import type { Scenario } from '../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../generators/two-ended/simulate.ts';
import { countsOf } from '../generators/two-ended/truth.ts';
import type { DirectionTruth, Truth } from '../generators/two-ended/truth.ts';
import { ROOT } from './repository.ts';
import type { workFolder } from './small-captures.ts';

/** Loss, overtaking and copies, away from the edges of the captures. */
export const rough = {
  loss: { enter: 0.01, leave: 0.3, lossInGood: 0.0005, lossInBad: 0.6 },
  reorder: { ratio: 0.005, extraUs: [2_000, 40_000] },
  duplicate: { ratio: 0.005, afterUs: [20, 5_000] },
  trouble: { fromSeconds: 5, toSeconds: 35 },
} as const;

const PAIR = join(ROOT, 'dist/src/pair.js');

export async function pairFiles(
  client: readonly string[],
  server: readonly string[],
  options: Parameters<typeof Pair>[2] = {},
): Promise<Pairing> {
  if (!existsSync(PAIR)) throw new Error('dist/ is not built: npm run build');
  const { pair } = (await import(pathToFileURL(PAIR).href)) as { pair: typeof Pair };
  return pair(client, server, { workers: 1, hash: false, ...options });
}

export interface Paired {
  readonly pairing: Pairing;
  readonly truth: Truth;
  /** What each direction should say: packets that both captures were recording for. */
  readonly expected: Readonly<Record<Direction, DirectionTruth>>;
}

export async function pairScenario(
  scenario: Scenario,
  folder: ReturnType<typeof workFolder>,
): Promise<Paired> {
  const { client, server, truth } = simulateTwoEnded(scenario);
  const extension = (end: 'client' | 'server') => scenario[end].capture.format;
  const pairing = await pairFiles(
    [folder.put(`client.${extension('client')}`, client)],
    [folder.put(`server.${extension('server')}`, server)],
  );
  const expected = Object.fromEntries(
    DIRECTIONS.map((direction) => [direction, recordedCounts(truth, direction)]),
  ) as Record<Direction, DirectionTruth>;
  return { pairing, truth, expected };
}

/** Packets that only one capture was running for are in nobody's figures. */
function recordedCounts(truth: Truth, direction: Direction): DirectionTruth {
  const receiver = truth.scenario[direction === 'client_to_server' ? 'server' : 'client'].capture;
  const sender = truth.scenario[direction === 'client_to_server' ? 'client' : 'server'].capture;
  const recorded = {
    ...truth,
    packets: truth.packets.filter(
      ({ fate, sentUs, senderFrame, receiverFrames }) =>
        (senderFrame !== null && receiverFrames.length > 0) ||
        (fate !== 'outside' &&
          sentUs >= Math.max(receiver.startSeconds, sender.startSeconds) * 1e6 &&
          sentUs <= Math.min(receiver.stopSeconds, sender.stopSeconds) * 1e6),
    ),
  };
  return countsOf(recorded, direction);
}

/** Pairs of frames that the product says are one packet and the simulator says are not. */
export function falseMatches({ pairing, truth }: Paired): string[] {
  return DIRECTIONS.flatMap((direction) =>
    framePairs(pairing.series.samples[direction])
      .filter((name) => !truth.links.has(name))
      .map((name) => `${direction} ${name}`),
  );
}

export function framePairs({ clientFrame, serverFrame }: PairSamples): string[] {
  return Array.from(clientFrame, (frame, i) => `${frame}:${serverFrame[i]!}`);
}

/** The figures that must be exact, side by side with the truth. */
export function figuresOf({ pairing }: Paired, direction: Direction) {
  const { lost, duplicated, reordered } = pairing.document[direction];
  return { lost, duplicated, reordered };
}

export function expectedFigures({ expected }: Paired, direction: Direction) {
  const { lost, duplicated, reordered } = expected[direction];
  return { lost, duplicated, reordered };
}

export function matchedShare({ pairing, expected }: Paired): number {
  const found = DIRECTIONS.reduce((sum, direction) => sum + pairing.document[direction].matched, 0);
  const there = DIRECTIONS.reduce((sum, direction) => sum + expected[direction].matched, 0);
  return found / there;
}

/** What every pairing owes: matches nearly all there are, none that is wrong, and the true offset inside its interval. */
export function expectHonest(paired: Paired): void {
  const { pairing, truth } = paired;
  expect(falseMatches(paired)).toEqual([]);
  expect(matchedShare(paired)).toBeGreaterThanOrEqual(0.999);
  for (const direction of DIRECTIONS) {
    // The copy of one idle tick may pass for the next one that was lost, if it is said to be ambiguous.
    const { matched, ambiguous } = pairing.document[direction];
    expect(matched, direction).toBeLessThanOrEqual(paired.expected[direction].matched + ambiguous);
  }
  expectOffsetInside(pairing, truth.clock.offsetNs);
}

/** To a microsecond: the instant the interval speaks of may be another packet than the first common one, and clocks run apart. */
export function expectOffsetInside({ document: { clock } }: Pairing, offsetNs: number): void {
  expect(clock.offset_low_ns).not.toBeNull();
  expect(clock.offset_low_ns!).toBeLessThanOrEqual(offsetNs + 1_000);
  expect(clock.offset_high_ns!).toBeGreaterThanOrEqual(offsetNs - 1_000);
}

export function expectExact(paired: Paired): void {
  for (const direction of DIRECTIONS)
    expect(figuresOf(paired, direction), direction).toEqual(expectedFigures(paired, direction));
}
