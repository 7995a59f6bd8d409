import { describe, expect, it } from 'vitest';
import type { Comparison, ComparisonRow, Verdict } from '../../../src/comparison/types.ts';
import { renderAsksMarkdown } from '../../../src/report/asks-markdown.ts';
import { buildReport } from '../../../src/report/model.ts';
import { VERDICTS } from '../../../src/report/words.ts';
import { caseFixture, comparisonFixture, reportFixture, stressFixture } from './fixture.ts';

function withRows(change: (row: ComparisonRow) => ComparisonRow, verdict: Verdict): Comparison {
  const comparison = comparisonFixture();
  return { ...comparison, verdict, comparisons: comparison.comparisons.map(change) };
}

const name = (row: ComparisonRow): string => `${row.cohort} ${row.metric}`;

describe('buildReport', () => {
  it('puts all clients first, then the worst cohort', () => {
    const { rows } = buildReport(reportFixture());
    expect([...new Set(rows.map((row) => row.cohort))]).toEqual(['all', 'pppoe', 'map-e', 'plain']);
  });

  it('does not depend on the order of the rows', () => {
    const fixture = reportFixture();
    const reversed = { ...fixture.comparison, comparisons: [...fixture.comparison.comparisons].reverse() };
    expect(buildReport({ ...fixture, comparison: reversed }).rows).toEqual(buildReport(fixture).rows);
  });

  it('answers where it is from named rows only, and where it is not from shown equivalence only', () => {
    const { extent } = buildReport(reportFixture());
    expect(extent.worse.map(name)[0]).toBe('pppoe rtt_p50_ns');
    expect(extent.notWorse.map(name)).toEqual(['map-e rtt_p50_ns', 'map-e loss_ratio']);
    expect(extent.smaller.map(name)).toEqual(['map-e rtt_p95_ns']);
    expect(extent.open.map((row) => row.verdict)).not.toContain('EQUIVALENT');
    const all = [...extent.worse, ...extent.notWorse, ...extent.smaller, ...extent.open];
    expect(all.map(name).sort()).toEqual(comparisonFixture().comparisons.map(name).sort());
  });

  it('names no cohort whose difference does not survive the correction for many rows', () => {
    const comparison = withRows((row) => ({ ...row, q_value: 0.2 }), 'DEGRADED');
    const { extent, asks } = buildReport(reportFixture({ comparison, headline: null }));
    expect(extent.worse).toEqual([]);
    expect(extent.smaller.some((row) => row.verdict === 'DEGRADED')).toBe(true);
    expect(asks[0]?.text.en).toContain('Ask nothing of the provider');
  });

  it('says the headline in Japanese with the numbers of the named row', () => {
    const { headline } = buildReport(reportFixture());
    expect(headline.ja).toBe(
      '判定：悪化。「pppoe」のRTT 中央値は、基準時間帯に対して +18.2 ms 増加した（95%信頼区間 [+15.1, +21.3] ms、許容差 δ ±5 ms、クライアント 41、時間ブロック 12）。95%信頼区間全体が許容差 δ を上回る悪化。',
    );
  });

  it('picks the headline row itself when it is not told', () => {
    expect(name(buildReport(reportFixture({ headline: null })).headlineRow!)).toBe('pppoe slo_breach_ratio');
  });

  it.each(Object.keys(VERDICTS) as Verdict[])(
    'has three asks, a success criterion and limitations for %s',
    (verdict) => {
      const comparison = {
        ...withRows((row) => ({ ...row, verdict, q_value: null }), verdict),
        limitations: [],
      };
      const model = buildReport(reportFixture({ comparison, case: null, captures: [], headline: null }));
      expect(model.asks).toHaveLength(3);
      for (const ask of model.asks)
        for (const text of [ask.owner, ask.text, ask.because, ask.due])
          for (const language of [text.en, text.ja]) expect(language.length).toBeGreaterThan(0);
      expect(model.asks[0]?.due.en).toBe('not stated in the case');
      expect(model.success.ja).toContain('6晩以上');
      expect(model.limitations.all.length).toBeGreaterThan(2);
      expect(model.limitations.standing[0]?.en).toContain('says nothing about other evenings');
    },
  );

  it('asks the provider only when a named cohort got worse', () => {
    expect(buildReport(reportFixture()).asks.map(({ owner }) => owner.en)).toEqual([
      'Example Hosting',
      'Example Hosting',
      'us, with Example Hosting',
    ]);
    const open = withRows((row) => ({ ...row, verdict: 'INSUFFICIENT' }), 'INSUFFICIENT');
    for (const ask of buildReport(reportFixture({ comparison: open })).asks) expect(ask.owner.en).toBe('us');
  });

  it('does not say twice what the comparison states about its scope', () => {
    const { all } = buildReport(reportFixture()).limitations;
    expect(all.filter((text) => /other evenings/.test(text))).toEqual([]);
    expect(all).toContain('Clients are told apart by address: players behind one NAT count as one client.');
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('asks.md', () => {
  it('has what a network operations centre asks for, from the case and the comparison', () => {
    const text = renderAsksMarkdown(reportFixture());
    expect(text).toContain('arena-1, 203.0.113.10, Example Hosting, AS64500, TY-2');
    expect(text).toContain('- evening: 2026-11-20 11:00–14:00 UTC (20:00–23:00 +09:00, Asia/Tokyo)');
    expect(text).toContain('pppoe, RTT p50: +18.2 ms, 95% CI \\[+15.1, +21.3\\] ms, DEGRADED, 41 clients');
    expect(text).toContain('none between the two windows, as the case states');
    expect(text).toContain('`(ip.addr == 203.0.113.10) && frame.time >= "2026-11-20T11:00:00Z"');
    expect(text).toContain('Re-test date: 2026-12-08');
  });

  it('says what the case does not state, instead of leaving it out', () => {
    const described = caseFixture();
    delete described.changes;
    delete described.contact;
    const text = renderAsksMarkdown(reportFixture({ case: described, captures: [] }));
    for (const section of ['Changes on our side', 'Captures', 'Contact'])
      expect(text.slice(text.indexOf(`## ${section}`))).toMatch(
        new RegExp(`^## ${section}\\n\\n(- )?not stated in the case`),
      );
  });

  it('lets no name become markup', () => {
    expect(renderAsksMarkdown(stressFixture()).replaceAll('\n', '')).not.toMatch(/<script|\p{Cc}/u);
  });
});
