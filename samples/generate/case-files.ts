/** A case as named files: captures, truth, cohorts.csv and case.yaml. */

import { gzipped } from './gzip.ts';
import { runCase } from './simulate/run-case.ts';
import { IPV6_CLIENT_PREFIX, servers } from './simulate/scenario.ts';
import type { Scenario } from './simulate/scenario.ts';

export interface SampleFile {
  /** Below samples/, with forward slashes. */
  readonly path: string;
  /** As it lies on disk. */
  readonly bytes: Uint8Array;
  /** Before compression; the same as `bytes` where there is none. */
  readonly content: Uint8Array;
  /** Null where the file is no capture. */
  readonly packets: number | null;
}

export function caseFiles(scenario: Scenario): SampleFile[] {
  const { captures, truth } = runCase(scenario);
  const captureFiles = captures.map(({ period, end, packets, pcap }): SampleFile => ({
    path: `${scenario.name}/${period}-${end}.pcap.gz`,
    bytes: gzipped(pcap),
    content: pcap,
    packets,
  }));
  return [
    textFile(`${scenario.name}/case.yaml`, caseYaml(scenario)),
    textFile(`${scenario.name}/cohorts.csv`, cohortsCsv(scenario)),
    ...captureFiles,
    textFile(`${scenario.name}/truth.json`, truthText(truth)),
  ];
}

function textFile(path: string, text: string): SampleFile {
  const bytes = new TextEncoder().encode(text);
  return { path, bytes, content: bytes, packets: null };
}

/** One client a line: small, and still a diff that can be read. */
function truthText(truth: ReturnType<typeof runCase>['truth']): string {
  const { clients, ...rest } = truth;
  const head = JSON.stringify(rest, null, 1).replace(/\n\}$/, '');
  const lines = clients.map((client) => `  ${JSON.stringify(client)}`);
  return `${head},\n "clients": [\n${lines.join(',\n')}\n ]\n}\n`;
}

function cohortsCsv(scenario: Scenario): string {
  const rows = scenario.cohorts.flatMap((cohort) => {
    const hasIpv6 = cohort.ipv6Clients > 0;
    return [[cohort.prefix, cohort.name], ...(hasIpv6 ? [[IPV6_CLIENT_PREFIX, cohort.name]] : [])];
  });
  return [['prefix', 'cohort'], ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function caseYaml(scenario: Scenario): string {
  const hasIpv6 = scenario.cohorts.some((cohort) => cohort.ipv6Clients > 0);
  const addresses = [
    [servers.game.ipv4, 'bare_metal'],
    [servers.login.ipv4, 'cloud'],
    ...(hasIpv6
      ? [
          [servers.game.ipv6, 'bare_metal'],
          [servers.login.ipv6, 'cloud'],
        ]
      : []),
  ];
  const captures = ['baseline', 'evening'].flatMap((period) =>
    ['server', 'client'].map(
      (end) => `  - path: ${period}-${end}.pcap.gz\n    period: ${period}\n    end: ${end}\n`,
    ),
  );
  return `# Synthetic: every address is from a documentation range, every name a placeholder.
title: ${scenario.title}
timezone: Asia/Tokyo
profile: fps_competitive
seed: ${scenario.seed}
contact:
  name: Case Owner
  email: case-owner@example.com
publish: [title, provider, contact]
servers:
${addresses.map(([address, kind]) => `  - address: '${address}'\n    provider: Example Hosting\n    kind: ${kind}\n`).join('')}cohorts: cohorts.csv
captures:
${captures.join('')}`;
}
