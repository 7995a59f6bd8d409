/** reproduce.sh: checks the inputs and the tool's version, runs the same command again, and compares what must be equal. */
import type { EvidenceFile } from './evidence-log.ts';

export interface Reproduction {
  readonly version: string;
  readonly seed: number;
  /** Arguments of `lagdiff`, without the place to write to, which the script appends as `--out FOLDER`. */
  readonly argv: readonly string[];
  /** Paths as the command reads them, relative to the folder it runs in. */
  readonly inputs: readonly EvidenceFile[];
  /** Names are withheld: the inputs are found by their hashes, the first one being the case file. */
  readonly findByHash?: boolean;
}

/** Written anew by every packaging, so they may differ: who packaged, when, and with which key. */
const MAY_DIFFER = String.raw`evidence-log\.jsonl|public-key\.pem|attestation\.dsse\.json`;

export function renderReproduce({ version, seed, argv, inputs, findByHash }: Reproduction): string {
  const check = findByHash ? checkByHash(inputs) : checkByName(inputs);
  const words = argv.map((word, i) => (findByHash && i === 1 ? '"$case_file"' : quote(word)));
  return `#!/bin/sh
# Computes this annex again from its inputs and compares it, file by file.
# Usage: sh reproduce.sh FOLDER_WITH_THE_INPUTS NEW_FOLDER
# Needs: lagdiff ${version}, sha256sum. Seed: ${seed}.
set -eu
if [ "$#" -ne 2 ]; then
  echo "usage: sh reproduce.sh FOLDER_WITH_THE_INPUTS NEW_FOLDER" >&2
  exit 2
fi
annex=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
mkdir -p -- "$2"
out=$(CDPATH= cd -- "$2" && pwd)/annex
if [ -e "$out" ]; then
  echo "$out exists; name a new folder" >&2
  exit 2
fi
found=$(lagdiff --version)
if [ "$found" != ${quote(version)} ]; then
  echo "this is lagdiff $found; the annex was made by lagdiff "${quote(version)} >&2
  exit 2
fi
cd -- "$1"
${check}
lagdiff ${words.join(' ')} --out "$out"
cd -- "$out"
grep -v -E '^[0-9a-f]{64}  (${MAY_DIFFER})$' "$annex/SHA256SUMS" | sha256sum -c -
echo "every file that does not name its packager is the same"
`;
}

function checkByName(inputs: readonly EvidenceFile[]): string {
  return `sha256sum -c - <<'INPUTS'
${inputs.map(({ path, sha256 }) => sumLine(path, sha256)).join('\n')}
INPUTS`;
}

function checkByHash(inputs: readonly EvidenceFile[]): string {
  const hashes = inputs.map(({ sha256 }) => sha256);
  return `# The names of the inputs are withheld: they are found by their hashes.
listed=$(find . -type f -exec sha256sum {} +)
for hash in ${hashes.join(' ')}; do
  if ! printf '%s\\n' "$listed" | grep -q "^$hash "; then
    echo "no file in this folder has the SHA-256 $hash" >&2
    exit 1
  fi
done
case_file=$(printf '%s\\n' "$listed" | sed -n ${quote(`s/^${hashes[0] ?? ''}  //p`)} | head -n 1)`;
}

/** For sh: everything between single quotes is itself. */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As sha256sum escapes names: a leading backslash says that the name is escaped. */
function sumLine(path: string, sha256: string): string {
  const escaped = path.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
  return `${escaped === path ? '' : '\\'}${sha256}  ${escaped}`;
}
