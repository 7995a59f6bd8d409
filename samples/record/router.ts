/** The router program (router/): building it, what it is told, and what it tells. */

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CohortPlan, HomePlan, LinkPlan, WorldPlan } from './plan.ts';
import { SERVER_ADDRESS } from './plan.ts';

/** By whatever rustc is there, from 1.63 on; no cargo and no registry is needed. */
export function buildRouter(folder: string): string {
  const source = new URL('../../../samples/record/router/src/main.rs', import.meta.url).pathname;
  const binary = join(folder, 'router');
  execFileSync('rustc', ['-O', '--edition', '2021', '-o', binary, source], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return binary;
}

export interface Names {
  /** Namespace of the server, and of each home in order. */
  readonly server: string;
  readonly homes: readonly string[];
  readonly device: string;
  readonly fates: string;
}

export function routerConfig(plan: WorldPlan, names: Names): string {
  const lines = [
    `world seed=${plan.seed} fates=${names.fates}`,
    `server netns=${names.server} dev=${names.device} address=${SERVER_ADDRESS}`,
    ...plan.cohorts.flatMap(cohortLines),
    ...plan.homes.map((home, index) => homeLine(plan, home, names.homes[index] ?? '', names.device)),
    ...plan.routeChanges.flatMap(({ changes }, group) =>
      changes.map(
        ({ cohort, direction, baseNs, hops }) =>
          `change group=${group} cohort=${cohort} direction=${direction} base_ns=${baseNs} hops=${hops}`,
      ),
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function cohortLines(cohort: CohortPlan): string[] {
  const clamp = cohort.clampMss === null ? '' : ` clamp_mss=${cohort.clampMss}`;
  return [
    `cohort name=${cohort.name} mtu=${cohort.mtu} too_big=${cohort.saysTooBig ? 1 : 0} hop=${cohort.hop}${clamp}`,
    `link cohort=${cohort.name} direction=up ${linkWords(cohort.up)}`,
    `link cohort=${cohort.name} direction=down ${linkWords(cohort.down)}`,
  ];
}

function linkWords(link: LinkPlan): string {
  const words: readonly (readonly [string, number | string | undefined])[] = [
    ['service_ns', link.serviceNs],
    ['load', link.load],
    ['load_wander', link.loadWander],
    ['loss', link.loss],
    ['loss_burst', link.lossBurst],
    ['reorder', link.reorder],
    ['reorder_ns', link.reorderNs],
    ['duplicate', link.duplicate],
    ['hops', link.hops],
    ['dscp', link.dscp],
  ];
  return words.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(' ');
}

function homeLine(plan: WorldPlan, home: HomePlan, namespace: string, device: string): string {
  const shares = plan.cohorts.find(({ name }) => name === home.cohort)?.sharesAddresses === true;
  const ports = shares && home.psid !== null ? ` psid=${home.psid}` : '';
  return `home name=${home.name} netns=${namespace} dev=${device} address=${home.address} public=${home.publicAddress} cohort=${home.cohort} up_ns=${home.upNs} down_ns=${home.downNs}${ports}`;
}

export interface TrimPlan {
  readonly inputs: readonly string[];
  readonly out: string;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly shiftNs: bigint;
  readonly kept: Pick<WorldPlan, 'keptUdpBytes' | 'keptOfPort'>;
  /** What this end's clock shows beyond the true time. */
  readonly clock: {
    readonly offsetNs: number;
    readonly skewPpm: number;
    readonly stepAtNs: number;
    readonly stepNs: number;
  };
}

/** Payload bytes kept of what is not UDP. */
export const KEPT_BYTES = { tcp: 8, icmp: 8 } as const;

export function trimText({ kept, inputs, out, fromNs, toNs, shiftNs, clock }: TrimPlan): string {
  const lines = [
    `out path=${out}`,
    `window from_ns=${fromNs} to_ns=${toNs}`,
    `keep udp=${kept.keptUdpBytes} tcp=${KEPT_BYTES.tcp} icmp=${KEPT_BYTES.icmp}`,
    ...Object.entries(kept.keptOfPort).map(([port, bytes]) => `keep port:${port}=${bytes}`),
    `clock shift_ns=${shiftNs} offset_ns=${clock.offsetNs} skew_ppm=${clock.skewPpm} step_at_ns=${clock.stepAtNs} step_ns=${clock.stepNs}`,
    ...inputs.map((path) => `in path=${path}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Sources, for a hash in the truth: which router it was. */
export function routerSources(): string[] {
  const folder = new URL('../../../samples/record/router/src/', import.meta.url).pathname;
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}
