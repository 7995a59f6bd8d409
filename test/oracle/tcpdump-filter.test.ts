/** --filter against tcpdump itself: the same number of packets for expressions that people type. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inParallel, lagdiff } from '../helpers/cli.ts';
import { CAPTURES, haveCaptures } from '../helpers/repository.ts';

const CASES: readonly { readonly file: string; readonly expressions: readonly string[] }[] = [
  {
    file: 'games/psvita-ridge-racer.pcapng',
    expressions: [
      ...['udp', 'tcp port 443 or udp port 53', 'not (tcp or udp)', 'icmp or arp', 'greater 1000', 'less 60'],
      ...['net 192.168.0.0/16 and not port 53', 'src net 192.168', 'portrange 1000-5000', 'ip6'],
      ...['udp and dst portrange 1024-65535 and less 200', 'ip proto 17 and not host 239.255.255.250'],
    ],
  },
  {
    file: 'encapsulation/zeek-vlan-qinqinq.pcap',
    expressions: [
      'vlan',
      'vlan and vlan',
      'vlan and vlan and vlan and tcp',
      'tcp',
      'vlan 100',
      'tcp or vlan and ip',
    ],
  },
  {
    file: 'mtu-icmp/ppp-ip-frag.pcap',
    expressions: ['udp', 'port 53', 'not udp', 'icmp', 'ip and greater 500'],
  },
  {
    file: 'two-ended/teto-iperf-2/server.pcapng',
    expressions: ['tcp', 'src port 5201', 'host 10.0.0.1', 'not tcp', 'greater 100 and tcp'],
  },
];

function tcpdumpCount(path: string, expression: string): number {
  const text = execFileSync('tcpdump', ['-nn', '-t', '-q', '-r', path, expression], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 1 << 28,
  }).toString();
  // One line per packet; further lines of a packet are indented.
  return text.split('\n').filter((line) => line !== '' && !/^\s/.test(line)).length;
}

describe.skipIf(!haveCaptures)('--filter selects what tcpdump selects', () => {
  it.each(CASES)('$file', { timeout: 300_000 }, async ({ file, expressions }) => {
    const path = join(CAPTURES, file);
    const rows = await inParallel(expressions, 2, async (expression) => {
      const { stdout, stderr, code } = await lagdiff([
        'info',
        path,
        '--filter',
        expression,
        '--format',
        'json',
      ]);
      expect(code, stderr).toBe(0);
      const [capture] = (JSON.parse(stdout) as { captures: { records: number; filtered: number }[] })
        .captures;
      return [expression, (capture?.records ?? 0) - (capture?.filtered ?? 0)];
    });
    expect(rows).toEqual(expressions.map((expression) => [expression, tcpdumpCount(path, expression)]));
  });
});
