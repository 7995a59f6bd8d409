/**
 * The built command line called as the function it is, many times in one process: for comparisons over hundreds of captures,
 * where starting Node each time would cost more than the work. Crashes and exit codes are judged through cli.ts instead.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { run as Run } from '../../src/cli/run.ts';
import type { CliResult } from './cli.ts';
import { ROOT } from './repository.ts';

const RUN = join(ROOT, 'dist/src/cli/run.js');

function collector(chunks: Buffer[]): Writable {
  return new Writable({
    write: (chunk: Buffer | string, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
}

/** As `lagdiff` of cli.ts, in this process. */
export async function lagdiffHere(
  args: readonly string[],
  { timeoutMs = 300_000 }: { readonly timeoutMs?: number } = {},
): Promise<CliResult> {
  if (!existsSync(RUN)) throw new Error('dist/ is not built: npm run build');
  const { run } = (await import(pathToFileURL(RUN).href)) as { run: typeof Run };
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const running = run(args, {
    stdin: Readable.from([]),
    stdout: collector(out),
    stderr: collector(err),
    env: {},
    cwd: ROOT,
    now: () => '2026-11-21T12:00:00.000Z',
  });
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<null>((resolve) => {
    timer = setTimeout(() => {
      resolve(null);
    }, timeoutMs);
  });
  const code = await Promise.race([running, expired]);
  clearTimeout(timer);
  return {
    code,
    signal: null,
    timedOut: code === null,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  };
}
