import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hexbinFigure } from '../../../src/report/figures/pair-hexbin.ts';
import { ladderFigure } from '../../../src/report/figures/pair-ladder.ts';
import { planPairFigures } from '../../../src/report/figures/pair-plan.ts';
import { queueingFigure } from '../../../src/report/figures/pair-queueing.ts';
import type { Pairing } from '../../../src/pairing/types.ts';
import { connection, game, scenario } from '../../generators/two-ended/scenario.ts';
import { simulateTwoEnded } from '../../generators/two-ended/simulate.ts';
import { pairingOf } from './pair-fixture.ts';

const { truth } = simulateTwoEnded(
  scenario({
    seed: 3,
    durationSeconds: 120,
    traffic: [game, connection],
    clientToServer: {
      loss: { enter: 0.004, leave: 0.3, lossInGood: 0, lossInBad: 0.7 },
      standing: [{ fromSeconds: 40, toSeconds: 80, meanUs: 20_000, spreadUs: 3_000 }],
      routeChanges: [{ atSeconds: 100, deltaUs: 2_000, deltaHops: 1 }],
    },
    server: { clock: { offsetNs: 37e6, skewPpm: 30, steps: [{ atSeconds: 60, deltaNs: -2e7 }] } },
  }),
);
const pairing = pairingOf(truth);

function rowsOf(csv: string): string[][] {
  return csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','));
}

/** The same document without a single packet in it. */
const empty: Pairing = {
  document: pairing.document,
  series: {
    ...pairing.series,
    bins: { client_to_server: [], server_to_client: [] },
    samples: {
      client_to_server: noSamples(),
      server_to_client: noSamples(),
    },
  },
};

function noSamples() {
  return {
    timeNs: new Float64Array(),
    queueingNs: new Float64Array(),
    clientFrame: new Uint32Array(),
    serverFrame: new Uint32Array(),
    flow: new Uint32Array(),
    ipLenBytes: new Uint32Array(),
  };
}

