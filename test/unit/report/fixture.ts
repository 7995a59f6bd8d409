/**
 * A realistic finished comparison, made by formula from a seed: three cohorts behind one server, PPPoE degraded by
 * 18 ms, MAP-E shown equivalent, "plain" too thin for an answer. It is a shape for renderers, not a measurement.
 */
import type { CaseDocument } from '../../../src/case/schema.ts';
import type {
  Comparison,
  ComparisonRow,
  EcdfSeries,
  Metric,
  ShiftPoint,
  TimelinePoint,
  Verdict,
} from '../../../src/comparison/types.ts';
import type { ReportInput } from '../../../src/report/input.ts';

const MS = 1_000_000;

const BASE_ROW = {
  claim: 'window',
  margin_source: 'max(5 ms, 10 % of the baseline), lagdiff default',
  paired: true,
  blocks: 12,
  blocks_baseline: 12,
  blocks_evening: 12,
  method: 'paired two-way bootstrap over clients and 15 min blocks, t interval',
  notes: [],
} as const;

function row(
  cohort: string,
  metric: Metric,
  verdict: Verdict,
  baseline: number | null,
  difference: number | null,
  half: number,
  margin: number,
  clients: number,
  more: Partial<ComparisonRow> = {},
): ComparisonRow {
  const interval = (z: number): readonly [number, number] | null =>
    difference === null ? null : [difference - half * z, difference + half * z];
  return {
    ...BASE_ROW,
    cohort,
    metric,
    verdict,
    baseline,
    evening: baseline === null || difference === null ? null : baseline + difference,
    difference,
    ci95: interval(1),
    ci90: interval(0.82),
    margin,
    p_value: difference === null ? null : verdict === 'DEGRADED' ? 0.0002 : 0.61,
    q_value: difference === null ? null : verdict === 'DEGRADED' ? 0.0011 : 0.83,
    clients,
    clients_baseline: clients,
    clients_evening: clients + 2,
    cells: clients * 180,
    cells_baseline: clients * 180,
    cells_evening: clients * 181,
    unpaired:
      difference === null
        ? null
        : { difference: difference * 1.05, ci95: [difference - half * 2, difference + half * 2] },
    needed: null,
    ...more,
  };
}

export function comparisonFixture(): Comparison {
  const plain = {
    verdict: 'INSUFFICIENT',
    needed: { clients: 12, minutes: 180, reason: '4 clients; an interval needs at least 6 in each window' },
    notes: ['no interval is given below 6 clients'],
  } as const;
  const rows = [
    row('plain', 'rtt_p50_ns', 'INSUFFICIENT', 21.2 * MS, null, 0, 5 * MS, 4, plain),
    row('pppoe', 'rtt_p50_ns', 'DEGRADED', 24.1 * MS, 18.2 * MS, 3.1 * MS, 5 * MS, 41),
    row('pppoe', 'rtt_p95_ns', 'DEGRADED', 31.4 * MS, 41.7 * MS, 9.6 * MS, 10 * MS, 41),
    row('pppoe', 'loss_ratio', 'INCONCLUSIVE', 0.0004, 0.0031, 0.0036, 0.0025, 41, {
      needed: { clients: 41, minutes: 375, reason: 'the interval is 1.4 times the margin wide on each side' },
      notes: ['over-dispersion 6.2: losses come in bursts'],
    }),
    row('pppoe', 'slo_breach_ratio', 'DEGRADED', 0.012, 0.214, 0.06, 0.05, 41),
    row('map-e', 'rtt_p50_ns', 'EQUIVALENT', 19.8 * MS, 0.6 * MS, 1.4 * MS, 5 * MS, 38),
    row('map-e', 'rtt_p95_ns', 'MINOR', 26.9 * MS, 6.1 * MS, 4.9 * MS, 10 * MS, 38),
    row('map-e', 'loss_ratio', 'EQUIVALENT', 0.0003, 0.0001, 0.0008, 0.0025, 38),
    row('all', 'rtt_p50_ns', 'DEGRADED', 21.9 * MS, 9.4 * MS, 2.6 * MS, 5 * MS, 83),
    row('all', 'rtt_p95_ns', 'INCONCLUSIVE', 29.9 * MS, 14.8 * MS, 15.6 * MS, 10 * MS, 83),
    row('all', 'loss_ratio', 'INCONCLUSIVE', 0.0004, 0.0016, 0.0021, 0.0025, 83),
  ];
  return {
    schema: 'lagdiff/diff@1',
    verdict: 'DEGRADED',
    headline:
      'DEGRADED: the median RTT of pppoe rose by 18.2 ms (95% CI [15.1, 21.3] ms, 41 clients, 12 blocks of 15 min) between the baseline and the evening window.',
    controls: [],
    days: [],
    headline_row: { cohort: 'pppoe', metric: 'rtt_p50_ns' },
    undecided_metrics: [],
    scope: 'WINDOW: this evening capture against this baseline capture, not other evenings.',
    profile: 'fps_competitive',
    seed: 7,
    replicates: 2000,
    block_minutes: 15,
    tau_minutes: 6.4,
    vantage: 'server',
    vantage_reason: 'every flow has 203.0.113.10 as responder',
    client_identity: 'address',
    periods: {
      baseline: period('2026-11-20T04:00:00.000000000Z', '2026-11-20T07:00:00.000000000Z', 'base.pcap', 'a'),
      evening: period(
        '2026-11-20T11:00:00.000000000Z',
        '2026-11-20T14:00:00.000000000Z',
        'evening.pcap',
        'b',
      ),
    },
    comparisons: rows,
    shift_function: ['pppoe', 'map-e', 'all'].flatMap(shift),
    simpson: {
      metric: 'rtt_p50_ns',
      raw_difference: 9.4 * MS,
      standardised_difference: 9.1 * MS,
      mix_effect: 0.3 * MS,
      reweighted_difference: null,
      mix_changed: false,
      flagged: false,
      weights: [
        { cohort: 'map-e', share: 0.46 },
        { cohort: 'plain', share: 0.05 },
        { cohort: 'pppoe', share: 0.49 },
      ],
    },
    loss: [],
    distances: [{ cohort: 'pppoe', wasserstein1_ns: 21.3 * MS, ks: 0.62, cliffs_delta: 0.71 }],
    access: [
      {
        client: '198.51.100.7',
        access: 'pppoe',
        confidence: 'high',
        mss_option_bytes: 1414,
        reason: 'MSS 1414',
      },
      {
        client: '192.0.2.9',
        access: 'map-e',
        confidence: 'medium',
        mss_option_bytes: 1420,
        reason: 'MSS 1420',
      },
    ],
    ecdf: ['pppoe', 'map-e', 'all'].flatMap((cohort) => [ecdf(cohort, 'baseline'), ecdf(cohort, 'evening')]),
    timeline: ['pppoe', 'map-e', 'plain'].flatMap(timeline),
    limitations: ['Clients are told apart by address: players behind one NAT count as one client.'],
    diagnostics: [
      {
        id: 'capture/truncated-record',
        severity: 'data-loss',
        count: 1,
        message: 'record 1042 says 1514 bytes, but the file ends after 611',
        first: { capture: 'evening.pcap', byte_offset: 126080, record: 1042 },
      },
      {
        id: 'decode/not-ip',
        severity: 'info',
        count: 3120,
        message: 'frames that carry no IP packet',
        first: { capture: 'base.pcap', byte_offset: 24, record: 1 },
      },
    ],
  };
}

