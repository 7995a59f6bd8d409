/** Every document that lagdiff reads or writes, by name: what `lagdiff schema NAME` prints and json/ holds. */
import type { z } from 'zod';
import { caseJsonSchema } from '../case/schema.ts';
import { analysisDocument } from './analysis.ts';
import { caseAnalysisDocument, extractsDocument, manifestDocument, verifyDocument } from './annex.ts';
import { diffDocument } from './comparison.ts';
import { pairDocument } from './pairing.ts';
import { jsonSchemaOf } from './shapes.ts';

const DOCUMENTS: Readonly<Record<string, z.ZodType>> = {
  analyze: analysisDocument,
  annex: caseAnalysisDocument,
  diff: diffDocument,
  extracts: extractsDocument,
  manifest: manifestDocument,
  pair: pairDocument,
  verify: verifyDocument,
};

export const SCHEMA_NAMES: readonly string[] = ['case', ...Object.keys(DOCUMENTS)];

/** JSON Schema, draft 2020-12. Readers must accept keys that are not in it: a later version may add some. */
export function jsonSchema(name: string): Record<string, unknown> | null {
  if (name === 'case') return caseJsonSchema();
  const document = DOCUMENTS[name];
  return document === undefined ? null : jsonSchemaOf(`lagdiff ${name}`, document);
}
