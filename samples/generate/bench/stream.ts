/**
 * Game-like traffic of any length, faster than a disk takes it: 80 % of flows UDP, a third of packets TCP with
 * timestamps, small packets. Every sequence number, timestamp and checksum is right.
 */

import { viewOf } from '../wire/bytes.ts';
import { onesComplementSum } from '../wire/checksum.ts';
import { tcpFlags } from '../wire/transport.ts';
import { STRIDE, flowTable, synFrame, type BenchMix } from './templates.ts';

/** What a reader of the file must count; `bytes` is the file's length. */
export interface BenchCounts {
  readonly bytes: number;
  readonly packets: number;
  readonly tcp_packets: number;
  readonly udp_packets: number;
  readonly ipv6_packets: number;
  readonly vlan_packets: number;
  /** TCP data segments sent again before anything acknowledged them. */
  readonly retransmissions: number;
  readonly flows: number;
  readonly tcp_flows: number;
  readonly first_timestamp_ns: string;
  readonly last_timestamp_ns: string;
  readonly seed: number;
}

const BLOCK_BYTES = 8 << 20;
const MAX_RECORD_BYTES = 512;
const START_SECONDS = Date.UTC(2026, 10, 11, 12, 0, 0) / 1000;
const MAX_PAYLOAD_BYTES = 255;
/** Retransmissions per 1024 chances; a chance is a data segment about to be acknowledged. */
const RETRANSMIT_OF_1024 = 16;

/** A TCP flow walks these in a circle after its handshake. */
const PHASE = {
  syn: 0,
  synAck: 1,
  handshakeAck: 2,
  request: 3,
  requestAck: 4,
  response: 5,
  responseAck: 6,
} as const;

