/**
 * How much to capture so that an answer is possible, before anybody captures. The width of the interval follows clients and
 * minutes as SE² = A/C + B/T; A and B stem from a calibration (±3.9 ms at 40 clients and 60 min, ±5.1 at 12 and 60, ±2.1 at 40 and
 * 180) or, scaled by one factor, from a pilot comparison. Intervals have become narrower since (±3.4, ±3.9, ±1.6): a plan
 * without a pilot asks for rather too much.
 */
import { studentTQuantile } from '../statistics/student-t.ts';
import { UsageError } from '../errors.ts';

const CLIENT_MS2 = 28;
const MINUTE_MS2 = 96;
const BLOCK_MINUTES = 10;
const MIN_CLIENTS = 6;
const MIN_MINUTES = 30;
const MAX_MINUTES = 300;
const MIN_EVENINGS = 6;
/** One-sided normal quantile of 80 % power. */
const POWER_Z = 0.8416;
const RECORD_HEADER_BYTES = 16;

export interface PlanRequest {
  readonly deltaMs: number;
  readonly clients: number;
  /** Null: the shortest window that suffices. */
  readonly minutes: number | null;
  readonly evenings: number;
  readonly packetsPerSecond: number;
  readonly snaplen: number;
  readonly interfaceName: string;
  readonly server: string | null;
  readonly port: number | null;
  /** Half-width of a pilot's RTT median, and what it rested on. */
  readonly pilot: { readonly halfWidthMs: number; readonly clients: number; readonly minutes: number } | null;
}

export interface Plan {
  readonly schema: 'lagdiff/plan@1';
  readonly delta_ms: number;
  readonly clients: number;
  readonly minutes: number;
  readonly evenings: number;
  readonly expected_half_width_ms: number;
  readonly source: 'pilot' | 'calibration defaults';
  readonly bytes_per_day: number;
  readonly commands: readonly { readonly where: 'server' | 'client'; readonly command: string }[];
  readonly notes: readonly string[];
}

function clusters(clients: number, minutes: number): number {
  return Math.min(clients, Math.max(6, Math.floor(minutes / BLOCK_MINUTES)));
}

function standardError(clients: number, minutes: number): number {
  return Math.sqrt(CLIENT_MS2 / clients + MINUTE_MS2 / minutes);
}

export function expectedHalfWidth(clients: number, minutes: number): number {
  return studentTQuantile(0.975, clusters(clients, minutes) - 1) * standardError(clients, minutes);
}

/** @throws UsageError for a plan that cannot reach a verdict, saying what could. */
export function makePlan(request: PlanRequest): Plan {
  const { deltaMs, clients, pilot, evenings } = request;
  const hopeless = (message: string, help: string): never => {
    throw new UsageError({ code: 'plan/hopeless', message: `INSUFFICIENT predicted: ${message}`, help });
  };
  if (clients < MIN_CLIENTS)
    hopeless(`${clients} clients`, `capture at least ${MIN_CLIENTS}, better 30 common to both windows`);
  if (evenings < MIN_EVENINGS)
    hopeless(
      `${evenings} evenings can never reach p < 0.05 (2/2^${evenings} = ${2 / 2 ** evenings})`,
      `plan at least ${MIN_EVENINGS}, better 7 to 10`,
    );
  const scale = pilot === null ? 1 : pilot.halfWidthMs / expectedHalfWidth(pilot.clients, pilot.minutes);
  // DEGRADED at twice the margin in four of five cases: the interval and the estimate's own chance must fit into δ.
  const fits = (c: number, minutes: number): boolean =>
    scale * (expectedHalfWidth(c, minutes) + POWER_Z * standardError(c, minutes)) <= deltaMs;
  let minutes = request.minutes ?? MIN_MINUTES;
  if (request.minutes === null) while (minutes < MAX_MINUTES && !fits(clients, minutes)) minutes += 10;
  if (minutes < MIN_MINUTES)
    hopeless(`${minutes} minutes`, `capture at least ${MIN_MINUTES} minutes, better 180`);
  if (!fits(clients, minutes)) {
    const enough = [20, 30, 40, 60, 80, 120, 200, 400].find(
      (c) => c > clients && fits(c, Math.max(minutes, 180)),
    );
    hopeless(
      `${clients} clients and ${minutes} minutes give about ±${(scale * expectedHalfWidth(clients, minutes)).toFixed(1)} ms, too wide to show ${2 * deltaMs} ms beyond a margin of ${deltaMs} ms`,
      enough === undefined
        ? `choose a larger --delta-ms; the queues of this network swing by more than ${deltaMs} ms`
        : `capture ${enough} common clients for ${Math.max(minutes, 180)} minutes, or choose a larger --delta-ms`,
    );
  }
  const halfWidth = scale * expectedHalfWidth(clients, minutes);
  const seconds = 2 * (minutes + 2) * 60;
  const bytes = clients * request.packetsPerSecond * seconds * (request.snaplen + RECORD_HEADER_BYTES);
  return {
    schema: 'lagdiff/plan@1',
    delta_ms: deltaMs,
    clients,
    minutes,
    evenings,
    expected_half_width_ms: Math.round(100 * halfWidth) / 100,
    source: pilot === null ? 'calibration defaults' : 'pilot',
    bytes_per_day: Math.ceil(bytes),
    commands: (['server', 'client'] as const).map((where) => ({ where, command: tcpdump(request, where) })),
    notes: [
      `two windows a day, ${minutes + 2} minutes each: the first and last 30 s are dropped and whole minutes count`,
      'the same clients in both windows: unpaired, the interval is several times wider',
      'fix windows and evenings before looking; stop when the plan says, not when the answer pleases',
      'keep the summary line of tcpdump ("packets dropped by kernel") and `chronyc tracking` of both hosts beside the captures',
    ],
  };
}

function tcpdump(request: PlanRequest, where: 'server' | 'client'): string {
  const { server, port } = request;
  const parts = [
    ...(where === 'client' && server !== null ? [`host ${server}`] : []),
    ...(port === null ? [] : [`port ${port}`]),
  ];
  // Fragments after the first have no port: an answer about MTU needs them.
  const filter =
    parts.length === 0 ? 'ip or ip6' : `(${parts.join(' and ')}) or (ip[6:2] & 0x1fff != 0) or icmp or icmp6`;
  return (
    `tcpdump -i ${request.interfaceName} -n -s ${request.snaplen} -B 65536 --time-stamp-precision=nano ` +
    `-G 3600 -w '${where}-%Y%m%dT%H%M%SZ.pcap' '${filter}'`
  );
}

export function planText(plan: Plan): string {
  return [
    `${plan.clients} common clients, two windows of ${plan.minutes} min a day, ${plan.evenings} evenings`,
    `expected interval of the RTT median: ±${plan.expected_half_width_ms.toFixed(1)} ms for a margin of ${plan.delta_ms} ms (by ${plan.source})`,
    `about ${(plan.bytes_per_day / 1e6).toFixed(0)} MB a day at each end that sees all of it`,
    ...plan.commands.map(({ where, command }) => `at the ${where}:  TZ=UTC ${command}`),
    ...plan.notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}
