/** What both ends say reaches the report, the asks and the ticket, and nothing is said where there is one end. */
import { describe, expect, it } from 'vitest';
import { eveningEnds } from '../../../src/report/ends.ts';
import { renderReportHtml } from '../../../src/report/html.ts';
import type { EndsFacts } from '../../../src/report/input.ts';
import { reportFixture } from './fixture.ts';

const way = {
  sent: 4000,
  matched: 3990,
  lost: 10,
  capture_drops: 0,
  loss_ratio: 0.0025,
  queueing_p50_ns: 300_000,
  queueing_p95_ns: 700_000,
  queueing_p99_ns: 900_000,
  withheld: [],
};

const evening: EndsFacts = {
  period: 'evening',
  status: 'paired',
  flows: 19,
  match_ratio: 0.9975,
  rtt_min_ns: 8_700_000,
  offset_low_ns: -41_000_000,
  offset_high_ns: -32_300_000,
  skew_ppm: 0.01,
  clock_steps: 0,
  client_to_server: way,
  server_to_client: { ...way, queueing_p95_ns: 6_300_000 },
  blame: { verdict: 'path return', sentence: 'path return: 95 % of packets queue up to 6.3 ms.' },
};

describe('both ends in a report', () => {
  it('are a section with both directions and the interval of the offset', () => {
    const html = renderReportHtml({ ...reportFixture(), ends: [evening] });
    expect(html).toContain('Both ends');
    expect(html).toContain('between -41.0 ms and -32.3 ms');
    expect(html).toMatch(/server → client<\/td>[^]*6\.3 ms/);
  });

  it('are not spoken of where there is one end', () => {
    expect(renderReportHtml(reportFixture())).not.toContain('<h2>Both ends');
    expect(eveningEnds(reportFixture())).toBeNull();
    expect(eveningEnds({ ...reportFixture(), ends: [{ ...evening, status: 'unrelated' }] })).toBeNull();
  });

  it('name the direction in both languages', () => {
    const said = eveningEnds({ ...reportFixture(), ends: [evening] });
    expect(said?.en).toContain('path return');
    expect(said?.ja).toContain('サーバーからクライアントへの経路');
  });
});
