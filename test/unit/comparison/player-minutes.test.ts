import { describe, expect, test } from 'vitest';
import { decideVantage } from '../../../src/comparison/vantage.ts';
import type { FlowRow } from '../../../src/comparison/table-batches.ts';
import { collect, MINUTE_NS, type BinRow, type RttRow } from './synthetic.ts';

const START_NS = 1_795_168_800_000_000_000n;

function flow(change: Partial<FlowRow> = {}): FlowRow {
  return {
    flowId: 0,
    initiator: '203.0.113.1',
    responder: '192.0.2.10',
    initiatorPort: 50_000,
    responderPort: 7777,
    protocol: 6,
    connectionState: 'established',
    handshakeAttempts: 1,
    rttHandshakeNs: null,
    forwardMssOptionBytes: null,
    firstTimestampNs: START_NS,
    lastTimestampNs: START_NS + 5n * MINUTE_NS,
    ...change,
  };
}

const rtt = (second: number, rttMs: number, change: Partial<RttRow> = {}): RttRow => ({
  flowId: 0,
  timestampNs: START_NS + BigInt(second) * 1_000_000_000n,
  toward: 0,
  method: 1,
  rttNs: BigInt(Math.round(rttMs * 1e6)),
  ...change,
});
const minuteOf = (minute: number, values: readonly number[], change: Partial<RttRow> = {}): RttRow[] =>
  values.map((value, i) => rtt(minute * 60 + i, value, change));

describe('the window', () => {
  test('whole minutes remain after 30 s at each end', () => {
    const period = collect({ rtt: [], bins: [], flows: [flow()] });
    expect(period).toMatchObject({ minutes: 3, firstMinute: Number(START_NS / MINUTE_NS) + 1 });
  });

  test('the capture may be wider than its flows', () => {
    const options = { firstTimestampNs: START_NS - MINUTE_NS, lastTimestampNs: START_NS + 6n * MINUTE_NS };
    expect(collect({ rtt: [], bins: [], flows: [flow()] }, options).minutes).toBe(5);
  });
});

describe('a cell', () => {
  test('needs five samples; its figures are exact while small', () => {
    const rows = [
      ...minuteOf(1, [10, 20, 30, 40, 50]),
      ...minuteOf(2, [10, 20, 30, 40]),
      ...minuteOf(0, [1, 1, 1, 1, 1]),
    ];
    const { cells } = collect({ rtt: rows, bins: [], flows: [flow()] });
    expect(cells).toHaveLength(2);
    expect(cells[0]).toMatchObject({
      minute: 0,
      samples: 5,
      rttP50Ns: 30e6,
      rttP95Ns: 48e6,
      rttMinNs: 10e6,
      pdvP95Ns: 38e6,
      timedSamples: 5,
      lateSamples: 3,
      sentPackets: null,
      lostPackets: null,
    });
    expect(cells[1]).toMatchObject({ rttP50Ns: null, rttMinNs: null, samples: 4 });
  });

  test('joins the flows of a client, each by one method', () => {
    const rows = [
      ...minuteOf(1, [10, 10, 10, 10, 10]),
      ...minuteOf(1, [90, 90, 90, 90, 90], { method: 2 }),
      ...minuteOf(1, [30, 30, 30, 30, 30], { flowId: 1, method: 2 }),
    ];
    const period = collect({
      rtt: rows,
      bins: [],
      flows: [flow(), flow({ flowId: 1, initiatorPort: 50_001 })],
    });
    expect(period.cells[0]).toMatchObject({ samples: 10, rttP50Ns: 20e6 });
    expect(period.methods).toEqual([
      { method: 'ack', flows: 1 },
      { method: 'timestamp', flows: 1 },
    ]);
  });

  test('beyond 64 samples stays within 0.2 %', () => {
    const values = Array.from({ length: 200 }, (_, i) => 20 + i / 10);
    const rows = values.map((value, i) => ({
      ...rtt(60, value),
      timestampNs: START_NS + MINUTE_NS + BigInt(i),
    }));
    const cell = collect({ rtt: rows, bins: [], flows: [flow()] }).cells[0]!;
    expect(Math.abs(cell.rttP50Ns! / 29.95e6 - 1)).toBeLessThan(0.002);
    expect(cell.rttMinNs).toBe(20e6);
  });

  test('the side that is not a server is the client, whoever began', () => {
    const flows = [flow({ initiator: '192.0.2.10', responder: '203.0.113.1' })];
    const period = collect(
      { rtt: minuteOf(1, [10, 10, 10, 10, 10], { toward: 1 }), bins: [], flows },
      { servers: ['192.0.2.10'] },
    );
    expect(period.clients.map((c) => c.address)).toEqual(['203.0.113.1']);
    expect(period.servers).toEqual(['192.0.2.10']);
    expect(period.cells[0]).toMatchObject({ rttP50Ns: 10e6 });
  });
});

