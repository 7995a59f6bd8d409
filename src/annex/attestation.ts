/**
 * attestation.dsse.json: what was made from what by which tool, in the words of supply-chain tools: an in-toto Statement v1
 * with an SLSA v1 provenance, signed inside a DSSE envelope with the same Ed25519 key as SHA256SUMS.
 * (in-toto attestation spec v1; SLSA v1.0 provenance; DSSE v1 protocol, PAE.)
 */
import type { KeyObject } from 'node:crypto';
import type { Manifest } from '../schemas/annex.ts';
import type { EvidenceFile } from './evidence-log.ts';
import { canonicalJson, type Json } from './json.ts';
import { isSignedBy, signBytes, type SigningKey } from './signing.ts';

export const ATTESTATION_FILE = 'attestation.dsse.json';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'https://slsa.dev/provenance/v1';
/** A TypeURI that resolves nowhere: there is no page of ours to name. */
const BUILD_TYPE = 'urn:lagdiff:annex:v1';

export interface AttestationInput {
  readonly manifest: Manifest;
  /** Every file of the annex but this one, SHA256SUMS and its signature. */
  readonly files: readonly EvidenceFile[];
  /** RFC 3339 UTC, when it was packaged. */
  readonly utc: string;
}

export function renderAttestation({ manifest, files, utc }: AttestationInput, key: SigningKey): string {
  const named = ({ path, sha256 }: EvidenceFile): Json => ({ name: path, digest: { sha256 } });
  const statement = canonicalJson({
    _type: STATEMENT_TYPE,
    subject: files.map(named),
    predicateType: PREDICATE_TYPE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: { argv: manifest.argv, tier: manifest.tier },
        internalParameters: { seed: manifest.seed },
        resolvedDependencies: [
          ...manifest.parents.map(named),
          { name: 'engine.wasm', digest: { sha256: manifest.tool.wasm_sha256 } },
        ],
      },
      runDetails: {
        builder: { id: 'urn:lagdiff', version: { lagdiff: manifest.tool.version } },
        metadata: { finishedOn: utc },
      },
    },
  });
  const payload = Buffer.from(statement);
  const signature = signBytes(key, preAuthentication(payload));
  return `${canonicalJson({
    payload: payload.toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: key.fingerprint, sig: Buffer.from(signature).toString('base64') }],
  })}\n`;
}

/** What DSSE signs: type and body with their lengths in front, so that neither can pass for a part of the other. */
function preAuthentication(payload: Buffer): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `),
    payload,
  ]);
}

/** The statement of an envelope, as text: what a leak scan must look into. Null when it is no envelope. */
export function statementOf(envelope: string): string | null {
  const payload = /"payload":"([A-Za-z0-9+/=]*)"/.exec(envelope)?.[1];
  return payload === undefined ? null : Buffer.from(payload, 'base64').toString('utf8');
}

/** Faults of an envelope against the list that SHA256SUMS gives, as sentences. */
export function checkAttestation(
  text: string,
  key: KeyObject,
  listed: ReadonlyMap<string, string>,
): { code: string; message: string }[] {
  const refuse = (code: string, message: string): { code: string; message: string }[] => [{ code, message }];
  let envelope: { payload?: unknown; payloadType?: unknown; signatures?: { sig?: unknown }[] };
  let statement: {
    _type?: unknown;
    predicateType?: unknown;
    subject?: { name: string; digest: { sha256: string } }[];
  };
  try {
    envelope = JSON.parse(text) as typeof envelope;
    statement = JSON.parse(
      Buffer.from(String(envelope.payload), 'base64').toString('utf8'),
    ) as typeof statement;
  } catch {
    return refuse('attestation/format', 'is not a DSSE envelope with a JSON statement in it');
  }
  const isCanonical = `${canonicalJson(envelope as Json)}\n` === text;
  if (!isCanonical || envelope.payloadType !== PAYLOAD_TYPE || envelope.signatures?.length !== 1)
    return refuse('attestation/format', `is not canonical JSON with one signature over ${PAYLOAD_TYPE}`);
  const payload = Buffer.from(String(envelope.payload), 'base64');
  const signature = Buffer.from(String(envelope.signatures[0]?.sig), 'base64');
  if (!isSignedBy(key, preAuthentication(payload), signature))
    return refuse('attestation/bad-signature', 'is not signed with the key of this annex');
  if (statement._type !== STATEMENT_TYPE || statement.predicateType !== PREDICATE_TYPE)
    return refuse('attestation/format', `is not an in-toto statement with the predicate ${PREDICATE_TYPE}`);
  const subjects = new Map((statement.subject ?? []).map(({ name, digest }) => [name, digest.sha256]));
  const expected = [...listed].filter(([path]) => path !== ATTESTATION_FILE);
  const wrong = expected.find(([path, sha256]) => subjects.get(path) !== sha256);
  if (wrong !== undefined || subjects.size !== expected.length)
    return refuse(
      'attestation/subject',
      wrong === undefined
        ? 'speaks of files that SHA256SUMS does not list'
        : `does not speak of ${wrong[0]} as it is listed`,
    );
  return [];
}