function period(first: string, last: string, path: string, digit: string): Comparison['periods']['baseline'] {
  return {
    first,
    last,
    clients: 83,
    cells: 14_940,
    rtt_samples: 1_284_551,
    captures: [{ path, sha256: digit.repeat(64), records: 4_211_003 }],
  };
}

const SHAPE: Record<string, { base: number; lift: number; tail: number }> = {
  pppoe: { base: 24.1, lift: 18.2, tail: 2.6 },
  'map-e': { base: 19.8, lift: 0.6, tail: 1.2 },
  plain: { base: 21.2, lift: 1, tail: 1 },
  all: { base: 21.9, lift: 9.4, tail: 2 },
};

function quantile(cohort: string, q: number, evening: boolean): number {
  const { base, lift, tail } = SHAPE[cohort]!;
  const spread = -Math.log(1 - q * 0.995) * 5;
  return (base - 3 + spread + (evening ? lift * 0.8 + spread * 0.4 * tail * Math.min(1, lift / 10) : 0)) * MS;
}

function shift(cohort: string): ShiftPoint[] {
  return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((q) => {
    const before = quantile(cohort, q, false);
    const after = quantile(cohort, q, true);
    const half = (1.8 + q * q * 6) * MS;
    const difference = after - before;
    return {
      cohort,
      quantile: q,
      baseline_ns: before,
      evening_ns: after,
      difference_ns: difference,
      ci95: [difference - half, difference + half],
    };
  });
}

function ecdf(cohort: string, which: 'baseline' | 'evening'): EcdfSeries {
  const points = Array.from({ length: 128 }, (_, i) => (i + 1) / 128);
  return {
    cohort,
    period: which,
    clients: cohort === 'all' ? 83 : 41,
    cells: 7380,
    rtt_ns: points.map((q) => Math.round(quantile(cohort, q, which === 'evening'))),
    share: points,
  };
}

