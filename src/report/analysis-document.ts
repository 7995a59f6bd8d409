/** The document that `analyze --format json` prints, schema `lagdiff/analyze@1`; as text, because 64-bit integers must keep all their digits. */

import type { Analysis } from '../analyze.ts';
import type { Finding } from '../findings/types.ts';
import { jsonCell } from '../tables/text.ts';
import { cellReaders } from '../tables/values.ts';
import type { Batch } from '../tables/batch.ts';
import { formatInstant } from '../units.ts';

/** Flow rows carry every column of the table, and their first and last instant as text beside the integers. */
function flowObjects(flows: Batch, label: string): string[] {
  const readers = cellReaders(flows, label);
  const times = { first: flows.i64('first_timestamp_ns'), last: flows.i64('last_timestamp_ns') };
  const instant = (name: 'first' | 'last', row: number): string => {
    const value = times[name][row];
    const isAbsent = value === undefined || flows.isNull(`${name}_timestamp_ns`, row);
    return JSON.stringify(isAbsent ? null : formatInstant(value));
  };
  return Array.from({ length: flows.rows }, (_, row) => {
    const cells = readers.map(({ column, read }) => `"${column.name}":${jsonCell(read(row))}`);
    return `{${cells.join(',')},"first":${instant('first', row)},"last":${instant('last', row)}}`;
  });
}

/** @param flows all flow rows, in order. */
export function analysisDocument(analysis: Analysis, flows: Batch, findings: readonly Finding[]): string {
  const list = (items: readonly string[]): string =>
    items.length === 0 ? '[]' : `[\n    ${items.join(',\n    ')}\n  ]`;
  const objects = (items: readonly object[]): string => list(items.map((item) => JSON.stringify(item)));
  return [
    '{',
    '  "schema": "lagdiff/analyze@1",',
    `  "captures": ${objects(analysis.captures)},`,
    `  "quality": ${JSON.stringify(analysis.quality)},`,
    `  "flows": ${list(flowObjects(flows, analysis.label))},`,
    `  "findings": ${objects(findings)},`,
    `  "diagnostics": ${objects(analysis.diagnostics)}`,
    '}',
    '',
  ].join('\n');
}
