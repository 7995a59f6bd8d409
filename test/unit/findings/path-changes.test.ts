/** Rules about the number of routers, from captures of the generator: a route that changed, and what only looks like it. */
import { describe, expect, it } from 'vitest';
import { tcpFlags, tcpPacket, udpPacket } from '../../generators/packets.ts';
import { findingsReader, type At } from '../../helpers/findings.ts';

const findings = findingsReader(/^path\//);
const SERVER = '203.0.113.10';

interface Sending {
  readonly src?: string;
  readonly dst?: string;
  /** The player's port. */
  readonly port: number;
  /** TTL at a time. */
  readonly ttl: (atMs: number) => number;
  readonly everyMs?: number;
  readonly fromMs?: number;
  readonly untilMs?: number;
}

/** One direction of a game, from the server unless said otherwise. */
function sending({
  src = SERVER,
  dst = '198.51.100.7',
  port,
  ttl,
  everyMs = 200,
  fromMs = 0,
  untilMs = 60_000,
}: Sending): At[] {
  const count = Math.ceil((untilMs - fromMs) / everyMs);
  return Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * everyMs + (port % 100);
    const payload = new Uint8Array(60 + (index % 7)).fill(index & 0xff);
    return {
      atMs,
      packet: udpPacket(
        { src, dst, id: (index * 7 + port) & 0xffff, ttl: ttl(atMs) },
        { srcPort: 27_015, dstPort: port, payload },
      ),
    };
  });
}

const steps = (atMs: number, before: number, after: number) => (now: number) => (now < atMs ? before : after);

