/**
 * Reports of wrong RTP figures elsewhere, one test for each number: the stream that showed the fault, what it should give, what is said
 * here, and what tshark says of the same file (`-z rtp,streams`), so that each difference from Wireshark is measured and not believed.
 */
import { describe, expect, it } from 'vitest';
import { readCsv } from '../helpers/captures-index.ts';
import { lagdiff, runProcess } from '../helpers/cli.ts';
import { haveTool } from '../helpers/repository.ts';
import { workFolder } from '../helpers/small-captures.ts';
import { ethernetFrame, pcapFile, udpPacket } from '../generators/packets.ts';

const START_NS = 1_795_255_200_000_000_000n;
const folder = workFolder();

interface RtpPacket {
  /** Arrival. */
  readonly atUs: number;
  readonly number: number;
  readonly ticks: number;
}

interface Figures {
  readonly lost: number;
  readonly jitterMs: number;
}

async function figuresOf(
  name: string,
  payloadType: number,
  packets: readonly RtpPacket[],
): Promise<{ readonly ours: Figures; readonly theirs: Figures | null }> {
  const frames = packets
    .map(({ atUs, number, ticks }, at) => {
      const payload = new Uint8Array(172).fill(at);
      const view = new DataView(payload.buffer);
      view.setUint16(0, 0x8000 | payloadType);
      view.setUint16(2, number);
      view.setUint32(4, ticks >>> 0);
      view.setUint32(8, 0x5eed);
      const ip = { src: '192.0.2.7', dst: '198.51.100.9', id: at + 1 };
      const packet = udpPacket(ip, { srcPort: 40_000, dstPort: 40_002, payload });
      return { timestampNs: START_NS + BigInt(Math.round(atUs)) * 1000n, data: ethernetFrame(packet) };
    })
    .sort((a, b) => (a.timestampNs < b.timestampNs ? -1 : 1));
  const path = folder.put(`${name}.pcap`, pcapFile(frames));
  const run = await lagdiff(['export', path, '--table', 'flows', '--format', 'csv', '--out', '-']);
  expect(run.stderr).toBe('');
  const [flow] = readCsv(run.stdout);
  expect(flow?.['application']).toBe('rtp');
  const way = flow?.['forward_packets'] === String(packets.length) ? 'forward' : 'reverse';
  const figure = (column: string): number => Number(flow?.[`${way}_${column}`] ?? NaN);
  const ours = { lost: figure('lost_packets'), jitterMs: figure('interarrival_jitter_ns') / 1e6 };
  if (!haveTool('tshark')) return { ours, theirs: null };
  const { stdout } = await runProcess(
    'tshark',
    ['-n', '-r', path, '-d', 'udp.port==40002,rtp', '-q', '-z', 'rtp,streams'],
    {
      timeoutMs: 60_000,
    },
  );
  const line = stdout.split('\n').find((text) => text.includes('0x00005EED')) ?? '';
  const lost = Number(/(-?\d+) \(-?[\d.]+%\)/.exec(line)?.[1] ?? NaN);
  // Behind the loss: deltas (least, mean, most), then jitters (least, mean, most).
  const figures = line
    .slice(line.indexOf('%)') + 2)
    .trim()
    .split(/\s+/)
    .map(Number);
  return { ours, theirs: { lost, jitterMs: figures[5] ?? NaN } };
}

/** RFC 3550 A.8 over arrivals in order: jitter after each packet, ms. */
function jittersMs(packets: readonly RtpPacket[], rateHz: number): number[] {
  const sorted = [...packets].sort((a, b) => a.atUs - b.atUs);
  let jitter = 0;
  return sorted.map(({ atUs, ticks }, at) => {
    const before = sorted[at - 1];
    if (before !== undefined) {
      const sentMs = (((ticks - before.ticks) | 0) / rateHz) * 1000;
      jitter += (Math.abs((atUs - before.atUs) / 1000 - sentMs) - jitter) / 16;
    }
    return jitter;
  });
}

const last = (values: readonly number[]): number => values.at(-1) ?? NaN;

