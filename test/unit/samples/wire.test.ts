import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import {
  addressBytes,
  concat,
  ethernetFrame,
  fragmentedPackets,
  icmpPacket,
  internetChecksum,
  ipPacket,
  loopFrame,
  nullFrame,
  onesComplementSum,
  pcapFile,
  pcapngFile,
  protocols,
  sll2Frame,
  sllFrame,
  tcpFlags,
  tcpOptionBytes,
  tcpPacket,
  udpDatagram,
  udpPacket,
} from '../../generators/packets.ts';

const require = createRequire(import.meta.url);

interface ParsedPacket {
  readonly header: {
    readonly timestampSeconds: number;
    readonly timestampMicroseconds: number;
    readonly capturedLength: number;
    readonly originalLength: number;
  };
  readonly data: Buffer;
}

const pcapParser = require('pcap-parser') as {
  parse(stream: Readable): {
    on(event: 'packet', run: (packet: ParsedPacket) => void): void;
    on(event: 'globalHeader', run: (header: { linkLayerType: number; snapshotLength: number }) => void): void;
    on(event: 'end', run: () => void): void;
    on(event: 'error', run: (error: Error) => void): void;
  };
};

async function parsed(file: Uint8Array): Promise<{ linkType: number; packets: ParsedPacket[] }> {
  return new Promise((resolve, reject) => {
    const packets: ParsedPacket[] = [];
    let linkType = -1;
    const parser = pcapParser.parse(Readable.from([Buffer.from(file)]));
    parser.on('globalHeader', (header) => (linkType = header.linkLayerType));
    parser.on('packet', (packet) => packets.push(packet));
    parser.on('error', reject);
    parser.on('end', () => resolve({ linkType, packets }));
  });
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const ip = { src: '192.0.2.1', dst: '198.51.100.2' };

describe('checksums', () => {
  it('sum the example of RFC 1071 §3', () => {
    expect(onesComplementSum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7))).toBe(0xddf2);
  });

  it('of a well-known IPv4 header is b861', () => {
    const packet = ipPacket(
      { src: '192.168.0.1', dst: '192.168.0.199', protocol: 17, ttl: 64, dontFragment: true },
      new Uint8Array(95),
    );
    expect(hex(packet.subarray(0, 20))).toBe('4500007300004000' + '4011b861' + 'c0a80001' + 'c0a800c7');
  });

  it('of an odd number of bytes pad with zero', () => {
    expect(internetChecksum(Uint8Array.of(0x12, 0x34, 0x56))).toBe(~(0x1234 + 0x5600) & 0xffff);
  });

  it('of a UDP datagram that sums to zero is sent as ffff', () => {
    const zeroSum = Array.from({ length: 0x10000 }, (_, i) => i).find((i) => {
      const bytes = udpDatagram(ip, { srcPort: 1, dstPort: 2, payload: Uint8Array.of(i >>> 8, i & 0xff) });
      return hex(bytes.subarray(6, 8)) === 'ffff';
    });
    expect(zeroSum).toBeDefined();
  });
});

describe('IP packets', () => {
  it('carry IPv4 options, DSCP, ECN and fragment fields where RFC 791 puts them', () => {
    const packet = ipPacket(
      {
        ...ip,
        protocol: 253,
        ttl: 7,
        dscp: 46,
        ecn: 1,
        id: 0xbeef,
        moreFragments: true,
        fragmentOffset: 3,
        options: Uint8Array.of(0x94, 0x04, 0x00, 0x00),
      },
      Uint8Array.of(0xaa),
    );
    expect(hex(packet.subarray(0, 10))).toBe('46b90019beef200307fd');
    expect(hex(packet.subarray(12))).toBe('c0000201' + 'c6336402' + '94040000' + 'aa');
    expect(internetChecksum(packet.subarray(0, 24))).toBe(0);
  });

  it('chain IPv6 extension headers', () => {
    const packet = ipPacket(
      {
        src: '2001:db8::1',
        dst: '2001:db8::2',
        protocol: 59,
        extensions: [
          { type: protocols.hopByHop, body: Uint8Array.of(1, 4, 0, 0, 0, 0) },
          { type: protocols.destinationOptions, body: new Uint8Array(10) },
        ],
      },
      new Uint8Array(0),
    );
    expect(packet[6]).toBe(0);
    expect(hex(packet.subarray(40, 48))).toBe('3c00010400000000');
    expect(hex(packet.subarray(48, 50))).toBe('3b01');
    expect(packet.length).toBe(40 + 8 + 16);
  });

  it.each(['192.0.2.1', '2001:db8::1'])('from %s in fragments hold the datagram between them', (src) => {
    const dst = src.includes(':') ? '2001:db8::2' : '198.51.100.2';
    const datagram = udpDatagram(
      { src, dst },
      { srcPort: 9, dstPort: 10, payload: new Uint8Array(3000).fill(7) },
    );
    const fragments = fragmentedPackets({ src, dst, protocol: 17, id: 77 }, datagram, 1280);
    const header = src.includes(':') ? 48 : 20;
    expect(fragments.length).toBe(3);
    expect(fragments.every((fragment) => fragment.length <= 1280)).toBe(true);
    expect(concat(fragments.map((fragment) => fragment.subarray(header)))).toEqual(datagram);
    const offsets = fragments.map((fragment) => {
      const at = src.includes(':') ? 42 : 6;
      return (fragment[at]! << 8) | fragment[at + 1]!;
    });
    const last = Math.floor((2 * (fragments[0]!.length - header)) / 8);
    expect(offsets[2]).toBe(src.includes(':') ? last << 3 : last);
  });

  it('carry ICMP with a checksum over the message, and ICMPv6 with one over the pseudo header too', () => {
    const v4 = icmpPacket(ip, { type: 3, code: 4, rest: 1454, payload: new Uint8Array(28) });
    expect(internetChecksum(v4.subarray(20))).toBe(0);
    expect(hex(v4.subarray(20, 22)) + hex(v4.subarray(24, 28))).toBe('0304' + '000005ae');
    const v6 = icmpPacket({ src: '2001:db8::1', dst: '2001:db8::2' }, { type: 2, rest: 1280 });
    const pseudo = concat([v6.subarray(8, 40), Uint8Array.of(0, 0, 0, 8, 0, 0, 0, 58), v6.subarray(40)]);
    expect(internetChecksum(pseudo)).toBe(0);
  });
});

