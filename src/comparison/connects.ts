/** Connection attempts per client and minute: never-connected players come first, for they have no delay to show (S0). */
import { minuteOf } from './flow-samples.ts';
import type { FlowView } from './player-cells.ts';
import type { ConnectCell } from './player-minutes.ts';
import type { FlowRow } from './table-batches.ts';

const TCP = 6;
const CONNECT_TIMEOUT_NS = 3_000_000_000n;

export function countConnects(
  views: readonly FlowView[],
  lastNs: bigint | null,
  firstMinute: number,
  minutes: number,
  clientIsInitiator: (row: FlowRow) => boolean,
): ConnectCell[] {
  const cells = new Map<
    number,
    { client: number; minute: number; attempts: number; failures: number; refused: number }
  >();
  for (const { row, client } of views) {
    if (row.protocol !== TCP || (row.handshakeAttempts ?? 0) < 1 || !clientIsInitiator(row)) continue;
    const unanswered =
      row.connectionState === 'half_open' && row.rttHandshakeNs === null && (row.reversePackets ?? 0) === 0;
    // A SYN in the last three seconds of the capture has not had its time yet.
    if (unanswered && lastNs !== null && row.firstTimestampNs + CONNECT_TIMEOUT_NS > lastNs) continue;
    const minute = Math.min(
      Math.max(minuteOf(row.firstTimestampNs) - firstMinute, 0),
      Math.max(0, minutes - 1),
    );
    const key = client * (minutes + 1) + minute;
    const cell = cells.get(key) ?? { client, minute, attempts: 0, failures: 0, refused: 0 };
    cell.attempts++;
    if (unanswered) cell.failures++;
    if (row.connectionState === 'refused') cell.refused++;
    cells.set(key, cell);
  }
  return [...cells.values()].sort((a, b) => a.client - b.client || a.minute - b.minute);
}
