/** Rules about DSCP and ECN, from captures of the generator and from tables. */
import { describe, expect, it } from 'vitest';
import { findingsOf } from '../../../src/findings/catalog.ts';
import { TimeCounts } from '../../../src/findings/time-counts.ts';
import { udpPacket } from '../../generators/packets.ts';
import { findingsReader, type At } from '../../helpers/findings.ts';
import { changesOf, flowsOf, type Row } from '../../helpers/tables.ts';

const SERVER = '203.0.113.10';
const marking = findingsReader(/^marking\//);

interface Tunnel {
  readonly client: string;
  /** DSCP of the server's packets as they arrive: handshake and data. */
  readonly handshake: number;
  readonly data: number;
  /** Of the client's. */
  readonly own?: number;
  readonly sessions?: number;
  /** DSCP of every tenth packet of data, for tunnels that copy what is inside. */
  readonly copied?: number;
}

/** WireGuard: a session every 120 s that the client begins, 40 packets of data each way in between. */
function wireguard({ client, handshake, data, own = 0, sessions = 2, copied = data }: Tunnel): At[] {
  const packet = (isUp: boolean, dscp: number, payload: Uint8Array): Uint8Array =>
    isUp
      ? udpPacket({ src: client, dst: SERVER, dscp }, { srcPort: 51_820, dstPort: 51_820, payload })
      : udpPacket({ src: SERVER, dst: client, dscp, ttl: 57 }, { srcPort: 51_820, dstPort: 51_820, payload });
  const message = (bytes: number, kind: number, ...numbers: readonly number[]): Uint8Array => {
    const payload = new Uint8Array(bytes).map((_, index) => (index * 37 + kind) & 0xff);
    const view = new DataView(payload.buffer);
    [kind, ...numbers].forEach((number, index) => {
      view.setUint32(index * 4, number, true);
    });
    return payload;
  };
  return Array.from({ length: sessions }, (_, session) => {
    const at = session * 120_000;
    const [ours, theirs] = [0x1000 + session, 0x2000 + session];
    const talk = Array.from({ length: 40 }, (_, count) => [
      { atMs: at + 100 + count * 1000, packet: packet(true, 0, message(64, 4, theirs, count, 0)) },
      {
        atMs: at + 110 + count * 1000,
        packet: packet(false, count % 10 === 5 ? copied : data, message(64, 4, ours, count, 0)),
      },
    ]);
    return [
      { atMs: at, packet: packet(true, own, message(148, 1, ours)) },
      { atMs: at + 10, packet: packet(false, handshake, message(92, 2, theirs, ours)) },
      ...talk.flat(),
    ];
  }).flat();
}

describe('handshakes of WireGuard', () => {
  const kept = wireguard({ client: '198.51.100.1', handshake: 34, data: 0 });

  it('that keep AF41 are no finding, and no change of DSCP either', async () => {
    expect(await marking(kept)).toEqual([]);
  });

  it('whose precedence is cleared are named by RFC 9435', async () => {
    const [found, ...more] = await marking(wireguard({ client: '198.51.100.2', handshake: 2, data: 0 }));
    expect(found?.id).toBe('marking/wireguard-handshake');
    expect(found?.claim).toContain('34 arrives as 2 (Bleach-ToS-Precedence');
    expect(found?.claim).toContain('in 0 it arrives as sent');
    expect(found?.count).toBe(1);
    // The same flow still changes DSCP: to a value that its sender never set.
    expect(more.map(({ id }) => id)).toEqual(['marking/dscp-changes']);
  });

  it('that a session begins with and nothing else has are told, though their value has no name', async () => {
    const [found] = await marking(wireguard({ client: '198.51.100.2', handshake: 24, data: 0 }));
    expect(found?.claim).toContain('34 arrives as 24 (no behaviour that RFC 9435 names) in 1 direction');
  });

  it('that arrive as 0 say nothing of a sender that may not mark', async () => {
    expect(await marking(wireguard({ client: '198.51.100.3', handshake: 0, data: 0 }))).toEqual([]);
  });

  it('that arrive as 0 are bleached where the same sender’s arrive with AF41 elsewhere', async () => {
    const [found, ...more] = await marking([
      ...kept,
      ...wireguard({ client: '198.51.100.3', handshake: 0, data: 0 }),
    ]);
    expect(more).toEqual([]);
    expect(found?.claim).toBe(
      'the way rewrites DSCP: WireGuard handshakes leave Linux with AF41; 34 arrives as 0 (Bleach-DSCP or Re-mark-DSCP) in 1 direction; in 1 it arrives as sent',
    );
    expect(found?.flow_ids.length).toBe(1);
  });

  it('of another sender prove nothing: each system marks for itself', async () => {
    const up = wireguard({ client: '198.51.100.4', handshake: 0, data: 0, own: 34 });
    expect(await marking(up)).toEqual([]);
  });

  it('are not told from data that carry the mark of what is inside', async () => {
    const found = await marking(wireguard({ client: '198.51.100.5', handshake: 0, data: 0, copied: 46 }));
    expect(found.map(({ id }) => id)).toEqual(['marking/dscp-changes']);
    expect(found[0]?.claim).toContain('0 to 46 (8×), 46 to 0 (8×)');
  });
});

const SECOND = 1_000_000_000n;
const flow = (id: number, more: Row): Row => ({
  flow_id: id,
  protocol: 17,
  initiator: id,
  responder: '203.0.113.10',
  responder_port: 27_015,
  first_timestamp_ns: 0n,
  last_timestamp_ns: 60n * SECOND,
  forward_packets: 600,
  reverse_packets: 600,
  ...more,
});
const change = (id: number, second: bigint, detail: number): Row => ({
  flow_id: id,
  direction: 'reverse',
  timestamp_ns: second * SECOND,
  kind: 'dscp_change',
  detail,
});

describe('DSCP that changes while flows run', () => {
  const changed = { reverse_dscp_first: 46, reverse_dscp_changes: 1 };
  const claim = (rows: readonly Row[], events: readonly Row[]): string =>
    findingsOf(flowsOf(rows), changesOf(events)).find(({ id }) => id === 'marking/dscp-changes')?.claim ?? '';

  it('says which values, and when several flows changed together', () => {
    const rows = [flow(1, changed), flow(2, changed), flow(3, {})];
    expect(claim(rows, [change(1, 20n, 46 * 256), change(2, 21n, 46 * 256)])).toBe(
      '2 flows change DSCP while running: 46 to 0 (2×); in 2 flows together, 46 to 0 from 1970-01-01T00:00:20.000000000Z on: a policy or a path changed there',
    );
  });

  it('says nothing of a common cause where they changed apart', () => {
    const rows = [flow(1, changed), flow(2, changed)];
    expect(claim(rows, [change(1, 20n, 46 * 256), change(2, 40n, 46 * 256)])).toBe(
      '2 flows change DSCP while running: 46 to 0 (2×)',
    );
  });
});

describe('congestion marks', () => {
  const path = findingsReader(/^path\//);
  const packets = (ecnAt: (index: number) => number): At[] =>
    Array.from({ length: 240 }, (_, index) => ({
      atMs: index * 100,
      packet: udpPacket(
        { src: SERVER, dst: '198.51.100.7', ecn: ecnAt(index), id: index },
        { srcPort: 27_015, dstPort: 50_000, payload: new Uint8Array(50 + (index % 9)).fill(index) },
      ),
    }));

  it('are counted per direction and followed in time', async () => {
    const [found] = await path(packets((index) => (index >= 120 && index % 4 === 0 ? 3 : 2)));
    expect(found?.id).toBe('path/congestion-marked');
    expect(found?.claim).toBe(
      'routers marked congestion (CE) in 1 flow: 30 packets to the initiator (12.50 %)',
    );
    expect(found?.count).toBe(30);
    expect(found?.trend?.counts).toEqual([0, 0, 0, 0, 0, 0, 5, 5, 5, 5, 5, 5]);
  });

  it('are not what a damaged header or a rewriting device leaves', async () => {
    expect(await path(packets((index) => (index === 7 || index === 90 ? 3 : 2)))).toEqual([]);
    expect(await path(packets(() => 3))).toEqual([]);
  });
});

describe('counts over time', () => {
  it('keep their sum and do not depend on the order, however far apart the instants', () => {
    const times = Array.from({ length: 9000 }, (_, index) => BigInt(index) ** 2n * 1_000_000n);
    const [forward, backward] = [new TimeCounts(), new TimeCounts()];
    for (const time of times) forward.add(time);
    for (const time of [...times].reverse()) backward.add(time);
    const end = times.at(-1) ?? 0n;
    const part = end / 7n;
    const counts = (of: TimeCounts): number[] =>
      [0n, 1n, 2n, 3n, 4n, 5n, 6n].map((index) =>
        of.countIn(index * part, index === 6n ? 2n * end : (index + 1n) * part),
      );
    expect(counts(backward)).toEqual(counts(forward));
    expect(counts(forward).reduce((sum, count) => sum + count, 0)).toBe(9000);
    const exact = times.filter((time) => time < part).length;
    expect(Math.abs((counts(forward)[0] ?? 0) - exact)).toBeLessThan(5);
  });
});
