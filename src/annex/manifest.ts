/** manifest.json: every artefact with its hash, kind, tier and last day, and every parent that they were derived from. */
import type { CaseDocument } from '../case/schema.ts';
import type { Manifest } from '../schemas/annex.ts';

export const MANIFEST_FILE = 'manifest.json';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  md: 'text/markdown',
  parquet: 'application/vnd.apache.parquet',
  pcapng: 'application/x-pcapng',
  pdf: 'application/pdf',
  sh: 'application/x-sh',
  svg: 'image/svg+xml',
  txt: 'text/plain',
};

type Retention = CaseDocument['retention'];

export interface ManifestInput {
  readonly version: string;
  readonly wasmSha256: string;
  readonly tier: Manifest['tier'];
  readonly argv: readonly string[];
  readonly seed: number;
  readonly parents: readonly { readonly path: string; readonly sha256: string }[];
  readonly artefacts: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
  readonly retention: Retention;
}

export function makeManifest(input: ManifestInput): Manifest {
  return {
    schema: 'lagdiff/manifest@1',
    tool: { name: 'lagdiff', version: input.version, wasm_sha256: input.wasmSha256 },
    tier: input.tier,
    argv: [...input.argv],
    seed: input.seed,
    parents: input.parents.map(({ path, sha256 }) => ({
      path,
      sha256,
      expires: input.retention?.captures ?? null,
    })),
    artefacts: [...input.artefacts]
      .sort((a, b) => (a.path < b.path ? -1 : 1))
      .map(({ path, sha256, bytes }) => ({
        path,
        sha256,
        bytes,
        media_type: mediaType(path),
        classification: input.tier,
        expires: expiryOf(path, input.retention),
      })),
  };
}

/** Packets and tables may have to go sooner than what was concluded from them. */
function expiryOf(path: string, retention: Retention): string | null {
  const isPacketData = /^(extracts|tables)\//.test(path);
  return (isPacketData ? retention?.extracts : undefined) ?? retention?.annex ?? null;
}

function mediaType(path: string): string {
  return MEDIA_TYPES[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
}
