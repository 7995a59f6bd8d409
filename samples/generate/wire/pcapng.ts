/** Writes pcapng files block by block (draft-ietf-opsawg-pcapng): what a test lists is what the file holds. */

import type { ByteOrder } from './bytes.ts';
import { concat, padded, viewOf } from './bytes.ts';
import type { CapturedFrame } from './pcap.ts';

/** An option as its code and raw value; the end-of-options mark is added here. */
export interface PcapngOption {
  readonly code: number;
  readonly value: Uint8Array;
}

/** `if_tsresol`: ticks per second are base^exponent. */
export interface TimestampResolution {
  readonly base: 10 | 2;
  readonly exponent: number;
}

export type PcapngBlock =
  | { readonly kind: 'section'; readonly byteOrder?: ByteOrder; readonly options?: readonly PcapngOption[] }
  | {
      readonly kind: 'interface';
      readonly linkType: number;
      /** 0 means no limit. */
      readonly snaplenBytes?: number;
      /** Absent: the option is not written and ticks are microseconds. */
      readonly resolution?: TimestampResolution;
      /** `if_tsoffset`: seconds added to every tick count of this interface. */
      readonly offsetSeconds?: bigint;
      readonly options?: readonly PcapngOption[];
    }
  | (CapturedFrame & {
      readonly kind: 'packet';
      readonly interfaceId: number;
      readonly options?: readonly PcapngOption[];
    })
  | { readonly kind: 'simple-packet'; readonly data: Uint8Array; readonly originalLenBytes?: number }
  | {
      readonly kind: 'interface-statistics';
      readonly interfaceId: number;
      readonly timestampNs: bigint;
      /** `isb_ifrecv` and `isb_ifdrop`, packets. */
      readonly received?: bigint;
      readonly dropped?: bigint;
    }
  | {
      readonly kind: 'custom';
      readonly enterpriseNumber: number;
      readonly data: Uint8Array;
      readonly copyable?: boolean;
    }
  | { readonly kind: 'unknown'; readonly type: number; readonly body: Uint8Array };

interface Interface {
  readonly snaplen: number;
  readonly resolution: TimestampResolution;
  readonly offsetSeconds: bigint;
}

/** The bytes of a file made of these blocks; the first must be a section. A section may change the byte order. */
export function pcapngFile(blocks: readonly PcapngBlock[]): Uint8Array {
  const writer = new PcapngWriter();
  return concat(blocks.map((block) => writer.block(block)));
}

class PcapngWriter {
  private little = true;
  private interfaces: Interface[] = [];

  block(block: PcapngBlock): Uint8Array {
    switch (block.kind) {
      case 'section': {
        this.little = (block.byteOrder ?? 'little') === 'little';
        this.interfaces = [];
        const fixed = new Uint8Array(16);
        const view = viewOf(fixed);
        view.setUint32(0, 0x1a2b3c4d, this.little);
        view.setUint16(4, 1, this.little);
        view.setBigInt64(8, -1n, this.little);
        return this.framed(0x0a0d0d0a, fixed, block.options);
      }
      case 'interface': {
        const resolution = block.resolution ?? { base: 10, exponent: 6 };
        const offsetSeconds = block.offsetSeconds ?? 0n;
        this.interfaces.push({ snaplen: block.snaplenBytes ?? 0, resolution, offsetSeconds });
        const fixed = new Uint8Array(8);
        viewOf(fixed).setUint16(0, block.linkType, this.little);
        viewOf(fixed).setUint32(4, block.snaplenBytes ?? 0, this.little);
        const options = [...(block.options ?? [])];
        if (block.resolution !== undefined) {
          const high = resolution.base === 2 ? 0x80 : 0;
          options.push({ code: 9, value: Uint8Array.of(high | resolution.exponent) });
        }
        if (block.offsetSeconds !== undefined) options.push({ code: 14, value: this.u64(offsetSeconds) });
        return this.framed(1, fixed, options);
      }
      case 'packet': {
        const data = this.cut(block.data, block.interfaceId);
        const fixed = new Uint8Array(20);
        const view = viewOf(fixed);
        view.setUint32(0, block.interfaceId, this.little);
        this.setTicks(view, 4, block.interfaceId, block.timestampNs);
        view.setUint32(12, data.length, this.little);
        view.setUint32(16, block.originalLenBytes ?? block.data.length, this.little);
        return this.framed(6, concat([fixed, padded(data, 4)]), block.options);
      }
      case 'simple-packet': {
        const fixed = new Uint8Array(4);
        viewOf(fixed).setUint32(0, block.originalLenBytes ?? block.data.length, this.little);
        return this.framed(3, concat([fixed, padded(this.cut(block.data, 0), 4)]));
      }
      case 'interface-statistics': {
        const fixed = new Uint8Array(12);
        viewOf(fixed).setUint32(0, block.interfaceId, this.little);
        this.setTicks(viewOf(fixed), 4, block.interfaceId, block.timestampNs);
        const options: PcapngOption[] = [];
        if (block.received !== undefined) options.push({ code: 4, value: this.u64(block.received) });
        if (block.dropped !== undefined) options.push({ code: 5, value: this.u64(block.dropped) });
        return this.framed(5, fixed, options);
      }
      case 'custom': {
        const fixed = new Uint8Array(4);
        viewOf(fixed).setUint32(0, block.enterpriseNumber, this.little);
        const type = block.copyable === false ? 0x40000bad : 0x00000bad;
        return this.framed(type, concat([fixed, padded(block.data, 4)]));
      }
      case 'unknown':
        return this.framed(block.type, padded(block.body, 4));
    }
  }

  private cut(data: Uint8Array, interfaceId: number): Uint8Array {
    const snaplen = this.interfaces[interfaceId]?.snaplen ?? 0;
    return snaplen === 0 ? data : data.subarray(0, snaplen);
  }

  private setTicks(view: DataView, at: number, interfaceId: number, timestampNs: bigint): void {
    const owner = this.interfaces[interfaceId];
    if (owner === undefined) throw new Error(`no interface ${interfaceId} in this section`);
    const perSecond = BigInt(owner.resolution.base) ** BigInt(owner.resolution.exponent);
    const ticks = ((timestampNs - owner.offsetSeconds * 1_000_000_000n) * perSecond) / 1_000_000_000n;
    view.setUint32(at, Number(ticks >> 32n), this.little);
    view.setUint32(at + 4, Number(ticks & 0xffffffffn), this.little);
  }

  private u64(value: bigint): Uint8Array {
    const bytes = new Uint8Array(8);
    viewOf(bytes).setBigInt64(0, BigInt.asIntN(64, value), this.little);
    return bytes;
  }

  private framed(type: number, body: Uint8Array, options: readonly PcapngOption[] = []): Uint8Array {
    const parts = options.map((option) => {
      const head = new Uint8Array(4);
      viewOf(head).setUint16(0, option.code, this.little);
      viewOf(head).setUint16(2, option.value.length, this.little);
      return concat([head, padded(option.value, 4)]);
    });
    if (parts.length > 0) parts.push(new Uint8Array(4));
    const inner = concat([body, ...parts]);
    const block = new Uint8Array(inner.length + 12);
    const view = viewOf(block);
    view.setUint32(0, type, this.little);
    view.setUint32(4, block.length, this.little);
    block.set(inner, 8);
    view.setUint32(block.length - 4, block.length, this.little);
    return block;
  }
}
