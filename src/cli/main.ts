#!/usr/bin/env node
/** The process around `run`: real streams, the exit code, and a closed pipe that is no failure. */

import { removePartials } from '../index.ts';
import { run } from './run.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 2);
});

/** Is a capture read from a pipe? Then Ctrl-C reaches the writer too, and what it wrote up to then is the capture. */
const readsPipe = process.argv.some((word, at) => word === '-' && process.argv[at - 1] !== '--out');
let interrupts = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  const end = (): void => {
    interrupts += 1;
    if (signal === 'SIGINT' && readsPipe && interrupts === 1) return;
    removePartials();
    // Whoever waits for us must see that we were interrupted: die of the signal itself.
    process.off(signal, end);
    process.kill(process.pid, signal);
  };
  process.on(signal, end);
}

function epochMs(): number | null {
  const text = process.env['SOURCE_DATE_EPOCH'];
  return text !== undefined && /^\d{1,11}$/.test(text) ? Number(text) * 1000 : null;
}

process.exitCode = await run(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  // SOURCE_DATE_EPOCH (reproducible-builds.org) stands in for the clock, so that a run can be repeated to the byte.
  now: () => new Date(epochMs() ?? Date.now()).toISOString(),
});