describe('TCP segments', () => {
  it('write their options exactly as listed', () => {
    const bytes = tcpOptionBytes([
      { kind: 'mss', bytes: 1414 },
      { kind: 'sack-permitted' },
      { kind: 'timestamps', value: 1, echo: 0x80000000 },
      { kind: 'nop' },
      { kind: 'window-scale', shift: 7 },
    ]);
    expect(hex(bytes)).toBe('02040586' + '0402' + '080a0000000180000000' + '01' + '030307');
    expect(hex(tcpOptionBytes([{ kind: 'sack', blocks: [[1, 2]] }]))).toBe('050a0000000100000002' + '0000');
  });

  it('have a checksum over their pseudo header', () => {
    const packet = tcpPacket(ip, {
      srcPort: 1,
      dstPort: 2,
      seq: -1,
      ack: 5,
      flags: tcpFlags.ack | tcpFlags.ae,
      payload: Uint8Array.of(1, 2, 3),
    });
    const pseudo = concat([packet.subarray(12, 20), Uint8Array.of(0, 6, 0, 23), packet.subarray(20)]);
    expect(internetChecksum(pseudo)).toBe(0);
    expect(hex(packet.subarray(24, 34))).toBe('ffffffff' + '00000005' + '5110');
  });

  it('refuse options that the header has no room for', () => {
    const blocks: [number, number][] = Array.from({ length: 5 }, () => [1, 2]);
    expect(() => tcpOptionBytes([{ kind: 'sack', blocks }])).toThrow('room for 40');
  });
});

describe('frames', () => {
  const packet = udpPacket(ip, { srcPort: 1, dstPort: 2 });
  const macs = '02005e005302' + '02005e005301';

  it('of Ethernet carry tags outermost first and padding last', () => {
    const tagged = ethernetFrame(packet, {
      vlans: [
        { id: 100, tagProtocol: 0x88a8 },
        { id: 10, priority: 5 },
      ],
    });
    expect(hex(tagged.subarray(0, 22))).toBe(macs + '88a80064' + '8100a00a' + '0800');
    const padded = ethernetFrame(packet, { padToBytes: 60 });
    expect(padded.length).toBe(60);
    expect(padded.subarray(14, 14 + packet.length)).toEqual(packet);
  });

  it('of cooked, raw and loopback captures start as their LINKTYPE says', () => {
    expect(hex(sllFrame(packet, 4).subarray(0, 16))).toBe(
      '0004' + '0001' + '0006' + '02005e0053010000' + '0800',
    );
    expect(hex(sll2Frame(packet).subarray(0, 20))).toBe(
      '08000000' + '00000002' + '0001' + '0006' + '02005e0053010000',
    );
    expect(hex(nullFrame(packet).subarray(0, 4))).toBe('02000000');
    expect(hex(nullFrame(packet, 'big').subarray(0, 4))).toBe('00000002');
    expect(hex(loopFrame(packet).subarray(0, 4))).toBe('00000002');
  });

  it('refuse what is no address', () => {
    expect(() => addressBytes('192.0.2')).toThrow('not an address');
    expect(() => addressBytes('lagdiff')).toThrow('not an address');
    expect(() => ethernetFrame(packet, { source: '02:00' })).toThrow('not a MAC address');
  });
});

