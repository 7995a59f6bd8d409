// Is the committed .wasm the one its sources make? Needs no Rust: compares hashes with the manifest.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256, sourceHash } from './sources.mjs';

const here = dirname(fileURLToPath(import.meta.url));

/** Faults as sentences; empty when all is well. */
export function checkCore(folder = here) {
  const manifest = JSON.parse(readFileSync(join(folder, 'prebuilt', 'engine.manifest.json'), 'utf8'));
  const faults = [];
  if (sha256(readFileSync(join(folder, 'prebuilt', 'engine.wasm'))) !== manifest.wasm_sha256) {
    faults.push('wasm/prebuilt/engine.wasm is not the file its manifest names');
  }
  if (sourceHash(folder) !== manifest.source_sha256) {
    faults.push(
      'the Rust sources changed after wasm/prebuilt/engine.wasm was built; run: npm run wasm:build',
    );
  }
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = checkCore();
  for (const fault of faults) console.error(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
