/** Flow rows leave the core when flows end; users see them in the order in which flows began. */

import type { RawColumn } from '../engine/core.ts';
import { TABLES } from '../engine/abi.generated.ts';
import { Batch } from './batch.ts';
import { gatherRows } from './merge.ts';

/** All pieces as one batch, ascending by flow_id. */
export function sortedFlows(pieces: readonly Batch[]): Batch {
  const columns = TABLES.flows.columns.filter((column) => column.type !== 'host');
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
  const places: { piece: number; row: number; flowId: number }[] = [];
  pieces.forEach((piece, index) => {
    const ids = piece.u32('flow_id');
    for (let row = 0; row < piece.rows; row++) places.push({ piece: index, row, flowId: ids[row] ?? 0 });
  });
  places.sort((a, b) => a.flowId - b.flowId);
  const fromTable = Uint32Array.from(places, ({ piece }) => piece);
  const fromRow = Uint32Array.from(places, ({ row }) => row);
  const empty: RawColumn = { data: new Uint8Array(0), validity: null };
  const raw = columns.map((column) =>
    gatherRows(
      pieces.map((piece) => ({ rows: piece.rows, column: piece.raw(column.name) ?? empty })),
      rows,
      fromTable,
      fromRow,
    ),
  );
  return new Batch('flows', { rows, columns: raw });
}
