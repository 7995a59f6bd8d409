/**
 * Cohorts from a MaxMind DB file that the user brings (ASN, city or country): offline, nothing is shipped or fetched. A cohort is
 * what the record knows, in a fixed order: `AS4713 JP-13`. The licence of the file is the user's affair.
 */
import { Reader, type Response } from 'mmdb-lib';
import { InputError } from '../errors.ts';
import { UNKNOWN_COHORT } from './classify.ts';
import { parseAddress } from './prefix.ts';

/** Before the metadata, within the last 128 KiB (MaxMind DB file format 2.0). */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
const METADATA_REACH = 128 * 1024;

export function isMmdb(bytes: Buffer): boolean {
  return bytes.lastIndexOf(MARKER) >= Math.max(0, bytes.length - METADATA_REACH);
}

/** Address → cohort; `unknown` where the file has no record. @throws InputError for a file that cannot be read. */
export function parseMmdb(bytes: Buffer, path: string): (address: string) => string {
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(bytes);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  const remembered = new Map<string, string>();
  const lookUp = (text: string): string => {
    const address = parseAddress(text);
    if (address === null || (address.family === 6 && reader.metadata.ipVersion === 4)) return UNKNOWN_COHORT;
    try {
      return cohortOf(reader.get(text));
    } catch (cause) {
      throw unreadable(path, cause);
    }
  };
  return (text) => {
    let cohort = remembered.get(text);
    if (cohort === undefined) remembered.set(text, (cohort = lookUp(text)));
    return cohort;
  };
}

function unreadable(path: string, cause: unknown): InputError {
  return new InputError(
    {
      code: 'cohorts/bad-mmdb',
      message: `${path} is a damaged MaxMind DB: ${cause instanceof Error ? cause.message : String(cause)}`,
      help: 'download the database again, or name a CSV file with the header prefix,cohort',
      path,
    },
    { cause },
  );
}

function cohortOf(record: unknown): string {
  if (typeof record !== 'object' || record === null) return UNKNOWN_COHORT;
  const {
    autonomous_system_number: asn,
    country,
    subdivisions,
  } = record as {
    readonly autonomous_system_number?: unknown;
    readonly country?: { readonly iso_code?: unknown };
    readonly subdivisions?: readonly { readonly iso_code?: unknown }[];
  };
  const nation = typeof country?.iso_code === 'string' ? country.iso_code : null;
  const part = subdivisions?.[0]?.iso_code;
  const region = nation !== null && typeof part === 'string' ? `${nation}-${part}` : nation;
  const names = [typeof asn === 'number' ? `AS${asn}` : null, region].filter((name) => name !== null);
  return names.length === 0 ? UNKNOWN_COHORT : names.join(' ');
}
