/** Loss of small packets against large ones, from tables whose truth is drawn: clear differences are told, chance is not. */
import { describe, expect, it } from 'vitest';
import { Changes } from '../../../src/findings/changes.ts';
import { lossBySize } from '../../../src/findings/rules/loss-by-size.ts';
import { createRandom } from '../../../src/statistics/random.ts';
import type { Finding } from '../../../src/findings/types.ts';
import { flowsOf, type Row } from '../../helpers/tables.ts';

const SECOND = 1_000_000_000n;
type Size = 'game' | 'bulk';

interface Given {
  readonly client: number;
  readonly size: Size;
  readonly lost: number;
  readonly packets?: number;
  readonly more?: Row;
}

/** A flow whose packets toward the client are small or large. */
function flow(id: number, { client, size, lost, packets = 5000, more = {} }: Given): Row {
  const isTcp = size === 'bulk';
  return {
    flow_id: id,
    protocol: isTcp ? 6 : 17,
    initiator: client,
    responder: '203.0.113.10',
    first_timestamp_ns: 0n,
    last_timestamp_ns: 600n * SECOND,
    forward_packets: 1000,
    reverse_packets: packets,
    reverse_bytes: BigInt(packets * (isTcp ? 1400 : 180)),
    reverse_lost_packets: lost,
    reverse_loss_ratio: lost / (packets + lost),
    reverse_loss_method: isTcp ? (lost > 0 ? 'tcp_sequence_hole' : 'tcp_retransmission') : 'sequence_gap',
    ...more,
  };
}

const found = (given: readonly Given[]): Finding | null =>
  lossBySize(flowsOf(given.map((one, index) => flow(index + 1, one))), new Changes());

/** Eight clients that play and download, with these losses of either. */
const eight = (lossOf: (client: number, size: Size) => number, more?: (size: Size) => Row): Given[] =>
  [1, 2, 3, 4, 5, 6, 7, 8].flatMap((client) =>
    (['game', 'bulk'] as const).map((size) => ({
      client,
      size,
      lost: lossOf(client, size),
      ...(more === undefined ? {} : { more: more(size) }),
    })),
  );

const policed = (client: number, size: Size): number =>
  size === 'bulk' ? 90 + 7 * client : 3 + (client % 3);

describe('loss by size', () => {
  it('is told per direction with counts, ratios and the interval over clients', () => {
    const finding = found(eight(policed));
    expect(finding?.id).toBe('loss/by-size');
    expect(finding?.claim).toMatch(
      /^loss differs by the size of packets: toward the initiator bulk-sized packets 2\.37 % \(972 lost in 8 flows of 8 clients\), game-sized packets 0\.08 % \(33 lost in 8 flows of 8 clients\): \d\.\d\d % to \d\.\d\d % apart \(99 % interval over clients\)$/,
    );
    expect(finding?.count).toBe(972);
    expect(finding?.limits).toContain('congestion control');
  });

  it('is told the other way round, too', () => {
    const finding = found(eight((client, size) => policed(client, size === 'bulk' ? 'game' : 'bulk')));
    expect(finding?.claim).toContain('toward the initiator game-sized packets 2.37 %');
  });

  it('is not told of one client that carries all, of little difference, or of the same loss', () => {
    expect(found(eight((client, size) => (size === 'bulk' && client === 4 ? 900 : 2)))).toBeNull();
    expect(found(eight((client, size) => (size === 'bulk' ? 8 + (client % 2) : 5)))).toBeNull();
    expect(found(eight((client) => 100 + 7 * client))).toBeNull();
  });

  it('needs five clients or flows of each size, packets and losses', () => {
    const few = (clients: number): Given[] => eight(policed).filter(({ client }) => client <= clients);
    expect(found(few(5))?.claim).toContain('over clients');
    expect(found(few(4))).toBeNull();
    expect(found(eight((_, size) => (size === 'bulk' ? 2 : 0)))).toBeNull();
    const short = eight(policed).map((given) => ({ ...given, packets: 300 }));
    expect(found(short)).toBeNull();
  });

  it('goes by flows where clients are few, and says so', () => {
    const one = eight(policed).map((given) => ({ ...given, client: 1 }));
    expect(found(one)?.claim).toContain('in 8 flows of 1 client): ');
    expect(found(one)?.claim).toContain('interval over flows');
  });

  it('cannot be told where TCP lost behind the capture point and UDP shows only what was lost before it', () => {
    const beyond = (size: Size): Row =>
      size === 'bulk' ? { reverse_loss_method: 'tcp_retransmission' } : {};
    expect(found(eight(policed, beyond))).toBeNull();
  });

  it('cannot be told of bulk and game at different times', () => {
    const later = (size: Size): Row =>
      size === 'bulk' ? { first_timestamp_ns: 900n * SECOND, last_timestamp_ns: 1500n * SECOND } : {};
    expect(found(eight(policed, later))).toBeNull();
  });

  it('cannot be told where offload merged segments: those are no packets of the path', () => {
    const merged = (size: Size): Row => (size === 'bulk' ? { reverse_max_ip_len_bytes: 2840 } : {});
    expect(found(eight(policed, merged))).toBeNull();
    const plain = (size: Size): Row => ({ reverse_max_ip_len_bytes: size === 'bulk' ? 1500 : 380 });
    expect(found(eight(policed, plain))).not.toBeNull();
  });

  it('takes neither acknowledgments of TCP for game packets nor sizes in between for either', () => {
    const acknowledging = (size: Size): Row => (size === 'game' ? { protocol: 6 } : {});
    expect(found(eight(policed, acknowledging))).toBeNull();
    const between = (size: Size): Row => (size === 'game' ? { reverse_bytes: BigInt(5000 * 700) } : {});
    expect(found(eight(policed, between))).toBeNull();
  });

  it('is hardly ever told of chance: clients with heavy-tailed loss, the same for both sizes', () => {
    const source = createRandom(20_261_121);
    const random = (): number => source.unit();
    const exponential = (): number => -Math.log(1 - random());
    const evenings = 400;
    let told = 0;
    for (let evening = 0; evening < evenings; evening++) {
      const clients = 5 + Math.floor(random() * 20);
      const given = Array.from({ length: clients }, (_, client) =>
        (['game', 'bulk'] as const).map((size) => ({
          client,
          size,
          // Bursts: every flow draws its own mean, the square of an exponential, around 0.5 %.
          lost: Math.round(12.5 * exponential() ** 2),
        })),
      ).flat();
      if (found(given) !== null) told += 1;
    }
    expect(told / evenings).toBeLessThan(0.01);
  });
});