describe('figures of two ends', () => {
  it('are three, with the same bytes when drawn again, each with the SHA-256 of its CSV', () => {
    const figures = planPairFigures(pairing);
    expect(figures.map(({ id }) => id)).toEqual([
      'pair-queueing',
      'pair-forward-against-return',
      'pair-ladder',
    ]);
    expect(planPairFigures(pairingOf(truth))).toEqual(figures);
    for (const { id, svg, csv, csvSha256 } of figures) {
      expect(csvSha256).toBe(createHash('sha256').update(csv).digest('hex'));
      expect(svg).toContain(`${id}.csv, sha256 ${csvSha256}`);
    }
  });

  it('refer to nothing outside and carry no style, script or numbered id', () => {
    for (const { svg } of planPairFigures(pairing)) {
      expect(svg).not.toMatch(/<style|<script|<foreignObject|href|\sstyle=|\sid=|url\(/);
      expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('are left out where there is nothing to draw', () => {
    expect(planPairFigures(empty)).toEqual([]);
  });

  it('say in the queueing figure what was lost, how wide the offset is, and where the clock stepped', () => {
    const { svg, csv } = queueingFigure(pairing)!;
    expect(svg).toContain('some were lost');
    expect(svg).toContain('clock step');
    expect(svg).toContain('route change');
    expect(svg).toMatch(/offset between \+\d+\.\d\d ms and \+\d+\.\d\d ms/);
    const lost = rowsOf(csv).reduce((sum, row) => sum + Number(row[5]), 0);
    expect(lost).toBe(pairing.document.client_to_server.lost + pairing.document.server_to_client.lost);
  });

  it('draw a clock step as a jump, not as a slope', () => {
    const { svg } = queueingFigure(pairing)!;
    const clockPanel = svg.slice(svg.indexOf('clock offset'));
    // The last path is the middle of the band; its points are the start, both sides of the step, and the end.
    const path = [...clockPanel.matchAll(/ d="(M[^"]*)"/g)].at(-1)![1]!;
    const xs = [...path.matchAll(/[ML]([\d.-]+),/g)].map((match) => Number(match[1]));
    expect(xs.length).toBeGreaterThanOrEqual(4);
    expect(xs.some((x, i) => i > 0 && x === xs[i - 1])).toBe(true);
  });

  it('claim no offset and no rate where the clocks are not known', () => {
    const { document, series } = pairing;
    const clock = {
      ...document.clock,
      ...{ offset_ns: null, offset_low_ns: null, offset_high_ns: null, offset_width_ns: null },
      ...{ skew_ppm: null, skew_status: 'UNIDENTIFIED' as const, skew_reason: 'one direction only' },
      steps: [],
    };
    const { svg } = queueingFigure({ document: { ...document, clock }, series })!;
    expect(svg).toContain('UNIDENTIFIED: one direction only');
    expect(svg).not.toContain('what the offset may be');
    expect(svg).not.toMatch(/NaN/);
  });

  it('count every moment once in the hexagons, those beyond the edge aside, and show a queue of one direction along its axis', () => {
    const { svg, csv } = hexbinFigure(pairing)!;
    const cells = rowsOf(csv).map(([x, y, count]) => ({ x: Number(x), y: Number(y), count: Number(count) }));
    const total = cells.reduce((sum, { count }) => sum + count, 0);
    const beyond = Number(/([\d,]+) beyond the edges/.exec(svg)?.[1]?.replace(',', '') ?? 0);
    const { client_to_server: up, server_to_client: down } = pairing.series.samples;
    // A packet of the direction with fewer has a neighbour within half a second throughout.
    expect(total + beyond).toBe(Math.min(up.timeNs.length, down.timeNs.length));
    const far = cells.filter(({ x }) => x > 10e6).reduce((sum, { count }) => sum + count, 0);
    expect(far / total).toBeGreaterThan(0.2);
    expect(cells.every(({ y }) => y < 10e6)).toBe(true);
  });

  it('let parts of the window stand for packets where packets of the two directions never meet', () => {
    const { client_to_server: up, server_to_client: down } = pairing.series.samples;
    const apart = { ...down, timeNs: down.timeNs.map((at) => at + 1e12) };
    const samples = { client_to_server: up, server_to_client: apart };
    const { svg } = hexbinFigure({ ...pairing, series: { ...pairing.series, samples } })!;
    expect(svg).toContain('each part of the window (its medians)');
  });

  it('show in the ladder the packet that queued longest, by its frames in both captures', () => {
    const { svg, csv } = ladderFigure(pairing)!;
    const { client_to_server: up } = pairing.series.samples;
    const at = up.queueingNs.indexOf(up.queueingNs.reduce((a, b) => Math.max(a, b)));
    const [example] = rowsOf(csv).filter((row) => row[7] === 'true');
    expect(example).toBeDefined();
    expect(example!.slice(0, 3)).toEqual([
      'client_to_server',
      String(up.clientFrame[at]),
      String(up.serverFrame[at]),
    ]);
    expect(Number(example![6])).toBe(Math.round(up.queueingNs[at]!));
    expect(svg).toContain(`frame ${up.clientFrame[at]} of the client’s capture`);
    expect(rowsOf(csv).length).toBeLessThanOrEqual(14);
  });

  it('show in the ladder what was lost around it: on one side only, and ending in a cross', () => {
    const { truth: lossy } = simulateTwoEnded(
      scenario({
        seed: 4,
        durationSeconds: 30,
        traffic: [{ ...game, clientHz: 60, serverHz: 60 }],
        clientToServer: {
          loss: { enter: 0.3, leave: 0.3, lossInGood: 0, lossInBad: 0.7 },
          standing: [{ fromSeconds: 10, toSeconds: 20, meanUs: 40_000, spreadUs: 3_000 }],
        },
      }),
    );
    const { svg, csv } = ladderFigure(pairingOf(lossy))!;
    const missing = rowsOf(csv).filter((row) => row[8] === 'true');
    expect(missing.length).toBeGreaterThan(0);
    for (const [direction, clientFrame, serverFrame, , sentNs, receivedNs, queueingNs] of missing) {
      expect([direction, serverFrame, receivedNs, queueingNs]).toEqual(['client_to_server', '', '', '']);
      const packet = lossy.packets.find(
        (one) => one.direction === 'client_to_server' && one.senderFrame === Number(clientFrame),
      );
      expect(packet?.fate).toBe('lost');
      expect(Number(sentNs)).toBeGreaterThanOrEqual(0);
    }
    expect(svg).toContain(`${missing.length} of these packets never arrived`);
  });
});
