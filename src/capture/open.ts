/** CAPTURE arguments → the files they mean. Formats are told by content, never by name. */

import { closeSync, openSync, readSync, readdirSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { InputError, UsageError } from '../errors.ts';

export type Container = 'capture' | 'gzip' | 'zstd' | 'lz4' | 'xz' | 'other' | 'empty';

export interface CaptureFile {
  /** As typed, or found below the folder that was typed; `-` is standard input. */
  readonly path: string;
  readonly container: Container;
  /** Bytes on disk; 0 for standard input. */
  readonly sizeBytes: number;
}

export interface ResolvedCaptures {
  readonly files: readonly CaptureFile[];
  /** Files of a named folder that are no captures: listed, so that nothing is passed over in silence. */
  readonly skipped: readonly string[];
}

const MAGICS: readonly { readonly container: Container; readonly bytes: readonly number[] }[] = [
  { container: 'capture', bytes: [0xd4, 0xc3, 0xb2, 0xa1] },
  { container: 'capture', bytes: [0xa1, 0xb2, 0xc3, 0xd4] },
  { container: 'capture', bytes: [0x4d, 0x3c, 0xb2, 0xa1] },
  { container: 'capture', bytes: [0xa1, 0xb2, 0x3c, 0x4d] },
  { container: 'capture', bytes: [0x34, 0xcd, 0xb2, 0xa1] },
  { container: 'capture', bytes: [0xa1, 0xb2, 0xcd, 0x34] },
  { container: 'capture', bytes: [0x0a, 0x0d, 0x0d, 0x0a] },
  { container: 'gzip', bytes: [0x1f, 0x8b] },
  { container: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { container: 'lz4', bytes: [0x04, 0x22, 0x4d, 0x18] },
  { container: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
];

/** Bytes that `containerOf` wants to see. */
export const MAGIC_BYTES = 6;

/** What the first bytes say. */
export function containerOf(head: Uint8Array): Container {
  if (head.length === 0) return 'empty';
  // A skippable frame: parallel zstd writes its index before the data.
  const [first = 0, ...rest] = head;
  if (first >> 4 === 5 && [0x2a, 0x4d, 0x18].every((byte, index) => rest[index] === byte)) return 'zstd';
  return MAGICS.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte))?.container ?? 'other';
}

function headOf(path: string): Uint8Array {
  const file = openSync(path, 'r');
  try {
    const head = new Uint8Array(16);
    return head.subarray(0, readSync(file, head, 0, head.length, 0));
  } finally {
    closeSync(file);
  }
}

function systemError(path: string, cause: unknown): InputError {
  const { code } = cause as NodeJS.ErrnoException;
  const [message, help] =
    code === 'ENOENT'
      ? [
          'does not exist',
          'check the path; quote a glob so that the shell leaves it alone, or let the shell expand it',
        ]
      : code === 'EACCES' || code === 'EPERM'
        ? [
            'cannot be read: permission denied',
            'captures made by root often belong to root: chmod a+r, or copy it',
          ]
        : [`cannot be read (${code ?? String(cause)})`, 'check the disk and the path'];
  return new InputError({ code: 'capture/unreadable', message: `${path} ${message}`, help, path }, { cause });
}

function statOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (cause) {
    throw systemError(path, cause);
  }
}

function describe(path: string, stats: Stats): CaptureFile {
  try {
    return { path, container: containerOf(headOf(path)), sizeBytes: stats.size };
  } catch (cause) {
    throw systemError(path, cause);
  }
}

/** `*` and `?` in the last part of a path; the shell knows more, and usually expands first. */
function expandGlob(pattern: string): string[] {
  const folder = dirname(pattern);
  const source = basename(pattern)
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  const matcher = new RegExp(`^${source}$`);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (cause) {
    throw systemError(folder, cause);
  }
  return names
    .filter((name) => matcher.test(name))
    .sort()
    .map((name) => (folder === '.' && !pattern.startsWith('./') ? name : join(folder, name)));
}

/**
 * @throws UsageError when nothing was named or `-` is mixed with files.
 * @throws InputError `capture/unreadable`, `capture/empty-folder`.
 */
export function resolveCaptures(inputs: readonly string[]): ResolvedCaptures {
  if (inputs.length === 0) {
    throw new UsageError({
      code: 'usage/no-capture',
      message: 'no capture was named',
      help: 'name a file, a folder, a glob, or - for standard input',
    });
  }
  if (inputs.includes('-')) {
    if (inputs.length > 1) {
      throw new UsageError({
        code: 'usage/stdin-mixed',
        message: 'standard input (-) cannot be mixed with files',
        help: 'name either - or files',
      });
    }
    return { files: [{ path: '-', container: 'other', sizeBytes: 0 }], skipped: [] };
  }
  const files: CaptureFile[] = [];
  const skipped: string[] = [];
  const seen = new Set<string>();
  const add = (file: CaptureFile): void => {
    if (seen.has(file.path)) {
      throw new UsageError({
        code: 'usage/capture-twice',
        message: `${file.path} was named twice`,
        help: 'name each capture once: its packets would count double',
      });
    }
    seen.add(file.path);
    files.push(file);
  };
  for (const input of inputs) {
    const paths = /[*?]/.test(input) && !exists(input) ? expandGlob(input) : [input];
    if (paths.length === 0) {
      throw new InputError({
        code: 'capture/unreadable',
        message: `no file matches ${input}`,
        help: 'check the pattern; * and ? work in the last part of the path',
        path: input,
      });
    }
    for (const path of paths) {
      const stats = statOf(path);
      if (!stats.isDirectory()) {
        add(describe(path, stats));
        continue;
      }
      const before = files.length;
      for (const name of readdirSync(path).sort()) {
        const inner = join(path, name);
        const innerStats = statOf(inner);
        if (!innerStats.isFile()) continue;
        const file = describe(inner, innerStats);
        if (file.container === 'other' || file.container === 'empty') skipped.push(inner);
        else add(file);
      }
      if (files.length === before) {
        throw new InputError({
          code: 'capture/empty-folder',
          message: `${path} holds no capture`,
          help: 'name a folder with pcap or pcapng files, plain or compressed (gzip, zstd, lz4, xz)',
          path,
        });
      }
    }
  }
  return { files, skipped };
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
