/**
 * `--compat wireshark` against tshark itself: the same flags on the same frames, the same ACK round trips to the
 * nanosecond, over every real capture that has TCP in it. What differs is listed in DIFFERENCES.md, or fails.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { captureIndex } from '../helpers/captures-index.ts';
import { inParallel } from '../helpers/cli.ts';
import { CAPTURES, haveCaptures, haveTool, REPORTS } from '../helpers/repository.ts';
import { isKnown, knownDifferences } from './differences.ts';
import { codesOf, KINDS, ours, theirs } from './tcp-flags.ts';

describe.skipIf(!haveCaptures || !haveTool('tshark'))('--compat wireshark', () => {
  it('has the flags and ack_rtt of tshark, frame by frame', { timeout: 900_000 }, async () => {
    expect(codesOf('events', 'kind').slice(0, KINDS.length)).toEqual(KINDS.map(([kind]) => kind));
    const known = knownDifferences();
    const scores = new Map<string, number>(KINDS.map(([kind]) => [kind, 0]));
    const unlisted: string[] = [];
    const lines: string[] = [];
    let [files, frames, samples] = [0, 0, 0];
    const only = process.env['LAGDIFF_CAPTURE'];
    const names = captureIndex()
      .map(({ name }) => name)
      .filter((name) => only === undefined || name.includes(only));
    await inParallel(names, 2, async (file) => {
      const path = join(CAPTURES, file);
      const their = await theirs(path);
      if (their.tcpFrames === 0) return;
      const our = await ours(path, 'wireshark');
      if (our === null) return;
      files += 1;
      frames += their.tcpFrames;
      const note = (frame: number, text: string): void => {
        lines.push(`${file} ${frame} ${text}`);
        if (!isKnown(known, file, frame, 'tcp_analysis')) unlisted.push(`${file} ${frame} ${text}`);
      };
      for (const flag of new Set([...their.flags, ...our.flags])) {
        const [frame = '', kind = ''] = flag.split(' ');
        if (their.flags.has(flag) && our.flags.has(flag)) scores.set(kind, (scores.get(kind) ?? 0) + 1);
        else note(Number(frame), `${kind}: ${our.flags.has(flag) ? 'lagdiff' : 'tshark'} only`);
      }
      for (const [sample, frame] of their.rtts)
        if (our.rtts.has(sample)) samples += 1;
        else note(frame, `ack_rtt ${sample}: tshark only`);
      for (const sample of our.rtts.keys())
        if (!their.rtts.has(sample)) note(0, `ack_rtt ${sample}: lagdiff only`);
    });
    const counts = [...scores].map(([kind, count]) => `${kind} ${count}`).join(', ');
    const summary = `${frames} TCP frames of ${files} captures; equal flags: ${counts}; ${samples} equal ack_rtt`;
    mkdirSync(REPORTS, { recursive: true });
    writeFileSync(join(REPORTS, 'tshark-tcp-compat.txt'), [summary, ...lines.sort(), ''].join('\n'));
    console.log(`${summary}; ${lines.length} differ, details in coverage/tshark-tcp-compat.txt`);
    expect(unlisted.slice(0, 80)).toEqual([]);
    if (only === undefined) expect(files).toBeGreaterThan(60);
  });
});
