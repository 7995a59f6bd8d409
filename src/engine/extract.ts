/** Chosen records of one capture, rewritten by the core. Layouts: wasm/crates/abi/src/session.rs and extract/src/reader.rs. */

import { TAG, type Core } from './core.ts';

const OUTPUT = { missing: 7, taken: 8 } as const;
const FIXED_BYTES = 72;
const NAME_BYTES = 17;

/** A conversation and a time, both instants included. Addresses are 16 bytes, IPv4 as ::ffff:a.b.c.d. */
export interface PacketSelector {
  readonly ends: readonly [
    { readonly address: Uint8Array; readonly port: number },
    { readonly address: Uint8Array; readonly port: number },
  ];
  readonly protocol: number;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly limit: number;
}

export interface ExtractConfig {
  /** Null takes every record. */
  readonly selectors: readonly PacketSelector[] | null;
  /** Key of the offsets taken from TCP timestamps; null keeps them. */
  readonly timestampKey: bigint | null;
  /** Names stay as captured. */
  readonly keepNames: boolean;
  /** What a name becomes: 4 bytes (IPv4), 16 (IPv6) or 6 (hardware address) to as many. */
  readonly mapName: (name: Uint8Array) => Uint8Array;
}

/** A record without what must not be shown. */
export interface ExtractedRecord {
  /** Which selector took it; null when every record is taken. */
  readonly selector: number | null;
  readonly linkType: number;
  /** 1-based in its file. */
  readonly frameNumber: number;
  readonly timestampNs: bigint | null;
  readonly originalLength: number;
  readonly tcpSequence: number;
  readonly tcpAcknowledgment: number;
  readonly tcpFlags: number;
  readonly payloadLength: number;
  readonly ttl: number;
  readonly dscp: number;
  /** Sent by the lower of the two ends (address, then port). */
  readonly isFromLower: boolean;
  readonly bytes: Uint8Array;
  /** As captured: for a keyed hash, never for an output. */
  readonly payload: Uint8Array;
}

/** Reads a capture from its head to its end; `blocks` are its (uncompressed) bytes. */
export async function* extractRecords(
  core: Core,
  config: ExtractConfig,
  blocks: AsyncIterable<Uint8Array>,
): AsyncGenerator<ExtractedRecord> {
  const session = core.open(4);
  try {
    session.send(TAG.config, encodeConfig(config));
    const taken = function* (): Generator<ExtractedRecord> {
      const missing = session.output(OUTPUT.missing);
      if (missing.length > 0) session.send(TAG.names, encodeNames(missing, config.mapName));
      yield* readRecords(session.output(OUTPUT.taken));
    };
    for await (const block of blocks) {
      const status = session.send(TAG.bytes, block);
      yield* taken();
      if (status === 'done') return;
    }
    session.finish(0);
    yield* taken();
  } finally {
    session.close();
  }
}

function encodeConfig({ selectors, timestampKey, keepNames }: ExtractConfig): Uint8Array {
  const list = selectors ?? [];
  const out = new Uint8Array(16 + list.length * 64);
  const view = new DataView(out.buffer);
  view.setUint32(
    0,
    (selectors === null ? 1 : 0) | (timestampKey === null ? 0 : 2) | (keepNames ? 4 : 0),
    true,
  );
  view.setBigUint64(8, timestampKey ?? 0n, true);
  list.forEach(({ ends: [a, b], protocol, fromNs, toNs, limit }, index) => {
    const at = 16 + index * 64;
    out.set(a.address, at);
    out.set(b.address, at + 16);
    view.setBigInt64(at + 32, fromNs, true);
    view.setBigInt64(at + 40, toNs, true);
    [a.port, b.port, protocol, limit].forEach((word, i) => view.setUint32(at + 48 + i * 4, word, true));
  });
  return out;
}

const LENGTHS: Readonly<Record<number, number>> = { 4: 4, 6: 16, 48: 6 };

function encodeNames(missing: Uint8Array, mapName: ExtractConfig['mapName']): Uint8Array {
  const count = missing.length / NAME_BYTES;
  const out = new Uint8Array(count * 36);
  const view = new DataView(out.buffer);
  for (let index = 0; index < count; index++) {
    const name = missing.subarray(index * NAME_BYTES, (index + 1) * NAME_BYTES);
    const kind = name[0] ?? 0;
    view.setUint32(index * 36, kind, true);
    out.set(name.subarray(1), index * 36 + 4);
    out.set(mapName(name.slice(1, 1 + (LENGTHS[kind] ?? 0))), index * 36 + 20);
  }
  return out;
}

function* readRecords(bytes: Uint8Array): Generator<ExtractedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (at < bytes.length) {
    const word = (index: number): number => view.getUint32(at + index * 4, true);
    const captured = word(5);
    const payload = word(7);
    const data = at + FIXED_BYTES;
    yield {
      selector: word(0) === 0xffff_ffff ? null : word(0),
      linkType: word(1),
      frameNumber: word(2) + 1,
      timestampNs: word(3) === 1 ? view.getBigInt64(at + 64, true) : null,
      originalLength: word(4),
      tcpSequence: word(8),
      tcpAcknowledgment: word(9),
      tcpFlags: word(10),
      payloadLength: word(11),
      ttl: word(12),
      dscp: word(13),
      isFromLower: word(14) === 1,
      bytes: bytes.slice(data, data + captured),
      payload: bytes.slice(data + captured, data + captured + payload),
    };
    at = data + captured + payload;
  }
}
