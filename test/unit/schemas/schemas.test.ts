/**
 * Every document of the bundled samples validates, by a library that is not the one that printed the schemas; and holds no key
 * that its schema does not describe.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Validator, type Schema } from '@cfworker/json-schema';
import { format } from 'prettier';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import {
  analysisDocument,
  analyze,
  diff,
  findingsOf,
  jsonSchema,
  qualityFacts,
  readCohorts,
  runCase,
  SCHEMA_NAMES,
  sortedFlows,
  pair,
  pairChain,
} from '../../../src/index.ts';
import { SCHEMA_NAMES as CATALOGUED } from '../../../src/schemas/catalog.ts';
import { lagdiff } from '../../helpers/cli.ts';

const SAMPLES = new URL('../../../samples/', import.meta.url).pathname;
const PRINTED = new URL('../../../src/schemas/json/', import.meta.url).pathname;

/** The same schema, which also refuses keys that it does not describe. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copy = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in copy && !('additionalProperties' in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}

async function faults(name: string, document: unknown): Promise<string[]> {
  const schema = closed(await jsonSchema(name)) as Schema;
  const { errors } = new Validator(schema, '2020-12', false).validate(document);
  return errors.slice(-5).map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lagdiff-schemas-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the printed schemas', () => {
  it('are named alike in the front door and in the catalogue', () => {
    expect([...SCHEMA_NAMES].sort()).toEqual([...CATALOGUED].sort());
  });

  it.each(CATALOGUED)('%s is what json/ holds', async (name) => {
    const path = join(PRINTED, `${name}.schema.json`);
    const schema = await jsonSchema(name);
    if (process.env['UPDATE_GOLDENS'])
      await writeFile(path, await format(JSON.stringify(schema), { parser: 'json', printWidth: 110 }));
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(schema);
  });

  it('the command prints one', async () => {
    const { code, stdout } = await lagdiff(['schema', 'diff']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(await jsonSchema('diff'));
  });

  it('there is none for a name that is no document', async () => {
    expect(await jsonSchema('nothing')).toBeNull();
  });
});

describe.each(['evening-pppoe', 'loss', 'null'])('documents of the sample %s validate', (sample) => {
  const path = (name: string): string => join(SAMPLES, sample, name);

  it('case', async () => {
    expect(await faults('case', parse(await readFile(path('case.yaml'), 'utf8')))).toEqual([]);
  });

  it('analyze', async () => {
    for (const name of ['baseline-server', 'evening-client']) {
      const analysis = await analyze([path(`${name}.pcap.gz`)], { workers: 1, hash: true });
      const flows = sortedFlows(analysis.flows);
      const text = analysisDocument(analysis, flows, findingsOf(flows, analysis.changes));
      expect(await faults('analyze', JSON.parse(text))).toEqual([]);
    }
  });

  it('pair, of two ends, of three places and of captures that are no pair', async () => {
    const [client, server] = [path('evening-client.pcap.gz'), path('evening-server.pcap.gz')];
    const documents = [
      (await pair([client], [server], { workers: 1 })).document,
      (await pairChain([[client], [server], [path('baseline-server.pcap.gz')]], { workers: 1 })).document,
    ];
    for (const document of documents)
      expect(await faults('pair', JSON.parse(JSON.stringify(document)))).toEqual([]);
    expect(documents[1]?.status).toBe('unrelated');
    expect(documents[1]?.legs?.map((leg) => leg.document.status)).toEqual(['paired', 'unrelated']);
  });

  it('diff', async () => {
    const { comparison, localisation, baseline, evening } = await diff(
      [path('baseline-server.pcap.gz')],
      [path('evening-server.pcap.gz')],
      { workers: 1, replicates: 200, cohortOf: await readCohorts(path('cohorts.csv')) },
    );
    const quality = [
      ...qualityFacts('baseline', baseline.quality),
      ...qualityFacts('evening', evening.quality),
    ];
    const document: unknown = JSON.parse(JSON.stringify({ ...comparison, quality, localisation }));
    expect(await faults('diff', document)).toEqual([]);
  });

  it.each(['public', 'restricted'] as const)(
    'every document of an annex of the %s tier',
    async (tier) => {
      const out = join(folder, `${sample}-${tier}`);
      await runCase(path('case.yaml'), {
        out,
        tier,
        workers: 1,
        keyPath: join(folder, 'key.pem'),
        redactionKeyPath: join(folder, 'redaction.key'),
        now: () => '2026-11-20T15:00:00Z',
      });
      const read = async (file: string): Promise<unknown> =>
        JSON.parse(await readFile(join(out, file), 'utf8'));
      expect(await faults('annex', await read('analysis.json'))).toEqual([]);
      expect(await faults('manifest', await read('manifest.json'))).toEqual([]);
      expect(await faults('extracts', await read('extracts/index.json'))).toEqual([]);
      const check = { schema: 'lagdiff/verify@1', ...(await verifyAnnex(out)) };
      expect(await faults('verify', JSON.parse(JSON.stringify(check)))).toEqual([]);
    },
    60_000,
  );
});

describe('a schema bites', () => {
  it('on a key that is missing, of the wrong type, or unknown', async () => {
    const good = {
      ok: true,
      faults: [],
      checked: { files: 1, bytes: 2, logLines: 3 },
      fingerprint: null,
      packSha256: null,
    };
    const schema = 'lagdiff/verify@1';
    expect(await faults('verify', { schema, ...good })).toEqual([]);
    expect(await faults('verify', good)).not.toEqual([]);
    expect(await faults('verify', { schema, ...good, ok: 'yes' })).not.toEqual([]);
    expect(await faults('verify', { schema, ...good, checked: { ...good.checked, files: 1.5 } })).not.toEqual(
      [],
    );
    expect(await faults('verify', { schema, ...good, more: 1 })).not.toEqual([]);
  });
});
