/**
 * Law 5: records = decoded + diagnosed, nothing dropped uncounted.
 * Law 8: any bytes at all → an answer, or a typed error. No crash, no hang, no stack trace.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CliResult, inParallel, STACK_FRAME } from '../helpers/cli.ts';
import { lagdiffHere as lagdiff } from '../helpers/in-process.ts';
import { CAPTURES, haveCaptures, listCaptures, listSamples, REPORTS, ROOT } from '../helpers/repository.ts';
import { propertyOptions } from '../helpers/seed.ts';
import { eveningFile, workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
/** Small captures answer in under a second; two minutes are a hang even on a crowded machine. */
const HANG_MS = 120_000;

interface CaptureCounts {
  readonly records: number;
  readonly decoded: number;
  readonly diagnosed: number;
}

/** What is wrong with a run by laws 5 and 8, or null. */
function faultOf(result: CliResult): string | null {
  if (result.timedOut) return `hung for ${HANG_MS} ms`;
  if (result.signal !== null) return `killed by ${result.signal}`;
  if (STACK_FRAME.test(result.stderr)) return `stack trace: ${result.stderr.slice(0, 500)}`;
  if (result.code === 2) {
    const code = /error\[([a-z-]+)\/([a-z0-9-]+)\]/.exec(result.stderr);
    if (code === null) return `exit 2 without a typed error: ${result.stderr.slice(0, 300)}`;
    return code[1] === 'engine' ? `an error of ours: ${result.stderr.slice(0, 300)}` : null;
  }
  if (result.code !== 0) return `exit ${String(result.code)}: ${result.stderr.slice(0, 300)}`;
  const { captures } = JSON.parse(result.stdout) as { captures: CaptureCounts[] };
  for (const { records, decoded, diagnosed } of captures)
    if (records !== decoded + diagnosed)
      return `${records} records, ${decoded} decoded + ${diagnosed} diagnosed`;
  return null;
}

const analyze = (path: string, ...options: string[]): Promise<CliResult> =>
  lagdiff(['analyze', path, '--format', 'json', '--workers', '1', ...options], { timeoutMs: HANG_MS });

describe.skipIf(!haveCaptures)('every real capture', () => {
  it('gets an answer with conserved counts, or a typed refusal', { timeout: 600_000 }, async () => {
    const names = listCaptures();
    expect(names.length).toBeGreaterThan(250);
    const lines: string[] = [];
    const faults: string[] = [];
    const results = await inParallel(names, 2, (name) => analyze(join(CAPTURES, name)));
    for (const [index, name] of names.entries()) {
      const result = results[index] as CliResult;
      const fault = faultOf(result);
      if (fault !== null) faults.push(`${name}: ${fault}`);
      lines.push(`${name}\t${describeResult(result)}`);
    }
    mkdirSync(REPORTS, { recursive: true });
    writeFileSync(join(REPORTS, 'real-captures.tsv'), `${lines.join('\n')}\n`);
    const refused = results.filter(({ code }) => code === 2).length;
    console.log(
      `${names.length - refused} of ${names.length} captures answered, ${refused} refused; coverage/real-captures.tsv`,
    );
    expect(faults.join('\n')).toBe('');
    expect(refused).toBeLessThan(names.length / 10);
  });
});

function describeResult(result: CliResult): string {
  if (result.code !== 0) return /error\[(\S+)\]/.exec(result.stderr)?.[1] ?? `exit ${String(result.code)}`;
  const { captures, diagnostics } = JSON.parse(result.stdout) as {
    captures: CaptureCounts[];
    diagnostics: { id: string; count: number }[];
  };
  const [counts] = captures;
  const found = diagnostics.map(({ id, count }) => `${id}×${count}`).join(' ');
  return `${counts?.records ?? 0} records\t${counts?.decoded ?? 0} decoded\t${counts?.diagnosed ?? 0} diagnosed\t${found}`;
}

describe('every committed sample', () => {
  it.each([...listSamples(), ...listSamples('malformed')])(
    '%s: conserved counts, or a typed refusal',
    async (name) => {
      expect(faultOf(await analyze(join(ROOT, 'samples', name)))).toBeNull();
    },
  );

  it('that is sound has no data loss and no error in it', async () => {
    const weak = await inParallel(listSamples(), 2, async (name) => {
      const { stdout } = await analyze(join(ROOT, 'samples', name));
      const { diagnostics } = JSON.parse(stdout) as { diagnostics: { id: string; severity: string }[] };
      const bad = diagnostics.filter(({ severity }) => severity === 'data-loss' || severity === 'error');
      return bad.map(({ id }) => `${name}: ${id}`);
    });
    expect(weak.flat()).toEqual([]);
  });
});

