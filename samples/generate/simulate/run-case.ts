/** A scenario to its captures and truth: everything between the data in scenario.ts and bytes. */

import { pcapFile } from '../wire/pcap.ts';
import { capturedFrames } from './capture-points.ts';
import type { CaptureEnd } from './capture-points.ts';
import { drawClients } from './client.ts';
import type { Client } from './client.ts';
import { Path, queueSeries, standingQueue } from './path.ts';
import type { Direction, DirectionFacts } from './path.ts';
import { Random } from './random.ts';
import { periodStartNs } from './scenario.ts';
import type { PeriodName, Scenario } from './scenario.ts';
import { simulateSession } from './session.ts';
import type { SessionResult } from './session.ts';
import { truthOf } from './truth.ts';
import type { PeriodSessions } from './truth.ts';

/** Cuts only long login segments; everything the game sends is kept whole. */
export const SNAPLEN_BYTES = 160;

const PERIODS: readonly PeriodName[] = ['baseline', 'evening'];
const ENDS: readonly CaptureEnd[] = ['server', 'client'];

export interface CaseCapture {
  readonly period: PeriodName;
  readonly end: CaptureEnd;
  readonly packets: number;
  readonly pcap: Uint8Array;
}

export interface CaseResult {
  readonly captures: readonly CaseCapture[];
  readonly truth: ReturnType<typeof truthOf>;
}

export function runCase(scenario: Scenario): CaseResult {
  const clients = drawClients(scenario.name, scenario.seed, scenario.cohorts);
  const sessions = {
    baseline: simulatePeriod(scenario, clients, 'baseline'),
    evening: simulatePeriod(scenario, clients, 'evening'),
  };
  const captures = PERIODS.flatMap((period) => {
    const endUs = scenario.durationSeconds * 1e6;
    const transits = [...sessions[period].values()]
      .flatMap((session) => session.transits)
      .map((transit) =>
        // Both captures stop at the same instant, whatever is still under way.
        transit.arrivedUs !== null && transit.arrivedUs > endUs ? { ...transit, arrivedUs: null } : transit,
      );
    return ENDS.map((end): CaseCapture => {
      const frames = capturedFrames(transits, end, periodStartNs[period]);
      return { period, end, packets: frames.length, pcap: pcapFile(frames, { snaplenBytes: SNAPLEN_BYTES }) };
    });
  });
  return { captures, truth: truthOf(scenario, clients, sessions) };
}

function simulatePeriod(scenario: Scenario, clients: readonly Client[], period: PeriodName): PeriodSessions {
  const { durationSeconds, fault } = scenario;
  const name = `${scenario.name}/${scenario.seed}/${period}`;
  // Players of one cohort share a queue: without it every test of the comparison would be too easy.
  const shared = new Map(
    scenario.cohorts.map((cohort) => [
      cohort.name,
      {
        client_to_server: sharedQueue(`${name}/${cohort.name}/up`, durationSeconds),
        server_to_client: sharedQueue(`${name}/${cohort.name}/down`, durationSeconds),
      },
    ]),
  );
  const faultQueue =
    period === 'evening' && fault !== null && fault.queue !== null
      ? standingQueue(new Random(`${name}/fault`), durationSeconds, fault.queue)
      : null;

  const sessions = new Map<Client, SessionResult>();
  for (const client of clients) {
    const clientName = `${name}/${client.cohort.name}/${client.index}`;
    const facts = (direction: Direction): DirectionFacts => {
      const isFaulty =
        period === 'evening' && fault?.cohort === client.cohort.name && fault.direction === direction;
      const own = queueSeries(new Random(`${clientName}/${direction}/queue`), durationSeconds, {
        medianUs: client.queueMedianUs,
        sigma: 0.6,
        correlationSeconds: 20,
      });
      const common = shared.get(client.cohort.name)![direction];
      const background = direction === 'server_to_client' ? scenario.backgroundLoss : null;
      return {
        propagationUs: Math.round(client.propagationRttUs / 2),
        queueUs: own.map((value, i) => value + common[i]! + (isFaulty ? (faultQueue?.[i] ?? 0) : 0)),
        perPacketMeanUs: 60,
        loss: isFaulty ? (fault.loss ?? background) : background,
      };
    };
    const path = new Path(
      { client_to_server: facts('client_to_server'), server_to_client: facts('server_to_client') },
      new Random(`${clientName}/path`),
    );
    sessions.set(
      client,
      simulateSession(client, `${clientName}/session`, path, durationSeconds, scenario.pace),
    );
  }
  return sessions;
}

function sharedQueue(name: string, seconds: number): Float64Array {
  return queueSeries(new Random(name), seconds, { medianUs: 250, sigma: 0.5, correlationSeconds: 60 });
}
