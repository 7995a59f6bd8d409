/** What the commands here are told on their command line, and where they write. */

import { closeSync, openSync, writeSync } from 'node:fs';

export function byteCount(text: string): number {
  const match = /^(\d+)(MiB|GiB)?$/.exec(text);
  if (match === null) throw new Error(`expected a byte count such as 1000000, 256MiB or 5GiB, got ${text}`);
  return Number(match[1]) * (match[2] === 'GiB' ? 2 ** 30 : match[2] === 'MiB' ? 2 ** 20 : 1);
}

export function wholeNumber(text: string, least: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`expected a whole number from ${least}, got ${text}`);
  return value;
}

/** A file that is written block by block. */
export function toFile<T>(path: string, fill: (write: (block: Uint8Array) => void) => T): T {
  const file = openSync(path, 'w');
  try {
    return fill((block) => {
      for (let at = 0; at < block.length;) at += writeSync(file, block, at, block.length - at);
    });
  } finally {
    closeSync(file);
  }
}
