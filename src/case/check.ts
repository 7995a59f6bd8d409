/**
 * What a well-shaped case may still get wrong: files that are not there, one capture in two roles, a period missing,
 * one server or prefix given twice. Each check refuses with the place in the document.
 */
import { realpath, stat } from 'node:fs/promises';
import { resolve, sep } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { CaptureEnd, CaseDocument, Period } from './schema.ts';

export interface CaseCapture {
  /** As written in the case file: what reports and logs show. */
  readonly given: string;
  /** Absolute; a file or a folder. */
  readonly path: string;
  readonly period: Period;
  readonly end: CaptureEnd;
  readonly clock: { readonly source: string; readonly bound_ms: number | null } | null;
}

export type CaseCohorts =
  | { readonly kind: 'file'; readonly given: string; readonly path: string }
  | {
      readonly kind: 'inline';
      readonly prefixes: readonly { readonly prefix: string; readonly cohort: string }[];
    };

/** Throws an InputError that points at `at` in the document. */
export type Refuse = (code: string, message: string, at: readonly PropertyKey[], help?: string) => never;

export async function resolveCaptures(
  document: CaseDocument,
  folder: string,
  refuse: Refuse,
): Promise<CaseCapture[]> {
  const resolved: (CaseCapture & { readonly real: string })[] = [];
  for (const [i, capture] of document.captures.entries()) {
    const at = ['captures', i, 'path'];
    const path = resolve(folder, capture.path);
    const real = await realpath(path).catch(() =>
      refuse(
        'case/missing-file',
        `the capture ${capture.path} does not exist; expected a file or a folder`,
        at,
        'paths are relative to the case file',
      ),
    );
    for (const other of resolved) {
      const role = (c: { period: string; end: string }): string => `${c.period} at the ${c.end} end`;
      if (other.real === real)
        refuse(
          'case/capture-twice',
          role(other) === role(capture)
            ? `the capture ${capture.path} is listed twice (${role(capture)}); list each capture once`
            : `the capture ${capture.path} has two roles: ${role(other)}, and ${role(capture)}; a capture has one role`,
          at,
        );
      if (real.startsWith(other.real + sep) || other.real.startsWith(real + sep))
        refuse(
          'case/capture-twice',
          `${capture.path} and ${other.given} lie one inside the other, so packets would count twice; list either the folder or its files`,
          at,
        );
    }
    const clock = capture.clock
      ? { source: capture.clock.source, bound_ms: capture.clock.bound_ms ?? null }
      : null;
    resolved.push({ given: capture.path, path, real, period: capture.period, end: capture.end, clock });
  }
  return resolved.map(({ given, path, period, end, clock }) => ({ given, path, period, end, clock }));
}

export function checkRoles(captures: readonly CaseCapture[], refuse: Refuse): void {
  for (const period of ['baseline', 'evening'] as const) {
    if (!captures.some((capture) => capture.period === period))
      refuse(
        `case/no-${period}`,
        `no capture has period ${period}; a comparison needs at least one baseline and one evening capture`,
        ['captures'],
      );
  }
  const has = (end: CaptureEnd, period: Period): boolean =>
    captures.some((capture) => capture.end === end && capture.period === period);
  if (!(['client', 'server'] as const).some((end) => has(end, 'baseline') && has(end, 'evening')))
    refuse(
      'case/no-common-end',
      'baseline and evening were captured at different ends; at least one end (client or server) needs both periods',
      ['captures'],
      'a change of vantage point looks like a change of the network',
    );
}

export function checkServers(document: CaseDocument, refuse: Refuse): void {
  const seen = new Map<string, number>();
  for (const [i, server] of document.servers.entries()) {
    const key = ipaddr.process(server.address).toString();
    const before = seen.get(key);
    if (before !== undefined)
      refuse(
        'case/server-twice',
        `servers[${i}] has the address of servers[${before}], ${key}; list each server once`,
        ['servers', i, 'address'],
      );
    seen.set(key, i);
  }
}

export async function resolveCohorts(
  document: CaseDocument,
  folder: string,
  refuse: Refuse,
): Promise<CaseCohorts | null> {
  const { cohorts } = document;
  if (cohorts === undefined) return null;
  if (typeof cohorts === 'string') {
    const path = resolve(folder, cohorts);
    const found = await stat(path).catch(() => null);
    if (!found?.isFile())
      refuse(
        'case/missing-file',
        `the cohorts file ${cohorts} ${found ? 'is not a file' : 'does not exist'}; expected a CSV or YAML file`,
        ['cohorts'],
        'paths are relative to the case file',
      );
    return { kind: 'file', given: cohorts, path };
  }
  const seen = new Map<string, string>();
  for (const prefix of Object.keys(cohorts)) {
    const [address, bits] = ipaddr.parseCIDR(prefix);
    const network =
      address.kind() === 'ipv4'
        ? ipaddr.IPv4.networkAddressFromCIDR(prefix)
        : ipaddr.IPv6.networkAddressFromCIDR(prefix);
    const key = `${network.toString()}/${bits}`;
    const before = seen.get(key);
    if (before !== undefined)
      refuse(
        'case/prefix-twice',
        `the prefixes ${before} and ${prefix} are the same network ${key}; give it one cohort`,
        ['cohorts', prefix],
      );
    seen.set(key, prefix);
  }
  return {
    kind: 'inline',
    prefixes: Object.entries(cohorts).map(([prefix, cohort]) => ({ prefix, cohort })),
  };
}
