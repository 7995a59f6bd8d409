/** ICMP errors that name a packet too big: the frames and MTUs that tshark shows, told to the flows they quote. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCsv } from '../helpers/captures-index.ts';
import { runProcess } from '../helpers/cli.ts';
import { lagdiffHere as lagdiff } from '../helpers/in-process.ts';
import { CAPTURES, haveCaptures, haveTool } from '../helpers/repository.ts';

type Row = Record<string, string | null>;

async function table(name: string, wanted: string): Promise<Row[]> {
  const args = ['--table', wanted, '--format', 'csv', '--out', '-', '--workers', '2'];
  const result = await lagdiff(['export', join(CAPTURES, name), ...args]);
  expect(result.code, result.stderr).toBe(0);
  return readCsv(result.stdout);
}

/** Frame and MTU of every ICMP error of the kind. */
async function told(name: string): Promise<{ frame: number; mtu: number }[]> {
  const filter = '(icmp.type == 3 && icmp.code == 4) || icmpv6.type == 2';
  const fields = ['frame.number', 'icmp.mtu', 'icmpv6.mtu'].flatMap((field) => ['-e', field]);
  const args = ['-n', '-r', join(CAPTURES, name), '-Y', filter, '-T', 'fields', ...fields];
  const { stdout } = await runProcess('tshark', args, { timeoutMs: 60_000 });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [frame, v4, v6] = line.split('\t');
      return { frame: Number(frame), mtu: Number(v4 === '' ? v6 : v4) };
    });
}

describe.skipIf(!haveCaptures || !haveTool('tshark'))('packets that are too big', () => {
  it('are events of the connection that the errors quote', async () => {
    const name = 'mtu-icmp/zeek-smtp.pcap';
    const errors = await told(name);
    expect(errors.length).toBe(4);
    const events = (await table(name, 'events')).filter(({ kind }) => kind === 'packet_too_big');
    expect(events.map((row) => ({ frame: Number(row['frame_number']), mtu: Number(row['detail']) }))).toEqual(
      errors,
    );
    const ids = new Set(events.map((row) => row['flow_id']));
    expect(ids.size).toBe(1);
    const flow = (await table(name, 'flows')).find((row) => row['flow_id'] === [...ids][0]);
    expect(flow).toMatchObject({ protocol: '6', mtu_finding: 'packet_too_big', path_mtu_bytes: '1492' });
  });

  it.each([
    'mtu-icmp/flowlab-06-icmp-dest-unreachable-frag-needed-mtu-1400.pcap',
    'mtu-icmp/zeek-icmp6-toobig.pcap',
  ])('are kept where the flow of the packet lies outside the capture: %s', async (name) => {
    const [error] = await told(name);
    expect(error).toBeDefined();
    const flows = (await table(name, 'flows')).filter((row) => row['mtu_finding'] === 'packet_too_big');
    expect(flows.map((row) => Number(row['path_mtu_bytes']))).toEqual([error?.mtu]);
  });
});
