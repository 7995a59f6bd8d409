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

/** What the line says; times are ms since reading began, `words` what the capture shows so far, most telling first. */
export function progressLine(
  { bytes, totalBytes, packets }: { bytes: number; totalBytes: number; packets: number },
  elapsedMs: number,
  words: readonly string[] = [],
): string {
  const [first, ...rest] = words;
  const size = `${(bytes / 1e6).toFixed(0)} MB`;
  const parts =
    first === undefined ? [size, `${packets} packets`] : [first, `${packets} packets`, ...rest, size];
  if (totalBytes > 0) parts.unshift(`${Math.min(100, Math.floor((100 * bytes) / totalBytes))} %`);
  if (elapsedMs >= SETTLED_MS && bytes > 0) {
    const rate = Math.round(bytes / 1e3 / elapsedMs);
    if (rate > 0) parts.push(`${rate} MB/s`);
    if (totalBytes > bytes) {
      parts.push(`${clockText(Math.ceil(((totalBytes - bytes) * elapsedMs) / bytes / 1000))} left`);
    }
  }
  return `reading  ${parts.join('  ')}`;
}

/** True once in so many milliseconds. */
export function everyMs(ms: number): () => boolean {
  let last = performance.now();
  return () => {
    const now = performance.now();
    if (now - last < ms) return false;
    last = now;
    return true;
  };
}

/** As many whole words as fit: half a figure is another figure. */
export function fitted(line: string, columns: number): string {
  const words = line.split('  ');
  while (words.length > 1 && words.join('  ').length > columns) words.pop();
  return words.join('  ').slice(0, columns);
}

function clockText(seconds: number): string {
  const rest = String(seconds % 60).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`;
}

/** `words`: what to say of the capture before how much of it was read. */
export function progressOn(io: Io, isWanted: boolean, words: () => readonly string[] = () => []): Progress {
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
      const line = fitted(progressLine(progress, now - start, words()), (io.stderr.columns ?? 80) - 1);
      io.stderr.write(`\r${line.padEnd(shown)}`);
      shown = line.length;
    },
    clear: () => {
      if (shown > 0) io.stderr.write(`\r${' '.repeat(shown)}\r`);
      shown = 0;
    },
  };
}
