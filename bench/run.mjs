// npm run bench -- --date 2026-11-21 --host-kind shared-2-core [--rounds 5] [--large BYTES] [--skip memory,scaling] [--samples]
// --samples: on a recorded sample instead, replicated to size. The date and the kind of machine are told, not asked of the system: results name no host.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CONTENDERS, OURS } from './contenders.mjs';
import { describeEnvironment } from './environment.mjs';
import { checkAnswer, makeInput, makeReplica } from './inputs.mjs';
import { measure } from './measure.mjs';
import { summarize } from './summary.mjs';

const MIB = 1 << 20;
const { values: given } = parseArgs({
  options: {
    date: { type: 'string' },
    'host-kind': { type: 'string' },
    rounds: { type: 'string', default: '5' },
    large: { type: 'string', default: String(256 * MIB) },
    skip: { type: 'string', default: '' },
    samples: { type: 'boolean', default: false },
  },
});
if (!/^\d{4}-\d\d-\d\d$/.test(given.date ?? '') || !/^[a-z0-9-]+$/.test(given['host-kind'] ?? '')) {
  console.error(
    'usage: npm run bench -- --date YYYY-MM-DD --host-kind WORDS [--rounds 5] [--large BYTES] [--skip memory,scaling] [--samples]',
  );
  process.exit(2);
}
const rounds = Number(given.rounds);
const skip = new Set(given.skip.split(','));
const say = (text) => console.error(text);
const samples = [];

/** Records one run; a contender that fails is kept in the results as failed, never dropped. */
async function record(section, round, name, input, [program, args]) {
  const { code, wallSeconds, cpuSeconds, peakRssMib, stderr } = await measure(program, args).catch(
    (error) => ({
      code: null,
      stderr: String(error),
    }),
  );
  samples.push({ section, round, name, input, code, wallSeconds, cpuSeconds, peakRssMib });
  const figures =
    code === 0
      ? `${wallSeconds.toFixed(3)} s, CPU ${cpuSeconds.toFixed(2)} s, ${peakRssMib.toFixed(0)} MiB`
      : `FAILED (${code}) ${stderr}`;
  say(`  ${section} ${round} ${input} ${name}: ${figures}`);
}

say('making inputs');
const recording = fileURLToPath(
  new URL('../samples/recorded/evening/evening-1-server.pcap.zst', import.meta.url),
);
const large = Number(given.large);
const small = Math.min(128 * MIB, large);
const inputs = given.samples
  ? { large: makeReplica(recording, large) }
  : {
      large: makeInput(large, 200),
      small: makeInput(small, 200),
      tcp: makeInput(large, 200, 'tcp'),
    };
const checked = {};
for (const [name, input] of Object.entries(inputs)) {
  checked[name] = checkAnswer(input);
  say(
    `${name}: ${input.packets} packets, ${input.flows} flows: lagdiff and capinfos agree with the generator`,
  );
}
const environment = describeEnvironment(given.date, given['host-kind']);

// Contenders take turns inside a round, and each round begins with another one: what disturbs the machine disturbs all.
for (let round = 1; round <= rounds; round++) {
  for (const input of Object.keys(inputs)) {
    const field = CONTENDERS.filter((contender) => contender.inputs.includes(input));
    const turned = [...field.slice(round % field.length), ...field.slice(0, round % field.length)];
    for (const { name, command } of turned)
      await record('throughput', round, name, input, command(inputs[input].path));
  }
}

if (!skip.has('scaling')) {
  const spin = [process.execPath, [fileURLToPath(new URL('spin.mjs', import.meta.url))]];
  const [one, two] = [1, 2].map((workers) =>
    CONTENDERS.find(({ name }) => name.includes(`${workers} worker`)),
  );
  for (let round = 1; round <= rounds; round++) {
    await record('scaling', round, 'spin, one', '-', spin);
    await Promise.all(
      [1, 2].map((copy) => record('scaling', round, `spin, two at once (${copy})`, '-', spin)),
    );
    for (const { name, command } of [one, two])
      await record('scaling', round, name, 'large', command(inputs.large.path));
  }
}

// More of the same recording is neither more flows nor more packets at will.
if (!skip.has('memory') && !given.samples) {
  const ours = CONTENDERS.find(({ name }) => name === OURS);
  const cases = [
    ...[64, 256, 1024].map((mib) => [mib, 200]),
    ...[10_000, 100_000].map((flows) => [256, flows]),
  ];
  for (const [mib, flows] of cases) {
    const input = makeInput(mib * MIB, flows);
    checkAnswer(input);
    const name = `${mib} MiB, ${input.packets} packets, ${input.flows} flows`;
    for (let round = 1; round <= 3; round++)
      await record('memory', round, name, `${mib}-${flows}`, ours.command(input.path));
  }
}

const label = `${given.date}-${given['host-kind']}${given.samples ? '-samples' : ''}`;
const folder = fileURLToPath(new URL(`results/${label}/`, import.meta.url));
mkdirSync(folder, { recursive: true });
const header = 'section,round,contender,input,exit,wall_seconds,cpu_seconds,peak_rss_mib';
const rows = samples.map(({ section, round, name, input, code, wallSeconds, cpuSeconds, peakRssMib }) =>
  [
    section,
    round,
    `"${name}"`,
    input,
    code,
    wallSeconds?.toFixed(4),
    cpuSeconds?.toFixed(2),
    peakRssMib?.toFixed(1),
  ].join(','),
);
writeFileSync(join(folder, 'raw.csv'), [header, ...rows, ''].join('\n'));
writeFileSync(
  join(folder, 'environment.json'),
  `${JSON.stringify({ ...environment, rounds, inputs: describeInputs() }, null, 2)}\n`,
);
writeFileSync(join(folder, 'summary.md'), summarize(samples, inputs, environment));
say(`written: bench/results/${label}/`);

function describeInputs() {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { sizeBytes, packets, flows }]) => [
      name,
      { sizeBytes, packets, flows, checked: checked[name] },
    ]),
  );
}
