// Large captures made on demand, by the seeded generator or from a recording, and the proof that every tool reads the same packets in them.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const generator = join(root, 'dist/samples/generate/bench.js');
const replicator = join(root, 'dist/samples/generate/replicate.js');
const main = join(root, 'dist/src/cli/main.js');
const SEED = 20261121;

/** @returns path, size and the generator's own statement of what it wrote. */
export function makeInput(bytes, flows, mix = 'mixed') {
  const folder = join(root, 'bench/data');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${bytes}-${flows}-${mix}.pcap`);
  const statement = `${path}.json`;
  if (!existsSync(statement) || !existsSync(path)) {
    const args = [generator, path, String(bytes), String(SEED), String(flows), mix];
    writeFileSync(statement, execFileSync(process.execPath, args, { encoding: 'utf8' }));
  }
  const { packets, flows: flowCount } = JSON.parse(readFileSync(statement, 'utf8'));
  return { path, sizeBytes: statSync(path).size, packets, flows: flowCount };
}

/** The same from a recording, played over and over with other clients, ports and times. */
export function makeReplica(recording, bytes) {
  const folder = join(root, 'bench/data');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${bytes}-replica.pcap`);
  const counts = JSON.parse(
    execFileSync(process.execPath, [replicator, recording, path, String(bytes)], { encoding: 'utf8' }),
  );
  return {
    path,
    sizeBytes: statSync(path).size,
    packets: counts.packets,
    flows: counts.transport_pairs,
    flowsOf: transportPairs,
  };
}

/** What a replica is counted by: a pair of ends that speaks twice, an hour apart, is one. */
function transportPairs(flows) {
  return new Set(
    flows.filter(({ protocol }) => protocol === 6 || protocol === 17).map(({ community_id: id }) => id),
  ).size;
}

/** Throws unless the product and capinfos count what the generator says it wrote: a wrong answer may not be timed. */
export function checkAnswer({ path, packets, flows, flowsOf = ({ length }) => length }) {
  const run = (program, args) =>
    execFileSync(program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 30,
    });
  const analysis = JSON.parse(run(process.execPath, [main, 'analyze', path, '--format', 'json', '--quiet']));
  const counted = {
    'lagdiff records': [analysis.captures[0].records, packets],
    'lagdiff decoded': [analysis.captures[0].decoded, packets],
    'lagdiff flows': [flowsOf(analysis.flows), flows],
    'capinfos packets': [Number(run('capinfos', ['-T', '-r', '-M', '-c', path]).split('\t')[1]), packets],
  };
  for (const [what, [got, want]] of Object.entries(counted))
    if (got !== want)
      throw new Error(`${what}: ${got}, but the generator wrote ${want}; not timing a wrong answer`);
  return counted;
}
