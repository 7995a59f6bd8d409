/** What `pair` says of checksums, against a simulated path that spoils some. */
import { describe, expect, it } from 'vitest';
import type { ChecksumFigures, Direction, PairDocument } from '../../src/pairing/types.ts';
import { DIRECTIONS } from '../../src/pairing/types.ts';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import { falseMatches, pairScenario, type Paired } from '../helpers/pairing.ts';
import { workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const spoiling = { checksums: { broken: 0.02, damaged: 0.01, removed: 0.03 } } as const;

const total = (figures: ChecksumFigures): number => {
  const all = Object.values<number>({ ...figures }).reduce((sum, packets) => sum + packets, 0);
  return all - figures.broken_unmatched;
};

const found = (document: PairDocument): string[] =>
  document.findings.filter(({ id }) => id.startsWith('path/checksum')).map(({ id }) => id);

const arrived = ({ truth }: Paired, direction: Direction, kind: string, checksum: string) =>
  truth.packets.filter(
    (packet) =>
      packet.direction === direction &&
      packet.kind === kind &&
      packet.checksum === checksum &&
      packet.receiverFrames.length > 0,
  ).length;

describe('checksums on a simulated path', () => {
  for (const [ipVersion, nat] of [
    [4, 'port'],
    [6, 'none'],
  ] as const)
    it(`counts those that the path broke, zeroed and damaged over IPv${ipVersion}`, async () => {
      const paired = await pairScenario(
        scenario({
          seed: 300 + ipVersion,
          durationSeconds: 40,
          ipVersion,
          nat: { client: nat },
          clientToServer: spoiling,
          serverToClient: { checksums: { broken: 0, damaged: 0, removed: 1 } },
          traffic: [{ ...game, clientBytes: [40, 1200] }, connection],
        }),
        folder,
      );
      const { client_to_server: up, server_to_client: down } = paired.pairing.document;
      expect(falseMatches(paired)).toEqual([]);
      const sum = (checksum: string): number =>
        arrived(paired, 'client_to_server', 'game', checksum) +
        arrived(paired, 'client_to_server', 'tcp', checksum);
      expect(up.checksums.broken).toBe(sum('broken'));
      expect(up.checksums.removed).toBe(arrived(paired, 'client_to_server', 'game', 'removed'));
      expect(up.checksums.broken_with_payload).toBe(arrived(paired, 'client_to_server', 'tcp', 'damaged'));
      // A damaged datagram is none that was sent: lost, and no drop of the sender's capture.
      const damaged = arrived(paired, 'client_to_server', 'game', 'damaged');
      expect(damaged).toBeGreaterThan(3);
      expect(up.checksums.broken_unmatched).toBe(damaged);
      expect([up.lost, up.capture_drops_at_sender, up.payload_rewrites]).toEqual([damaged, 0, 0]);
      expect(up.checksums.correct).toBe(sum('kept'));
      expect(total(up.checksums)).toBe(up.matched);
      expect(down.checksums.removed).toBe(arrived(paired, 'server_to_client', 'game', 'removed'));
      expect(found(paired.pairing.document)).toEqual([
        'path/checksum-broken',
        'path/checksum-zeroed',
        'path/checksum-zeroed',
      ]);
      const [broken] = paired.pairing.document.findings.filter(({ id }) => id === 'path/checksum-broken');
      expect(broken!.packets.length).toBeGreaterThan(0);
      expect(broken!.client_filter).toMatch(/^frame\.number in/);
    });

  it('claims nothing of checksums that the cards of both hosts were to fill in', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 310,
        durationSeconds: 30,
        nat: { client: 'port' },
        client: { capture: { leavesChecksums: true } },
        server: { capture: { leavesChecksums: true } },
        traffic: [{ ...game, idleShare: 0.2 }, connection],
      }),
      folder,
    );
    expect(falseMatches(paired)).toEqual([]);
    for (const direction of DIRECTIONS) {
      const { checksums, matched, lost } = paired.pairing.document[direction];
      expect(checksums.unfinished).toBeGreaterThan(0.99 * matched);
      expect(lost).toBe(0);
    }
    expect(found(paired.pairing.document)).toEqual([]);
  });

  it('claims nothing where too little was captured to check', async () => {
    const paired = await pairScenario(
      scenario({
        seed: 311,
        durationSeconds: 30,
        clientToServer: spoiling,
        server: { capture: { snaplenBytes: 96 } },
        traffic: [{ ...game, clientBytes: [100, 400] }],
      }),
      folder,
    );
    const { checksums } = paired.pairing.document.client_to_server;
    expect(checksums.correct + checksums.broken).toBe(0);
    expect(checksums.not_checkable).toBeGreaterThan(500);
  });
});