function timeline(cohort: string): TimelinePoint[] {
  const points: TimelinePoint[] = [];
  for (const [which, start] of [
    ['baseline', Date.UTC(2026, 10, 20, 4)],
    ['evening', Date.UTC(2026, 10, 20, 11)],
  ] as const) {
    for (let i = 0; i < 180; i += 1) {
      // Ten silent minutes, once said as null and once by leaving the minutes out: both must show as a gap.
      if (which === 'evening' && i >= 60 && i < 70 && cohort === 'map-e') continue;
      const silent = which === 'evening' && i >= 60 && i < 70;
      const { base, lift } = SHAPE[cohort]!;
      const hump = which === 'evening' ? lift * Math.sin((Math.PI * i) / 180) * 1.35 : 0;
      const wobble = Math.sin(i * 1.7 + cohort.length) * 0.6 + Math.sin(i * 0.37) * 0.5;
      const value = Math.round((base + hump + wobble) * MS);
      points.push({
        cohort,
        period: which,
        minute: `${new Date(start + i * 60_000).toISOString().slice(0, 19)}.000000000Z`,
        clients: silent ? 0 : 30,
        rtt_p50_ns: silent ? null : value,
        rtt_p95_ns: silent ? null : value + 8 * MS,
      });
    }
  }
  return points;
}

export function caseFixture(): CaseDocument {
  return {
    title: 'Evening rubber-banding, Tokyo arena servers',
    question: 'Players report rubber-banding after 20:00 JST. Is it the network, for whom, and whose?',
    timezone: 'Asia/Tokyo',
    profile: 'fps_competitive',
    servers: [
      {
        name: 'arena-1',
        address: '203.0.113.10',
        provider: 'Example Hosting',
        asn: 64500,
        datacenter: 'TY-2',
        kind: 'bare_metal',
      },
    ],
    cohorts: 'cohorts.csv',
    captures: [
      { path: 'base.pcap', period: 'baseline', end: 'server' },
      { path: 'evening.pcap', period: 'evening', end: 'server' },
    ],
    seed: 7,
    contact: { name: 'Network desk', email: 'noc@example.net', availability: '10:00–19:00 JST' },
    asks: { due: '2026-12-01', retest: '2026-12-08' },
    changes: [],
    slo: { rtt_ms: 60, share: 0.95 },
  };
}

export function reportFixture(more: Partial<ReportInput> = {}): ReportInput {
  const capture = (
    path: string,
    which: 'baseline' | 'evening',
    digit: string,
  ): ReportInput['captures'][number] => ({
    path,
    sha256: digit.repeat(64),
    format: 'pcap',
    period: which,
    end: 'server',
    records: 4_211_003,
    decoded: 4_209_443,
    diagnosed: 1560,
    first: which === 'baseline' ? '2026-11-20T04:00:00.000000000Z' : '2026-11-20T11:00:00.000000000Z',
    last: which === 'baseline' ? '2026-11-20T07:00:00.000000000Z' : '2026-11-20T14:00:00.000000000Z',
    clock: 'chrony, within 1 ms',
  });
  return {
    comparison: comparisonFixture(),
    version: '0.1.0',
    case: caseFixture(),
    captures: [capture('base.pcap', 'baseline', 'a'), capture('evening.pcap', 'evening', 'b')],
    findings: [
      {
        id: 'mtu/pppoe-mss',
        severity: 'info',
        claim: '41 clients announce an MSS of 1414 bytes, as PPPoE over NGN does',
        threshold: 'MSS 1414 on the SYN',
        limits: 'a middlebox may rewrite the MSS',
        count: 41,
      },
    ],
    threshold: { rtt_ns: 60 * MS, label: 'degraded above 60 ms (fps_competitive default)' },
    headline: { cohort: 'pppoe', metric: 'rtt_p50_ns' },
    ...more,
  };
}

/** Everything long, many and hostile at once: the layouts must hold, and nothing may become markup or a terminal command. */
export function stressFixture(): ReportInput {
  const base = reportFixture();
  const long = '長い名前のコホート・東京23区・PPPoE・'.repeat(4);
  const cohorts = [long, '<script>alert(1)</script>', '\u001b[31mred\u202e', '=cmd|"x"', ...'abcdefghijkl'];
  const rows = cohorts.flatMap((cohort) => base.comparison.comparisons.map((r) => ({ ...r, cohort })));
  const sentence = 'This sentence is longer than a summary has room for, and it says so. '.repeat(12);
  return {
    ...base,
    case: {
      ...base.case!,
      title: `Title ${sentence}`,
      servers: Array.from({ length: 9 }, (_, i) => ({
        name: `server-with-a-long-name-${i}`,
        address: `2001:db8:1234:5678:9abc:def0:1234:${i}`,
        provider: `Provider number ${i} with a long corporate name`,
        kind: 'unknown' as const,
      })),
      contact: { name: sentence, email: 'noc@example.net', availability: sentence },
      asks: { owner: sentence },
    },
    comparison: {
      ...base.comparison,
      headline: sentence,
      scope: sentence,
      comparisons: rows,
      limitations: Array.from({ length: 30 }, () => sentence),
      diagnostics: base.comparison.diagnostics.map((d) => ({
        ...d,
        id: 'a/very-long-diagnostic-name-'.repeat(9),
      })),
      ecdf: base.comparison.ecdf.map((series) => ({
        ...series,
        cohort: series.cohort === 'pppoe' ? long : series.cohort,
      })),
    },
    headline: { cohort: long, metric: 'rtt_p50_ns' },
    threshold: { rtt_ns: 60 * MS, label: sentence.slice(0, 60) },
  };
}
