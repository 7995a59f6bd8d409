import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseSums, renderSums } from '../../../src/annex/checksums.ts';
import { loadSigningKey, signBytes } from '../../../src/annex/signing.ts';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import type { AnnexCheck } from '../../../src/annex/verify.ts';
import { InputError } from '../../../src/errors.ts';
import { listAll, makeAnnex, workFolder } from './fixture.ts';

let folder = '';
let original = '';
let annex = '';
let remove: () => Promise<void>;
let fingerprint = '';

beforeAll(async () => {
  ({ path: folder, remove } = await workFolder());
  ({ fingerprint } = await makeAnnex(folder));
  original = join(folder, 'annex');
  annex = join(folder, 'copy');
});
afterAll(() => remove());
beforeEach(() => cp(original, annex, { recursive: true }));
afterEach(() => rm(annex, { recursive: true }));

async function codes(options?: { expectedKey: string }): Promise<string[]> {
  const check = await verifyAnnex(annex, options);
  expect(check.ok).toBe(check.faults.length === 0);
  return check.faults.map(({ code, path }) => `${code} ${path}`);
}

/** What an attacker with a key of their own, or a careless signer, would do after changing files. */
async function signAgain(sums: string): Promise<void> {
  const key = await loadSigningKey(join(folder, 'key.pem'));
  await writeFile(join(annex, 'SHA256SUMS'), sums);
  await writeFile(join(annex, 'signature'), signBytes(key, Buffer.from(sums)));
}

