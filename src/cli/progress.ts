/** One line on a terminal's stderr while captures are read; silent everywhere else. */

import type { Io } from './io.ts';

export interface Progress {
  readonly update: (progress: {
    readonly bytes: number;
    readonly totalBytes: number;
    readonly packets: number;
  }) => void;
  readonly clear: () => void;
}

const STEP_MS = 100;
/** A rate over less than this is a guess, and a time left from it a bad one. */
const SETTLED_MS = 1000;

/** What the line says; times are ms since reading began. */
export function progressLine(
  { bytes, totalBytes, packets }: { bytes: number; totalBytes: number; packets: number },
  elapsedMs: number,
): string {
  const parts = [`${(bytes / 1e6).toFixed(0)} MB`, `${packets} packets`];
  if (totalBytes > 0) parts.unshift(`${Math.min(100, Math.floor((100 * bytes) / totalBytes))} %`);
  if (elapsedMs >= SETTLED_MS && bytes > 0) {
    parts.push(`${(bytes / 1e3 / elapsedMs).toFixed(0)} MB/s`);
    if (totalBytes > bytes) {
      parts.push(`${clockText(Math.ceil(((totalBytes - bytes) * elapsedMs) / bytes / 1000))} left`);
    }
  }
  return `reading  ${parts.join('  ')}`;
}

function clockText(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

export function progressOn(io: Io, isWanted: boolean): Progress {
  if (!isWanted || io.stderr.isTTY !== true) return { update: () => undefined, clear: () => undefined };
  let shown = 0;
  let last = -Infinity;
  const start = performance.now();
  return {
    update: (progress) => {
      const now = performance.now();
      if (now - last < STEP_MS) return;
      last = now;
      // One write, the new line over the old one: nothing is erased first, so nothing flickers.
      const line = progressLine(progress, now - start).slice(0, (io.stderr.columns ?? 80) - 1);
      io.stderr.write(`\r${line.padEnd(shown)}`);
      shown = line.length;
    },
    clear: () => {
      if (shown > 0) io.stderr.write(`\r${' '.repeat(shown)}\r`);
      shown = 0;
    },
  };
}
