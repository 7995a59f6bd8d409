import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyAnnex } from '../../../src/annex/verify.ts';
import { readZip } from '../../../src/annex/zip.ts';
import { listAll, makeAnnex, workFolder } from './fixture.ts';

const run = promisify(execFile);
let folder = '';
let remove: () => Promise<void>;
let zip = '';
let bytes: Buffer;
beforeAll(async () => {
  ({ path: folder, remove } = await workFolder());
  const result = await makeAnnex(folder, { zip: true });
  zip = join(folder, 'annex.zip');
  bytes = await readFile(zip);
  expect(result.zip).toEqual({ path: zip, bytes: bytes.length });
});
afterAll(() => remove());

describe('an annex as one .zip', () => {
  it('verifies as the folder does, and counts the same', async () => {
    expect(await verifyAnnex(zip)).toEqual(await verifyAnnex(join(folder, 'annex')));
  });

  it('is unpacked by Python into the same files, with one fixed time', async () => {
    const out = join(folder, 'unpacked');
    await mkdir(out);
    const script =
      'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n' +
      'assert {i.date_time for i in z.infolist()}=={(1980,1,1,0,0,0)}\nz.extractall(sys.argv[2])';
    await run('python3', ['-c', script, zip, out]);
    expect(await listAll(join(out, 'annex'))).toEqual(await listAll(join(folder, 'annex')));
    for (const file of await listAll(join(folder, 'annex')))
      expect(await readFile(join(out, 'annex', file))).toEqual(await readFile(join(folder, 'annex', file)));
  });

  it('has the same bytes when it is made again from the same inputs, key and times', async () => {
    const other = join(folder, 'again');
    await mkdir(other);
    await writeFile(join(other, 'key.pem'), await readFile(join(folder, 'key.pem')), { mode: 0o600 });
    await makeAnnex(other, { zip: true });
    expect((await readFile(join(other, 'annex.zip'))).equals(bytes)).toBe(true);
  });

  const broken = async (changed: Buffer): Promise<string[]> => {
    const path = join(folder, 'broken.zip');
    await writeFile(path, changed);
    return (await verifyAnnex(path)).faults.map((fault) => `${fault.code} ${fault.path}`);
  };

  it('any one changed bit is a fault that names the file or the byte', async () => {
    const { entries } = await readZip(zip);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 0, max: 7 }), async (at, bit) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1 << bit;
        const faults = await broken(changed);
        const owner = entries.find(({ start, bytes: size }) => at >= start && at < start + size);
        expect(faults.join('\n')).toContain(owner?.path ?? 'zip/not-canonical');
      }),
      { numRuns: 60 },
    );
  });

  it('every changed byte of the directory at the end is a fault', async () => {
    const { entries } = await readZip(zip);
    const last = entries.at(-1)!;
    const path = join(folder, 'directory.zip');
    for (let at = last.start + last.bytes; at < bytes.length; at += 3) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x40;
      await writeFile(path, changed);
      expect((await readZip(path)).fault?.offset).toBe(at);
    }
  });

  it('bytes behind the end, before the start, cut off or missing are faults', async () => {
    expect(await broken(Buffer.concat([bytes, Buffer.from('x')]))).toEqual([
      'zip/not-canonical (the archive itself)',
    ]);
    for (const changed of [Buffer.concat([Buffer.from('x'), bytes]), bytes.subarray(0, -1), Buffer.alloc(0)])
      expect(await broken(changed)).not.toEqual([]);
  });

  it('a file that another archiver packed is not taken: its bytes would not be ours', async () => {
    const path = join(folder, 'other.zip');
    const script =
      'import sys,os,zipfile\nz=zipfile.ZipFile(sys.argv[2],"w",zipfile.ZIP_DEFLATED)\n' +
      'for d,_,fs in os.walk(sys.argv[1]):\n  for f in fs: z.write(os.path.join(d,f),"annex/"+os.path.relpath(os.path.join(d,f),sys.argv[1]))\nz.close()';
    await run('python3', ['-c', script, join(folder, 'annex'), path]);
    expect((await verifyAnnex(path)).faults[0]?.code).toBe('zip/not-canonical');
  });

  it('is replaced only where it is an annex', async () => {
    const other = join(folder, 'third');
    await mkdir(other);
    await writeFile(join(other, 'annex.zip'), 'mine');
    await expect(makeAnnex(other, { zip: true })).rejects.toMatchObject({
      facts: { code: 'annex/not-replaceable' },
    });
    expect(await readFile(join(other, 'annex.zip'), 'utf8')).toBe('mine');
  });
});