describe('verifyAnnex', () => {
  it('finds no fault in an annex as it was written, whoever may read or run its files', async () => {
    await chmod(join(annex, 'reproduce.sh'), 0o600);
    const check = await verifyAnnex(annex, { expectedKey: fingerprint });
    expect(check).toMatchObject({ ok: true, faults: [], fingerprint });
    expect(check.checked.logLines).toBe(3);
    expect(check.checked.files).toBe((await listAll(annex)).length);
  });

  it('notices any one changed bit in any file', async () => {
    const files = await listAll(annex);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.nat(),
        fc.integer({ min: 0, max: 7 }),
        async (file, at, bit) => {
          const path = join(annex, file);
          const bytes = await readFile(path);
          const changed = Buffer.from(bytes);
          changed[at % bytes.length]! ^= 1 << bit;
          await writeFile(path, changed);
          const { ok, faults } = await verifyAnnex(annex);
          await writeFile(path, bytes);
          expect(ok).toBe(false);
          expect(faults.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 150, seed: 20261120 },
    );
  });

  it('notices every changed byte of the three small files that carry the trust', async () => {
    for (const file of ['signature', 'public-key.pem', 'SHA256SUMS']) {
      const path = join(annex, file);
      const bytes = await readFile(path);
      const step = file === 'SHA256SUMS' ? 37 : 1;
      for (let at = 0; at < bytes.length; at += step) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 0x20;
        await writeFile(path, changed);
        expect((await verifyAnnex(annex)).ok, `${file} byte ${at}`).toBe(false);
      }
      await writeFile(path, bytes);
    }
    expect((await verifyAnnex(annex)).ok).toBe(true);
  });

  it('notices white space added to any file', async () => {
    for (const file of await listAll(annex)) {
      const bytes = await readFile(join(annex, file));
      for (const changed of [
        Buffer.concat([bytes, Buffer.from('\n')]),
        Buffer.concat([Buffer.from(' '), bytes]),
      ]) {
        await writeFile(join(annex, file), changed);
        expect((await verifyAnnex(annex)).ok, file).toBe(false);
      }
      await writeFile(join(annex, file), bytes);
    }
  });

  it('notices any file that was removed or emptied', async () => {
    for (const file of await listAll(annex)) {
      const bytes = await readFile(join(annex, file));
      await rm(join(annex, file));
      expect(await codes(), file).toContain(`annex/missing ${file}`);
      await writeFile(join(annex, file), '');
      expect((await verifyAnnex(annex)).ok, file).toBe(false);
      await writeFile(join(annex, file), bytes);
    }
  });

  it('names what was added, swapped or linked', async () => {
    await writeFile(join(annex, 'figures/extra.svg'), '');
    await mkdir(join(annex, 'extracts'));
    expect(await codes()).toEqual(['annex/extra extracts', 'annex/extra figures/extra.svg']);
    await rm(join(annex, 'figures/extra.svg'));
    await rm(join(annex, 'extracts'), { recursive: true });

    await rename(join(annex, 'asks.md'), join(annex, 'x'));
    await rename(join(annex, 'reproduce.sh'), join(annex, 'asks.md'));
    await rename(join(annex, 'x'), join(annex, 'reproduce.sh'));
    expect(await codes()).toEqual(['annex/changed asks.md', 'annex/changed reproduce.sh']);
    await rm(join(annex, 'asks.md'));
    await symlink(join(original, 'asks.md'), join(annex, 'asks.md'));
    expect(await codes()).toContain('annex/not-a-file asks.md');
  });

  it('tells another signer from the expected one, however the fingerprint is spelt', async () => {
    const other = join(folder, 'other.pem');
    const { fingerprint: foreign } = await makeAnnex(folder, {
      dir: join(folder, 'foreign'),
      keyPath: other,
    });
    const foreignCheck = await verifyAnnex(join(folder, 'foreign'), { expectedKey: fingerprint });
    expect(foreignCheck.faults.map(({ code }) => code)).toEqual(['annex/other-key']);
    expect(await verifyAnnex(join(folder, 'foreign'))).toMatchObject({ ok: true, fingerprint: foreign });
    const colons = fingerprint.slice(7).toUpperCase().match(/../g)!.join(':');
    expect(await codes({ expectedKey: colons })).toEqual([]);
    expect(await codes({ expectedKey: '' })).toEqual(['annex/other-key public-key.pem']);
  });

  it.each([
    ['an absolute path', (sums: string) => `${sums}${'0'.repeat(64)}  /etc/passwd\n`, 'sums/unsafe-path'],
    ['a path that leads out', (sums: string) => `${'0'.repeat(64)}  ../key.pem\n${sums}`, 'sums/unsafe-path'],
    [
      'a path that leads out later',
      (sums: string) => `${sums}${'0'.repeat(64)}  tables/../../key.pem\n`,
      'sums/unsafe-path',
    ],
    ['a doubled slash', (sums: string) => sums.replace('  tables/', '  tables//'), 'sums/unsafe-path'],
    ['a backslash', (sums: string) => sums.replace('  tables/', '  tables\\'), 'sums/unsafe-path'],
    ['itself', (sums: string) => `${'0'.repeat(64)}  SHA256SUMS\n${sums}`, 'sums/unsafe-path'],
    ['a line twice', (sums: string) => sums.replace(/.*asks\.md\n/, '$&$&'), 'sums/duplicate'],
    [
      'another order',
      (sums: string) =>
        sums
          .split(/(?<=\n)/)
          .reverse()
          .join(''),
      'sums/order',
    ],
    ['carriage returns', (sums: string) => sums.replaceAll('\n', '\r\n'), 'sums/unsafe-path'],
    ['capital digits', (sums: string) => sums.replace(/^.{64}/, (hash) => hash.toUpperCase()), 'sums/format'],
    ['one space', (sums: string) => sums.replace('  ', ' '), 'sums/format'],
    ['the binary mark', (sums: string) => sums.replace('  ', ' *'), 'sums/format'],
    ['an empty line', (sums: string) => `${sums}\n`, 'sums/format'],
    ['no last newline', (sums: string) => sums.slice(0, -1), 'sums/format'],
    ['nothing', () => '', 'sums/format'],
  ])('refuses a well-signed SHA256SUMS with %s', async (_, change, code) => {
    const sums = await readFile(join(annex, 'SHA256SUMS'), 'utf8');
    const changed = change(sums);
    expect(changed).not.toBe(sums);
    await signAgain(changed);
    const { faults, ok } = await verifyAnnex(annex);
    expect(ok).toBe(false);
    expect(faults.map((fault) => fault.code)).toContain(code);
    expect(faults.map((fault) => fault.code)).not.toContain('annex/bad-signature');
  });

  it('refuses what is not a folder', async () => {
    await expect(verifyAnnex(join(annex, 'asks.md'))).rejects.toBeInstanceOf(InputError);
    await expect(verifyAnnex(join(annex, 'none'))).rejects.toBeInstanceOf(InputError);
    expect((await stat(annex)).isDirectory()).toBe(true);
  });
});

