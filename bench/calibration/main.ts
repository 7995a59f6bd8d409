/**
 * Runs the calibration: pairs go round the grid, so that a time budget cuts every cell alike; headline cells come twice a round.
 *
 *   npm run build && node dist/bench/calibration/main.js --pairs 1000 --budget-seconds 1500 --out bench/calibration/results
 *
 * The budget alone may cut the run; which pair is which never depends on it, and the page says how many ran.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Simulated } from './acceptance.ts';
import { againstItself, falseDiscovery, packetAlarms, signFlipAlarms } from './others.ts';
import { SCENARIOS } from './scenarios.ts';
import { calibrationPage } from './table.ts';
import { emptyTally, simulatePair } from './windows.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '1000' },
    'budget-seconds': { type: 'string', default: '3600' },
    replicates: { type: 'string', default: '200' },
    out: { type: 'string', default: 'bench/calibration/results' },
  },
});
const pairs = Number(values.pairs);
const replicates = Number(values.replicates);
const deadline = Date.now() + 1000 * Number(values['budget-seconds']);
const inTime = (): boolean => Date.now() < deadline;

const days = [6, 7, 8, 10].map((count) => signFlipAlarms(count, 4 * pairs));
const packets = packetAlarms(Math.min(200, pairs));
const itself = (['blocks', 'clients'] as const).map((kind) => againstItself(kind, Math.min(200, pairs)));
const discovery = falseDiscovery(Math.min(200, Math.max(20, pairs / 5)));

const windows = SCENARIOS.map(emptyTally);
const secondary = Math.ceil(pairs / 5);
for (let run = 0; run < pairs && inTime(); run++) {
  SCENARIOS.forEach((scenario, i) => {
    if (!inTime()) return;
    if (scenario.headline || run % 5 === 0)
      simulatePair(scenario, scenario.headline ? run : run / 5, replicates, windows[i]!);
  });
  if (run % 20 === 0) write();
}
write();

function write(): void {
  const simulated: Simulated = { windows, days, discovery, itself, packets };
  const command =
    `npm run build && node dist/bench/calibration/main.js --pairs ${pairs}` +
    (windows.every(({ headline, pairs: n }) => n >= (headline ? pairs : secondary))
      ? ''
      : ` --budget-seconds ${values['budget-seconds']}`);
  mkdirSync(values.out, { recursive: true });
  writeFileSync(`${values.out}/calibration.md`, calibrationPage(simulated, command, replicates));
  writeFileSync(`${values.out}/calibration.json`, `${JSON.stringify(simulated, null, 1)}\n`);
}
