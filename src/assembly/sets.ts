/** The capture sets of a case under the labels of its tables, and the files that decide the answer. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { EvidenceFile } from '../annex/evidence-log.ts';
import type { KeptTables } from '../annex/kept-tables.ts';
import type { CaseCapture } from '../case/check.ts';
import type { Case } from '../case/read-case.ts';
import type { CaptureFiles } from '../extracts/build.ts';
import type { CaptureFacts } from '../report/input.ts';

/** Table labels: the compared captures of a period are one set, every other capture is a set of its own. */
export function labels(given: Case, end: CaseCapture['end']): (capture: CaseCapture) => string {
  return (capture) => {
    if (capture.end === end) return capture.period;
    const alike = given.captures.filter(
      (other) => other.period === capture.period && other.end === capture.end,
    );
    const number = alike.indexOf(capture) + 1;
    return `${capture.period}-${capture.end}${number > 1 ? `-${number}` : ''}`;
  };
}

/** Capture sets as extracts read them; labels are those of the tables. */
export function captureFiles(
  given: Case,
  facts: readonly CaptureFacts[],
  tables: KeptTables,
  labelOf: (capture: CaseCapture) => string,
  nameOf: (path: string) => string,
): CaptureFiles[] {
  const describe = (path: string): { name: string; sha256: string } => {
    const name = nameOf(path);
    return { name, sha256: facts.find((fact) => fact.path === name)?.sha256 ?? '' };
  };
  const sets = new Map<string, CaptureFiles & { readonly paths: string[] }>();
  for (const capture of given.captures) {
    const label = labelOf(capture);
    const { flows } = tables.set(label);
    const set = sets.get(label) ?? {
      label,
      period: capture.period,
      end: capture.end,
      paths: [],
      flows,
      describe,
    };
    set.paths.push(capture.path);
    sets.set(label, set);
  }
  return [...sets.values()];
}

/** Everything that decides the answer, with its hash: what reproduce.sh checks first. */
export function inputFiles(given: Case, facts: readonly CaptureFacts[]): EvidenceFile[] {
  const cohorts =
    given.cohorts?.kind === 'file'
      ? [{ path: given.cohorts.given, sha256: sha256File(given.cohorts.path) }]
      : [];
  return [
    { path: relative(given.folder, given.file), sha256: given.sha256 },
    ...cohorts,
    ...(given.document.traces ?? []).map(({ path }) => ({
      path,
      sha256: sha256File(resolve(given.folder, path)),
    })),
    ...facts.map(({ path, sha256 }) => ({ path, sha256 })),
  ];
}

export function sha256File(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
