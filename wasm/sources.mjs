// The hash that ties the committed .wasm to its sources: every file that can change the bytes, in name order.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

/** Hash over name and content of Cargo.toml, Cargo.lock and everything below crates/ that is Rust or TOML. */
export function sourceHash(wasmFolder) {
  const named = [
    join(wasmFolder, 'Cargo.toml'),
    join(wasmFolder, 'Cargo.lock'),
    ...files(join(wasmFolder, 'crates')),
  ]
    .filter((path) => /\.(rs|toml|lock)$/.test(path))
    .map((path) => ({ path, name: relative(wasmFolder, path).split(sep).join('/') }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  const hash = createHash('sha256');
  for (const { path, name } of named) hash.update(`${name}\0${sha256(readFileSync(path))}\n`);
  return hash.digest('hex');
}