describe('reports of wrong RTP figures', () => {
  it('voipmonitor/sniffer#29: a timestamp that steps back under strong jitter is no underflow; Wireshark agrees', async () => {
    // 75 ms of jitter on a packet each 20 ms, so that many come behind younger ones.
    const packets = Array.from({ length: 400 }, (_, at) => ({
      atUs: at * 20_000 + ((at * 7_919) % 75_000),
      number: at,
      ticks: 5_000 + at * 160,
    }));
    const { ours, theirs } = await figuresOf('sniffer-29', 0, packets);
    const truth = jittersMs(packets, 8_000);
    expect(Math.abs(ours.jitterMs - last(truth))).toBeLessThan(0.01);
    // tshark prints the largest on the way.
    if (theirs !== null) expect(Math.abs(theirs.jitterMs - Math.max(...truth))).toBeLessThan(0.01);
  });

  it('nProbe#348: a stream of 44.1 kHz has a jitter of milliseconds and not 4294967; Wireshark agrees', async () => {
    // Payload type 11 (L16, RFC 3551); the sender's clock runs ahead at first, so that the first difference is negative.
    const packets = Array.from({ length: 400 }, (_, at) => ({
      atUs: at * 20_000 - (at > 0 ? 3_000 : 0) + (at % 3) * 2_500,
      number: 65_500 + at,
      ticks: 0xffff_ff00 + at * 882,
    }));
    const { ours, theirs } = await figuresOf('nprobe-348', 11, packets);
    const truth = jittersMs(packets, 44_100);
    expect(last(truth)).toBeGreaterThan(1);
    expect(Math.abs(ours.jitterMs - last(truth))).toBeLessThan(0.01);
    // Its largest is half a percent off here.
    if (theirs !== null) expect(Math.abs(theirs.jitterMs / Math.max(...truth) - 1)).toBeLessThan(0.01);
  });

  it('pion/interceptor#352: packets that come as evenly as they were sent have no jitter, in time and not in ticks; Wireshark agrees', async () => {
    const packets = Array.from({ length: 300 }, (_, at) => ({
      atUs: at * 20_000,
      number: at,
      ticks: 0x8000_0000 + at * 160,
    }));
    const { ours, theirs } = await figuresOf('interceptor-352', 8, packets);
    expect(ours.jitterMs).toBe(0);
    if (theirs !== null) expect(theirs.jitterMs).toBeLessThan(0.001);
  });

  it('baresip/re#978: the packets of one video frame are one update; Wireshark counts each of them', async () => {
    // Payload type 26 (JPEG, 90 kHz): three packets a frame, 4 ms apart, frames on their second.
    const packets = Array.from({ length: 300 }, (_, at) => ({
      atUs: Math.floor(at / 3) * 40_000 + (at % 3) * 4_000,
      number: at,
      ticks: Math.floor(at / 3) * 3_600,
    }));
    const { ours, theirs } = await figuresOf('re-978', 26, packets);
    expect(ours.jitterMs).toBe(0);
    // Every packet is held against the one before, also within a frame: it finds jitter where there is none.
    if (theirs !== null) expect(theirs.jitterMs).toBeGreaterThan(3);
  });

  it('pjsip/pjproject#3653: packets that come late undo their loss; Wireshark agrees unless the last one is late', async () => {
    // 5, 10, 6, 7, 8, 9 of the report, again and again.
    const order = [0, 5, 1, 2, 3, 4];
    const packets = Array.from({ length: 300 }, (_, at) => {
      const number = Math.floor(at / 6) * 6 + (order[at % 6] ?? 0);
      return { atUs: at * 20_000, number: 65_000 + number, ticks: number * 160 };
    });
    const inOrder = { atUs: 300 * 20_000, number: 65_300, ticks: 300 * 160 };
    const whole = await figuresOf('pjproject-3653', 0, [...packets, inOrder]);
    expect(whole.ours.lost).toBe(0);
    if (whole.theirs !== null) expect(whole.theirs.lost).toBe(0);
    const endsLate = await figuresOf('pjproject-3653-late', 0, packets);
    expect(endsLate.ours.lost).toBe(0);
    // It counts up to the number of the last packet, which is not the highest: one fewer than came.
    if (endsLate.theirs !== null) expect(endsLate.theirs.lost).toBe(-1);
  });
});
