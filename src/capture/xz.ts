/** xz through the system's tool, streamed: there is no sound decoder to carry along, and captures in xz are rare. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { InputError } from '../errors.ts';

// A preset may ask for 64 MiB, the format for 4 GiB: no capture is worth that.
const ARGUMENTS = ['--decompress', '--stdout', '--quiet', '--memlimit-decompress=192MiB'];

function missing(cause: unknown): InputError {
  return new InputError(
    {
      code: 'capture/tool-missing',
      message: 'reading an xz capture needs the program xz, which is not installed',
      help: 'install xz-utils, or unpack the file where xz is installed: xz -d FILE',
    },
    { cause },
  );
}

/** @throws InputError `capture/tool-missing`, `capture/compression-damaged`. */
export async function* unxzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const child = spawn('xz', ARGUMENTS, { stdio: ['pipe', 'pipe', 'ignore'] });
  const started = once(child, 'spawn');
  const closed = once(child, 'close') as Promise<[number | null, string | null]>;
  closed.catch(() => undefined);
  try {
    await started;
  } catch (cause) {
    throw missing(cause);
  }
  const input = Readable.from(chunks, { objectMode: false });
  // xz leaves early when it meets damage; its exit code is the news, not the broken pipe.
  for (const stream of [input, child.stdin]) stream.on('error', () => child.stdin.destroy());
  input.pipe(child.stdin);
  try {
    yield* child.stdout as AsyncIterable<Uint8Array>;
    const [code, signal] = await closed;
    if (code !== 0) {
      throw new InputError({
        code: 'capture/compression-damaged',
        message: `xz reports damaged data (${code === null ? signal : `exit code ${code}`})`,
      });
    }
  } finally {
    input.destroy();
    child.kill();
  }
}

/** What can be unpacked from the first bytes of a file; empty where xz is missing. */
export function unxzippedHead(head: Uint8Array): Uint8Array {
  return spawnSync('xz', ARGUMENTS, { input: head, maxBuffer: 64 << 20, stdio: ['pipe', 'pipe', 'ignore'] })
    .stdout;
}
