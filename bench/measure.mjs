// One run of one command: wall, user and system time, peak resident memory, by GNU time. Output is thrown away or returned.
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIME = '/usr/bin/time';
const folder = mkdtempSync(join(tmpdir(), 'lagdiff-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

let runs = 0;

/** Runs commands at the same time and measures each; `keepOutput` returns stdout instead of discarding it. */
export async function measure(program, args, { keepOutput = false } = {}) {
  const id = runs++;
  const report = join(folder, `time-${id}`);
  const outPath = keepOutput ? join(folder, `out-${id}`) : '/dev/null';
  const out = openSync(outPath, 'w');
  const err = openSync(join(folder, `err-${id}`), 'w');
  const began = performance.now();
  const code = await new Promise((resolve, reject) => {
    const child = spawn(TIME, ['-q', '-o', report, '-f', '%U %S %M', program, ...args], {
      stdio: ['ignore', out, err],
    });
    child.on('error', reject);
    child.on('exit', resolve);
  });
  const wallSeconds = (performance.now() - began) / 1000;
  closeSync(out);
  closeSync(err);
  const [user, system, rss] = readFileSync(report, 'utf8').trim().split('\n').at(-1).split(' ').map(Number);
  return {
    code,
    wallSeconds,
    cpuSeconds: user + system,
    peakRssMib: rss / 1024,
    stdout: keepOutput ? readFileSync(outPath, 'utf8') : '',
    stderr: readFileSync(join(folder, `err-${id}`), 'utf8').slice(-2000),
  };
}

/** Median, smallest and largest. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), n: sorted.length };
}
