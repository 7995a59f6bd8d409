/**
 * Records real games across a path whose truth is set (README.md). As root, on Debian; installs what is missing.
 *
 *   npm run build && node dist/samples/record/main.js [--scenario NAME …] [--minutes N] [--out DIR]
 */

import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GAMES } from './games/index.ts';
import { installPackages } from './packages.ts';
import { shortened, type ScenarioPlan } from './plan.ts';
import { pause } from './program.ts';
import { publish, updateManifest } from './publish.ts';
import { scenarios } from './scenarios.ts';
import { openSession, requireRoot, type Session } from './session.ts';
import { World, type Recorded } from './world.ts';

/** So many programs load at once when the case begins; a short recording beside that would be one of a busy machine. */
const LOADING_MS = 60_000;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    minutes: { type: 'string' },
    out: { type: 'string', default: 'samples' },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const chosen = chosenScenarios();
  requireRoot();
  const played = new Set(
    chosen.flatMap(({ worlds }) => worlds.flatMap(({ homes }) => homes.flatMap(({ games }) => games))),
  );
  const games = GAMES.filter(({ id }) => played.has(id));
  installPackages(games.flatMap(({ packages }) => packages));
  const session = openSession();
  // The sittings of the case beside all the short ones, which take turns.
  const long = chosen.filter(({ worlds }) => worlds.some(({ sitting }) => sitting !== null));
  const lanes = [
    ...long.map((scenario) => [scenario]),
    chosen.filter((scenario) => !long.includes(scenario)),
  ];
  const failed: string[] = [];
  const results = await Promise.all(
    lanes.map(async (lane, index) => {
      if (index > 0) await pause(LOADING_MS);
      const done: [ScenarioPlan, readonly Recorded[]][] = [];
      for (const scenario of lane)
        try {
          done.push([scenario, await record(scenario, session)]);
        } catch (error) {
          // The others are still worth having.
          failed.push(scenario.name);
          process.stderr.write(`${scenario.name}: ${String(error)}\n`);
        }
      return done;
    }),
  );
  // Only now: compressing beside a recording would take its processors.
  for (const [scenario, recorded] of results.flat())
    await publish(scenario, recorded, GAMES, { ...session, out: values.out });
  updateManifest(values.out);
  const left = session.close();
  process.stdout.write(left === null ? 'nothing is left behind\n' : `left behind: ${left}\n`);
  if (failed.length > 0) process.stderr.write(`not recorded: ${failed.join(', ')}\n`);
  return left === null && failed.length === 0 ? 0 : 1;
}

function chosenScenarios(): ScenarioPlan[] {
  const names = values.scenario ?? scenarios.map(({ name }) => name);
  const most = values.minutes === undefined ? Infinity : Number(values.minutes) * 60;
  if (!(most >= 60)) throw new Error('--minutes needs a number from 1 on');
  return names.map((name) => {
    const found = scenarios.find((scenario) => scenario.name === name);
    if (found === undefined)
      throw new Error(`no scenario ${name}; there are ${scenarios.map((one) => one.name).join(', ')}`);
    return { ...found, worlds: found.worlds.map((world) => shortened(world, most)) };
  });
}

async function record(
  scenario: ScenarioPlan,
  { binary, folder, prefix }: Session,
): Promise<readonly Recorded[]> {
  process.stdout.write(`${new Date().toISOString()} ${scenario.name}\n`);
  const recorded = await Promise.all(
    scenario.worlds.map(async (plan, index) => {
      const name = `${scenario.name}-${index}-`;
      const world = new World(plan, GAMES, {
        binary,
        folder: join(folder, `${scenario.name}-${index}`),
        prefix: `${prefix}${name}`,
      });
      try {
        return await world.record();
      } finally {
        world.remove();
      }
    }),
  );
  process.stdout.write(`${new Date().toISOString()} ${scenario.name} recorded\n`);
  return recorded;
}
