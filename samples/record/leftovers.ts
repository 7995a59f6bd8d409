/**
 * What a recorder leaves on a machine, found by name: everything it makes carries its process id. Ending is synchronous,
 * so that it also works from a signal handler and from the very end of the process.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAME = /^lagrec(\d+)-/;

/** What namespaces and scratch folders of one recorder begin with. */
export function prefixOf(pid: number): string {
  return `lagrec${pid}-`;
}

export interface Leftovers {
  readonly namespaces: readonly string[];
  readonly processes: readonly number[];
  readonly devices: readonly string[];
  /** Scratch, and what namespaces see as their own /etc. */
  readonly folders: readonly string[];
}

/** Files here stand for those of /etc inside the namespace of that name (ip-netns(8)). */
export const NAMESPACE_ETC = '/etc/netns';

/** @param begins what names begin with; all recorders' by default. */
export function findLeftovers(begins = 'lagrec'): Leftovers {
  return find((name) => name.startsWith(begins) && NAME.test(name));
}

function find(isMeant: (name: string) => boolean): Leftovers {
  const names = (list: readonly string[]): string[] => list.filter(isMeant);
  const namespaces = names(existsSync('/var/run/netns') ? readdirSync('/var/run/netns') : []);
  const devices = names(readdirSync('/sys/class/net'));
  const scratch = names(readdirSync(tmpdir())).map((name) => join(tmpdir(), name));
  const etc = names(existsSync(NAMESPACE_ETC) ? readdirSync(NAMESPACE_ETC) : []);
  const processes = new Set(namespaces.flatMap(processesIn));
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    const words = commandOf(entry);
    if (scratch.some((folder) => words.some((word) => word.startsWith(`${folder}/`))))
      processes.add(Number(entry));
  }
  return {
    namespaces,
    devices,
    folders: [...scratch, ...etc.map((name) => join(NAMESPACE_ETC, name))],
    processes: [...processes].sort((a, b) => a - b),
  };
}

export function isClean(left: Leftovers): boolean {
  return Object.values(left).every((list: readonly unknown[]) => list.length === 0);
}

/** Ends and removes what was found. Devices live in namespaces or with the router, and go with them. */
export function removeLeftovers(left: Leftovers): void {
  for (const pid of left.processes) kill(pid);
  for (const namespace of left.namespaces) {
    // What was started while we looked.
    for (const pid of processesIn(namespace)) kill(pid);
    attempt(() => execFileSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' }));
  }
  for (const folder of left.folders) attempt(() => rmSync(folder, { recursive: true, force: true }));
}

/** Recorders that were ended by force, long gone, left these. */
export function removeOrphans(): void {
  const isOrphan = (name: string): boolean => {
    const pid = NAME.exec(name)?.[1];
    return pid !== undefined && Number(pid) !== process.pid && !existsSync(`/proc/${pid}`);
  };
  removeLeftovers(find(isOrphan));
}

function processesIn(namespace: string): number[] {
  try {
    const text = execFileSync('ip', ['netns', 'pids', namespace], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function commandOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  attempt(() => process.kill(pid, 'SIGKILL'));
}

function attempt(action: () => unknown): void {
  try {
    action();
  } catch {
    // It is gone, which is what was wanted.
  }
}