/** Writes at most `maxBytes` as a µs little-endian pcap through `write`, which gets blocks it must not keep. */
export function streamBench(
  maxBytes: number,
  seed: number,
  flows: number,
  write: (block: Uint8Array) => void,
  mix: BenchMix = 'mixed',
): BenchCounts {
  const table = flowTable(flows, mix);
  const { headers, tcpFlows, udpFlows } = table;
  const filler = new Uint8Array(MAX_PAYLOAD_BYTES + 1);
  // Not constant: a compressor or a hash must have something to do.
  for (let i = 8; i < filler.length; i++) filler[i] = (Math.imul(i, 0x9e3779b1) >>> 24) & 0xff;
  const fillerSum = Uint32Array.from({ length: filler.length }, (_, n) =>
    onesComplementSum(filler.subarray(0, n)),
  );

  const phase = new Uint8Array(flows);
  const seq = new Uint32Array(flows * 2);
  const lastTs = new Uint32Array(flows * 2);
  const tsOffset = new Uint32Array(flows * 2);
  const counter = new Uint32Array(flows * 2);
  const ipId = new Uint16Array(flows * 2);
  const pendingLength = new Uint8Array(flows);

  let state = (seed ^ 0x6d2b79f5) >>> 0 || 1;
  const random = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  for (let i = 0; i < flows * 2; i++) {
    seq[i] = random();
    tsOffset[i] = random();
    ipId[i] = random();
  }

  const block = new Uint8Array(BLOCK_BYTES);
  const view = viewOf(block);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 262144, true);
  view.setUint32(20, 1, true);
  let at = 24;
  let flushed = 0;

  let seconds = START_SECONDS;
  let micros = 0;
  let elapsedMs = 0;
  let microsOfMs = 0;
  let first: string | null = null;
  let lastSeconds = seconds;
  let lastMicros = micros;
  let packets = 0;
  let tcpPackets = 0;
  let ipv6Packets = 0;
  let vlanPackets = 0;
  let retransmissions = 0;

  for (;;) {
    // One draw decides transport, flow, direction and size: bits are taken from different ends.
    const draw = random();
    const isTcp = udpFlows.length === 0 || (tcpFlows.length > 0 && draw % 3 === 0);
    const choice = random();
    const flow = isTcp ? tcpFlows[choice % tcpFlows.length]! : udpFlows[choice % udpFlows.length]!;

    let direction = draw >>> 31;
    let payload = 0;
    let flags = 0;
    let isRepeat = false;
    let step = 0;
    if (isTcp) {
      step = phase[flow]!;
      const isAckStep = step === PHASE.requestAck || step === PHASE.responseAck;
      isRepeat = isAckStep && ((draw >>> 8) & 1023) < RETRANSMIT_OF_1024;
      if (isRepeat) step--;
      direction = step === PHASE.synAck || step === PHASE.requestAck || step === PHASE.response ? 1 : 0;
      if (step === PHASE.request || step === PHASE.response) {
        flags = tcpFlags.ack | tcpFlags.psh;
        payload = isRepeat ? pendingLength[flow]! : 24 + ((draw >>> 18) & 127);
      } else flags = tcpFlags.ack;
    } else payload = 40 + ((draw >>> 16) & 127);

    const isSyn = isTcp && step <= PHASE.synAck;
    const headerLength = isSyn ? table.headerLength[flow]! + 8 : table.headerLength[flow]!;
    const length = headerLength + payload;
    if (flushed + at + 16 + length > maxBytes) break;
    if (at + MAX_RECORD_BYTES > BLOCK_BYTES) {
      write(block.subarray(0, at));
      flushed += at;
      at = 0;
    }

    const gap = 2 + ((draw >>> 9) & 127);
    micros += gap;
    if (micros >= 1_000_000) {
      micros -= 1_000_000;
      seconds++;
    }
    microsOfMs += gap;
    if (microsOfMs >= 1000) {
      microsOfMs -= 1000;
      elapsedMs++;
    }
    view.setUint32(at, seconds, true);
    view.setUint32(at + 4, micros, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 12, length, true);
    const frame = at + 16;
    const slot = 2 * flow + direction;
    const peer = slot ^ 1;

    if (isSyn) {
      const ts = (elapsedMs + tsOffset[slot]!) >>> 0;
      const ack = step === PHASE.synAck ? seq[peer]! : null;
      block.set(
        synFrame(
          flow,
          direction,
          {
            seq: seq[slot]!,
            ack,
            tsValue: ts,
            tsEcho: ack === null ? 0 : lastTs[peer]!,
          },
          mix,
        ),
        frame,
      );
      lastTs[slot] = ts;
      seq[slot] = seq[slot]! + 1;
      phase[flow] = step + 1;
    } else {
      block.set(headers.subarray(slot * STRIDE, slot * STRIDE + headerLength), frame);
      const ip = frame + table.ipAt[flow]!;
      let transport = ip + 40;
      if (table.isIpv6[flow] === 1) view.setUint16(ip + 4, frame + length - transport);
      else {
        transport = ip + 20;
        const ipLength = frame + length - ip;
        const id = (ipId[slot] = ipId[slot]! + 1) & 0xffff;
        view.setUint16(ip + 2, ipLength);
        view.setUint16(ip + 4, id);
        view.setUint16(ip + 10, folded(table.ipSum[slot]! + ipLength + id));
      }
      const message = frame + length - transport;
      let sum = table.transportSum[slot]! + message;
      let stamp: number;
      if (isTcp) {
        const ts = (elapsedMs + tsOffset[slot]!) >>> 0;
        const echo = lastTs[peer]!;
        const ack = seq[peer]!;
        const sequence = isRepeat ? (seq[slot]! - payload) >>> 0 : seq[slot]!;
        view.setUint32(transport + 4, sequence);
        view.setUint32(transport + 8, ack);
        block[transport + 13] = flags;
        view.setUint32(transport + 24, ts);
        view.setUint32(transport + 28, echo);
        sum += halves(sequence) + halves(ack) + flags + halves(ts) + halves(echo);
        lastTs[slot] = ts;
        if (payload > 0) {
          if (isRepeat) retransmissions++;
          else {
            seq[slot] = seq[slot]! + payload;
            counter[slot] = counter[slot]! + 1;
          }
          pendingLength[flow] = payload;
        }
        phase[flow] = step === PHASE.responseAck ? PHASE.request : step + 1;
        stamp = counter[slot]!;
      } else {
        view.setUint16(transport + 4, message);
        sum += message;
        stamp = counter[slot] = counter[slot]! + 1;
      }
      if (payload > 0) {
        const body = frame + headerLength;
        block.set(filler.subarray(0, payload), body);
        // The mask keeps dissectors that guess by content from seeing a protocol in a small flow number.
        const owner = (flow ^ 0xa5c3_9e00) >>> 0;
        view.setUint32(body, owner);
        view.setUint32(body + 4, stamp);
        sum += fillerSum[payload]! + halves(owner) + halves(stamp);
      }
      const checksum = folded(sum);
      view.setUint16(transport + (isTcp ? 16 : 6), isTcp ? checksum : checksum || 0xffff);
    }

    at += 16 + length;
    packets++;
    if (isTcp) tcpPackets++;
    ipv6Packets += table.isIpv6[flow]!;
    if (table.ipAt[flow] === 18) vlanPackets++;
    first ??= instantNs(seconds, micros);
    lastSeconds = seconds;
    lastMicros = micros;
  }
  write(block.subarray(0, at));
  return {
    bytes: flushed + at,
    packets,
    tcp_packets: tcpPackets,
    udp_packets: packets - tcpPackets,
    ipv6_packets: ipv6Packets,
    vlan_packets: vlanPackets,
    retransmissions,
    flows,
    tcp_flows: tcpFlows.length,
    first_timestamp_ns: first ?? '0',
    last_timestamp_ns: packets === 0 ? '0' : instantNs(lastSeconds, lastMicros),
    seed,
  };
}

function halves(word: number): number {
  return (word >>> 16) + (word & 0xffff);
}

/** The checksum a sum of 16-bit words gives. */
function folded(sum: number): number {
  let short = (sum & 0xffff) + (sum >>> 16);
  short = (short & 0xffff) + (short >>> 16);
  return ~short & 0xffff;
}

function instantNs(seconds: number, micros: number): string {
  return `${seconds}${micros.toString().padStart(6, '0')}000`;
}
