// Builds the core to wasm/prebuilt/engine.wasm with its manifest and prints src/engine/abi.generated.ts.
//   node wasm/build.mjs             build and write
//   node wasm/build.mjs --compare   build into a temporary folder and compare bytes with what is committed
//   node wasm/build.mjs --stable    use the toolchain's own wasm32 target (contributors with a network); never committed bytes
// The committed bytes come from Debian's rustc-web with its own std source: the same bytes on any machine that has it.
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sourceHash, sha256 } from './sources.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = dirname(here);
const compare = process.argv.includes('--compare');
const stable = process.argv.includes('--stable');
const TARGET_FEATURES = '+simd128,+bulk-memory';
// One gibibyte is the ceiling of a worker: a damaged capture must meet a typed error before it meets the machine's memory.
const LINK_ARGS = '-C link-arg=--max-memory=1073741824 -C link-arg=-zstack-size=262144';

function run(command, args, options = {}) {
  return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8', ...options });
}

function cargo() {
  const rustup = join(homedir(), '.cargo', 'bin', 'cargo');
  return existsSync(rustup) ? rustup : 'cargo';
}

function debianToolchain() {
  const sources = readdirSync('/usr/src').filter((name) => /^rustc-[0-9]/.test(name));
  if (sources.length !== 1 || !existsSync('/usr/bin/rustc') || !existsSync('/usr/bin/wasm-ld-22')) {
    throw new Error(
      'the pinned toolchain is missing: apt-get install --no-install-recommends rustc-web rust-web-src lld-22 (or pass --stable for a local build)',
    );
  }
  const std = join('/usr/src', sources[0], 'library');
  const version = run('dpkg-query', ['-W', '-f', '${Version}', 'rustc-web']);
  return { std, version };
}

function buildDebian(target) {
  const { std, version } = debianToolchain();
  const vendor = join(target, 'vendor.toml');
  writeFileSync(
    vendor,
    `[source.crates-io]\nreplace-with = "std"\n[source.std]\ndirectory = "${std}/vendor"\n`,
  );
  const flags =
    `-C linker=wasm-ld-22 -C linker-flavor=wasm-ld -C target-feature=${TARGET_FEATURES} ${LINK_ARGS} ` +
    `--remap-path-prefix=${here}=/src --remap-path-prefix=${dirname(std)}=/rustc`;
  run(
    cargo(),
    [
      '--config',
      vendor,
      '--offline',
      'build',
      '--quiet',
      '--release',
      '-p',
      'abi',
      '--lib',
      '--target',
      'wasm32-unknown-unknown',
      '-Zbuild-std=std,panic_abort',
    ],
    {
      cwd: here,
      env: {
        ...process.env,
        RUSTC: '/usr/bin/rustc',
        RUSTC_BOOTSTRAP: '1',
        __CARGO_TESTS_ONLY_SRC_ROOT: std,
        RUSTFLAGS: flags,
        CARGO_TARGET_DIR: target,
      },
    },
  );
  return {
    bytes: readFileSync(join(target, 'wasm32-unknown-unknown', 'release', 'lagdiff_core.wasm')),
    toolchain: `Debian rustc-web ${version}, lld-22`,
    flags: `-C target-feature=${TARGET_FEATURES} ${LINK_ARGS}, build-std=std,panic_abort, opt-level 3, fat LTO, one codegen unit, panic abort`,
  };
}

function buildStable(target) {
  run(
    cargo(),
    ['build', '--quiet', '--release', '-p', 'abi', '--lib', '--target', 'wasm32-unknown-unknown'],
    {
      cwd: here,
      env: {
        ...process.env,
        RUSTFLAGS: `-C target-feature=${TARGET_FEATURES} ${LINK_ARGS}`,
        CARGO_TARGET_DIR: target,
      },
    },
  );
  return {
    bytes: readFileSync(join(target, 'wasm32-unknown-unknown', 'release', 'lagdiff_core.wasm')),
    toolchain: run('rustc', ['--version']).trim(),
    flags: `-C target-feature=${TARGET_FEATURES} ${LINK_ARGS}`,
  };
}

const target = compare
  ? mkdtempSync(join(tmpdir(), 'lagdiff-wasm-'))
  : join(here, 'target', stable ? 'wasm-stable' : 'wasm');
mkdirSync(target, { recursive: true });
try {
  const built = stable ? buildStable(target) : buildDebian(target);
  const generated = run(cargo(), ['run', '--quiet', '-p', 'abi', '--bin', 'emit_abi'], { cwd: here });
  const abiVersion = Number(/ABI_VERSION = (\d+)/.exec(generated)[1]);
  const manifest = {
    toolchain: built.toolchain,
    flags: built.flags,
    abi_version: abiVersion,
    source_sha256: sourceHash(here),
    wasm_sha256: sha256(built.bytes),
    wasm_bytes: built.bytes.length,
  };
  const wasmPath = join(here, 'prebuilt', 'engine.wasm');
  const manifestPath = join(here, 'prebuilt', 'engine.manifest.json');
  const generatedPath = join(root, 'src', 'engine', 'abi.generated.ts');
  const manifestText = `${JSON.stringify(manifest, null, 2)}\n`;
  if (compare) {
    const faults = [];
    if (!readFileSync(wasmPath).equals(built.bytes))
      faults.push(
        `engine.wasm differs: committed ${sha256(readFileSync(wasmPath))}, built ${manifest.wasm_sha256}`,
      );
    if (readFileSync(manifestPath, 'utf8') !== manifestText)
      faults.push(`engine.manifest.json differs; built:\n${manifestText}`);
    if (readFileSync(generatedPath, 'utf8') !== generated)
      faults.push('src/engine/abi.generated.ts differs from what emit_abi prints');
    if (faults.length > 0)
      throw new Error(
        `${faults.join('\n')}\n  help: npm run wasm:build, then commit wasm/prebuilt and src/engine/abi.generated.ts`,
      );
    console.log(`same bytes: ${manifest.wasm_sha256} (${built.toolchain})`);
  } else {
    mkdirSync(dirname(wasmPath), { recursive: true });
    writeFileSync(wasmPath, built.bytes);
    writeFileSync(manifestPath, manifestText);
    writeFileSync(generatedPath, generated);
    console.log(`wasm/prebuilt/engine.wasm ${built.bytes.length} bytes, sha256 ${manifest.wasm_sha256}`);
  }
} finally {
  if (compare) rmSync(target, { recursive: true, force: true });
}
