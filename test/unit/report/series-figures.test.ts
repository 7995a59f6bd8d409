/** Figures over time and the A/A panel: what is drawn is what the CSV says, and what was not measured is not drawn. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { analyze } from '../../../src/analyze.ts';
import { lossOf, rasterOf } from '../../../src/extracts/raster.ts';
import { controlsFigure } from '../../../src/report/figures/controls.ts';
import { daysFigure } from '../../../src/report/figures/days.ts';
import { lossFigure } from '../../../src/report/figures/loss.ts';
import { rasterFigure } from '../../../src/report/figures/raster.ts';
import { buildReport } from '../../../src/report/model.ts';
import type { LossFacts, RasterFacts } from '../../../src/report/input.ts';
import { sortedFlows } from '../../../src/tables/flows.ts';
import type { Batch } from '../../../src/tables/batch.ts';
import { ROOT } from '../../helpers/repository.ts';
import { reportFixture } from './fixture.ts';

const SERVERS = ['203.0.113.10', '203.0.113.20', '2001:db8:53::10', '2001:db8:53::20'];
const START = 29_900_000;

function raster(): RasterFacts[] {
  const cell = (period: 'baseline' | 'evening', client: string, minute: number, ms: number): RasterFacts => ({
    period,
    client,
    cohort: client.slice(0, 1),
    minute,
    rtt_p50_ns: ms * 1e6,
    samples: 3,
  });
  return [
    ...[0, 1, 2].flatMap((at) => [
      cell('baseline', 'a1', START + at, 10),
      cell('baseline', 'b1', START + at, 20),
    ]),
    // a1 rises far, b1 stays; b1 has no minute 1; c1 has no baseline to stand above.
    ...[0, 1, 2].map((at) => cell('evening', 'a1', START + 500 + at, 90)),
    ...[0, 2].map((at) => cell('evening', 'b1', START + 500 + at, 20)),
    cell('evening', 'c1', START + 500, 70),
  ];
}

describe('client × time', () => {
  const model = buildReport({ ...reportFixture(), raster: raster() });
  const figure = rasterFigure(model)!;

  it('each cell is one rectangle in the colour of its step, and an unmeasured one is none', () => {
    const rectangles = (color: string): number =>
      [...figure.svg.matchAll(new RegExp(`<path d="([^"]*)" fill="${color}"`, 'g'))]
        .map(([, path = '']) => path.match(/M/g)?.length ?? 0)
        .reduce((sum, n) => sum + n, 0);
    // Six baseline cells and b1's two of the evening; a1's three, 80 ms above its own.
    expect(rectangles('#fde737')).toBe(8);
    expect(rectangles('#00204d')).toBe(3);
    expect(figure.svg.match(/<path d="M/g)?.length).toBe(3);
  });

  it('the CSV has every drawn cell, with the baseline that it is held against', () => {
    const lines = figure.csv.trimEnd().split('\n');
    expect(lines.length).toBe(1 + 11);
    expect(lines[1]).toMatch(/^baseline,a,a1,.*,10000000,3,10000000$/);
    expect(figure.csv).not.toContain('c1');
  });

  it('is the same each time, and absent without cells', () => {
    expect(rasterFigure(model)?.svg).toBe(figure.svg);
    expect(rasterFigure(buildReport(reportFixture()))).toBeNull();
  });
});

describe('loss over time', () => {
  const cells: LossFacts[] = [
    { period: 'baseline', minute: START, direction: 'to_client', packets: 100, lost: 0 },
    { period: 'evening', minute: START + 500, direction: 'to_client', packets: 200, lost: 10 },
    { period: 'evening', minute: START + 500, direction: 'to_server', packets: 100, lost: 0 },
  ];

  it('says how many of how many, per direction, and what the captures lost themselves', () => {
    const figure = lossFigure(buildReport({ ...reportFixture(), lossTimeline: cells }))!;
    expect(figure.description).toContain('evening server to client 10 of 200 (5 %)');
    expect(figure.csv.split('\n').length).toBe(5);
    expect(lossFigure(buildReport(reportFixture()))).toBeNull();
  });

  it('counts what a plain sum over the exported table counts, and the raster its clients', async () => {
    const capture = join(ROOT, 'samples/loss/evening-server.pcap.gz');
    const bins: Batch[] = [];
    const rtt: Batch[] = [];
    const analysis = await analyze([capture], {
      workers: 1,
      tables: ['bins', 'rtt'],
      onBatch: (batch) => void (batch.table === 'bins' ? bins : rtt).push(batch),
    });
    const flows = sortedFlows(analysis.flows);
    const isServer = (address: string): boolean => SERVERS.includes(address);
    const loss = lossOf(flows, bins, isServer);
    const csv = execFileSync(
      process.execPath,
      [
        join(ROOT, 'dist/src/cli/main.js'),
        'export',
        capture,
        '--table',
        'bins',
        '--format',
        'csv',
        '--quiet',
      ],
      { encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    const [header = '', ...lines] = csv.trimEnd().split('\n');
    const at = (name: string): number => header.split(',').indexOf(name);
    const known = lines.map((line) => line.split(',')).filter((row) => row[at('lost_packets')] !== '');
    const sum = (name: string): number => known.reduce((total, row) => total + Number(row[at(name)]), 0);
    expect(loss.reduce((total, cell) => total + cell.lost, 0)).toBe(sum('lost_packets'));
    expect(loss.reduce((total, cell) => total + cell.packets, 0)).toBe(sum('packets'));
    expect(sum('lost_packets')).toBeGreaterThan(0);
    // The sample loses on the way to the clients.
    const lost = (direction: string): number =>
      loss.filter((cell) => cell.direction === direction).reduce((total, cell) => total + cell.lost, 0);
    expect(lost('to_client')).toBeGreaterThan(lost('to_server'));
    const cells = rasterOf(
      { label: 'x', flows, rtt, bins },
      { isServer, isMeant: () => true, toward: 'client' },
      () => 'all',
    );
    expect(cells.some(({ client }) => isServer(client))).toBe(false);
    expect(cells.every(({ samples, rtt_p50_ns }) => samples > 0 && rtt_p50_ns > 0)).toBe(true);
  });
});

describe('the A/A panel and the days', () => {
  const input = reportFixture();
  const headline = { cohort: 'pppoe', metric: 'rtt_p50_ns' } as const;

  it('holds the headline beside the controls', () => {
    const comparison = {
      ...input.comparison,
      headline_row: headline,
      controls: [
        {
          split: 'alternating blocks',
          metric: 'rtt_p50_ns',
          difference: 1e5,
          ci95: [-3e5, 4e5],
          verdict: 'EQUIVALENT',
        },
        {
          split: 'every second client',
          metric: 'rtt_p50_ns',
          difference: null,
          ci95: null,
          verdict: 'INSUFFICIENT',
        },
      ],
    } as const;
    const figure = controlsFigure(comparison)!;
    expect(
      figure.csv
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split(',')[0]),
    ).toEqual(['evening against baseline', 'baseline: alternating blocks']);
    expect(figure.description).toContain('EQUIVALENT');
    expect(controlsFigure({ ...input.comparison, controls: [] })).toBeNull();
  });

  it('has a point per day that has one', () => {
    const day = (date: string, difference: number | null): object => ({
      date,
      verdict: 'DEGRADED',
      headline: '',
      baseline: { first: null, last: null },
      evening: { first: null, last: null },
      rows: [{ ...headline, difference, ci95: null, verdict: 'DEGRADED' }],
    });
    const days = [day('2026-11-18', 15e6), day('2026-11-19', null), day('2026-11-20', 18e6)];
    const figure = daysFigure({ ...input.comparison, headline_row: headline, days: days as never })!;
    expect(figure.csv.trimEnd().split('\n').length).toBe(3);
    expect(figure.svg).toContain('2026-11-20');
    expect(daysFigure({ ...input.comparison, days: [] })).toBeNull();
  });
});
