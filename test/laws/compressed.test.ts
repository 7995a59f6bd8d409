/** gz = zst = lz4 = plain = stdin: the same answer, byte for byte; damage is said and what came before it kept. */
import { spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { lagdiff } from '../helpers/cli.ts';
import { evening, workFolder } from '../helpers/small-captures.ts';
import { pcapFile } from '../generators/packets.ts';

const folder = workFolder();
const plain = pcapFile(evening({ clients: 4, exchanges: 60 }));

function packed(tool: string, args: readonly string[] = []): Buffer | null {
  const { status, stdout } = spawnSync(tool, ['-c', ...args], { input: plain, maxBuffer: 1 << 28 });
  return status === 0 ? stdout : null;
}

const halves = [plain.subarray(0, 5000), plain.subarray(5000)].map((half) => gzipSync(half));
const VARIANTS: readonly (readonly [string, Buffer | null])[] = [
  ['gz', gzipSync(plain)],
  ['gz of two members', Buffer.concat(halves)],
  ['zst', packed('zstd')],
  ['zst at its highest level', packed('zstd', ['-19', '--long=27'])],
  ['lz4', packed('lz4')],
  ['lz4 of 4 MiB dependent blocks', packed('lz4', ['-B7', '-BD'])],
  ['xz', packed('xz')],
];

interface Document {
  captures: { records: number; decoded: number; diagnosed: number; format: string; quality: string }[];
  diagnostics: { id: string; message: string }[];
}

async function flowsOf(args: readonly string[], input?: Uint8Array): Promise<string> {
  const result = await lagdiff(
    ['export', ...args, '--table', 'packets', '--format', 'csv', '--segment-bytes', '16384'],
    input === undefined ? {} : { input },
  );
  expect(result.code, result.stderr).toBe(0);
  return result.stdout;
}

async function analysisOf(name: string, bytes: Uint8Array): Promise<Document> {
  const result = await lagdiff(['analyze', folder.put(name, bytes), '--format', 'json']);
  expect(result.code, result.stderr).toBe(0);
  return JSON.parse(result.stdout) as Document;
}

describe('compressed captures', () => {
  it.each(VARIANTS.filter(([, bytes]) => bytes !== null))(
    '%s reads like the plain file, from disk and from stdin',
    async (_name, bytes) => {
      const reference = await flowsOf([folder.put('plain.pcap', plain)]);
      // A name that says nothing: the content must tell.
      expect(await flowsOf([folder.put('some.capture', bytes ?? '')])).toBe(reference);
      expect(await flowsOf(['-'], bytes ?? undefined)).toBe(reference);
    },
  );

  it.each(VARIANTS.filter(([, bytes]) => bytes !== null))(
    '%s: a cut or a flipped bit is reported, never a hang, and the packets before it stay',
    async (_name, given) => {
      const bytes = given ?? Buffer.alloc(0);
      const cut = await analysisOf('cut', bytes.subarray(0, bytes.length - 3));
      expect(cut.diagnostics.map(({ id }) => id)).toContain('capture/compression-damaged');
      const [capture] = cut.captures;
      expect(capture?.records).toBe((capture?.decoded ?? 0) + (capture?.diagnosed ?? 0));
      expect(capture?.quality).not.toBe('good');
      const flipped = Buffer.from(bytes);
      flipped[flipped.length - 2] = (flipped[flipped.length - 2] ?? 0) ^ 1;
      const result = await lagdiff(['analyze', folder.put('flipped', flipped), '--format', 'json']);
      expect(result.timedOut).toBe(false);
      expect(result.stdout + result.stderr).toContain('capture/compression-damaged');
    },
  );

  it('bytes after a gzip member are reported and cost no packet', async () => {
    const whole = await analysisOf('whole', gzipSync(plain));
    const trailing = await analysisOf(
      'trailing',
      Buffer.concat([gzipSync(plain), Buffer.from('some garbage')]),
    );
    expect(trailing.captures[0]?.records).toBe(whole.captures[0]?.records);
    expect(trailing.diagnostics.find(({ id }) => id === 'capture/compression-damaged')?.message).toContain(
      'after the end',
    );
  });
});
