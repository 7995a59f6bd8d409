/**
 * Runs the calibration: pairs go round the grid, so that a time budget cuts every cell alike. Headline cells get all the pairs, the
 * others a fifth, those of 200 clients a tenth; a cell whose coverage then lies under 93 %, or that answers wrongly more often
 * than it may, goes on to all of them.
 *
 *   npm run build && node dist/bench/calibration/main.js --pairs 1000
 *
 * `--resume` goes on from the results that are there: the same pairs, counted once.
 * The budget alone may cut the run; which pair is which never depends on it, and the page says how many ran.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { RATE_LIMITS, type Simulated } from './acceptance.ts';
import { againstItself, falseDiscovery, packetAlarms, signFlipAlarms } from './others.ts';
import { emptyLossTally, LOSS_SCENARIOS, simulateLoss } from './loss.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { calibrationPage } from './table.ts';
import { emptyTally, simulatePair, type WindowTally } from './windows.ts';

/** Pairs before this one were looked at while the method was chosen; these were not. */
const FIRST_PAIR = 50_000;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    'budget-seconds': { type: 'string', default: '3600' },
    replicates: { type: 'string', default: '200' },
    resume: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/calibration/results' },
  },
});
const pairs = Number(values.pairs);
const replicates = Number(values.replicates);
const deadline = Date.now() + 1000 * Number(values['budget-seconds']);
const inTime = (): boolean => Date.now() < deadline;

const earlier = values.resume
  ? (JSON.parse(readFileSync(`${values.out}/calibration.json`, 'utf8')) as Simulated)
  : null;
const days = earlier?.days ?? [6, 7, 8, 10].map((count) => signFlipAlarms(count, 4 * pairs));
const packets = earlier?.packets ?? packetAlarms(Math.min(200, pairs));
const itself =
  earlier?.itself ??
  (['blocks', 'clients'] as const).map((kind) => againstItself(kind, Math.min(200, pairs)));
const discovery = earlier?.discovery ?? falseDiscovery(Math.min(200, Math.max(20, pairs / 5)));

const windows = SCENARIOS.map(
  (scenario) => earlier?.windows.find(({ id }) => id === scenario.id) ?? emptyTally(scenario),
);
const loss = LOSS_SCENARIOS.map(
  (scenario) => earlier?.loss.find(({ id }) => id === scenario.id) ?? emptyLossTally(scenario),
);
const lossPairs = Math.ceil(pairs / 4);

/** Pairs that a cell gets before anybody looks at it. */
function planned({ headline, world }: Scenario): number {
  if (headline) return pairs;
  return Math.ceil(pairs / (world.clients >= 200 ? 10 : 5));
}

for (let run = 0; run < pairs && inTime(); run++) {
  SCENARIOS.forEach((scenario, i) => {
    if (run === windows[i]!.pairs && run < planned(scenario) && inTime())
      simulatePair(scenario, FIRST_PAIR + run, replicates, windows[i]!);
  });
  LOSS_SCENARIOS.forEach((scenario, i) => {
    if (run === loss[i]!.pairs && run < lossPairs && inTime())
      simulateLoss(scenario, FIRST_PAIR + run, replicates, loss[i]!);
  });
  if (run % 50 === 0) write();
}
SCENARIOS.forEach((scenario, i) => {
  const tally = windows[i]!;
  if (!isNearBound(tally)) return;
  for (let run = tally.pairs; run < pairs && inTime(); run++)
    simulatePair(scenario, FIRST_PAIR + run, replicates, tally);
});
write();

function isNearBound({ pairs: n, quantiles }: WindowTally): boolean {
  return quantiles.some(
    (tally) =>
      tally.covered < 0.93 * (n - tally.refused) ||
      RATE_LIMITS.some(({ count, limit }) => tally[count] > limit * n),
  );
}

function write(): void {
  const simulated: Simulated = { windows, loss, days, discovery, itself, packets };
  const whole = SCENARIOS.every((scenario, i) => windows[i]!.pairs >= planned(scenario));
  const command =
    `npm run build && node dist/bench/calibration/main.js --pairs ${pairs}` +
    (whole ? '' : ` --budget-seconds ${values['budget-seconds']}`);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(`${values.out}/calibration.md`, calibrationPage(simulated, command, replicates));
  writeFileSync(`${values.out}/calibration.json`, `${JSON.stringify(simulated, null, 1)}\n`);
}
