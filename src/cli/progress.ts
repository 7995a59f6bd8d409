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

export function progressOn(io: Io, isWanted: boolean): Progress {
  if (!isWanted || io.stderr.isTTY !== true) return { update: () => undefined, clear: () => undefined };
  let shown = 0;
  let last = 0;
  return {
    update: ({ bytes, totalBytes, packets }) => {
      const now = performance.now();
      if (now - last < STEP_MS) return;
      last = now;
      const share = totalBytes === 0 ? '' : ` ${Math.min(100, Math.floor((100 * bytes) / totalBytes))} %`;
      const line = `reading${share}  ${(bytes / 1e6).toFixed(0)} MB  ${packets} packets`.slice(
        0,
        (io.stderr.columns ?? 80) - 1,
      );
      io.stderr.write(`\r${line.padEnd(shown)}`);
      shown = line.length;
    },
    clear: () => {
      if (shown > 0) io.stderr.write(`\r${' '.repeat(shown)}\r`);
      shown = 0;
    },
  };
}
