/** The router's log of fates (router/src/fate.rs), as columns. */

import { readFileSync } from 'node:fs';

export const FATES = [
  'delivered',
  'lost',
  'queue_full',
  'too_big_told',
  'too_big_silent',
  'duplicate',
  'reordered',
  'refused',
  'told',
  'unwritten',
  'under_way',
] as const;
export type Fate = (typeof FATES)[number];

export interface PacketFate {
  /** UTC ns: read from its sender's device, written to its receiver's (0n where it was not). */
  readonly inNs: bigint;
  readonly outNs: bigint;
  /** Meant to wait in the queue, and to take in all. */
  readonly queueNs: number;
  readonly plannedNs: number;
  readonly bytes: number;
  /** Index of the home; 65535 where no home was meant. */
  readonly home: number;
  readonly direction: 'up' | 'down';
  readonly fate: Fate;
  readonly protocol: number;
  readonly dscp: number;
}

const RECORD_BYTES = 48;

export function readFates(path: string): PacketFate[] {
  const file = readFileSync(path);
  return Array.from({ length: Math.floor(file.length / RECORD_BYTES) }, (_, index) => {
    const at = index * RECORD_BYTES;
    const fate = FATES[file[at + 45] ?? -1];
    if (fate === undefined) throw new Error(`${path}: no fate ${file[at + 45]} at byte ${at + 45}`);
    return {
      inNs: file.readBigInt64LE(at),
      outNs: file.readBigInt64LE(at + 8),
      queueNs: Number(file.readBigInt64LE(at + 24)),
      plannedNs: Number(file.readBigInt64LE(at + 32)),
      bytes: file.readUInt16LE(at + 40),
      home: file.readUInt16LE(at + 42),
      direction: file[at + 44] === 0 ? 'up' : 'down',
      fate,
      protocol: file[at + 46] ?? 0,
      dscp: file[at + 47] ?? 0,
    };
  });
}
