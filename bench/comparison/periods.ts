/** Two periods as tables, with a stated truth: 40 clients in four cohorts, the last slower by 12 ms in the evening and lossy. */
import { PlayerMinutesCollector } from '../../src/comparison/player-minutes-collector.ts';
import type { PlayerMinutes } from '../../src/comparison/player-minutes.ts';
import type { BinBatch, FlowRow, RttBatch } from '../../src/comparison/table-batches.ts';
import { createRandom } from '../../src/statistics/random.ts';

export const CLIENTS = 40;
export const MINUTES = 180;
export const SAMPLES_PER_MINUTE = 30;
const COHORTS = 4;
const MINUTE_NS = 60_000_000_000n;
/** 2026-11-20T10:00:00Z, 19:00 in Japan; the baseline is six hours earlier. */
const EVENING_NS = 1_795_168_800_000_000_000n;
const BASELINE_NS = EVENING_NS - 6n * 60n * MINUTE_NS;

export interface Tables {
  readonly rtt: RttBatch;
  readonly bins: BinBatch;
  readonly flows: readonly FlowRow[];
}

export const addressOf = (client: number): string => `203.0.113.${client + 1}`;
export const cohortOf = (address: string): string =>
  `isp-${(Number(address.split('.')[3]) - 1) % COHORTS}`;

/** Sums of uniforms instead of logarithms and cosines: the same bits under every Node. */
export function makeTables(period: 'baseline' | 'evening'): Tables {
  const startNs = period === 'baseline' ? BASELINE_NS : EVENING_NS;
  const random = createRandom(period === 'baseline' ? 1 : 2, 'bench of the comparison');
  const bell = (): number => (random.unit() + random.unit() + random.unit() - 1.5) * 2;
  const minutes = MINUTES + 2;
  const queue = (swingMs: number): Float64Array => {
    let x = bell();
    return new Float64Array(minutes).map(() => swingMs * (x = 0.8 * x + 0.6 * bell()));
  };
  const shared = queue(2);
  const rows = CLIENTS * minutes * SAMPLES_PER_MINUTE;
  const rtt: RttBatch = {
    rows,
    flowId: new Uint32Array(rows),
    timestampNs: new BigInt64Array(rows),
    toward: new Uint8Array(rows),
    method: new Uint8Array(rows).fill(1),
    rttNs: new BigInt64Array(rows),
  };
  const binRows = 2 * CLIENTS * minutes;
  const bins: BinBatch = {
    rows: binRows,
    flowId: new Uint32Array(binRows),
    direction: new Uint8Array(binRows),
    binStartNs: new BigInt64Array(binRows),
    packets: new Uint32Array(binRows).fill(1200),
    lostPackets: new Uint32Array(binRows),
    lostValid: new Uint8Array(binRows).fill(1),
  };
  const flows: FlowRow[] = [];
  let at = 0;
  let bin = 0;
  for (let client = 0; client < CLIENTS; client++) {
    const own = queue(3);
    const isHit = period === 'evening' && cohortOf(addressOf(client)) === `isp-${COHORTS - 1}`;
    const distance = 12 + ((client * 7) % 31) + (isHit ? 12 : 0);
    for (let minute = 0; minute < minutes; minute++) {
      const fromNs = startNs + BigInt(minute) * MINUTE_NS;
      for (let k = 0; k < SAMPLES_PER_MINUTE; k++, at++) {
        const ms = Math.max(2, distance + shared[minute]! + own[minute]! + bell());
        rtt.flowId[at] = client;
        rtt.timestampNs[at] = fromNs + (MINUTE_NS * BigInt(k)) / BigInt(SAMPLES_PER_MINUTE);
        rtt.rttNs[at] = BigInt(Math.round(ms * 1e6));
      }
      for (const direction of [0, 1]) {
        bins.flowId[bin] = client;
        bins.direction[bin] = direction;
        bins.binStartNs[bin] = fromNs;
        bins.lostPackets[bin] = random.below(isHit && direction === 1 ? 30 : 4);
        bin++;
      }
    }
    flows.push({
      flowId: client,
      initiator: addressOf(client),
      responder: '192.0.2.10',
      initiatorPort: 50_000 + client,
      responderPort: 7777,
      protocol: 6,
      connectionState: 'established',
      handshakeAttempts: 1,
      rttHandshakeNs: 30_000_000,
      forwardMssOptionBytes: [1414, 1420, 1460, 1414][client % COHORTS]!,
      firstTimestampNs: startNs,
      lastTimestampNs: startNs + BigInt(minutes) * MINUTE_NS - 1n,
      reversePackets: 10,
    });
  }
  return { rtt, bins, flows };
}

export function collect({ rtt, bins, flows }: Tables): PlayerMinutes {
  const collector = new PlayerMinutesCollector();
  collector.addRtt(rtt);
  collector.addBins(bins);
  return collector.finish(flows, { vantage: 'server' });
}
