/**
 * One annex as one .zip: stored, not compressed, with one fixed time, so that the bytes follow from the files alone (what a
 * compressor gives differs from one zlib to the next). PKWARE APPNOTE 6.3, without its options. The reader takes this form
 * and no other: every byte is either a file's, which SHA256SUMS knows, or is the one that the writer would write.
 */
import { constants } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { createReadStream } from 'node:fs';
import { InputError } from '../errors.ts';

/** Every file lies under it, so that unpacking spills nothing. */
const ROOT = 'annex/';
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const VERSION = 20;
const MADE_ON_UNIX = 3 << 8;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** 1980-01-01 00:00, the first that the format knows. */
const DOS_DATE = 0x0021;
const MAX_BYTES = 0xffff_ffff;
const MAX_FILES = 0xffff;

export interface ZipEntry {
  /** Inside the annex. */
  readonly path: string;
  readonly bytes: number;
  readonly crc: number;
  /** Where its content begins. */
  readonly start: number;
}

const isScript = (path: string): boolean => path.endsWith('.sh');

function localHeader({ path, bytes, crc }: Omit<ZipEntry, 'start'>): Buffer {
  const name = Buffer.from(ROOT + path);
  const header = Buffer.alloc(LOCAL_BYTES);
  header.writeUInt32LE(LOCAL, 0);
  header.writeUInt16LE(VERSION, 4);
  header.writeUInt16LE(FLAGS, 6);
  header.writeUInt16LE(DOS_DATE, 12);
  header.writeUInt32LE(crc, 14);
  header.writeUInt32LE(bytes, 18);
  header.writeUInt32LE(bytes, 22);
  header.writeUInt16LE(name.length, 26);
  return Buffer.concat([header, name]);
}

function centralHeader(entry: ZipEntry): Buffer {
  const name = Buffer.from(ROOT + entry.path);
  const header = Buffer.alloc(CENTRAL_BYTES);
  header.writeUInt32LE(CENTRAL, 0);
  header.writeUInt16LE(MADE_ON_UNIX | VERSION, 4);
  header.writeUInt16LE(VERSION, 6);
  header.writeUInt16LE(FLAGS, 8);
  header.writeUInt16LE(DOS_DATE, 14);
  header.writeUInt32LE(entry.crc, 16);
  header.writeUInt32LE(entry.bytes, 20);
  header.writeUInt32LE(entry.bytes, 24);
  header.writeUInt16LE(name.length, 28);
  header.writeUInt32LE(((isScript(entry.path) ? 0o100755 : 0o100644) << 16) >>> 0, 38);
  header.writeUInt32LE(entry.start - LOCAL_BYTES - name.length, 42);
  return Buffer.concat([header, name]);
}

/** The directory at the end, for files that lie one behind the other. */
function directory(entries: readonly ZipEntry[]): Buffer {
  const central = Buffer.concat(entries.map(centralHeader));
  const last = entries.at(-1);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(last === undefined ? 0 : last.start + last.bytes, 16);
  return Buffer.concat([central, end]);
}

/** Writes the files of `folder` to `target`, which appears whole or not at all. @returns its size in bytes. */
export async function writeZip(folder: string, paths: readonly string[], target: string): Promise<number> {
  const partial = `${target}.partial`;
  const file = await open(partial, 'w', 0o644);
  const entries: ZipEntry[] = [];
  let at = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    at += bytes.length;
    await file.writeFile(bytes);
  };
  try {
    const sorted = [...paths].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    if (sorted.length > MAX_FILES) throw tooLarge(target);
    for (const path of sorted) {
      let crc = 0;
      let bytes = 0;
      // Twice read, so that a large table is never held: the header before it names size and sum.
      for await (const piece of createReadStream(join(folder, path))) {
        crc = crc32(piece as Buffer, crc);
        bytes += (piece as Buffer).length;
      }
      if (at + bytes + LOCAL_BYTES + path.length > MAX_BYTES) throw tooLarge(target);
      await write(localHeader({ path, bytes, crc }));
      entries.push({ path, bytes, crc, start: at });
      for await (const piece of createReadStream(join(folder, path))) await write(piece as Buffer);
    }
    await write(directory(entries));
    await file.sync();
    await file.close();
    await rename(partial, target);
    return at;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

function tooLarge(path: string): InputError {
  return new InputError({
    code: 'annex/zip-too-large',
    message: `the annex does not fit a .zip of ${MAX_BYTES} bytes and ${MAX_FILES} files`,
    help: 'send the folder, for example as a tar archive',
    path,
  });
}

export interface ZipFault {
  readonly offset: number;
  readonly message: string;
}

/** Reads what `writeZip` wrote; the first byte that it would not have written is a fault. */
export async function readZip(path: string): Promise<{
  entries: ZipEntry[];
  fault: ZipFault | null;
  read: (entry: ZipEntry) => AsyncIterable<Buffer>;
}> {
  const read = async function* ({ start, bytes }: ZipEntry): AsyncIterable<Buffer> {
    if (bytes === 0) return;
    for await (const piece of createReadStream(path, { start, end: start + bytes - 1 }))
      yield piece as Buffer;
  };
  const file = await open(path, constants.O_RDONLY);
  try {
    const entries: ZipEntry[] = [];
    const fault = await walk(file, entries);
    return { entries, fault, read };
  } finally {
    await file.close();
  }
}

async function walk(file: FileHandle, entries: ZipEntry[]): Promise<ZipFault | null> {
  const { size } = await file.stat();
  const bytesAt = async (offset: number, length: number): Promise<Buffer> => {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
    await file.read(buffer, 0, buffer.length, offset);
    return buffer;
  };
  let at = 0;
  for (;;) {
    const head = await bytesAt(at, LOCAL_BYTES);
    if (head.length < LOCAL_BYTES || head.readUInt32LE(0) !== LOCAL) break;
    const name = await bytesAt(at + LOCAL_BYTES, head.readUInt16LE(26));
    const text = name.toString('utf8');
    const start = at + LOCAL_BYTES + name.length;
    const entry = {
      path: text.startsWith(ROOT) ? text.slice(ROOT.length) : text,
      bytes: head.readUInt32LE(22),
      crc: head.readUInt32LE(14),
      start,
    };
    const differs = firstDifference(Buffer.concat([head, name]), localHeader(entry));
    if (differs !== null)
      return { offset: at + differs, message: `is not the header that belongs before ${entry.path}` };
    if (start + entry.bytes > size)
      return {
        offset: at,
        message: `${entry.path} has ${entry.bytes} bytes by its header, and the file ends before`,
      };
    entries.push(entry);
    if (entries.length > MAX_FILES) return { offset: at, message: 'there are more files than an annex has' };
    at = start + entry.bytes;
  }
  const expected = directory(entries);
  const found = await bytesAt(at, expected.length);
  const differs = firstDifference(found, expected);
  if (differs !== null)
    return { offset: at + differs, message: 'is not the directory that belongs to the files before it' };
  if (at + expected.length !== size)
    return { offset: at + expected.length, message: 'stands behind the end of the archive' };
  return null;
}

function firstDifference(a: Buffer, b: Buffer): number | null {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return i;
  return a.length === b.length ? null : length;
}
