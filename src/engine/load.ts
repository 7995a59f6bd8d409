/** Finds, checks and compiles the committed core. One module, compiled once, shared with every worker. */

import { readFileSync } from 'node:fs';
import { EngineError } from '../errors.ts';

interface Manifest {
  readonly abi_version: number;
  readonly wasm_sha256: string;
}

// From source (src/engine) the package root is two folders up, from dist/src/engine three.
const root = new URL(import.meta.url.includes('/dist/src/engine/') ? '../../../' : '../../', import.meta.url);

/** sha256 of the core's bytes, for manifests and reports. */
export function engineManifest(): Manifest {
  return JSON.parse(readFileSync(new URL('wasm/prebuilt/engine.manifest.json', root), 'utf8')) as Manifest;
}

/** Version of this package, as reports print it. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { version: string }).version;
}

/** @throws EngineError `engine/not-loadable` when the core is missing or is no WebAssembly. */
export function compileEngine(): WebAssembly.Module {
  try {
    return new WebAssembly.Module(readFileSync(new URL('wasm/prebuilt/engine.wasm', root)));
  } catch (cause) {
    throw new EngineError(
      {
        code: 'engine/not-loadable',
        message: `the core wasm/prebuilt/engine.wasm cannot be loaded: ${String(cause)}`,
        help: 'reinstall the package; in a checkout: npm run wasm:build',
      },
      { cause },
    );
  }
}
