/** What this comparison cannot tell, in sentences; never empty, and only what applies. */
import { NS_PER_MS } from '../units.ts';
import type { GameRtt } from './game-rtt.ts';
import { isConnectWithoutFailure } from './headline.ts';
import type { PlayerMinutes } from './player-minutes.ts';
import type { ComparisonRow, Metric, SimpsonCheck } from './types.ts';

export interface LimitationFacts {
  readonly baseline: PlayerMinutes;
  readonly evening: PlayerMinutes;
  readonly rows: readonly ComparisonRow[];
  readonly simpson: SimpsonCheck | null;
  readonly gameRtt: GameRtt | null;
  /** Of the median RTT. */
  readonly marginNs: number;
  readonly captureDropsKnown: boolean;
}

const METHOD_BIAS: Readonly<Record<string, string>> = {
  timestamp:
    'RTT by TCP timestamps includes the delay of the answering host, up to its delayed-acknowledgement timer.',
  ack: 'RTT by acknowledgements includes the answering host and delayed acknowledgements: biased high, by up to tens of ms.',
  handshake:
    'RTT by handshakes is one sample per connection and may not be the RTT of the traffic that follows.',
  quic_handshake: 'RTT by QUIC handshakes includes cryptographic work and is one sample per connection.',
  quic_spin:
    'RTT by the QUIC spin bit is biased high when an application is idle, and some clients disable it.',
  app_ack: 'RTT by application acknowledgements includes up to one tick of each side.',
  icmp_echo: 'RTT by ICMP echo may take another path or priority than game traffic.',
  rtcp: 'RTT by RTCP depends on the delay the receiver states.',
  stun: 'RTT by STUN samples only connectivity checks.',
};

const MEANINGS: readonly (readonly [Metric, string])[] = [
  ['loss_ratio', 'Packet loss is not measurable in this traffic.'],
  ['connect_failure_ratio', 'No connection attempt was captured, so players who never got in are invisible.'],
  ['rtt_p50_ns', 'No round-trip time could be measured.'],
];

export function limitationsOf(facts: LimitationFacts): string[] {
  const { baseline, evening, rows } = facts;
  const list: string[] = [
    'WINDOW claim only: it compares these two captures and says nothing about other evenings; a pattern needs at least six paired days.',
    'Players and their number differ by hour of day; a window chosen because it was bad will look worse than the next one.',
    'Players who left because of lag are missing from the evening, which makes it look better than it was.',
    'Clients are told apart by address: homes behind one shared address count as one, a client whose address changed as two.',
  ];
  list.push(
    evening.vantage === 'middle'
      ? 'Captured between both ends: path RTT is the sum of the two sides per minute, not of single packets, and its p95 is an upper bound.'
      : `One vantage point (${evening.vantage}): which direction of the path is slow cannot be told from RTT alone.`,
  );
  if (!facts.captureDropsKnown) {
    list.push(
      'What the captures themselves dropped is not known; drops look like loss and hide the longest delays.',
    );
  }
  const methods = new Set([...baseline.methods, ...evening.methods].map(({ method }) => method));
  for (const method of [...methods].sort()) {
    const bias = METHOD_BIAS[method];
    if (bias !== undefined) list.push(bias);
  }
  if (methodNames(baseline) !== methodNames(evening)) {
    list.push(
      `RTT methods differ between the periods (baseline: ${methodNames(baseline) || 'none'}; evening: ${methodNames(evening) || 'none'}), and methods have different biases.`,
    );
  }
  list.push(...methodsPerClient(facts));
  for (const [metric, sentence] of MEANINGS) {
    const row = rows.find((r) => r.cohort === 'all' && r.metric === metric);
    if (row !== undefined && row.baseline === null && row.evening === null) list.push(sentence);
  }
  if (rows.some((row) => isConnectWithoutFailure(row) && row.verdict !== 'EQUIVALENT')) {
    list.push(
      'No connection attempt failed, but there were too few attempts to exclude a failure rate beyond the margin.',
    );
  }
  const few = rows.some((row) => row.ci95 !== null && row.clients < 12);
  if (few)
    list.push(
      'Some intervals rest on fewer than 12 clients; with so few, one odd client can carry a result.',
    );
  if (rows.some((row) => row.ci95 !== null)) {
    list.push(
      'Swings slower than a third of the shorter period cannot be told from a difference between the periods.',
    );
  }
  const unpaired = rows.some((row) => row.ci95 !== null && !row.paired);
  if (unpaired)
    list.push(
      'Where clients are unpaired, a difference may come from who played rather than from the network.',
    );
  if (facts.simpson?.flagged) {
    const ms = (ns: number | null): string => ((ns ?? 0) / NS_PER_MS).toFixed(1);
    const { raw_difference, reweighted_difference, standardised_difference, mix_changed } = facts.simpson;
    list.push(
      mix_changed
        ? `The mix of cohorts changed between the periods: with the baseline's mix the pooled median would have moved ${ms(reweighted_difference)} ms, not ${ms(raw_difference)} ms.`
        : `Cohorts moved differently: the pooled median moved ${ms(raw_difference)} ms, the cohorts ${ms(standardised_difference)} ms on average; the rows of the cohorts speak, not the total.`,
    );
  }
  const oneSided = baseline.oneSidedFlows + evening.oneSidedFlows;
  if (oneSided > 0)
    list.push(`${oneSided} flows were captured in one direction only and are left out of loss.`);
  list.push(
    'Margins, and thresholds for delay variation, loss and deadline misses, are engineering defaults, not a standard.',
  );
  return list;
}

function methodsPerClient({ evening, gameRtt, marginNs }: LimitationFacts): string[] {
  const list: string[] = [];
  const incomparable = evening.clients.filter(({ rttTier }) => rttTier === 'none').length;
  if (incomparable > 0)
    list.push(
      `${incomparable} ${incomparable === 1 ? 'client was' : 'clients were'} measured by one kind of round trip in the baseline and by another in the evening; no RTT of theirs is compared.`,
    );
  if (gameRtt !== null) {
    const ms = (ns: number): string => `${ns < 0 ? '' : '+'}${(ns / NS_PER_MS).toFixed(1)} ms`;
    const apart = Math.abs(gameRtt.gameShiftNs - gameRtt.networkShiftNs) > marginNs;
    list.push(
      `${gameRtt.clients} ${gameRtt.clients === 1 ? 'client is' : 'clients are'} measured by acknowledgements of the kernel (median shift ${ms(gameRtt.networkShiftNs)}), not by those of the game, which may wait for its next frame (${ms(gameRtt.gameShiftNs)})${apart ? '; the two differ by more than the margin: the path may treat the game apart, or a frame rate changed' : ''}.`,
    );
  }
  return list;
}

function methodNames(period: PlayerMinutes): string {
  return period.methods.map(({ method }) => method).join(', ');
}
