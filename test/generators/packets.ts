/** Packet and capture builders for tests; the same code writes samples/, so one bug cannot hide behind another copy. */

export * from '../../samples/generate/wire/addresses.ts';
export * from '../../samples/generate/wire/bytes.ts';
export * from '../../samples/generate/wire/checksum.ts';
export * from '../../samples/generate/wire/frames.ts';
export * from '../../samples/generate/wire/ip.ts';
export * from '../../samples/generate/wire/pcap.ts';
export * from '../../samples/generate/wire/pcapng.ts';
export * from '../../samples/generate/wire/transport.ts';
