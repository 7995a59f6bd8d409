// Samples → the page people read. Every contender stays in the table, the ones that beat us too.
import { CONTENDERS, OURS } from './contenders.mjs';
import { spread } from './measure.mjs';

/** Three significant digits, so that a floor of 5 ms and a ratio of 230 are both readable. */
const digits = (value) => (value >= 100 ? value.toFixed(0) : value === 0 ? '0' : value.toPrecision(3));
const show = ({ median, min, max }) => `${digits(median)} (${digits(min)}–${digits(max)})`;

const of = (samples, section, name, input) =>
  samples.filter(
    (s) =>
      s.section === section && s.name === name && (input === undefined || s.input === input) && s.code === 0,
  );

/** Per-round ratio of a contender to a reference of the same round: what disturbed that round disturbed both. */
function ratios(samples, reference, key) {
  return samples.flatMap((sample) => {
    const other = reference.find(({ round }) => round === sample.round);
    return other === undefined || other[key] === 0 ? [] : [sample[key] / other[key]];
  });
}

function throughputTable(samples, input, facts) {
  const ours = of(samples, 'throughput', OURS, input);
  const rows = CONTENDERS.filter((contender) => contender.inputs.includes(input)).map(
    ({ name, fairness }) => {
      const runs = of(samples, 'throughput', name, input);
      if (runs.length === 0) return `| ${name} | did not run | | | | | | ${fairness} |`;
      const wall = spread(runs.map(({ wallSeconds }) => wallSeconds));
      const cells = [
        name,
        show(wall),
        show(spread(runs.map(({ cpuSeconds }) => cpuSeconds))),
        show(spread(runs.map(({ peakRssMib }) => peakRssMib))),
        `${(facts.packets / wall.median / 1e6).toFixed(2)} M/s, ${(facts.sizeBytes / wall.median / 2 ** 20).toFixed(0)} MiB/s`,
        ours.length === 0 ? '' : show(spread(ratios(runs, ours, 'wallSeconds'))),
        ours.length === 0 ? '' : show(spread(ratios(runs, ours, 'cpuSeconds'))),
        fairness,
      ];
      return `| ${cells.join(' | ')} |`;
    },
  );
  return [
    `### ${input} input: ${facts.sizeBytes} bytes, ${facts.packets} packets, ${facts.flows} flows`,
    '',
    '| | wall s | CPU s | peak MiB | packets, bytes | wall ÷ ours | CPU ÷ ours | what it does |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
  ];
}

function scalingSection(samples) {
  const names = [OURS, 'lagdiff analyze, 2 workers'];
  const [one, two] = names.map((name) => of(samples, 'scaling', name));
  const spinOne = of(samples, 'scaling', 'spin, one');
  const spinTwo = ['spin, two at once (1)', 'spin, two at once (2)'].map((name) =>
    of(samples, 'scaling', name),
  );
  if (one.length === 0 || spinOne.length === 0) return [];
  const perRound = one.flatMap(({ round, wallSeconds }) => {
    const find = (runs) => runs.find((run) => run.round === round)?.wallSeconds;
    const [twoWall, alone, both] = [find(two), find(spinOne), spinTwo.map(find)];
    if (twoWall === undefined || alone === undefined || both.includes(undefined)) return [];
    const control = (2 * alone) / Math.max(...both);
    return [{ ours: wallSeconds / twoWall, control, share: wallSeconds / twoWall / control }];
  });
  if (perRound.length === 0) return [];
  const line = (key) => show(spread(perRound.map((round) => round[key])));
  return [
    '## Two workers against one',
    '',
    '| | per round |',
    '|---|---|',
    `| lagdiff, one worker ÷ two workers, wall | ${line('ours')} |`,
    `| control: two pure spins at once, speed-up of 2 possible | ${line('control')} |`,
    `| lagdiff ÷ control | ${line('share')} |`,
    '',
  ];
}

function memorySection(samples) {
  const names = [...new Set(samples.filter(({ section }) => section === 'memory').map(({ name }) => name))];
  if (names.length === 0) return [];
  const rows = names.map((name) => {
    const runs = of(samples, 'memory', name);
    if (runs.length === 0) return `| ${name} | did not run | | |`;
    const figure = (key) => show(spread(runs.map((run) => run[key])));
    return `| ${name} | ${figure('peakRssMib')} | ${figure('wallSeconds')} | ${figure('cpuSeconds')} |`;
  });
  return [
    '## Memory and flows',
    '',
    '| input | peak MiB | wall s | CPU s |',
    '|---|---|---|---|',
    ...rows,
    '',
  ];
}

export function summarize(samples, inputs, environment) {
  const { cpu, cores, node, commit, loadBefore } = environment;
  return [
    `# Benchmark of ${environment.date}`,
    '',
    `${cores} cores (${cpu}), Node ${node}, commit ${commit}, load before ${loadBefore.join(' ')}. Medians, smallest and largest in brackets;`,
    'ratios are taken within each round. Above 1 in a ratio column is slower than ours. Method: ../../README.md; every sample: raw.csv.',
    '',
    '## Throughput',
    '',
    ...Object.keys(inputs).flatMap((input) => throughputTable(samples, input, inputs[input])),
    ...scalingSection(samples),
    ...memorySection(samples),
  ].join('\n');
}
