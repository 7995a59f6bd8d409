/** The ticket, the update and the runbook pages: what a case gives is in them, what it does not give is named as missing. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { PRESETS } from '../../../src/case/schema.ts';
import { parseTrace, readTrace } from '../../../src/case/trace.ts';
import { renderAsksMarkdown } from '../../../src/report/asks-markdown.ts';
import type { ReportInput } from '../../../src/report/input.ts';
import { PRESET_DATA } from '../../../src/report/presets/catalog.ts';
import { renderReportHtml } from '../../../src/report/html.ts';
import { runbookPages } from '../../../src/report/runbook-page.ts';
import { RUNBOOKS } from '../../../src/report/runbooks.ts';
import { renderTerminal } from '../../../src/report/terminal.ts';
import { renderUpdateMarkdown } from '../../../src/report/update.ts';
import { VERDICTS } from '../../../src/report/words.ts';
import { findingIds } from '../../helpers/finding-ids.ts';
import { reportFixture } from './fixture.ts';

function withCase(more: object): ReportInput {
  const input = reportFixture();
  return { ...input, case: { ...input.case!, ...more } };
}
const trace = parseTrace(
  '  1.|-- 192.0.2.1  12.0%  1000  4.4  4.5  4.3  9.0  0.1\n  2.|-- 203.0.113.10  0.0%  1000  12.4  12.5  12.3  19.0  0.1\n',
  'x',
);

describe('asks.md', () => {
  it.each(PRESETS)(
    'the form of %s: every field is filled or missing, and says which key fills it',
    (preset) => {
      const text = renderAsksMarkdown(withCase({ ticket: { preset, fields: {} } }));
      const data = PRESET_DATA[preset];
      expect(text).toContain(`## What ${data.name} asks for`);
      for (const { key, label, from } of data.fields) {
        const line = text.split('\n').find((entry) => entry.startsWith(`- ${label}: `));
        expect(line, label).toBeDefined();
        if (from !== 'given') continue;
        expect(line).toContain(`**missing** (\`ticket.fields.${key}\``);
        const given = renderAsksMarkdown(withCase({ ticket: { preset, fields: { [key]: 'the value' } } }));
        expect(given).toContain(`- ${label}: the value`);
      }
    },
  );

  it('has every part that any provider wants', () => {
    const text = renderAsksMarkdown({
      ...withCase({ symptoms: ['teleporting enemies'] }),
      examples: { failing: ['UDP 192.0.2.1 port 5 → 203.0.113.10 port 7'], healthy: [] },
    });
    const parts = [
      'When',
      'Where',
      'Business impact',
      'Recurrence',
      'Five-tuples',
      'Direction',
      'What got worse',
      'What did not',
    ];
    for (const part of [
      ...parts,
      'Asks',
      'Solved when',
      'Changes on our side',
      'Captures',
      'Limitations',
      'Contact',
    ])
      expect(text).toContain(`## ${part}\n`);
    expect(text).toContain('players report: teleporting enemies');
    expect(text).toContain('failing: `UDP 192.0.2.1 port 5');
    expect(text).toMatch(/> \\\[2026-11-20 .* UTC\\\] pppoe → .* RTT p50 \+18\.2 ms/);
  });

  it('shows a trace with what it cannot say', () => {
    const facts = {
      name: 'trace-1',
      from: 'client',
      state: 'failing',
      at: null,
      trace,
      reading: readTrace(trace),
    } as const;
    const input = { ...reportFixture(), traces: [facts] };
    const text = renderAsksMarkdown(input);
    expect(text).toContain('routers limit such answers');
    expect(text).toContain('hop 1 left probes unanswered that later hops answered: limited answers, no loss');
    expect(text).toContain('| 2 | 203.0.113.10 | n/a | 1000 | 0');
    expect(text).toContain('the other direction is **missing**');
    expect(renderReportHtml(input)).toContain('Traces, beside the packet evidence');
    expect(renderReportHtml(reportFixture())).not.toContain('Traces, beside');
  });
});

describe('update.md', () => {
  it('says up to when its evidence goes, and where each sentence comes from', () => {
    const text = renderUpdateMarkdown(reportFixture());
    expect(text).toContain(`Evidence up to ${reportFixture().comparison.periods.evening.last!}`);
    expect(text).toContain(
      'confirmed by measurement; cause not yet known (DEGRADED, 悪化; `comparison.verdict`)',
    );
    const facts = text.split('\n').filter((line) => line.startsWith('- ') && !/Owner:/.test(line));
    for (const line of facts) expect(line).toMatch(/`[a-z_.[\]=,/0-9\\-]+`\)$/);
  });
});

describe('runbooks', () => {
  it('there is a page for every verdict and every finding', () => {
    const ids = RUNBOOKS.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const verdict of Object.keys(VERDICTS)) expect(ids).toContain(`verdict/${verdict}`);
    for (const id of findingIds()) expect(ids).toContain(id);
    expect(ids.filter((id) => !id.startsWith('verdict/')).sort()).toEqual([...findingIds()].sort());
  });

  it('every lagdiff command is one, with options that exist', async () => {
    const commands = RUNBOOKS.flatMap(({ next }) => next.map(({ command }) => command)).filter((text) =>
      text.startsWith('lagdiff '),
    );
    expect(commands.length).toBeGreaterThan(5);
    for (const text of commands) {
      const [, command = ''] = text.split(' ');
      let help = '';
      const io = { write: (piece: string, done?: () => void) => ((help += piece), done?.(), true) };
      const code = await run([command, '--help'], {
        stdin: process.stdin,
        stdout: io as never,
        stderr: io as never,
        env: {},
        cwd: '/',
        now: () => '2026-01-01T00:00:00Z',
      });
      expect(code, text).toBe(0);
      for (const [option] of text.matchAll(/--[a-z-]+/g)) expect(help, text).toContain(option);
    }
  });

  it('every shell command is one that a shell can read', () => {
    for (const { command } of RUNBOOKS.flatMap(({ next }) => next))
      expect(spawnSync('sh', ['-n', '-c', command]).status, command).toBe(0);
  });

  it('an annex has pages for its verdict and its findings', () => {
    const input = reportFixture();
    const finding = {
      id: 'loss/above-limit',
      severity: 'warning',
      claim: 'C',
      threshold: 'T',
      limits: 'L',
      count: 1,
    } as const;
    const pages = runbookPages({ ...input, findings: [finding] });
    expect(pages.map(({ id }) => id)).toEqual(['verdict-degraded', 'loss-above-limit']);
    expect(pages[1]?.text).toContain('- here: C Does not show: L.');
  });
});

describe('what captures cannot carry is said first', () => {
  const quality = [
    {
      period: 'evening',
      metric: 'rtt',
      effect: 'weakened',
      because: 'capture/coarse-clock',
      reason: 'to the step',
    },
    {
      period: 'evening',
      metric: 'delay_variation',
      effect: 'withheld',
      because: 'capture/coarse-clock',
      reason: 'too coarse',
    },
    {
      period: 'baseline',
      metric: 'delay_variation',
      effect: 'withheld',
      because: 'capture/coarse-clock',
      reason: 'too coarse',
    },
  ] as const;

  it('on a terminal, before the verdict', () => {
    const text = renderTerminal(reportFixture().comparison, { width: 200, color: false, quality });
    const lines = text.split('\n');
    expect(lines[0]).toBe('what these captures cannot tell');
    expect(lines[1]).toBe(
      '  withheld: delay variation (evening and baseline): too coarse [capture/coarse-clock]; rows: PDV p95',
    );
    expect(lines[2]).toMatch(/^ {2}weakened: rtt \(evening\): .*rows: RTT p50, RTT p95/);
    expect(lines[4]).toMatch(/^DEGRADED/);
  });

  it('in report.html, in the first section', () => {
    const html = renderReportHtml({ ...reportFixture(), quality });
    expect(html.indexOf('<b>withheld</b> delay variation')).toBeGreaterThan(0);
    expect(html.indexOf('<b>withheld</b>')).toBeLessThan(html.indexOf('<h2>Verdict'));
    expect(renderReportHtml({ ...reportFixture(), quality: [] })).toContain(
      'withhold no metric and weaken none',
    );
  });
});
