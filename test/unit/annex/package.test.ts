import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quote } from '../../../src/annex/reproduce.ts';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import { EngineError, InputError, UsageError } from '../../../src/errors.ts';
import { listAll, makeAnnex, workFolder } from './fixture.ts';

const run = promisify(execFile);
let folder = '';
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ path: folder, remove } = await workFolder());
});
afterEach(() => remove());

describe('writeAnnex', () => {
  it('writes the folder that DESIGN promises, and leaves nothing else beside it', async () => {
    const { fingerprint } = await makeAnnex(folder);
    const files = await listAll(join(folder, 'annex'));
    expect(files.filter((file) => !file.startsWith('figures/'))).toEqual([
      'SHA256SUMS',
      'analysis.json',
      'asks.md',
      'attestation.dsse.json',
      'evidence-log.jsonl',
      'manifest.json',
      'public-key.pem',
      'report.html',
      'reproduce-tshark.sh',
      'reproduce.sh',
      'runbooks/verdict-degraded.md',
      'signature',
      'summary.html',
      'summary.pdf',
      'tables/rtt.parquet',
      'update.md',
      'wireshark/README.txt',
      'wireshark/lagdiff/colorfilters',
      'wireshark/lagdiff/dfilter_buttons',
      'wireshark/lagdiff/preferences',
    ]);
    const figures = files.filter((file) => file.startsWith('figures/'));
    expect(figures).toContain('figures/rtt-over-time.svg');
    for (const svg of figures.filter((file) => file.endsWith('.svg')))
      expect(figures).toContain(svg.replace(/svg$/, 'csv'));
    expect((await readdir(folder)).sort()).toEqual(['annex', 'key.pem']);
    expect(await verifyAnnex(join(folder, 'annex'), { expectedKey: fingerprint })).toMatchObject({
      ok: true,
      faults: [],
    });
  });

  it('is verified with nothing but sha256sum and openssl', async () => {
    const { fingerprint, packSha256 } = await makeAnnex(folder);
    const cwd = join(folder, 'annex');
    await run('sha256sum', ['--strict', '--quiet', '-c', 'SHA256SUMS'], { cwd });
    const args =
      'pkeyutl -verify -pubin -inkey public-key.pem -rawin -in SHA256SUMS -sigfile signature'.split(' ');
    expect((await run('openssl', args, { cwd })).stdout).toContain('Signature Verified Successfully');
    const { stdout } = await run(
      'sh',
      ['-c', 'openssl pkey -pubin -in public-key.pem -outform DER | sha256sum; sha256sum SHA256SUMS'],
      { cwd },
    );
    expect(stdout.split('\n').map((line) => line.slice(0, 64))).toEqual([
      fingerprint.slice(7),
      packSha256,
      '',
    ]);

    await writeFile(join(cwd, 'SHA256SUMS'), 'x', { flag: 'a' });
    await expect(run('openssl', args, { cwd })).rejects.toThrow();
  });

  it('gives the same bytes for the same inputs, key and times', async () => {
    await makeAnnex(folder);
    await makeAnnex(folder, { dir: join(folder, 'again') });
    const files = await listAll(join(folder, 'annex'));
    expect(await listAll(join(folder, 'again'))).toEqual(files);
    for (const file of files) {
      const [a, b] = await Promise.all(['annex', 'again'].map((dir) => readFile(join(folder, dir, file))));
      expect(a!.equals(b!), file).toBe(true);
    }
  });

  it('keeps every digit of 64-bit values in tables and analysis.json', async () => {
    await makeAnnex(folder);
    const parquet = await readFile(join(folder, 'annex/tables/rtt.parquet'));
    const table = tableFromIPC(readParquet(new Uint8Array(parquet)).intoIPCStream());
    expect(table.getChild('timestamp_ns')?.get(499)).toBe(1_795_000_000_000_000_500n);
    expect(await readFile(join(folder, 'annex/analysis.json'), 'utf8')).toContain(
      '"big": 1795000000000000001\n',
    );
  });

  it('replaces an annex, and puts the new one in its place whole', async () => {
    await makeAnnex(folder);
    const result = await makeAnnex(folder, { tables: [] });
    expect(result.replaced).toBe(true);
    expect(await listAll(join(folder, 'annex'))).not.toContain('tables/rtt.parquet');
    expect(await verifyAnnex(join(folder, 'annex'))).toMatchObject({ ok: true });
    expect((await readdir(folder)).sort()).toEqual(['annex', 'key.pem']);
  });

  it('does not overwrite a folder of the user, an annex that was changed, a file or a link', async () => {
    const target = join(folder, 'annex');
    const refused = { facts: { code: 'annex/not-replaceable' } };
    await mkdir(target);
    await writeFile(join(target, 'thesis.txt'), 'mine');
    await expect(makeAnnex(folder)).rejects.toMatchObject(refused);
    expect(await readFile(join(target, 'thesis.txt'), 'utf8')).toBe('mine');

    await makeAnnex(folder, { dir: join(folder, 'edited') });
    await writeFile(join(folder, 'edited/asks.md'), 'my own notes');
    await expect(makeAnnex(folder, { dir: join(folder, 'edited') })).rejects.toMatchObject(refused);
    expect(await readFile(join(folder, 'edited/asks.md'), 'utf8')).toBe('my own notes');

    await writeFile(join(folder, 'file'), '');
    await expect(makeAnnex(folder, { dir: join(folder, 'file') })).rejects.toBeInstanceOf(UsageError);
    await symlink(target, join(folder, 'link'));
    await expect(makeAnnex(folder, { dir: join(folder, 'link') })).rejects.toBeInstanceOf(UsageError);
  });

  it('leaves nothing behind when it fails half-way', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      await Promise.resolve();
      throw new Error('disk gone');
    }
    await expect(makeAnnex(folder, { tables: [{ name: 'flows', parquet: broken() }] })).rejects.toThrow(
      'disk gone',
    );
    expect(await readdir(folder)).toEqual(['key.pem']);
  });

  it('refuses table names that would leave the folder, and text that is not JSON', async () => {
    await expect(makeAnnex(folder, { tables: [{ name: '../../evil', parquet: [] }] })).rejects.toBeInstanceOf(
      EngineError,
    );
    await expect(makeAnnex(folder, { analysis: '{' })).rejects.toBeInstanceOf(EngineError);
    expect(await readdir(folder)).toEqual(['key.pem']);
  });
});

