/** The commands that README.md gives to a receiver without lagdiff, run as they stand there: they catch what `verify` catches. */
import { execFile } from 'node:child_process';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { statementOf } from '../../../src/annex/attestation.ts';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import { ROOT } from '../../helpers/repository.ts';
import { listAll, makeAnnex, workFolder } from './fixture.ts';

const run = promisify(execFile);
let folder = '';
let annex = '';
let script = '';
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ path: folder, remove } = await workFolder());
  await makeAnnex(folder);
  annex = join(folder, 'copy');
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const block = /```console\n\$ cd ANNEX\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  script = `set -e\n${block.replaceAll(/^\$ /gm, '')}`;
  expect(script.split('\n').length).toBeGreaterThan(3);
});
afterAll(() => remove());
beforeEach(() => cp(join(folder, 'annex'), annex, { recursive: true }));
afterEach(() => rm(annex, { recursive: true }));

const accepts = (): Promise<boolean> =>
  run('sh', ['-c', script], { cwd: annex }).then(
    () => true,
    () => false,
  );

/** Both ways of checking agree. */
async function expectRefused(): Promise<void> {
  expect((await verifyAnnex(annex)).ok).toBe(false);
  expect(await accepts()).toBe(false);
}

describe('the stand-alone verification of README.md', () => {
  it('accepts an annex as it was signed', async () => {
    expect(await accepts()).toBe(true);
  });

  it('refuses any one changed bit', async () => {
    const files = await listAll(annex);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        async (file, at, bit) => {
          const path = join(annex, file);
          const before = await readFile(path);
          const changed = Buffer.from(before);
          changed[at % changed.length]! ^= 1 << bit;
          await writeFile(path, changed);
          await expectRefused();
          await writeFile(path, before);
        },
      ),
      { numRuns: 25 },
    );
    expect(await accepts()).toBe(true);
  });

  it('refuses a byte more, a byte less, a file more, a file less', async () => {
    const path = join(annex, 'asks.md');
    const before = await readFile(path);
    for (const changed of [Buffer.concat([before, Buffer.from('\n')]), before.subarray(1)]) {
      await writeFile(path, changed);
      await expectRefused();
    }
    await writeFile(path, before);
    await writeFile(join(annex, 'tables/more'), '');
    await expectRefused();
    await rm(join(annex, 'tables/more'));
    await rename(path, join(folder, 'away'));
    await expectRefused();
    await rename(join(folder, 'away'), path);
    expect(await accepts()).toBe(true);
  });

  it('refuses two lines of the log that changed places', async () => {
    const path = join(annex, 'evidence-log.jsonl');
    const [one, two, ...rest] = (await readFile(path, 'utf8')).split('\n');
    await writeFile(path, [two, one, ...rest].join('\n'));
    await expectRefused();
    expect(
      (await verifyAnnex(annex)).faults.find(({ path: at }) => at === 'evidence-log.jsonl'),
    ).toBeDefined();
    expect(
      (await verifyAnnex(annex)).faults.some(({ code, line }) => code.startsWith('log/') && line === 1),
    ).toBe(true);
  });
});

describe('the attestation', () => {
  it('is a DSSE envelope that openssl alone verifies, around an in-toto statement with parents, tool, core and seed', async () => {
    const text = await readFile(join(annex, 'attestation.dsse.json'), 'utf8');
    const envelope = JSON.parse(text) as {
      payload: string;
      payloadType: string;
      signatures: { sig: string }[];
    };
    // DSSE v1: "DSSEv1", then length and text of the type, then length and text of the body, by single spaces.
    await writeFile(join(folder, 'payload'), Buffer.from(envelope.payload, 'base64'));
    await writeFile(join(folder, 'sig'), Buffer.from(envelope.signatures[0]!.sig, 'base64'));
    const sh = `{ printf 'DSSEv1 %d %s %d ' ${envelope.payloadType.length} ${envelope.payloadType} $(wc -c < payload); cat payload; } > pae && openssl pkeyutl -verify -pubin -inkey copy/public-key.pem -rawin -in pae -sigfile sig`;
    expect((await run('sh', ['-c', sh], { cwd: folder })).stdout).toContain(
      'Signature Verified Successfully',
    );
    const statement = JSON.parse(statementOf(text)!) as Record<string, unknown>;
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://slsa.dev/provenance/v1',
      predicate: {
        buildDefinition: {
          internalParameters: { seed: 7 },
          resolvedDependencies: [
            { name: 'base.pcap', digest: { sha256: 'a'.repeat(64) } },
            { name: 'engine.wasm', digest: { sha256: 'c'.repeat(64) } },
          ],
        },
        runDetails: { builder: { version: { lagdiff: '0.1.0' } } },
      },
    });
    const subjects = (statement['subject'] as { name: string }[]).map(({ name }) => name);
    const own = ['SHA256SUMS', 'signature', 'attestation.dsse.json'];
    expect(subjects).toEqual((await listAll(annex)).filter((file) => !own.includes(file)));
  });
});
