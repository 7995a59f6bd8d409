/** Turns packets in transit into the frames that tcpdump writes at each end: NAT, TTL, DSCP and MSS as seen there. */

import { ethernetFrame } from '../wire/frames.ts';
import type { CapturedFrame } from '../wire/pcap.ts';
import { tcpFlags, tcpPacket, udpPacket } from '../wire/transport.ts';
import type { TcpOption } from '../wire/transport.ts';
import type { DscpRewrite } from './client.ts';
import { CLIENT_CLOCK_AHEAD_NS, servers } from './scenario.ts';
import type { Segment } from './segment.ts';
import type { Transit } from './session.ts';

export type CaptureEnd = 'server' | 'client';

/** Game packets leave both hosts as expedited forwarding (46); logins are best effort. */
const GAME_DSCP = 46;

/** The frames one end saw, in time order; `transits` may be in any order. */
export function capturedFrames(
  transits: readonly Transit[],
  end: CaptureEnd,
  periodStartNs: bigint,
): CapturedFrame[] {
  const seen: { readonly atUs: number; readonly ordinal: number; readonly transit: Transit }[] = [];
  transits.forEach((transit, ordinal) => {
    if (end === 'client' && !transit.client.isVolunteer) return;
    const isAtSender = (end === 'server') === (transit.direction === 'server_to_client');
    const atUs = isAtSender ? transit.sentUs : transit.arrivedUs;
    if (atUs !== null) seen.push({ atUs, ordinal, transit });
  });
  seen.sort((a, b) => a.atUs - b.atUs || a.ordinal - b.ordinal);
  const clockNs = periodStartNs + (end === 'client' ? CLIENT_CLOCK_AHEAD_NS : 0n);
  return seen.map(({ atUs, transit }) => ({
    timestampNs: clockNs + BigInt(atUs) * 1000n,
    data: frameAt(transit, end),
  }));
}

function frameAt(transit: Transit, end: CaptureEnd): Uint8Array {
  const { client, connection, direction, body } = transit;
  const isUp = direction === 'client_to_server';
  const crossed = (end === 'server') === isUp;
  const role = connection.kind === 'login' ? servers.login : servers.game;
  const serverAddress = client.isIpv6 ? role.ipv6 : role.ipv4;
  const serverPort = body.kind === 'udp' ? servers.game.udpPort : role.tcpPort;
  const clientAddress = end === 'server' ? client.publicAddress : client.privateAddress;
  const clientPort = end === 'server' ? connection.publicPort : connection.privatePort;
  const [src, dst] = isUp ? [clientAddress, serverAddress] : [serverAddress, clientAddress];
  const [srcPort, dstPort] = isUp ? [clientPort, serverPort] : [serverPort, clientPort];
  const initialTtl = isUp && client.host === 'windows' ? 128 : 64;
  const hops = isUp ? client.hopsToServer : client.hopsToClient;
  const sentDscp = connection.kind === 'login' ? 0 : GAME_DSCP;
  const ip = {
    src,
    dst,
    ttl: crossed ? initialTtl - hops : initialTtl,
    dscp: crossed ? rewritten(sentDscp, client.cohort.dscp) : sentDscp,
    id: transit.ipId,
    dontFragment: true,
  };
  const packet =
    body.kind === 'tcp'
      ? tcpPacket(ip, {
          srcPort,
          dstPort,
          ...tcpFieldsOf(body.segment, mssAt(transit, crossed)),
          payload: streamPayload(connection.token, body.segment),
        })
      : udpPacket(ip, { srcPort, dstPort, payload: datagramPayload(connection.token, body) });
  const [here, there] =
    end === 'server'
      ? ['02:00:5e:00:53:0a', '02:00:5e:00:53:01']
      : ['02:00:5e:00:53:c1', '02:00:5e:00:53:01'];
  const isLeaving = (end === 'server') !== isUp;
  return ethernetFrame(packet, { source: isLeaving ? here : there, destination: isLeaving ? there : here });
}

function rewritten(dscp: number, rewrite: DscpRewrite): number {
  switch (rewrite) {
    case 'keep':
      return dscp;
    case 'bleach':
      return 0;
    case 'bleach-low':
      return dscp & 0x38;
  }
}

/** Hosts offer what their own Ethernet allows; the access network clamps it on the way. */
function mssAt(transit: Transit, crossed: boolean): number {
  const own = transit.client.isIpv6 ? 1440 : 1460;
  return crossed ? Math.min(own, transit.client.cohort.mssBytes) : own;
}

function tcpFieldsOf(segment: Segment, mssBytes: number) {
  const { syn, fin, push, seq, ack, window, tsValue, tsEcho, sack } = segment;
  const flags =
    (syn ? tcpFlags.syn : 0) |
    (fin ? tcpFlags.fin : 0) |
    (push ? tcpFlags.psh : 0) |
    (ack === null ? 0 : tcpFlags.ack);
  const nop = { kind: 'nop' } as const;
  const options: TcpOption[] = [];
  const timestamps =
    tsValue === null ? null : ({ kind: 'timestamps', value: tsValue, echo: tsEcho! } as const);
  if (syn) {
    options.push({ kind: 'mss', bytes: mssBytes }, { kind: 'sack-permitted' });
    options.push(...(timestamps === null ? [nop, nop] : [timestamps]));
    options.push(nop, { kind: 'window-scale', shift: timestamps === null ? 8 : 7 });
  } else {
    if (timestamps !== null) options.push(nop, nop, timestamps);
    if (sack.length > 0) options.push(nop, nop, { kind: 'sack', blocks: sack });
  }
  return { seq, ...(ack === null ? {} : { ack }), flags, window, options };
}

/** Same stream position, same bytes: a retransmission repeats its payload, and no two connections share one. */
function streamPayload(token: number, segment: Segment): Uint8Array {
  const payload = new Uint8Array(segment.payloadBytes).fill(0x2e);
  stamp(payload, token, segment.streamOffset);
  return payload;
}

function datagramPayload(
  token: number,
  body: { readonly counter: number; readonly opaque: readonly number[]; readonly payloadBytes: number },
): Uint8Array {
  const payload = new Uint8Array(body.payloadBytes).fill(0x2e);
  // Opaque on purpose: token and counter are hidden, as in an encrypted game protocol.
  stamp(payload, token, Math.imul(body.counter + 1, 0x9e3779b1));
  payload.set(body.opaque, 8);
  return payload;
}

function stamp(payload: Uint8Array, token: number, position: number): void {
  if (payload.length < 8) return;
  const view = new DataView(payload.buffer);
  view.setUint32(0, token);
  view.setUint32(4, position >>> 0);
}