describe('the signing key', () => {
  it('is made on first use, for its owner only, and used again', async () => {
    const first = await makeAnnex(folder);
    expect((await stat(join(folder, 'key.pem'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'key.pem'), 'utf8')).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const second = await makeAnnex(folder, { dir: join(folder, 'again') });
    expect(second.fingerprint).toBe(first.fingerprint);
  });

  it('is refused when others may read it', async () => {
    await makeAnnex(folder);
    await chmod(join(folder, 'key.pem'), 0o644);
    const failure = await makeAnnex(folder, { dir: join(folder, 'again') }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InputError);
    expect((failure as InputError).facts).toMatchObject({ code: 'annex/key-exposed' });
    expect((failure as InputError).facts.message).toContain('mode 0644');
  });

  it('is refused when it is of another kind, no key, or inside the annex', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    const ed448 = generateKeyPairSync('ed448').privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const content of [rsa, ed448, 'hello', '']) {
      await writeFile(join(folder, 'key.pem'), content, { mode: 0o600 });
      await expect(makeAnnex(folder)).rejects.toMatchObject({ facts: { code: 'annex/key-not-ed25519' } });
    }
    await expect(makeAnnex(folder, { keyPath: join(folder, 'annex/key.pem') })).rejects.toMatchObject({
      facts: { code: 'annex/key-inside' },
    });
    await expect(makeAnnex(folder, { keyPath: join(folder, 'none/key.pem') })).rejects.toBeInstanceOf(
      InputError,
    );
  });
});

describe('reproduce.sh', () => {
  /** A stand-in for the tool: says a version, and copies a finished annex to the place after --out. */
  async function fakeTool(version: string): Promise<NodeJS.ProcessEnv> {
    await mkdir(join(folder, 'bin'), { recursive: true });
    const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; exit; fi\necho "$*" > '${folder}/argv'\nwhile [ "$1" != --out ]; do shift; done\ncp -r '${folder}/copy' "$2"\n`;
    await writeFile(join(folder, 'bin/lagdiff'), script, { mode: 0o755 });
    return { ...process.env, PATH: `${folder}/bin:${process.env['PATH']}` };
  }

  it('checks inputs and version, runs the command again, and compares', async () => {
    const content = 'capture bytes';
    const name = "it's a\nname \\ with everything.pcap";
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', name), content);
    const sha256 = (await run('sha256sum', ['--', join(folder, 'in', name)])).stdout
      .replace('\\', '')
      .slice(0, 64);
    await makeAnnex(folder, {
      reproduce: { argv: ['run', "it's a case.yaml", '--seed', '7'], inputs: [{ path: name, sha256 }] },
    });
    await cp(join(folder, 'annex'), join(folder, 'copy'), { recursive: true });
    const script = [join(folder, 'annex/reproduce.sh'), join(folder, 'in')];

    const env = await fakeTool('0.1.0');
    const { stdout } = await run('sh', [...script, join(folder, 'out1')], { env });
    expect(stdout).toContain('every file that does not name its packager is the same');
    expect(await readFile(join(folder, 'argv'), 'utf8')).toBe(
      `run it's a case.yaml --seed 7 --out ${join(folder, 'out1/annex')}\n`,
    );

    await writeFile(join(folder, 'copy/asks.md'), 'other');
    await expect(run('sh', [...script, join(folder, 'out2')], { env })).rejects.toMatchObject({ code: 1 });

    await fakeTool('0.2.0');
    await expect(run('sh', [...script, join(folder, 'out3')], { env })).rejects.toMatchObject({ code: 2 });

    await fakeTool('0.1.0');
    await writeFile(join(folder, 'in', name), 'changed');
    await expect(run('sh', [...script, join(folder, 'out4')], { env })).rejects.toMatchObject({ code: 1 });
  });

  it('quotes what a shell would read', () => {
    expect(quote('a b')).toBe("'a b'");
    expect(quote("$(rm -rf ~)'")).toBe(`'$(rm -rf ~)'\\'''`);
    expect(quote('')).toBe("''");
    expect(quote('run')).toBe('run');
  });
});