/** Ways in which a capture is damaged on its way to us. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'overwrite'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'delete'; readonly at: number; readonly count: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly count: number };

/** Positions as shares of the file, so that one list of damages fits any file; the front is hit as often as the rest. */
const position = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.02, noNaN: true }),
);
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: position, bit: fc.integer({ min: 0, max: 7 }) }),
  fc.record({
    kind: fc.constant('overwrite' as const),
    at: position,
    bytes: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 16 }), fc.constant(new Uint8Array(4).fill(255))),
  }),
  fc.record({ kind: fc.constant('delete' as const), at: position, count: fc.integer({ min: 1, max: 3000 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: position, count: fc.integer({ min: 1, max: 3000 }) }),
);

function applyDamage(bytes: Uint8Array, damages: readonly Damage[], keepShare: number): Buffer {
  let damaged = Buffer.from(bytes);
  for (const one of damages) {
    const at = Math.min(damaged.length - 1, Math.floor(one.at * damaged.length));
    if (at < 0) break;
    if (one.kind === 'flip') damaged[at] = (damaged[at] ?? 0) ^ (1 << one.bit);
    if (one.kind === 'overwrite') damaged.set(one.bytes.subarray(0, damaged.length - at), at);
    if (one.kind === 'delete')
      damaged = Buffer.concat([damaged.subarray(0, at), damaged.subarray(at + one.count)]);
    if (one.kind === 'repeat')
      damaged = Buffer.concat([
        damaged.subarray(0, at),
        damaged.subarray(at, at + one.count),
        damaged.subarray(at),
      ]);
  }
  return damaged.subarray(0, Math.ceil(keepShare * damaged.length));
}

const damaged = (file: () => Uint8Array) =>
  fc
    .record({
      damages: fc.array(damage, { maxLength: 4 }),
      keepShare: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    })
    .map(({ damages, keepShare }) => applyDamage(file(), damages, keepShare));

async function expectSurvival(bytes: Uint8Array): Promise<void> {
  const path = folder.put('damaged', bytes);
  const whole = await analyze(path);
  expect(faultOf(whole)).toBeNull();
  // The cut may not show even where the file is damaged.
  const cut = await analyze(path, '--segment-bytes', '4096');
  expect({ code: cut.code, stdout: cut.stdout }).toEqual({ code: whole.code, stdout: whole.stdout });
}

describe('damaged captures', () => {
  it(
    'of our own making are survived, whatever was flipped, cut out, doubled or cut off',
    { timeout: 300_000 },
    async () => {
      await fc.assert(fc.asyncProperty(damaged(eveningFile), expectSurvival), propertyOptions(40));
    },
  );

  /** Small, and each of another format. */
  const REAL = [
    'games/psvita-ridge-racer.pcapng',
    'encapsulation/zeek-vxlan-encapsulated-http.pcap',
    'mtu-icmp/ndpi-ip-fragmented-garbage.pcap',
    'encapsulation/wsamples-l2tp-vpn-pc-dial-full.pcap',
    'tcp/tcptrace-http.dmp.gz',
  ];
  it.skipIf(!haveCaptures).each(REAL)('made from %s are survived', { timeout: 300_000 }, async (name) => {
    const bytes = readFileSync(join(CAPTURES, name)).subarray(0, 200_000);
    await fc.assert(
      fc.asyncProperty(
        damaged(() => bytes),
        expectSurvival,
      ),
      propertyOptions(12),
    );
  });

  it('that were never captures are refused or read, not choked on', { timeout: 300_000 }, async () => {
    const magics = [
      'a1b2c3d4',
      'd4c3b2a1',
      'a1b23c4d',
      '4d3cb2a1',
      '34cdb2a1',
      '0a0d0d0a',
      '1f8b08',
      '28b52ffd',
      '04224d18',
    ];
    const anything = fc
      .tuple(fc.constantFrom('', ...magics), fc.uint8Array({ maxLength: 400 }))
      .map(([magic, bytes]) => Buffer.concat([Buffer.from(magic, 'hex'), bytes]));
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        expect(faultOf(await analyze(folder.put('anything', bytes)))).toBeNull();
      }),
      propertyOptions(40),
    );
  });
});
