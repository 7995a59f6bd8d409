/** Everything the product says of a capture set, as text: what the laws compare. */
import { expect } from 'vitest';
import { inParallel, STACK_FRAME } from './cli.ts';
import { lagdiffHere as lagdiff } from './in-process.ts';

export const TABLES = ['packets', 'flows', 'rtt', 'bins', 'events'] as const;

export interface Cut {
  readonly workers?: number;
  readonly segmentBytes?: number;
}

export type Answers = Readonly<Record<(typeof TABLES)[number] | 'analysis', string>>;

function cutOptions({ workers, segmentBytes }: Cut): string[] {
  return [
    ...(workers === undefined ? [] : ['--workers', String(workers)]),
    ...(segmentBytes === undefined ? [] : ['--segment-bytes', String(segmentBytes)]),
  ];
}

/** All five tables and the analysis of one capture set, read with one cut. */
export async function answersOf(files: readonly string[], cut: Cut): Promise<Answers> {
  const jobs = [...TABLES, 'analysis'] as const;
  const texts = await inParallel(jobs, 2, async (job) => {
    const what =
      job === 'analysis'
        ? ['analyze', '--format', 'json']
        : ['export', '--table', job, '--format', 'csv', '--out', '-'];
    const result = await lagdiff([...what, ...cutOptions(cut), ...files]);
    expect(result.code, result.stderr).toBe(0);
    expect(result.stderr).not.toMatch(STACK_FRAME);
    return job === 'analysis' ? withoutFiles(result.stdout) : result.stdout;
  });
  return Object.fromEntries(jobs.map((job, index) => [job, texts[index] ?? ''])) as Answers;
}

/** What remains of an analysis when it may not speak of single files: rotation changes those and nothing else. */
function withoutFiles(json: string): string {
  const analysis = JSON.parse(json) as {
    captures?: { records: number; decoded: number; diagnosed: number }[];
    diagnostics: { first?: unknown; message?: unknown; help?: unknown }[];
  };
  const total = { records: 0, decoded: 0, diagnosed: 0 };
  for (const capture of analysis.captures ?? []) {
    total.records += capture.records;
    total.decoded += capture.decoded;
    total.diagnosed += capture.diagnosed;
  }
  delete analysis.captures;
  for (const diagnostic of analysis.diagnostics) delete diagnostic.first;
  return JSON.stringify({ ...analysis, total }, null, 1);
}

/** Asserts equality without printing megabytes: names the first line that differs. */
export function expectSameAnswers(answers: Answers, reference: Answers, what: string): void {
  for (const [name, text] of Object.entries(reference)) {
    const other = answers[name as keyof Answers];
    if (text === other) continue;
    const [a, b] = [text.split('\n'), other.split('\n')];
    const line = a.findIndex((value, index) => value !== b[index]);
    expect.fail(
      `${what}: ${name} differs at line ${line + 1} of ${a.length} (${b.length})\n  reference: ${a[line] ?? '(end)'}\n  this cut:  ${b[line] ?? '(end)'}`,
    );
  }
}
