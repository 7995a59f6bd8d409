/** reproduce.sh: checks the inputs and the tool's version, runs the same command again, and compares what must be equal. */
import type { EvidenceFile } from './evidence-log.ts';

export interface Reproduction {
  readonly version: string;
  readonly seed: number;
  /** Arguments of `lagdiff`, without the place to write to, which the script appends as `--out FOLDER`. */
  readonly argv: readonly string[];
  /** Paths as the command reads them, relative to the folder it runs in. */
  readonly inputs: readonly EvidenceFile[];
}

/** Written anew by every packaging, so they may differ: who packaged, when, and with which key. */
const MAY_DIFFER = String.raw`evidence-log\.jsonl|public-key\.pem`;

export function renderReproduce({ version, seed, argv, inputs }: Reproduction): string {
  const sums = inputs.map(({ path, sha256 }) => sumLine(path, sha256)).join('\n');
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
sha256sum -c - <<'INPUTS'
${sums}
INPUTS
lagdiff ${argv.map(quote).join(' ')} --out "$out"
cd -- "$out"
grep -v -E '^[0-9a-f]{64}  (${MAY_DIFFER})$' "$annex/SHA256SUMS" | sha256sum -c -
echo "every file that does not name its packager is the same"
`;
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
