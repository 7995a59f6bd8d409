/**
 * pcapng (draft-ietf-opsawg-pcapng), little-endian, nanoseconds, with a comment per packet. No name resolution block, no
 * machine, no clock of ours: what the file says is what it was given.
 */

export interface PcapngPacket {
  /** Name of the capture point: one interface per name and link type. */
  readonly interfaceName: string;
  readonly linkType: number;
  readonly timestampNs: bigint | null;
  readonly originalLength: number;
  readonly bytes: Uint8Array;
  readonly comment: string;
}

const OPTION = { end: 0, comment: 1, application: 4, interfaceName: 2, resolution: 9 } as const;
const BLOCK = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
const NANOSECONDS = 9;

export function writePcapng(
  packets: readonly PcapngPacket[],
  about: { application: string; comment: string },
): Uint8Array {
  const blocks: Uint8Array[] = [
    block(BLOCK.section, [
      words(0x1a2b3c4d, 1, 0xffffffff, 0xffffffff),
      options([
        [OPTION.comment, text(about.comment)],
        [OPTION.application, text(about.application)],
      ]),
    ]),
  ];
  const interfaces = new Map<string, number>();
  for (const { interfaceName, linkType } of packets) {
    const key = `${linkType} ${interfaceName}`;
    if (interfaces.has(key)) continue;
    interfaces.set(key, interfaces.size);
    blocks.push(
      block(BLOCK.interface, [
        words(linkType, 0),
        options([
          [OPTION.interfaceName, text(interfaceName)],
          [OPTION.resolution, Uint8Array.of(NANOSECONDS)],
        ]),
      ]),
    );
  }
  for (const packet of packets) {
    const at = packet.timestampNs ?? 0n;
    blocks.push(
      block(BLOCK.packet, [
        words(
          interfaces.get(`${packet.linkType} ${packet.interfaceName}`) ?? 0,
          Number(BigInt.asUintN(64, at) >> 32n),
          Number(at & 0xffff_ffffn),
          packet.bytes.length,
          packet.originalLength,
        ),
        padded(packet.bytes),
        options([[OPTION.comment, text(packet.comment)]]),
      ]),
    );
  }
  return Buffer.concat(blocks);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([words(type, length), ...parts, words(length)]);
}

function words(...values: number[]): Uint8Array {
  const out = new Uint8Array(values.length * 4);
  const view = new DataView(out.buffer);
  values.forEach((value, index) => view.setUint32(index * 4, value, true));
  return out;
}

function options(list: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  return Buffer.concat([
    ...list.flatMap(([code, value]) => [words(code | (value.length << 16)), padded(value)]),
    words(OPTION.end),
  ]);
}

function padded(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
}

/** An option holds at most 65535 bytes; comments here are sentences. */
function text(value: string): Uint8Array {
  return Buffer.from(value).subarray(0, 0xffff);
}
