/** `analyze -` on a terminal while the capture grows: what it shows so far, and that showing it changes nothing. */
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { run as Run } from '../../src/cli/run.ts';
import { fitted, progressLine } from '../../src/cli/progress.ts';
import { ROOT } from '../helpers/repository.ts';
import { eveningFile } from '../helpers/small-captures.ts';

/** Half a minute of two clients, one of whose packets is repeated. */
const CAPTURE = eveningFile({ exchanges: 600 });
const PIECES = 16;

function collector(terminal: { readonly columns: number } | null): {
  readonly stream: Writable;
  readonly writes: string[];
} {
  const writes: string[] = [];
  const stream = new Writable({
    write: (chunk: Buffer | string, _encoding, done) => {
      writes.push(chunk.toString());
      done();
    },
  });
  if (terminal !== null) Object.assign(stream, { isTTY: true, ...terminal });
  return { stream, writes };
}

/** The capture in pieces, one each `pauseMs`. */
async function* growing(pauseMs: number): AsyncGenerator<Buffer> {
  const size = Math.ceil(CAPTURE.length / PIECES);
  for (let at = 0; at < CAPTURE.length; at += size) {
    if (at > 0) await sleep(pauseMs);
    yield Buffer.from(CAPTURE.subarray(at, at + size));
  }
}

async function analyzed(
  pauseMs: number,
  columns: number | null,
  more: readonly string[] = [],
): Promise<{ readonly out: string; readonly shown: readonly string[] }> {
  const { run } = (await import(join(ROOT, 'dist/src/cli/run.js'))) as { run: typeof Run };
  const [out, err] = [collector(null), collector(columns === null ? null : { columns })];
  const code = await run(['analyze', '-', '--workers', '1', ...more], {
    stdin: Readable.from(growing(pauseMs)),
    stdout: out.stream,
    stderr: err.stream,
    env: {},
    cwd: ROOT,
    now: () => '2026-11-21T12:00:00.000Z',
  });
  expect(code).toBe(0);
  return { out: out.writes.join(''), shown: err.writes };
}

describe('a growing capture on a terminal', () => {
  it('is told while it grows, in one line that is written over, and the table is the same', async () => {
    const [quiet, wide] = await Promise.all([analyzed(0, null), analyzed(300, 120)]);
    expect(quiet.shown).toEqual([]);
    expect(wide.out).toBe(quiet.out);
    const lines = wide.shown.map((text) => text.replace(/^\r/, '').trimEnd()).filter((line) => line !== '');
    const told = lines.filter((line) => / flows {2}\d+ packets {2}loss /.test(line));
    expect(told.length).toBeGreaterThan(1);
    expect(told.at(-1)).toMatch(
      /^reading {2}\d+ flows {2}\d+ packets {2}loss [\d.<]+ % {2}RTT [\d.]+ ms to (in|res)/,
    );
    // It grows.
    const seconds = told.map((line) => Number(/(\d+) s of capture/.exec(line)?.[1]));
    expect(seconds.at(-1)).toBeGreaterThan(seconds[0] ?? Infinity);
    // Every write begins at the left edge and ends none: no scrolling, nothing erased before it is written over.
    for (const text of wide.shown) expect(text).toMatch(/^\r[^\r\n]*\r?$/);
    expect(wide.shown.at(-1)).toMatch(/^\r +\r$/);
  });

  it('shows whole words only where the terminal is narrow, and nothing where it is not wanted', async () => {
    const [narrow, unwanted] = await Promise.all([analyzed(200, 40), analyzed(0, 120, ['--no-progress'])]);
    expect(unwanted.shown).toEqual([]);
    for (const text of narrow.shown) {
      expect(text.replace(/\r/g, '').length).toBeLessThan(40);
      if (text.includes('flows'))
        expect(text.trimEnd()).toMatch(/( flows|packets|%|n\/a|initiators|responders|capture|MB)$/);
    }
  });
});

describe('the line', () => {
  it('says what the capture shows before how much of it was read', () => {
    const progress = { bytes: 12e6, totalBytes: 0, packets: 5000 };
    expect(progressLine(progress, 100, ['3 flows', 'loss 0.2 %'])).toBe(
      'reading  3 flows  5000 packets  loss 0.2 %  12 MB',
    );
  });

  it('loses whole words to a narrow terminal, never half a figure', () => {
    expect(fitted('reading  3 flows  loss 0.25 %', 29)).toBe('reading  3 flows  loss 0.25 %');
    expect(fitted('reading  3 flows  loss 0.25 %', 28)).toBe('reading  3 flows');
    expect(fitted('reading  3 flows', 4)).toBe('read');
  });
});
