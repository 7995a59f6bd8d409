/** What a script sees of a run: the exit code, what went to stdout, what went to stderr, and never a stack trace. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, lagdiff, STACK_FRAME } from '../helpers/cli.ts';
import { ROOT } from '../helpers/repository.ts';
import { eveningFile, workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const good = folder.put('evening.pcap', eveningFile());

function expectRefusal(result: CliResult, code: RegExp): void {
  expect(result.stderr).toMatch(code);
  expect(result.code).toBe(2);
  expect(result.stdout).toBe('');
  expect(result.stderr).not.toMatch(STACK_FRAME);
}

describe('0: done', () => {
  it('analyses a capture', async () => {
    const result = await lagdiff(['analyze', good]);
    expect(result.stderr).not.toMatch(STACK_FRAME);
    expect(result.code).toBe(0);
    expect(result.stdout.length).toBeGreaterThan(0);
  });

  it('reads a capture from stdin', async () => {
    const result = await lagdiff(['analyze', '-', '--format', 'json'], { input: eveningFile() });
    expect(result.code).toBe(0);
    expect((JSON.parse(result.stdout) as { schema: string }).schema).toMatch(/^lagdiff\/.+@1$/);
  });

  it('treats a reader that stops reading as a success', async () => {
    const many = folder.put('long.pcap', eveningFile({ clients: 40, exchanges: 60 }));
    const args = ['export', many, '--table', 'packets', '--format', 'csv', '--out', '-'];
    const result = await lagdiff(args, { closeStdoutAfterBytes: 100 });
    expect(result.stderr).not.toMatch(/EPIPE/);
    expect(result.stderr).not.toMatch(STACK_FRAME);
    expect(result.code).toBe(0);
  });

  it.each([['--help'], ['analyze', '--help'], ['--version']])('answers %s %s', async (...args) => {
    const result = await lagdiff(args.filter((arg) => arg !== ''));
    expect(result.code).toBe(0);
    expect(result.stdout).not.toBe('');
    expect(result.stderr).toBe('');
  });

  it('names every command of the contract in its help', async () => {
    const { stdout } = await lagdiff(['--help']);
    for (const command of ['analyze', 'diff', 'run', 'verify', 'export']) expect(stdout).toContain(command);
  });
});

describe('1: done, and something was found', () => {
  it('verify says so when the annex is not what it claims to be', async () => {
    const annex = join(folder.path, 'annex');
    mkdirSync(annex);
    folder.put('annex/SHA256SUMS', `${'0'.repeat(64)}  analysis.json\n`);
    folder.put('annex/analysis.json', '{}\n');
    const result = await lagdiff(['verify', annex]);
    expect(result.stderr).not.toMatch(STACK_FRAME);
    expect(result.code).toBe(1);
  });
});

describe('2: could not do it', () => {
  it('refuses what is no capture, saying what it starts with', async () => {
    expectRefusal(await lagdiff(['analyze', join(ROOT, 'package.json')]), /error\[capture\/[a-z-]+\]/);
  });

  it('refuses an empty file', async () => {
    expectRefusal(await lagdiff(['analyze', folder.put('empty.pcap', '')]), /error\[capture\/[a-z-]+\]/);
  });

  it('refuses a file cut inside its own header', async () => {
    const stub = folder.put('stub.pcap', eveningFile().subarray(0, 10));
    expectRefusal(await lagdiff(['analyze', stub]), /error\[capture\/[a-z-]+\]/);
  });

  it('refuses a file that is not there', async () => {
    expectRefusal(await lagdiff(['analyze', join(folder.path, 'absent.pcap')]), /absent\.pcap/);
  });

  it.skipIf(process.getuid?.() === 0)('refuses a file it may not read', async () => {
    const secret = folder.put('secret.pcap', eveningFile());
    chmodSync(secret, 0o000);
    expectRefusal(await lagdiff(['analyze', secret]), /secret\.pcap/);
  });

  it('refuses a folder without captures', async () => {
    const bare = join(folder.path, 'bare');
    mkdirSync(bare);
    folder.put('bare/notes.txt', 'no capture here\n');
    expectRefusal(await lagdiff(['analyze', bare]), /bare/);
  });

  it('refuses a command it does not know and offers the nearest', async () => {
    const result = await lagdiff(['analyse', good]);
    expectRefusal(result, /analyze/);
  });

  it('refuses an option it does not know', async () => {
    expectRefusal(await lagdiff(['analyze', good, '--colour']), /colour/);
  });

  it('refuses a value that an option cannot have, saying what it can', async () => {
    expectRefusal(await lagdiff(['analyze', good, '--format', 'xml']), /json/);
    expectRefusal(await lagdiff(['export', good, '--table', 'pakets', '--format', 'csv']), /packets/);
    expectRefusal(await lagdiff(['analyze', good, '--workers', '0']), /workers/);
    expectRefusal(await lagdiff(['analyze', good, '--workers', 'two']), /workers/);
  });

  it('refuses to run without a command or without a capture', async () => {
    const bare = await lagdiff([]);
    expect(bare.code).toBe(2);
    expect(bare.stderr).toMatch(/analyze/);
    expectRefusal(await lagdiff(['analyze']), /capture/i);
  });

  it('refuses a filter it cannot parse, showing where', async () => {
    expectRefusal(await lagdiff(['analyze', good, '--filter', 'udp and and port 53']), /filter/);
  });
});
