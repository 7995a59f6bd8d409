/** The calibration as a page of Markdown. */
import { accept, isGated, type Simulated } from './acceptance.ts';
import { LOSS_MARGIN } from './loss.ts';

const percent = (events: number, of: number): string =>
  of === 0 ? '–' : `${((100 * events) / of).toFixed(1)} %`;

export function calibrationPage(simulated: Simulated, command: string, replicates: number): string {
  const lines = [
    '# Calibration of the comparison',
    '',
    `Made by \`${command}\`; ${replicates} bootstrap replicates per pair (the product uses 2000; fewer only add noise to the width).`,
    'Every number comes from simulated player-minutes with a known truth through the code that ships: block rule, gates,',
    'resampling, judgement. δ = 5 ms (p50) and 10 ms (p95). A constant shifts a quantile by itself, so one pair serves the truths 0, δ and 2δ.',
    'Rates of words are shares of all pairs; an INSUFFICIENT pair counts as no word. Coverage is a share of the intervals given.',
    'Judged: a headline cell of 1000 pairs by its exact upper 95 % bound where the protocol names one, any other cell by its lower bound.',
    '',
    '## Acceptance',
    '',
    '| | wanted | found | |',
    '|---|---|---|---|',
    ...accept(simulated).map(
      ({ id, wanted, found, passed }) =>
        `| ${id} | ${wanted} | ${found} | ${passed ? 'met' : '**not met**'} |`,
    ),
    '',
    '## Windows',
    '',
    'C clients, T minutes, shared queue SD in ms, tau = decay of the queues in minutes (integrated time is about twice that).',
    '**Bold**: a headline cell.',
    '',
    '| cell | pairs | INSUFFICIENT | of | coverage | half-width ms | EQUIVALENT at 0 | DEGRADED at 0 | DEGRADED at δ | EQUIVALENT at δ | DEGRADED at 2δ |',
    '|---|---|---|---|---|---|---|---|---|---|---|',
    ...simulated.windows.flatMap((window) =>
      window.quantiles.map((t, at) => {
        const given = window.pairs - t.refused;
        const name = at === 0 ? (window.headline ? `**${window.id}**` : window.id) : '';
        return (
          `| ${name} | ${at === 0 ? window.pairs : ''} | ${percent(t.refused, window.pairs)}${isGated({ pairs: window.pairs, refused: t.refused }) ? ' gated' : ''} ` +
          `| ${at === 0 ? 'p50' : 'p95'} | ${percent(t.covered, given)} | ${given === 0 ? '–' : (t.halfWidthNs / given / 1e6).toFixed(1)} ` +
          `| ${percent(t.equivalentAtZero, window.pairs)} | ${percent(t.degradedAtZero, window.pairs)} ` +
          `| ${percent(t.degradedAtMargin, window.pairs)} | ${percent(t.equivalentAtMargin, window.pairs)} | ${percent(t.degradedAtTwice, window.pairs)} |`
        );
      }),
    ),
    '',
    '## Loss',
    '',
    'Gilbert bursts (mean length in packets), 1200 packets per player-minute, clients lognormal around the mean ratio, a shared',
    `multiplier of which the logarithm swings by "shared". δ = ${100 * LOSS_MARGIN} points; evenings at 0, δ and 2δ are drawn anew.`,
    '',
    '| cell | pairs | INSUFFICIENT | coverage | half-width points | EQUIVALENT at 0 | DEGRADED at 0 | DEGRADED at δ | EQUIVALENT at δ | DEGRADED at 2δ |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...simulated.loss.map((t) => {
      const given = t.pairs - t.refused;
      return (
        `| ${t.id} | ${t.pairs} | ${percent(t.refused, t.pairs)} | ${percent(t.covered, given)} | ${given === 0 ? '–' : ((100 * t.halfWidth) / given).toFixed(2)} ` +
        `| ${percent(t.equivalentAtZero, t.pairs)} | ${percent(t.degradedAtZero, t.pairs)} ` +
        `| ${percent(t.degradedAtMargin, t.pairs)} | ${percent(t.equivalentAtMargin, t.pairs)} | ${percent(t.degradedAtTwice, t.pairs)} |`
      );
    }),
    '',
    '## Paired days',
    '',
    '| | false alarms | of | 95 % interval |',
    '|---|---|---|---|',
    ...simulated.days.map(
      (day) =>
        `| ${day.id} | ${day.events} | ${day.trials} | ${percent(day.interval[0], 1)} to ${percent(day.interval[1], 1)} |`,
    ),
    '',
    '## Negative control',
    '',
    `${simulated.packets.id}: ${percent(simulated.packets.events, simulated.packets.trials)} of ${simulated.packets.trials}. That is why packets are not the unit.`,
    '',
  ];
  return lines.join('\n');
}
