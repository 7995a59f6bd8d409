/** Gates before any statistics (S0): are these two periods of the same thing? */
import type { PlayerMinutes } from './player-minutes.ts';
import type { DiagnosticRecord } from './types.ts';

export interface PeriodChecks {
  readonly diagnostics: readonly DiagnosticRecord[];
  /** Reasons that void every row. */
  readonly refusals: readonly string[];
}

export function checkPeriods(baseline: PlayerMinutes, evening: PlayerMinutes): PeriodChecks {
  const diagnostics: DiagnosticRecord[] = [];
  const refusals: string[] = [];
  const say = (id: string, severity: DiagnosticRecord['severity'], count: number, message: string): void => {
    diagnostics.push({ id: `comparison/${id}`, severity, count, message, first: null });
  };

  const after = new Set(evening.servers);
  const common = baseline.servers.filter((server) => after.has(server)).length;
  const apart = baseline.servers.length + evening.servers.length - 2 * common;
  if (common === 0 && apart > 0) {
    refusals.push('the two periods have no server in common');
    say(
      'servers-disjoint',
      'error',
      apart,
      'the two periods have no server in common; nothing can be compared',
    );
  } else if (apart > 0) {
    say(
      'server-set-differs',
      'notice',
      apart,
      `${common} servers are in both periods, ${apart} in only one; a difference may come from the servers`,
    );
  }
  const bothMeasured = baseline.rttSamples > 0 && evening.rttSamples > 0;
  if (bothMeasured && baseline.vantage !== evening.vantage) {
    refusals.push(
      `the baseline was captured at the ${baseline.vantage}, the evening at the ${evening.vantage}`,
    );
    say(
      'vantage-differs',
      'error',
      1,
      `the baseline looks captured at the ${baseline.vantage} (${baseline.vantageReason}), ` +
        `the evening at the ${evening.vantage} (${evening.vantageReason})`,
    );
  }
  for (const [name, period] of [
    ['baseline', baseline],
    ['evening', evening],
  ] as const) {
    if (period.minutes === 0) {
      say(
        'no-whole-minute',
        'notice',
        1,
        `the ${name} has no whole minute left after 30 s are dropped at each end`,
      );
    }
    if (period.orphanRows > 0) {
      say(
        'orphan-rows',
        'notice',
        period.orphanRows,
        `the ${name} has samples of flows that the flow table lacks`,
      );
    }
  }
  if (overlap(baseline, evening)) {
    say('periods-overlap', 'notice', 1, 'the two periods overlap in time; they are not independent');
  }
  return { diagnostics, refusals };
}

function overlap(a: PlayerMinutes, b: PlayerMinutes): boolean {
  if (a.firstTimestampNs === null || b.firstTimestampNs === null) return false;
  return a.firstTimestampNs <= b.lastTimestampNs! && b.firstTimestampNs <= a.lastTimestampNs!;
}
