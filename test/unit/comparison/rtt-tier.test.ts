import { describe, expect, test } from 'vitest';
import { gameAgainstNetwork } from '../../../src/comparison/game-rtt.ts';
import { limitationsOf } from '../../../src/comparison/limitations.ts';
import { sharedTier, type SpeakingTier } from '../../../src/comparison/rtt-tier.ts';
import type { FlowRow } from '../../../src/comparison/table-batches.ts';
import { collect, MINUTE_NS, type RttRow } from './synthetic.ts';

const START_NS = 1_795_168_800_000_000_000n;
const MINUTES = 10;
const METHOD = { handshake: 0, timestamp: 1, app_ack: 5 } as const;

interface Spoken {
  readonly flowId: number;
  readonly method: keyof typeof METHOD;
  readonly rttMs: number;
  readonly perMinute: number;
  /** Whole minutes of the period with samples, from the first on. */
  readonly minutes?: number;
}

function samples({ flowId, method, rttMs, perMinute, minutes = MINUTES }: Spoken): RttRow[] {
  return Array.from({ length: minutes * perMinute }, (_, i) => ({
    flowId,
    timestampNs: START_NS + MINUTE_NS + (MINUTE_NS * BigInt(i)) / BigInt(perMinute),
    toward: 0,
    method: METHOD[method],
    rttNs: BigInt(Math.round(rttMs * 1e6)),
  }));
}

function flow(flowId: number, address = '203.0.113.1'): FlowRow {
  return {
    flowId,
    initiator: address,
    responder: '192.0.2.10',
    initiatorPort: 50_000 + flowId,
    responderPort: 7777,
    protocol: flowId % 2 === 0 ? 6 : 17,
    connectionState: null,
    handshakeAttempts: null,
    rttHandshakeNs: null,
    forwardMssOptionBytes: null,
    firstTimestampNs: START_NS,
    lastTimestampNs: START_NS + BigInt(MINUTES + 2) * MINUTE_NS,
  };
}

function period(spoken: readonly Spoken[], tierOf?: (client: string) => SpeakingTier | null) {
  return collect(
    { rtt: spoken.flatMap(samples), bins: [], flows: [flow(0), flow(1)] },
    { servers: ['192.0.2.10'], ...(tierOf === undefined ? {} : { tierOf }) },
  );
}

const kernel: Spoken = { flowId: 0, method: 'timestamp', rttMs: 10, perMinute: 20 };
const game: Spoken = { flowId: 1, method: 'app_ack', rttMs: 35, perMinute: 900 };

describe('one kind of round trip per client', () => {
  test('a kernel speaks before a game that has forty times the samples', () => {
    const { cells, clients, methods } = period([kernel, game]);
    expect(cells.every(({ rttP50Ns, samples: n }) => rttP50Ns === 10e6 && n === 20)).toBe(true);
    expect(clients[0]).toMatchObject({
      rttTier: 'network',
      rttMinutes: { network: MINUTES, application: MINUTES, handshake: 0 },
    });
    expect(methods).toEqual([{ method: 'timestamp', flows: 1 }]);
  });

  test('a kernel heard in a few minutes only leaves the word to the game', () => {
    const { cells, clients } = period([{ ...kernel, minutes: 4 }, game]);
    expect(clients[0]!.rttTier).toBe('application');
    expect(cells).toHaveLength(MINUTES);
    expect(cells.every(({ rttP50Ns }) => Math.abs(rttP50Ns! / 35e6 - 1) < 0.002)).toBe(true);
  });

  test('a kind that one period lacks is used in neither', () => {
    const both = period([kernel, game]).clients[0]!.rttMinutes;
    const gameOnly = period([game]).clients[0]!.rttMinutes;
    expect(sharedTier([both, both])).toBe('network');
    expect(sharedTier([both, gameOnly])).toBe('application');
    const { cells } = period([kernel, game], () => 'application');
    expect(cells.every(({ rttP50Ns }) => Math.abs(rttP50Ns! / 35e6 - 1) < 0.002)).toBe(true);
  });

  test('kinds that never meet are not compared, and the reader is told', () => {
    const before = period([kernel]).clients[0]!.rttMinutes;
    const after = period([game]).clients[0]!.rttMinutes;
    expect(sharedTier([before, after])).toBe('none');
    const [baseline, evening] = [period([kernel], () => 'none'), period([game], () => 'none')];
    expect([...baseline.cells, ...evening.cells].every(({ rttP50Ns }) => rttP50Ns === null)).toBe(true);
    expect(
      limitationsOf({
        baseline,
        evening,
        rows: [],
        simpson: null,
        gameRtt: null,
        marginNs: 5e6,
        captureDropsKnown: true,
      }).join('\n'),
    ).toContain('1 client was measured by one kind of round trip in the baseline and by another');
  });

  test('a client seen in one period, or by handshakes alone, keeps what it has', () => {
    const seen = period([kernel]).clients[0]!.rttMinutes;
    expect(sharedTier([seen, { network: 0, application: 0, handshake: 0 }])).toBe('network');
    expect(sharedTier([{ network: 0, application: 0, handshake: 0 }])).toBe(null);
    const lonely = period([{ flowId: 0, method: 'handshake', rttMs: 10, perMinute: 1 }]);
    expect(lonely.clients[0]!.rttTier).toBe(null);
    expect(lonely.methods).toEqual([{ method: 'handshake', flows: 1 }]);
  });
});

describe('the game beside the kernel', () => {
  const asGame = (spoken: readonly Spoken[]) => period(spoken, () => 'application');
  const evening = [
    { ...kernel, rttMs: 11 },
    { ...game, rttMs: 60 },
  ];

  test('both shifts are told, and that they part', () => {
    const [before, after] = [period([kernel, game]), period(evening)];
    const found = gameAgainstNetwork(
      { baseline: before, evening: after },
      { baseline: asGame([kernel, game]), evening: asGame(evening) },
    )!;
    expect(found.clients).toBe(1);
    expect(found.networkShiftNs).toBe(1e6);
    expect(found.gameShiftNs / 25e6).toBeCloseTo(1, 2);
    const words = limitationsOf({
      baseline: before,
      evening: after,
      rows: [],
      simpson: null,
      gameRtt: found,
      marginNs: 5e6,
      captureDropsKnown: true,
    }).join('\n');
    expect(words).toContain('(median shift +1.0 ms)');
    expect(words).toContain('differ by more than the margin');
  });

  test('nothing where no client has both', () => {
    const alone = { baseline: period([kernel]), evening: period([kernel]) };
    const none = { baseline: asGame([kernel]), evening: asGame([kernel]) };
    expect(gameAgainstNetwork(alone, none)).toBe(null);
  });
});
