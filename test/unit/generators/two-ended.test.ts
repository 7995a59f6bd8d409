/** The two-ended simulator keeps its own books: what a test later holds against the product must itself be right. */
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../oracle/pairs/read-capture.ts';
import { simulateTwoEnded } from '../../generators/two-ended/simulate.ts';
import { connection, game, scenario } from '../../generators/two-ended/scenario.ts';
import type { Scenario } from '../../generators/two-ended/scenario.ts';
import { countsOf, truthDocument } from '../../generators/two-ended/truth.ts';
import type { Truth } from '../../generators/two-ended/truth.ts';

const everything: Scenario = scenario({
  name: 'everything at once',
  seed: 5,
  durationSeconds: 40,
  nat: { client: 'cgnat', serverBehindBalancer: true },
  clientToServer: {
    loss: { enter: 0.005, leave: 0.3, lossInGood: 0, lossInBad: 0.7 },
    reorder: { ratio: 0.01, extraUs: [2_000, 60_000] },
    duplicate: { ratio: 0.01, afterUs: [50, 3_000] },
    dscp: 'bleach',
    mtu: { bytes: 1454, icmp: true },
  },
  serverToClient: {
    loss: { enter: 0.005, leave: 0.3, lossInGood: 0, lossInBad: 0.7 },
    mssClampBytes: 1414,
    mtu: { bytes: 1454, icmp: true },
  },
  client: { capture: { format: 'pcapng', dropRatio: 0.01, writesDropCounter: true, startSeconds: 2 } },
  server: {
    clock: { offsetNs: 37e6, skewPpm: -50, steps: [{ atSeconds: 20, deltaNs: -2e8 }] },
    capture: { offload: true, stopSeconds: 38, snaplenBytes: 128 },
  },
  traffic: [
    game,
    connection,
    { ...connection, timestamps: false, keepAliveSeconds: 2, exchangeSeconds: [1e6, 1e6], burstBytes: 0 },
    { kind: 'idle', hz: 5, bytes: 12 },
    { kind: 'echo', hz: 1, bytes: 56 },
    { kind: 'large', hz: 2, bytes: 3000 },
    { kind: 'sizes', hz: 5, ipLengths: [600, 1400, 1454, 1455, 1500], dontFragment: true },
    { kind: 'stranger', at: 'server', hz: 10, bytes: 80 },
    { kind: 'stranger', at: 'client', hz: 1, bytes: 40 },
  ],
});

describe('the two-ended simulator', () => {
  const run = simulateTwoEnded(everything);

  it('writes the same bytes for the same scenario, and others for another seed', () => {
    const again = simulateTwoEnded(everything);
    expect(Buffer.compare(again.client, run.client)).toBe(0);
    expect(Buffer.compare(again.server, run.server)).toBe(0);
    const other = simulateTwoEnded({ ...everything, seed: 6 });
    expect(Buffer.compare(other.client, run.client)).not.toBe(0);
  });

  it('accounts for every frame of both files', () => {
    for (const end of ['client', 'server'] as const) {
      const frames = readCapture(run[end]).frames.map((_, index) => index + 1);
      const ours = end === 'client' ? 'client_to_server' : 'server_to_client';
      const known = new Set<number>([...run.truth.routerErrors[end], ...run.truth.strangers[end]]);
      for (const packet of run.truth.packets) {
        if (packet.direction === ours && packet.senderFrame !== null) known.add(packet.senderFrame);
        if (packet.direction !== ours) for (const frame of packet.receiverFrames) known.add(frame);
      }
      expect([...known].sort((a, b) => a - b)).toEqual(frames);
    }
  });

  it('says of linked frames only what their bytes say: same payload, the delay of the path, the clocks of the hosts', () => {
    const client = readCapture(run.client).frames;
    const server = readCapture(run.server).frames;
    for (const { direction, kind, senderFrame, receiverFrames, delayUs, sentUs } of run.truth.packets) {
      const frame = receiverFrames[0];
      if (senderFrame === null || frame === undefined || kind !== 'game') continue;
      const [sent, received] =
        direction === 'client_to_server'
          ? [client[senderFrame - 1]!, server[frame - 1]!]
          : [server[senderFrame - 1]!, client[frame - 1]!];
      const cut = Math.min(sent.data.length, received.data.length);
      expect(Buffer.compare(sent.data.subarray(42, cut), received.data.subarray(42, cut))).toBe(0);
      // 37 ms apart, −50 ppm, and 200 ms back after the step.
      const offset = 37e6 - 0.05 * sentUs - (sentUs >= 20e6 ? 2e8 : 0);
      const seen = Number(received.timestampNs - sent.timestampNs);
      const expected = delayUs! * 1000 + (direction === 'client_to_server' ? offset : -offset);
      // A copy may stand for a first arrival that the capture missed; the skew goes on while a packet travels.
      if (receiverFrames.length === 1 && Math.abs(sentUs - 20e6) > 1e5)
        expect(Math.abs(seen - expected)).toBeLessThan(5_000);
    }
  });

  it('gives each packet one fate, and the figures add up', () => {
    for (const direction of ['client_to_server', 'server_to_client'] as const) {
      const packets = run.truth.packets.filter((p) => p.direction === direction && p.senderFrame !== null);
      const of = (fate: string) => packets.filter((packet) => packet.fate === fate).length;
      const counts = countsOf(run.truth, direction);
      expect(counts.sent).toBe(packets.length);
      expect(of('matched') + of('lost') + of('partial') + of('capture-drop') + of('outside')).toBe(
        counts.sent,
      );
      expect(counts.lost).toBe(of('lost') + of('partial'));
      expect(counts.lost).toBeGreaterThan(0);
      expect(counts.matched).toBeGreaterThan(0);
    }
    const up = countsOf(run.truth, 'client_to_server');
    expect(up.duplicated).toBeGreaterThan(0);
    expect(up.reordered).toBeGreaterThan(0);
    expect(up.captureDropsAtSender).toBeGreaterThan(0);
    expect(countsOf(run.truth, 'server_to_client').captureDropsAtReceiver).toBeGreaterThan(0);
  });

  it('loses what a narrow link does not carry, and tells the sender only where routers answer', () => {
    const sizes = (truth: Truth) =>
      truth.packets.filter(({ kind, lostBy }) => kind === 'sizes' && lostBy !== 'loss');
    for (const { fate, ipLenBytes, direction, senderFrame } of sizes(run.truth))
      if (
        direction === 'server_to_client' &&
        senderFrame !== null &&
        fate !== 'outside' &&
        fate !== 'capture-drop'
      )
        expect(fate).toBe(ipLenBytes > 1454 ? 'lost' : 'matched');
    expect(run.truth.routerErrors.server.length).toBeGreaterThan(0);
    const silent = simulateTwoEnded({
      ...everything,
      serverToClient: { ...everything.serverToClient, mtu: { bytes: 1454, icmp: false } },
    });
    expect(silent.truth.routerErrors.server).toEqual([]);
  });

  it('can be written beside the captures as one document', () => {
    const document = JSON.parse(JSON.stringify(truthDocument(run.truth))) as { clock: unknown };
    expect(document.clock).toEqual({
      // The first common instant is two seconds in, and 50 ppm have run since.
      offset_ns: 37e6 - 0.05 * run.truth.clock.firstCommonUs,
      skew_ppm: -50,
      steps: [{ at_ns: '1795255220000000000', delta_ns: -2e8 }],
    });
  });
});
