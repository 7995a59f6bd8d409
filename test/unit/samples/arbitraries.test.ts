import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import {
  captureFile,
  fileOf,
  frames,
  rotatedCapture,
  tcpConversation,
} from '../../generators/arbitraries.ts';
import { ethernetFrame, pcapFile } from '../../generators/packets.ts';
import { readPcap } from './naive-reader.ts';

const SEED = { seed: 20261111, numRuns: 60 };

describe('arbitrary traffic', () => {
  test.prop([tcpConversation], SEED)(
    'of TCP has right checksums and acknowledges only what was sent',
    (packets) => {
      const file = pcapFile(packets.map(({ packet }) => ({ timestampNs: 0n, data: ethernetFrame(packet) })));
      const read = readPcap(file);
      expect(read.length).toBe(packets.length);
      const sentEnd = new Map<string, number>();
      for (const packet of read) {
        expect(packet.hasRightChecksums).toBe(true);
        const virtual = packet.payloadLength + (packet.flags & 2 ? 1 : 0) + (packet.flags & 1 ? 1 : 0);
        const end = (packet.seq + virtual) >>> 0;
        const known = sentEnd.get(packet.src);
        if (known === undefined || ((end - known) | 0) > 0) sentEnd.set(packet.src, end);
      }
      for (const packet of read) {
        const peerEnd = sentEnd.get(packet.dst);
        if (packet.flags & 16 && peerEnd !== undefined)
          expect((peerEnd - packet.ack) | 0).toBeGreaterThanOrEqual(0);
      }
    },
  );

  test.prop([frames], SEED)('has strictly rising times', (made) => {
    const times = made.frames.map((frame) => frame.timestampNs);
    expect(times.every((time, i) => i === 0 || time > times[i - 1]!)).toBe(true);
  });

  test.prop([captureFile], SEED)('makes a file that starts with its format', (capture) => {
    const start = Buffer.from(capture.bytes.subarray(0, 4)).toString('hex');
    const magics = ['d4c3b2a1', 'a1b2c3d4', '4d3cb2a1', 'a1b23c4d'];
    expect(capture.format === 'pcapng' ? ['0a0d0d0a'] : magics).toContain(start);
  });

  test.prop([rotatedCapture], SEED)('in classic pcap is the sum of its rotated parts', ({ whole, parts }) => {
    fc.pre(whole.format === 'pcap');
    const bodies = parts.map((part) => Buffer.from(part.subarray(24)));
    expect(Buffer.concat([Buffer.from(whole.bytes.subarray(0, 24)), ...bodies]).equals(whole.bytes)).toBe(
      true,
    );
  });

  test.prop([frames], SEED)('is written alike twice', (made) => {
    const shape = { format: 'pcapng', byteOrder: 'big', nanoseconds: true, snaplenBytes: 96 } as const;
    expect(fileOf(made.linkType, made.frames, shape)).toEqual(fileOf(made.linkType, made.frames, shape));
  });
});
