/** Runs the command line that ships (dist/, built by `npm test` beforehand) as its users do: as a process. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';

export const MAIN = join(ROOT, 'dist/src/cli/main.js');

export interface CliOptions {
  readonly input?: Uint8Array | string;
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A run that takes longer is a hang: it is killed and `timedOut` says so. */
  readonly timeoutMs?: number;
  /** Close our end of its stdout after this many bytes, as `| head` does. */
  readonly closeStdoutAfterBytes?: number;
}

export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of `lagdiff ARGS`. Never rejects for what the run did: the result says. */
export function lagdiff(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  if (!existsSync(MAIN)) throw new Error('dist/ is not built: npm run build');
  return runProcess(process.execPath, [MAIN, ...args], options);
}

/** One run of any program, with its output as text. */
export function runProcess(
  program: string,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: '1', ...options.env };
    const child = spawn(program, args, { cwd: options.cwd ?? ROOT, env, stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let received = 0;
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs ?? 60_000);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      received += chunk.length;
      if (options.closeStdoutAfterBytes !== undefined && received >= options.closeStdoutAfterBytes)
        child.stdout.destroy();
    });
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    // A program that ends without reading its input breaks this pipe; its exit code is the news, not ours.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({
        code,
        signal,
        timedOut,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      });
    });
  });
}

/** A stack frame of V8: what a user must never see. */
export const STACK_FRAME = /^\s+at .*(:\d+:\d+|<anonymous>|node:internal)/m;

/** Runs jobs at most `width` at a time; results in the order of the inputs. */
export async function inParallel<In, Out>(
  inputs: readonly In[],
  width: number,
  job: (input: In) => Promise<Out>,
): Promise<Out[]> {
  const results = new Array<Out>(inputs.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < inputs.length) {
      const at = next++;
      results[at] = await job(inputs[at] as In);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, inputs.length) }, lane));
  return results;
}
