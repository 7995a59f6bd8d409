import { describe, expect, it } from 'vitest';
import { parseTrace, readTrace } from '../../../src/case/trace.ts';

const MTR = `Start: 2026-11-20T21:00:00+0900
HOST: home                        Loss%   Snt   Last   Avg  Best  Wrst StDev
  1.|-- _gateway (192.168.1.1)     0.0%  1000    0.4   0.5   0.3   4.0   0.1
  2. AS64500 core1.example.net (192.0.2.1)  35.2%  1000   4.4   4.5   4.3   9.0   0.1
  3. AS???   ???                  100.0%  1000    0.0   0.0   0.0   0.0   0.0
  4. AS64501 203.0.113.10          0.0%  1000   12.4  12.5  12.3  19.0   0.1
`;
const WINMTR = `|                   Host              -   %  | Sent | Recv | Best | Avrg | Wrst | Last |
|------------------------------------------------|------|------|------|------|------|------|
|                        192.168.1.1 -    0 |  500 |  500 |    0 |    1 |    3 |    1 |
|                   No response from host -  100 |  500 |    0 |    0 |    0 |    0 |    0 |
|                       203.0.113.10 -    2 |  500 |  490 |   12 |   13 |   40 |   12 |
`;
const TRACEROUTE = `traceroute to 203.0.113.10 (203.0.113.10), 30 hops max, 60 byte packets
 1  gw.example.net (192.168.1.1)  0.431 ms  0.502 ms  0.380 ms
 2  * * *
 3  2001:db8::7  5.1 ms *  5.3 ms
`;

describe('parseTrace', () => {
  it('reads mtr, with and without AS numbers', () => {
    const { tool, hops } = parseTrace(MTR, 'x');
    expect(tool).toBe('mtr');
    expect(
      hops.map(({ hop, address, asn, loss_ratio, avg_ms }) => [hop, address, asn, loss_ratio, avg_ms]),
    ).toEqual([
      [1, '192.168.1.1', null, 0, 0.5],
      [2, '192.0.2.1', 64500, 0.35200000000000004, 4.5],
      [3, null, null, 1, null],
      [4, '203.0.113.10', 64501, 0, 12.5],
    ]);
  });

  it('reads WinMTR, whose columns stand in another order', () => {
    expect(parseTrace(WINMTR, 'x').hops).toEqual([
      {
        hop: 1,
        address: '192.168.1.1',
        asn: null,
        sent: 500,
        loss_ratio: 0,
        best_ms: 0,
        avg_ms: 1,
        worst_ms: 3,
      },
      {
        hop: 2,
        address: null,
        asn: null,
        sent: 500,
        loss_ratio: 1,
        best_ms: null,
        avg_ms: null,
        worst_ms: null,
      },
      {
        hop: 3,
        address: '203.0.113.10',
        asn: null,
        sent: 500,
        loss_ratio: 0.02,
        best_ms: 12,
        avg_ms: 13,
        worst_ms: 40,
      },
    ]);
  });

  it('reads traceroute: a star is a probe without an answer', () => {
    const { tool, hops } = parseTrace(TRACEROUTE, 'x');
    expect(tool).toBe('traceroute');
    expect(hops.map(({ address, sent, loss_ratio, avg_ms }) => [address, sent, loss_ratio, avg_ms])).toEqual([
      ['192.168.1.1', 3, 0, 0.438],
      [null, 3, 1, null],
      ['2001:db8::7', 3, 1 / 3, 5.2],
    ]);
  });

  it('refuses text of anything else', () => {
    expect(() => parseTrace('ping statistics', 'x')).toThrow(/mtr, WinMTR or traceroute/);
  });
});

describe('readTrace', () => {
  it('loss at a hop that later hops do not share is limited answers', () => {
    expect(readTrace(parseTrace(MTR, 'x'))).toEqual({
      loss_at_end_ratio: 0,
      loss_from_hop: null,
      rate_limited_hops: [2, 3],
    });
  });

  it('loss that goes on to the end begins where the last clean hop was', () => {
    expect(readTrace(parseTrace(WINMTR, 'x'))).toEqual({
      loss_at_end_ratio: 0.02,
      loss_from_hop: 2,
      rate_limited_hops: [],
    });
  });
});
