/** Who a simulated player is: drawn once for each client, so both periods meet the same person on the same line. */

import { Random } from './random.ts';
import type { LossModel } from './path.ts';

/** How a network rewrites the DSCP of packets that cross it (RFC 9435's names). */
export type DscpRewrite = 'keep' | 'bleach' | 'bleach-low';

/** An access network, as data. Delays are one whole round trip, split evenly. */
export interface Cohort {
  readonly name: string;
  /** Client addresses are taken from here, in order. */
  readonly prefix: string;
  /** TCP MSS after the network's clamp, bytes. */
  readonly mssBytes: number;
  readonly baseRttUs: number;
  readonly dscp: DscpRewrite;
  /** MAP-E: source ports are confined to one PSID's blocks of 16 (RFC 7597). */
  readonly hasPortSets: boolean;
  readonly clients: number;
  /** How many of them also capture at home. */
  readonly volunteers: number;
  /** How many of them (the last ones) speak IPv6 instead. */
  readonly ipv6Clients: number;
}

/** What changes for one cohort in the evening; everything else stays the same draw of the same distributions. */
export interface EveningFault {
  readonly cohort: string;
  readonly direction: 'client_to_server' | 'server_to_client';
  /** Added standing queue, µs: mean and slow wander; null for none. */
  readonly queue: {
    readonly meanUs: number;
    readonly spreadUs: number;
    readonly correlationSeconds: number;
  } | null;
  /** Replaces the background loss in that direction; null for none. */
  readonly loss: LossModel | null;
}

export type HostKind = 'linux' | 'windows' | 'console';

export interface Client {
  readonly index: number;
  readonly cohort: Cohort;
  readonly publicAddress: string;
  /** What the home network calls it; the public address itself for IPv6, which crosses no NAT. */
  readonly privateAddress: string;
  readonly isIpv6: boolean;
  readonly isVolunteer: boolean;
  readonly host: HostKind;
  readonly propagationRttUs: number;
  readonly queueMedianUs: number;
  readonly hopsToServer: number;
  readonly hopsToClient: number;
  /** Share of acknowledgements held back, 0–1, and for how long at most, µs. */
  readonly delayedAckShare: number;
  readonly delayedAckMaxUs: number;
  readonly usesUdp: boolean;
  readonly portSetId: number;
}

/** All clients of a case, cohort after cohort. */
export function drawClients(caseName: string, seed: number, cohorts: readonly Cohort[]): Client[] {
  const clients: Client[] = [];
  for (const cohort of cohorts) {
    for (let i = 0; i < cohort.clients; i++) {
      const index = clients.length;
      const random = new Random(`${caseName}/${seed}/${cohort.name}/client-${i}`);
      const isIpv6 = i >= cohort.clients - cohort.ipv6Clients;
      const host: HostKind = i % 5 === 3 ? 'windows' : i % 5 === 1 ? 'linux' : 'console';
      const publicAddress = isIpv6
        ? `2001:db8:100:${(i + 1).toString(16)}::2`
        : nthAddress(cohort.prefix, i + 5);
      const isSlowToAck = i % 4 === 2;
      clients.push({
        index,
        cohort,
        publicAddress,
        privateAddress: isIpv6 ? publicAddress : `192.168.${10 + index}.${random.integer(2, 60)}`,
        isIpv6,
        isVolunteer: i < cohort.volunteers,
        host,
        propagationRttUs: Math.round(cohort.baseRttUs + random.lognormal(3000, 0.5)),
        queueMedianUs: Math.round(random.lognormal(250, 0.4)),
        hopsToServer: random.integer(7, 12),
        hopsToClient: random.integer(7, 12),
        delayedAckShare: isSlowToAck ? 0.2 : host === 'windows' ? 0.1 : 0,
        delayedAckMaxUs: isSlowToAck || host === 'windows' ? 40_000 : 0,
        usesUdp: i % 4 === 0,
        portSetId: random.integer(1, 255),
      });
    }
  }
  return clients;
}

/** `198.51.100.64/26`, 5 → `198.51.100.69`. */
function nthAddress(prefix: string, n: number): string {
  const parts = prefix.split('/')[0]!.split('.').map(Number);
  parts[3] = parts[3]! + n;
  return parts.join('.');
}
