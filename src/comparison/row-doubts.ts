/** Doubts that one row casts on another: failed connections on delays, capture drops on loss. */
import type { CohortInput, DraftRow } from './row.ts';

export function withDoubts(input: CohortInput, rows: readonly DraftRow[]): DraftRow[] {
  const connect = rows.find((row) => row.metric === 'connect_failure_ratio')!;
  const rises =
    connect.verdict === 'DEGRADED' ||
    (connect.difference !== null && connect.difference > 0 && connect.verdict !== 'EQUIVALENT');
  const loss = rows.find((row) => row.metric === 'loss_ratio')!;
  const drops = input.captureDropRatio;
  const dropsDominate = drops !== null && loss.evening !== null && drops > loss.evening / 2;
  const refused = [input.baseline, input.evening].map((p) =>
    p.connects.reduce((sum, c) => sum + c.refused, 0),
  );
  return rows.map((row) => {
    const notes = [...row.notes];
    let { verdict, needed } = row;
    if (row.metric === 'connect_failure_ratio') {
      if (refused[0]! + refused[1]! > 0) {
        notes.push(
          `refused connections are replies and not counted: ${refused[0]} baseline, ${refused[1]} evening`,
        );
      }
    } else if (rises) {
      notes.push(
        'conditional on connecting: more attempts failed to connect in the evening, and they have no delay',
      );
    }
    if (dropsDominate && (row.metric.startsWith('loss_') || row.metric === 'deadline_miss_ratio')) {
      notes.push('the capture itself missed more than half as many packets as the loss claimed');
      if (verdict !== 'INSUFFICIENT') {
        verdict = 'INCONCLUSIVE';
        needed = {
          clients: row.clients,
          minutes: Math.min(input.baseline.minutes, input.evening.minutes),
          reason: 'capture again without drops',
        };
      }
    }
    return { ...row, verdict, needed, notes };
  });
}
