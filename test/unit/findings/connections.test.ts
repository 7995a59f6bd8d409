/** Rules over flow tables made by hand: each finding appears where it must, with its numbers, and nowhere else. */
import { describe, expect, it } from 'vitest';
import { findingsOf } from '../../../src/findings/catalog.ts';
import { Changes } from '../../../src/findings/changes.ts';
import { flowsOf, type Row } from '../../helpers/tables.ts';

const SECOND = 1_000_000_000n;

function connection(index: number, more: Row): Row {
  const begin = BigInt(index) * SECOND;
  return {
    flow_id: index + 1,
    initiator: 1,
    responder: 2,
    responder_port: 443,
    first_timestamp_ns: begin,
    last_timestamp_ns: begin + SECOND / 2n,
    handshake_attempts: 1,
    forward_payload_bytes: 200,
    reverse_payload_bytes: 300,
    reverse_packets: 3,
    connection_state: 'closed',
    ...more,
  };
}
const many = (count: number, more: (index: number) => Row): Row[] =>
  Array.from({ length: count }, (_, index) => connection(index, more(index)));
const ids = (rows: readonly Row[]): string[] => findingsOf(flowsOf(rows), new Changes()).map(({ id }) => id);

describe('connection findings', () => {
  it('says nothing of connections that open, carry and close', () => {
    const calm = many(40, (index) => ({ forward_payload_bytes: 1_000_000, initiator: index }));
    expect(ids(calm)).toEqual([]);
  });

  it('tells refused, unanswered, unfinished and repeated SYNs apart', () => {
    const rows = [
      ...many(3, () => ({ connection_state: 'refused' })),
      ...many(2, () => ({ connection_state: 'half_open', reverse_packets: 0, handshake_attempts: 3 })),
      connection(9, { connection_state: 'half_open' }),
      connection(10, {}),
    ];
    const found = new Map(findingsOf(flowsOf(rows), new Changes()).map((finding) => [finding.id, finding]));
    expect([...found.keys()]).toEqual([
      'connection/refused',
      'connection/unanswered',
      'connection/unfinished',
      'connection/syn-retransmitted',
    ]);
    expect([...found.values()].map(({ count }) => count)).toEqual([3, 2, 1, 2]);
    expect(found.get('connection/refused')?.claim).toContain('3 of 7 TCP connections');
    expect(found.get('connection/syn-retransmitted')?.claim).toContain('4 SYNs too many');
  });

  it('names who resets', () => {
    const by = (end: string): Row => connection(1, { connection_state: 'reset', reset_by: end });
    expect(ids([by('initiator'), by('responder'), by('responder')])).toEqual([
      'connection/reset-by-responder',
      'connection/reset-by-initiator',
    ]);
  });

  it('finds churn from 60 small connections in a minute on, and not below or when they carry much', () => {
    const spaced = (count: number, bytes: number): Row[] =>
      many(count, (index) => ({
        first_timestamp_ns: (BigInt(index) * SECOND) / 2n,
        last_timestamp_ns: (BigInt(index) * SECOND) / 2n + 1n,
        forward_payload_bytes: bytes,
      }));
    expect(ids(spaced(59, 500))).toEqual([]);
    expect(ids(spaced(60, 500))).toEqual(['connection/churn']);
    expect(ids(spaced(60, 20_000))).toEqual([]);
  });

  it('finds half-closed connections that linger, and the growth of what stays open', () => {
    const rows = many(120, () => ({ connection_state: 'half_closed', forward_payload_bytes: 50_000 }));
    const found = findingsOf(flowsOf(rows), new Changes());
    expect(found.map(({ id }) => id)).toEqual(['connection/half-closed', 'connection/concurrent']);
    const [lingering, concurrent] = found;
    // The last ends at 119.5 s; those that fell silent before 59.5 s have lingered for a minute.
    expect(lingering?.count).toBe(59);
    expect(concurrent?.count).toBe(120);
    expect(concurrent?.claim).toContain('only ever grew');
    expect(concurrent?.trend?.direction).toBe('rising');
    expect(concurrent?.trend?.counts.at(-1)).toBe(120);
  });
});