describe('a route that changes', () => {
  it('is a step that two flows of one server take together and keep', async () => {
    const [found, ...more] = await findings([
      ...sending({ port: 50_010, dst: '198.51.100.7', ttl: steps(30_000, 57, 54) }),
      ...sending({ port: 50_020, dst: '192.0.2.9', ttl: steps(30_000, 55, 52) }),
      ...sending({ port: 50_030, dst: '192.0.2.77', ttl: () => 55 }),
    ]);
    expect(more).toEqual([]);
    expect(found?.id).toBe('path/route-change');
    expect(found?.claim).toBe(
      'the way from 203.0.113.10 has 3 more routers from 2026-11-21T10:00:30.010000000Z on: the TTL of 2 flows stepped and stayed',
    );
    expect(found?.count).toBe(2);
    expect(found?.flow_ids).toEqual([1, 2]);
    expect(found?.trend?.counts).toEqual([0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
  });

  it('is told of one network whose hosts step together, and counts a second step', async () => {
    const ttl = (now: number): number => (now < 20_000 ? 57 : now < 40_000 ? 60 : 57);
    const [found] = await findings([
      ...sending({ port: 50_010, src: '203.0.113.10', ttl }),
      ...sending({ port: 50_020, src: '203.0.113.11', ttl }),
    ]);
    expect(found?.claim).toContain('from 2 hosts of one network has 3 fewer routers');
    expect(found?.claim).toContain('1 more such step');
  });

  it('is told of IPv6, where a site’s /48 is one network and the next is another', async () => {
    const from = (src: string, port: number): At[] =>
      sending({ src, dst: '2001:db8:ffff::7', port, ttl: steps(30_000, 57, 54) });
    const [found] = await findings([
      ...from('2001:db8:1:1::10', 50_010),
      ...from('2001:db8:1:2::11', 50_020),
    ]);
    expect(found?.claim).toContain('from 2 hosts of one network has 3 more routers');
    const apart = [...from('2001:db8:1:1::10', 50_010), ...from('2001:db8:2:1::11', 50_020)];
    expect((await findings(apart)).map(({ id }) => id)).toEqual(['path/ttl-changes']);
  });

  it('near one receiver is a step of three flows from several networks', async () => {
    const from = (src: string, port: number): At[] =>
      sending({ src, dst: '198.51.100.7', port, ttl: steps(30_000, 50, 48) });
    const two = [...from('203.0.113.10', 50_010), ...from('192.0.2.10', 50_020)];
    expect((await findings(two)).map(({ id }) => id)).toEqual(['path/ttl-changes']);
    const [found] = await findings([...two, ...from('198.18.0.1', 50_030)]);
    expect(found?.claim).toContain('from 3 hosts of several networks to one host has 2 more routers');
  });

  it('is not what one flow shows alone, nor what two show at different times or by different numbers', async () => {
    for (const other of [() => 57, steps(40_000, 57, 54), steps(30_000, 57, 55)]) {
      const found = await findings([
        ...sending({ port: 50_010, ttl: steps(30_000, 57, 54) }),
        ...sending({ port: 50_020, ttl: other }),
      ]);
      expect(found.map(({ id }) => id)).toEqual(['path/ttl-changes']);
      expect(found[0]?.claim).toContain('without going back');
    }
  });

  it('is not two flows that alternate all the time', async () => {
    const ttl = (now: number): number => (Math.floor(now / 1000) % 2 === 0 ? 57 : 56);
    const found = await findings([...sending({ port: 50_010, ttl }), ...sending({ port: 50_020, ttl })]);
    expect(found.map(({ id }) => id)).toEqual(['path/ttl-changes']);
    expect(found[0]?.claim).toContain('2 to and fro');
  });

  it('is not what new flows show within their first seconds, when a filter lets go of them', async () => {
    const ttl = steps(3000, 57, 54);
    const found = await findings([...sending({ port: 50_010, ttl }), ...sending({ port: 50_020, ttl })]);
    expect(found.map(({ id }) => id)).toEqual(['path/ttl-changes']);
  });

  it('is not another system that answers for the host', async () => {
    const ttl = steps(30_000, 57, 121);
    const found = await findings([...sending({ port: 50_010, ttl }), ...sending({ port: 50_020, ttl })]);
    expect(found.map(({ id }) => id)).toEqual(['path/ttl-changes']);
    expect(found[0]?.claim).toContain('2 between values that no one initial TTL explains');
  });

  it('is not a pair of resets that a device sends for the server', async () => {
    const { syn, ack, rst } = tcpFlags;
    const connection = (port: number): At[] => {
      const up = (atMs: number, seq: number, acked: number, flags: number, bytes = 0): At => ({
        atMs: atMs + (port % 100),
        packet: tcpPacket(
          { src: '198.51.100.7', dst: SERVER },
          { srcPort: port, dstPort: 443, seq, ack: acked, flags, payload: new Uint8Array(bytes) },
        ),
      });
      const down = (atMs: number, seq: number, acked: number, flags: number, ttl = 57): At => ({
        atMs: atMs + (port % 100),
        packet: tcpPacket(
          { src: SERVER, dst: '198.51.100.7', ttl },
          { srcPort: 443, dstPort: port, seq, ack: acked, flags, payload: new Uint8Array(0) },
        ),
      });
      const talk = Array.from({ length: 30 }, (_, second) => [
        up(1000 * second + 100, 1001 + 10 * second, 9001, ack, 10),
        down(1000 * second + 120, 9001, 1011 + 10 * second, ack),
      ]);
      return [
        up(0, 1000, 0, syn),
        down(20, 9000, 1001, syn | ack),
        up(40, 1001, 9001, ack),
        ...talk.flat(),
        down(30_000, 9001, 1301, rst | ack, 60),
        // The client of a half-dead session may go on for a while.
        ...[31, 33, 35, 37, 39].map((second) => up(1000 * second, 1301, 9001, ack, 10)),
      ];
    };
    const found = await findings([...connection(50_010), ...connection(50_020)]);
    expect(found.map(({ id }) => id)).toEqual(['path/ttl-changes']);
  });
});

describe('parallel paths', () => {
  const flow = (port: number, ttl: number, more: Partial<Sending> = {}): At[] =>
    sending({ port, ttl: () => ttl, untilMs: 20_000, ...more });

  it('are flows of two hosts that come over different numbers of routers at once, two of each', async () => {
    const [found, ...more] = await findings([
      ...[50_010, 50_011].flatMap((port) => flow(port, 55)),
      ...[50_012, 50_013, 50_014].flatMap((port) => flow(port, 54)),
    ]);
    expect(more).toEqual([]);
    expect(found?.id).toBe('path/parallel-paths');
    expect(found?.claim).toContain('TTL 55 in 2 flows, TTL 54 in 3 flows');
    expect(found?.claim).toContain('or several devices behind one address');
    expect(found?.flow_ids.length).toBe(5);
  });

  it('are not one flow that differs, other initial TTLs, or one path after the other', async () => {
    expect(await findings([...flow(50_010, 55), ...flow(50_011, 55), ...flow(50_012, 54)])).toEqual([]);
    const systems = [50_010, 50_011].flatMap((port) => [...flow(port, 55), ...flow(port + 10, 119)]);
    expect(await findings(systems)).toEqual([]);
    const inTurn = [50_010, 50_011].flatMap((port) => [
      ...flow(port, 55),
      ...flow(port + 10, 54, { fromMs: 30_000, untilMs: 50_000 }),
    ]);
    expect(await findings(inTurn)).toEqual([]);
  });

  it('are not flows to different players, nor what a traced route or a search of the local network sends', async () => {
    const players = [50_010, 50_011].flatMap((port) => [
      ...flow(port, 55, { dst: '198.51.100.7' }),
      ...flow(port + 10, 54, { dst: '198.51.100.8' }),
    ]);
    expect(await findings(players)).toEqual([]);
    const local = [50_010, 50_011].flatMap((port) => [...flow(port, 1), ...flow(port + 10, 4)]);
    expect(await findings(local)).toEqual([]);
  });
});
