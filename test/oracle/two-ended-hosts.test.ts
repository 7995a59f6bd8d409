/** Delay of a host itself, against a simulated path that is innocent. */
import { describe, expect, it } from 'vitest';
import { connection, game, scenario } from '../generators/two-ended/scenario.ts';
import { pairScenario } from '../helpers/pairing.ts';
import { workFolder } from '../helpers/small-captures.ts';

const folder = workFolder();
const transfers = { ...connection, burstSeconds: 1, uploadBytes: 24_000 } as const;

describe('a host that answers late', () => {
  for (const seed of [1, 2, 3])
    it(`is blamed, with the time and the packets, where half a minute of its answers come 20 ms late, seed ${seed}`, async () => {
      const { pairing } = await pairScenario(
        scenario({
          seed: 400 + seed,
          nat: { client: 'port' },
          server: { clock: { offsetNs: 37e6, skewPpm: 20 } },
          traffic: [{ ...transfers, lateServer: { fromSeconds: 20, toSeconds: 50, us: 20_000 } }],
        }),
        folder,
      );
      const { blame, host_delay: hosts, findings } = pairing.document;
      expect(blame.verdict).toBe('server host');
      expect(hosts.server.late_p50_ns!).toBeGreaterThan(19e6);
      expect(hosts.server.late_p50_ns!).toBeLessThan(25e6);
      expect(hosts.server.otherwise_p50_ns!).toBeLessThan(1e6);
      expect(hosts.client.late_samples).toBe(0);
      const found = findings.find(({ id }) => id === 'host/slow-to-acknowledge')!;
      expect(found.claim).toMatch(/server/);
      expect(found.client_filter).toBeNull();
      expect(found.server_filter).toMatch(/^frame\.number in \{\d+/);
    });

  it('is not seen in hosts that let lone segments wait, nor in applications that think', async () => {
    for (const seed of [1, 2, 3, 4, 5, 6]) {
      const { pairing } = await pairScenario(
        scenario({
          seed: 420 + seed,
          serverToClient: { queue: { meanUs: 0, spreadUs: 3_000, correlationSeconds: 4 } },
          traffic: [
            game,
            { ...transfers, clientDelayedAckShare: 1, uploadBytes: seed % 2 === 0 ? 24_000 : 0 },
            { ...connection, timestamps: false, exchangeSeconds: [0.05, 0.1], clientDelayedAckShare: 1 },
          ],
        }),
        folder,
      );
      const { blame, host_delay: hosts, findings } = pairing.document;
      expect(hosts.client.samples, `seed ${seed}`).toBeGreaterThan(20);
      expect([hosts.client.late_samples, hosts.server.late_samples], `seed ${seed}`).toEqual([0, 0]);
      expect(blame.verdict, `seed ${seed}`).not.toMatch(/host/);
      expect(findings.map(({ id }) => id)).not.toContain('host/slow-to-acknowledge');
    }
  });

  it('is not claimed where all of a capture shows it: it may stand behind the host’s own shaper', async () => {
    const { pairing } = await pairScenario(
      scenario({
        seed: 431,
        traffic: [{ ...transfers, lateServer: { fromSeconds: 0, toSeconds: 60, us: 20_000 } }],
      }),
      folder,
    );
    const { blame, host_delay: hosts } = pairing.document;
    expect(hosts.server.p50_ns!).toBeGreaterThan(15e6);
    expect(hosts.server.late_p50_ns).toBeNull();
    expect(blame.verdict).not.toBe('server host');
  });

  it('is not claimed where nothing had to be acknowledged at once', async () => {
    const { pairing } = await pairScenario(
      scenario({
        seed: 430,
        traffic: [
          {
            ...connection,
            burstBytes: 0,
            exchangeSeconds: [0.05, 0.1],
            lateServer: { fromSeconds: 0, toSeconds: 60, us: 20_000 },
          },
        ],
      }),
      folder,
    );
    const { blame, host_delay: hosts } = pairing.document;
    expect(hosts.server).toMatchObject({ samples: 0, p50_ns: null, late_p50_ns: null });
    expect(blame.verdict).toBe('UNDETERMINED');
  });
});