describe('pcap files', () => {
  const list = [
    {
      timestampNs: 1_794_398_400_123_456_789n,
      data: ethernetFrame(udpPacket(ip, { srcPort: 1, dstPort: 2 })),
    },
    { timestampNs: 1_794_398_401_000_000_001n, data: new Uint8Array(300).fill(9), originalLenBytes: 1400 },
  ];

  it.each(['little', 'big'] as const)('in %s endian read the same through pcap-parser', async (byteOrder) => {
    const { linkType, packets } = await parsed(pcapFile(list, { byteOrder, snaplenBytes: 96 }));
    expect(linkType).toBe(1);
    expect(packets.map(({ header }) => header)).toEqual([
      {
        timestampSeconds: 1_794_398_400,
        timestampMicroseconds: 123_456,
        capturedLength: 42,
        originalLength: 42,
      },
      { timestampSeconds: 1_794_398_401, timestampMicroseconds: 0, capturedLength: 96, originalLength: 1400 },
    ]);
    expect(new Uint8Array(packets[0]!.data)).toEqual(list[0]!.data);
  });

  it('with nanoseconds say so in the magic number', () => {
    const file = pcapFile(list, { resolution: 'nanoseconds', byteOrder: 'big', linkType: 276 });
    expect(hex(file.subarray(0, 4))).toBe('a1b23c4d');
    expect(hex(file.subarray(20, 24))).toBe('00000114');
    expect(new DataView(file.buffer).getUint32(28)).toBe(123_456_789);
  });
});

describe('pcapng files', () => {
  it('count ticks by the resolution and offset of each interface', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5);
    const timestampNs = 1_794_398_400_500_000_000n;
    const file = pcapngFile([
      { kind: 'section', byteOrder: 'big' },
      { kind: 'interface', linkType: 1, resolution: { base: 2, exponent: 10 } },
      {
        kind: 'interface',
        linkType: 113,
        resolution: { base: 10, exponent: 9 },
        offsetSeconds: 1_794_398_000n,
      },
      { kind: 'packet', interfaceId: 0, timestampNs, data },
      { kind: 'packet', interfaceId: 1, timestampNs, data },
    ]);
    const view = new DataView(file.buffer);
    const blocks: { type: number; at: number; length: number }[] = [];
    for (let at = 0; at < file.length; at += view.getUint32(at + 4)) {
      const length = view.getUint32(at + 4);
      expect(view.getUint32(at + length - 4)).toBe(length);
      expect(length % 4).toBe(0);
      blocks.push({ type: view.getUint32(at), at, length });
    }
    expect(blocks.map((block) => block.type)).toEqual([0x0a0d0d0a, 1, 1, 6, 6]);
    expect(hex(file.subarray(blocks[1]!.at + 16, blocks[1]!.at + 24))).toBe('000900018a000000');
    expect(hex(file.subarray(blocks[2]!.at + 24, blocks[2]!.at + 36))).toBe('000e0008' + '000000006af45730');
    const ticks = blocks.slice(3).map(({ at }) => view.getBigUint64(at + 12));
    expect(ticks).toEqual([1_794_398_400n * 1024n + 512n, 400_500_000_000n]);
    expect(hex(file.subarray(blocks[3]!.at + 20, blocks[3]!.at + 36))).toBe(
      '0000000500000005' + '0102030405000000',
    );
  });

  it('may change byte order with a new section and hold blocks that readers must step over', () => {
    const file = pcapngFile([
      { kind: 'section' },
      { kind: 'interface', linkType: 1, snaplenBytes: 2 },
      { kind: 'simple-packet', data: Uint8Array.of(1, 2, 3, 4) },
      { kind: 'interface-statistics', interfaceId: 0, timestampNs: 0n, received: 5n, dropped: 2n },
      { kind: 'custom', enterpriseNumber: 32473, data: Uint8Array.of(1), copyable: false },
      { kind: 'unknown', type: 0x80000001, body: Uint8Array.of(1) },
      { kind: 'section', byteOrder: 'big' },
    ]);
    const text = hex(file);
    expect(text).toContain('03000000' + '14000000' + '04000000' + '01020000' + '14000000');
    expect(text).toContain(
      '0400' + '0800' + '0500000000000000' + '0500' + '0800' + '0200000000000000' + '00000000',
    );
    expect(text).toContain('ad0b0040' + '14000000' + 'd97e0000' + '01000000');
    expect(text).toContain('01000080' + '10000000' + '01000000' + '10000000');
    expect(
      text.endsWith('0a0d0d0a' + '0000001c' + '1a2b3c4d' + '00010000' + 'ffffffffffffffff' + '0000001c'),
    ).toBe(true);
  });

  it('refuse a packet of an interface that is not there', () => {
    const packet = { kind: 'packet', interfaceId: 0, timestampNs: 0n, data: new Uint8Array(1) } as const;
    expect(() => pcapngFile([{ kind: 'section' }, packet])).toThrow('no interface 0');
  });
});
