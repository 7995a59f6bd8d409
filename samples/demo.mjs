// `npm run demo`: the main job on recorded games: four captures and a case file in, a signed annex out, verified.
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../dist/src/cli/run.js';

const samples = dirname(fileURLToPath(import.meta.url));
const demo = join(dirname(samples), 'demo-annex');
const annex = join(demo, 'annex');
const io = {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  now: () => new Date().toISOString(),
};

rmSync(annex, { recursive: true, force: true });
mkdirSync(demo, { recursive: true });
const key = join(demo, 'signing-key.pem');
// Beside the annex and not beside the case: the samples stay as they are.
const redactionKey = join(demo, 'redaction.key');
const code = await run(
  [
    'run',
    join(samples, 'recorded', 'evening', 'case.yaml'),
    '--out',
    annex,
    '--key',
    key,
    '--redaction-key',
    redactionKey,
  ],
  io,
);
process.exitCode = code === 0 ? await run(['verify', annex], io) : code;
