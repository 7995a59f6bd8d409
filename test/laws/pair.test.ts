/** Laws of `pair`: the same bytes for any cut, the mirrored answer for exchanged ends, and what the samples say is true. */
import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DirectionSummary, PairDocument } from '../../src/pairing/types.ts';
import { lagdiffHere } from '../helpers/in-process.ts';
import { pairFiles } from '../helpers/pairing.ts';
import { ROOT } from '../helpers/repository.ts';
import { workFolder } from '../helpers/small-captures.ts';

const sample = (name: string): string => join(ROOT, 'samples', name);
const folder = workFolder();

describe('pair', () => {
  it('prints the same bytes for any segment size and worker count', async () => {
    const unpacked = (['client', 'server'] as const).map((end) =>
      folder.put(`${end}.pcap`, gunzipSync(readFileSync(sample(`loss/evening-${end}.pcap.gz`)))),
    );
    const printed = async (...options: string[]): Promise<string> => {
      const { code, stdout } = await lagdiffHere([
        ...['pair', '--client', unpacked[0]!, '--server', unpacked[1]!, '--format', 'json'],
        ...options,
      ]);
      expect(code).toBe(0);
      return stdout;
    };
    const first = await printed('--workers', '1', '--segment-bytes', '1000000000');
    for (const [workers, bytes] of [
      ['1', '4096'],
      ['2', '65536'],
      ['3', '1048576'],
    ] as const)
      expect(await printed('--workers', workers, '--segment-bytes', bytes)).toBe(first);
  });

  it('answers exchanged ends with the mirrored answer', async () => {
    const ends = [sample('loss/evening-client.pcap.gz'), sample('loss/evening-server.pcap.gz')] as const;
    const { document: one } = await pairFiles([ends[0]], [ends[1]]);
    const { document: other } = await pairFiles([ends[1]], [ends[0]]);
    const counted = ({ sent, matched, lost, duplicated, reordered, capture_drops }: DirectionSummary) => ({
      ...{ sent, matched, lost, duplicated, reordered, capture_drops },
    });
    expect(counted(other.client_to_server)).toEqual(counted(one.server_to_client));
    expect(counted(other.server_to_client)).toEqual(counted(one.client_to_server));
    expect(other.flows.length).toBe(one.flows.length);
    expect(other.clock.offset_low_ns! + one.clock.offset_high_ns!).toBeLessThan(200_000);
    expect(other.clock.skew_ppm! + one.clock.skew_ppm!).toBeLessThan(0.05);
    expect(other.diagnostics.map(({ id }) => id)).toContain('pair/ends-swapped');
    expect(one.diagnostics.map(({ id }) => id)).not.toContain('pair/ends-swapped');
  });
});

interface SampleTruth {
  readonly clock: { readonly offset_ns: number };
  readonly clients: readonly (Readonly<Record<'baseline' | 'evening', Readonly<Record<Way, Lane>>>> & {
    readonly address: string;
    readonly captured_at_client: boolean;
    readonly dscp_rewrite: string;
    readonly mss_bytes: number;
    readonly ttl_delta: Readonly<Record<Way, number>>;
  })[];
}
type Way = 'client_to_server' | 'server_to_client';
interface Lane {
  readonly packets: number;
  readonly lost: number;
  readonly in_flight_at_end: number;
}

describe('the samples, paired', () => {
  const ways: readonly Way[] = ['client_to_server', 'server_to_client'];
  for (const name of ['evening-pppoe', 'null', 'loss'])
    for (const period of ['baseline', 'evening'] as const)
      it(`${name}, ${period}: every packet, loss, hop and clamp is what truth.json says`, async () => {
        const truth = JSON.parse(readFileSync(sample(`${name}/truth.json`), 'utf8')) as SampleTruth;
        const clients = truth.clients.filter((client) => client.captured_at_client);
        const { document }: { document: PairDocument } = await pairFiles(
          [sample(`${name}/${period}-client.pcap.gz`)],
          [sample(`${name}/${period}-server.pcap.gz`)],
        );
        expect(document.clock.offset_low_ns!).toBeLessThanOrEqual(truth.clock.offset_ns);
        expect(document.clock.offset_high_ns!).toBeGreaterThanOrEqual(truth.clock.offset_ns);
        expect(document.clock.steps).toEqual([]);
        for (const way of ways) {
          const sum = (read: (lane: Lane) => number): number =>
            clients.reduce((total, client) => total + read(client[period][way]), 0);
          const figures = document[way];
          expect(figures.lost).toBe(sum(({ lost }) => lost));
          expect(figures.matched).toBe(
            sum(({ packets, lost, in_flight_at_end }) => packets - lost - in_flight_at_end),
          );
          expect([figures.duplicated, figures.reordered, figures.capture_drops]).toEqual([0, 0, 0]);
        }
        for (const flow of document.flows) {
          const client = clients.find(({ address }) => address === flow.server_view.src);
          expect(client).toBeDefined();
          expect(flow.is_translated).toBe(flow.client_view.src !== flow.server_view.src);
          for (const way of ways) expect(flow[way].ttl_delta).toBe(client!.ttl_delta[way]);
          for (const { from, to } of flow.client_to_server.mss_rewrites)
            expect([from, to]).toEqual([1460, client!.mss_bytes]);
        }
      });
});
