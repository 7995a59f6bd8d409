/** A folder to work in, and an annex written from the report fixture. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromArrays } from 'apache-arrow';
import { indentedJson } from '../../../src/annex/json.ts';
import { writeAnnex } from '../../../src/annex/package.ts';
import type { AnnexInput, AnnexResult } from '../../../src/annex/package.ts';
import { parquetBytes } from '../../../src/tables/parquet.ts';
import { reportFixture } from '../report/fixture.ts';

export async function workFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'lagdiff-annex-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

export function annexInput(folder: string, more: Partial<AnnexInput> = {}): AnnexInput {
  const rtt = tableFromArrays({
    timestamp_ns: BigInt64Array.from({ length: 500 }, (_, i) => 1_795_000_000_000_000_001n + BigInt(i)),
    rtt_ns: BigInt64Array.from({ length: 500 }, (_, i) => BigInt(i) * 7n),
  });
  return {
    dir: join(folder, 'annex'),
    keyPath: join(folder, 'key.pem'),
    wasmSha256: 'c'.repeat(64),
    report: reportFixture(),
    analysis: indentedJson({ schema: 'lagdiff/annex@1', big: 1_795_000_000_000_000_001n }),
    tables: [{ name: 'rtt', parquet: parquetBytes({ schema: rtt.schema, batches: rtt.batches }) }],
    evidence: [
      {
        utc: '2026-11-20T15:00:00Z',
        actor: 'lagdiff 0.1.0',
        action: 'read',
        argv: ['lagdiff', 'run', 'case.yaml'],
        inputs: [{ path: 'base.pcap', sha256: 'a'.repeat(64) }],
        outputs: [],
      },
      {
        utc: '2026-11-20T15:00:01Z',
        actor: 'lagdiff 0.1.0',
        action: 'compare',
        argv: ['lagdiff', 'run', 'case.yaml'],
        inputs: [],
        outputs: [],
      },
    ],
    packaging: { utc: '2026-11-20T15:00:02Z', actor: 'lagdiff 0.1.0', argv: ['lagdiff', 'run', 'case.yaml'] },
    reproduce: {
      argv: ['run', 'case.yaml', '--seed', '7'],
      inputs: [{ path: 'base.pcap', sha256: 'a'.repeat(64) }],
    },
    ...more,
  };
}

export function makeAnnex(folder: string, more: Partial<AnnexInput> = {}): Promise<AnnexResult> {
  return writeAnnex(annexInput(folder, more));
}

export async function listAll(root: string): Promise<string[]> {
  const items = await readdir(root, { recursive: true, withFileTypes: true });
  return items
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(root.length + 1))
    .sort();
}
