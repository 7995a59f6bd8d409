import { tableFromArrays } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { LeakScan } from '../../../src/redaction/leak-scan.ts';
import { latin1, parseAddress, Pseudonyms } from '../../../src/redaction/pseudonyms.ts';
import { parquetBytes } from '../../../src/tables/parquet.ts';

const CLIENT = parseAddress('198.51.100.77')!;
const CLIENT6 = parseAddress('2001:db8::77')!;
const MAC = Uint8Array.of(0, 0x16, 0x3e, 0xca, 0xfe, 1);

function scan(): LeakScan {
  const pseudonyms = new Pseudonyms(new Uint8Array(32).fill(9), [CLIENT, CLIENT6]);
  pseudonyms.hardwareAddress(MAC);
  pseudonyms.nameFile('captures/host-7.pcap', 'evening-server-1.pcap');
  return new LeakScan({
    pseudonyms,
    packetNames: new Set([CLIENT, MAC].map(latin1)),
    withheld: ['Tokyo', 'Jane <Doe> & Co', 'Asia/Tokyo'],
    secrets: ['kiwi'],
    shown: 'timezone Asia/Tokyo',
  });
}

const code = (path: string, bytes: Uint8Array | string): string => {
  try {
    scan().check(path, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    return 'clean';
  } catch (error) {
    return (error as { facts: { code: string } }).facts.code;
  }
};

describe('the leak scan', () => {
  it.each([
    ['report.html', '<p>198.51.100.77</p>'],
    ['report.html', 'in-addr 77.100.51.198.in-addr.arpa'],
    ['a.json', '"2001:DB8:0:0::77"'],
    ['a.md', '0xc633644d'],
    ['a.md', '4d6433c6'],
    ['a.svg', '00-16-3E-CA-FE-01'],
    ['a.csv', 'captures/host-7.pcap,1'],
    ['a.html', 'by Jane &lt;Doe&gt; &amp; Co'],
    ['a.txt', 'KIWI'],
    ['198.51.100.77.csv', 'n'],
  ])('finds what %s would show: %s', (path, text) => {
    expect(code(path, text)).toBe('redaction/leak');
  });

  it('a measured number is no address in hexadecimal, a text of the same digits is', () => {
    // 20.17.33.80 is 14112150 in hexadecimal.
    const pseudonyms = new Pseudonyms(new Uint8Array(32).fill(9), [parseAddress('20.17.33.80')!]);
    const given = { pseudonyms, packetNames: new Set<string>(), withheld: [], secrets: [], shown: '' };
    const isLeak = (path: string, text: string): boolean => {
      try {
        new LeakScan(given).check(path, Buffer.from(text));
        return false;
      } catch {
        return true;
      }
    };
    expect(isLeak('a.csv', 'evening,14112150,3\n')).toBe(false);
    expect(isLeak('a.json', '{"rtt_ns": [14112150]}')).toBe(false);
    expect(isLeak('a.json', '{"host": "14112150"}')).toBe(true);
    expect(isLeak('a.csv', 'host,"14112150"\n')).toBe(true);
    expect(isLeak('a.md', 'host 14112150')).toBe(true);
    expect(isLeak('a.csv', 'evening,20.17.33.80\n')).toBe(true);
  });

  it('finds bytes of names in an extract, in both orders', () => {
    const around = (name: Uint8Array): Uint8Array => Buffer.concat([Buffer.alloc(5), name, Buffer.alloc(3)]);
    expect(code('x.pcapng', around(CLIENT))).toBe('redaction/leak');
    expect(code('x.pcapng', around(Uint8Array.from(CLIENT).reverse()))).toBe('redaction/leak');
    expect(code('x.pcapng', around(MAC))).toBe('redaction/leak');
    expect(code('x.pcapng', around(Uint8Array.of(1, 2, 3, 4)))).toBe('clean');
  });

  it('looks into compressed columns of Parquet', async () => {
    const write = async (client: string): Promise<Uint8Array> => {
      const table = tableFromArrays({ client: [client, client], n: Int32Array.of(1, 2) });
      const pieces: Uint8Array[] = [];
      for await (const piece of parquetBytes({ schema: table.schema, batches: table.batches }))
        pieces.push(piece);
      return Buffer.concat(pieces);
    };
    expect(code('t.parquet', await write('198.51.100.77'))).toBe('redaction/leak');
    expect(code('t.parquet', await write('203.0.113.1'))).toBe('clean');
  });

  it('passes what is meant to be shown, and refuses what it cannot look into', () => {
    expect(code('a.html', 'Asia/Tokyo, 203.0.113.9, evening-server-1.pcap, 2026-11-11T12:00:00Z')).toBe(
      'clean',
    );
    expect(code('a.png', 'anything')).toBe('redaction/unscannable');
  });
});