describe('loss', () => {
  const bin = (direction: number, lostPackets: number | null): BinRow => ({
    flowId: 0,
    direction,
    binStartNs: START_NS + MINUTE_NS,
    packets: 100,
    lostPackets,
  });

  test('sums both directions, sent being captured plus lost', () => {
    const { cells } = collect({ rtt: [], bins: [bin(0, 2), bin(1, 3)], flows: [flow()] });
    expect(cells[0]).toMatchObject({ sentPackets: 205, lostPackets: 5 });
  });

  test('is kept per direction, by who is the client and not by who opened the flow', () => {
    const rows = { rtt: [], bins: [bin(0, 2), bin(1, 3)], flows: [flow()] };
    expect(collect(rows).cells[0]).toMatchObject({
      toServer: { sent: 102, lost: 2 },
      toClient: { sent: 103, lost: 3 },
    });
    const opened = {
      ...rows,
      flows: [flow()].map((f) => ({ ...f, initiator: f.responder, responder: f.initiator })),
    };
    expect(collect(opened, { servers: [flow().responder] }).cells[0]).toMatchObject({
      toClient: { sent: 102, lost: 2 },
      toServer: { sent: 103, lost: 3 },
    });
  });

  test('where it is not measurable is null, not 0', () => {
    const { cells } = collect({
      rtt: minuteOf(1, [1, 1, 1, 1, 1]),
      bins: [bin(0, null), bin(1, null)],
      flows: [flow()],
    });
    expect(cells[0]).toMatchObject({ sentPackets: null, lostPackets: null });
  });

  test('a flow seen in one direction only is left out and counted', () => {
    const period = collect({ rtt: [], bins: [bin(0, 50)], flows: [flow()] });
    expect(period.cells).toHaveLength(0);
    expect(period.oneSidedFlows).toBe(1);
  });
});

describe('connecting', () => {
  test('a SYN without reply fails, a refusal does not, a SYN-ACK is a reply, and the last 3 s do not count', () => {
    const half = { connectionState: 'half_open', handshakeAttempts: 3 };
    const period = collect({
      rtt: [],
      bins: [],
      flows: [
        flow(),
        flow({ flowId: 1, ...half, reversePackets: 0 }),
        flow({ flowId: 2, ...half, reversePackets: 2 }),
        flow({ flowId: 3, connectionState: 'refused' }),
        flow({
          flowId: 4,
          ...half,
          reversePackets: 0,
          firstTimestampNs: START_NS + 5n * MINUTE_NS - 1_000_000_000n,
        }),
        flow({ flowId: 5, protocol: 17, connectionState: null, handshakeAttempts: null }),
        flow({ flowId: 6, handshakeAttempts: 0 }),
      ],
    });
    expect(period.connects).toEqual([{ client: 0, minute: 0, attempts: 4, failures: 1, refused: 1 }]);
  });
});

describe('vantage', () => {
  test.each([
    [[30e6, 40e6], [0.2e6], 'server'],
    [[0.1e6], [25e6], 'client'],
    [[12e6], [9e6], 'middle'],
    [[1e6], [0.9e6], 'middle'],
    [[30e6], [], 'server'],
    [[], [30e6], 'client'],
    [[], [], 'server'],
  ] as const)('%j toward clients and %j toward servers is %s', (client, server, vantage) => {
    const decided = decideVantage(client, server);
    expect(decided.vantage).toBe(vantage);
    expect(decided.reason).toMatch(/RTT|minima/);
  });

  test('in the middle a cell is the sum of both sides, and needs both', () => {
    const rows = [
      ...minuteOf(1, [20, 20, 20, 20, 20]),
      ...minuteOf(1, [7, 7, 7, 7, 7], { toward: 1 }),
      ...minuteOf(2, [20, 20, 20, 20, 20]),
    ];
    const period = collect({ rtt: rows, bins: [], flows: [flow()] });
    expect(period.vantage).toBe('middle');
    expect(period.cells.map((cell) => cell.rttP50Ns)).toEqual([27e6, null]);
  });

  test('the caller may override it', () => {
    const period = collect(
      { rtt: minuteOf(1, [1, 1, 1, 1, 1]), bins: [], flows: [flow()] },
      { vantage: 'client' },
    );
    expect(period.vantage).toBe('client');
    expect(period.vantageReason).toMatch(/^given by the caller/);
  });
});