describe('the evidence log', () => {
  /** Changes the log and signs everything anew, so that only the chain itself can tell. */
  async function checkWithLog(change: (lines: string[]) => string[]): Promise<AnnexCheck> {
    const path = join(annex, 'evidence-log.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
    const text = change(lines)
      .map((line) => `${line}\n`)
      .join('');
    await writeFile(path, text);
    const { hashes } = parseSums(await readFile(join(annex, 'SHA256SUMS'), 'utf8'));
    hashes.set('evidence-log.jsonl', createHash('sha256').update(text).digest('hex'));
    await signAgain(renderSums(hashes));
    return verifyAnnex(annex);
  }

  const tampered: [string, (lines: string[]) => string[], number, string][] = [
    ['a changed first line', ([a, ...rest]) => [a!.replace('read', 'real'), ...rest], 2, 'log/broken-chain'],
    [
      'a changed middle line',
      ([a, b, c]) => [a!, b!.replace('compare', 'compose'), c!],
      3,
      'log/broken-chain',
    ],
    ['a removed first line', ([, ...rest]) => rest, 1, 'log/wrong-seq'],
    ['a removed middle line', ([a, , c]) => [a!, c!], 2, 'log/wrong-seq'],
    ['swapped lines', ([a, b, c]) => [b!, a!, c!], 1, 'log/wrong-seq'],
    ['a repeated line', ([a, b, c]) => [a!, a!, b!, c!], 2, 'log/wrong-seq'],
    ['another spacing', ([a, ...rest]) => [a!.replace(',', ', '), ...rest], 1, 'log/not-canonical'],
    ['a key twice', ([a, ...rest]) => [a!.replace('{', '{"seq":1,'), ...rest], 1, 'log/not-canonical'],
    ['a field more', ([a, ...rest]) => [a!.replace('{', '{"aaa":1,'), ...rest], 1, 'log/bad-entry'],
    ['a line that is no JSON', ([a, ...rest]) => [a!.slice(1), ...rest], 1, 'log/bad-entry'],
    ['no line', () => [], 1, 'log/bad-entry'],
  ];
  it.each(tampered)('names the first line that breaks: %s', async (_, change, line, code) => {
    const { ok, faults } = await checkWithLog(change);
    expect(ok).toBe(false);
    expect(faults[0]).toMatchObject({ path: 'evidence-log.jsonl', line, code });
  });

  it('starts from 64 zeros and links each line to the bytes before it', async () => {
    const lines = (await readFile(join(annex, 'evidence-log.jsonl'), 'utf8')).split('\n').slice(0, -1);
    const entries = lines.map(
      (line) => JSON.parse(line) as { seq: number; prev_hash: string; action: string },
    );
    expect(entries.map(({ seq, action }) => [seq, action])).toEqual([
      [1, 'read'],
      [2, 'compare'],
      [3, 'package'],
    ]);
    expect(entries[0]?.prev_hash).toBe('0'.repeat(64));
    expect(entries[2]?.prev_hash).toBe(createHash('sha256').update(lines[1]!).digest('hex'));
  });
});
