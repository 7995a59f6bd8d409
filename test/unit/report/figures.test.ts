import { createHash } from 'node:crypto';
import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { ecdfFigure } from '../../../src/report/figures/ecdf.ts';
import { forestFigure } from '../../../src/report/figures/forest.ts';
import type { Figure } from '../../../src/report/figures/frame.ts';
import { toCsv } from '../../../src/report/figures/frame.ts';
import { planFigures, planSummaryFigures } from '../../../src/report/figures/plan.ts';
import { shiftFigure } from '../../../src/report/figures/shift.ts';
import { timelineFigure } from '../../../src/report/figures/timeline.ts';
import { buildReport } from '../../../src/report/model.ts';
import { comparisonFixture, reportFixture, stressFixture } from './fixture.ts';

const model = buildReport(reportFixture());
const makers: (() => Figure | null)[] = [
  () => ecdfFigure(model.comparison, 'pppoe', model.input.threshold),
  () => shiftFigure(model.comparison, 'pppoe'),
  () => forestFigure('rtt_p50_ns', model.rows),
  () => timelineFigure(model.comparison, 'Asia/Tokyo', ['pppoe']),
];

interface Node {
  querySelectorAll(selector: string): Iterable<{ getAttribute(name: string): string | null }>;
}

function pathsOf(svg: string, selector: string): string[] {
  const { document } = parseHTML(svg) as unknown as { document: Node };
  return [...document.querySelectorAll(selector)].map((node) => node.getAttribute('d') ?? '');
}

describe('figures', () => {
  it('have the same bytes when drawn again, in whatever order', () => {
    const first = makers.map((make) => make()!.svg);
    const again = [...makers].reverse().map((make) => make()!.svg);
    expect(again.reverse()).toEqual(first);
    expect(planFigures(model)).toEqual(planFigures(buildReport(reportFixture())));
  });

  it('carry the SHA-256 of exactly the CSV beside them, and how many clients and blocks', () => {
    const summary = planSummaryFigures(model);
    for (const figure of [...planFigures(model), summary.ecdf!, summary.forest!]) {
      expect(figure.csvSha256).toBe(createHash('sha256').update(figure.csv).digest('hex'));
      expect(figure.svg).toContain(`${figure.id}.csv, sha256 ${figure.csvSha256}`);
      expect(figure.svg).toMatch(/client/);
      expect(figure.svg).toMatch(/block/);
      expect(figure.csv.split('\n').length).toBeGreaterThan(2);
    }
  });

  it('refer to nothing outside and carry no style, script or numbered id', () => {
    for (const input of [reportFixture(), stressFixture()])
      for (const { svg } of planFigures(buildReport(input))) {
        expect(svg).not.toMatch(/<style|<script|<foreignObject|href|\sstyle=|\sid=|url\(/);
        expect(svg.match(/https?:[^"]*/g)).toEqual(['http://www.w3.org/2000/svg']);
        expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      }
  });

  it('draw a gap where there are no data, said as null or by silence', () => {
    const csv = timelineFigure(model.comparison, 'Asia/Tokyo', ['pppoe', 'map-e'])!;
    const lines = pathsOf(csv.svg, 'g[aria-label="line"] path');
    // Two windows of three cohorts; in the evening each line has a gap, so its path moves twice.
    expect(lines.map((path) => path.match(/M/g)?.length)).toEqual([1, 1, 1, 2, 2, 2]);
    expect(csv.svg).toContain('>20:00<');
    expect(csv.svg).toContain('>11:00<');
  });

  it('show a lonely minute as a dot, since a line needs two', () => {
    const comparison = comparisonFixture();
    const timeline = comparison.timeline.filter(
      ({ minute }) => minute.includes('T11:30') || minute.includes('T11:40'),
    );
    const { svg } = timelineFigure({ ...comparison, timeline }, 'Asia/Tokyo', [])!;
    expect(svg.match(/<circle/g)?.length).toBe(6);
  });

  it('list every cohort in the forest, also the one without an answer', () => {
    const { svg, csv } = forestFigure('rtt_p50_ns', model.rows)!;
    for (const text of ['all clients', 'pppoe', 'map-e', 'plain', 'INSUFFICIENT', 'no interval'])
      expect(svg).toContain(text);
    expect(csv).toContain('plain,rtt_p50_ns,window,INSUFFICIENT,21200000,,,,,,,5000000,,4,12,720\n');
  });

  it('say what lies beyond the edge instead of squeezing or hiding it', () => {
    const comparison = comparisonFixture();
    const ecdf = comparison.ecdf.map((series) => ({
      ...series,
      rtt_ns: [...series.rtt_ns.slice(0, -1), 9_000_000_000],
    }));
    const { svg } = ecdfFigure({ ...comparison, ecdf }, 'pppoe', null)!;
    expect(svg).toContain('beyond the right edge: 0.8 % of baseline player-minutes (to 9000.0 ms)');
  });

  it('are left out when there is nothing to draw', () => {
    const empty = { ...model.comparison, ecdf: [], shift_function: [], timeline: [] };
    expect([
      ecdfFigure(empty, 'pppoe', null),
      shiftFigure(empty, 'pppoe'),
      timelineFigure(empty, 'UTC', []),
      forestFigure('connect_failure_ratio', model.rows),
    ]).toEqual([null, null, null, null]);
  });
});

it('toCsv quotes what needs it and leaves absent cells empty', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x,"y"', null],
        ['line\nbreak', 0],
      ],
    ),
  ).toBe('a,b\n"x,""y""",\n"line\nbreak",0\n');
});

it('a cell that a spreadsheet would run is text in the CSV; numbers, also as text, stay numbers', () => {
  expect(
    toCsv(
      ['cohort', 'n'],
      [
        ['=1+1', -2],
        ['@x', '-3.5'],
        ['+a', null],
        ['-b', '+7'],
      ],
    ),
  ).toBe("cohort,n\n'=1+1,-2\n'@x,-3.5\n'+a,\n'-b,+7\n");
});
