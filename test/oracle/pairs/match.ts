/**
 * An independent matcher, as plain as it can be: whole files in memory, a dictionary from what a packet says to where it
 * was seen. It knows which host sits at which end (the expectation says so) and never looks at time to recognise a packet,
 * only to choose among equals.
 */

import type { Packet } from './packets.ts';

export type Direction = 'client_to_server' | 'server_to_client';

/** Both views of one five-tuple as text, source first. */
export interface FlowPair {
  readonly client: string;
  readonly server: string;
  /** Different packets (by content) that both have. */
  readonly shared: number;
}

export interface Match {
  readonly clientFrame: number;
  readonly serverFrame: number;
  readonly clientNs: bigint;
  readonly serverNs: bigint;
  readonly client: Packet;
  readonly server: Packet;
  /** False where only part of the bytes is the same packet's: segments cut or joined on the way. */
  readonly isWhole: boolean;
}

export interface DirectionMatches {
  readonly matches: readonly Match[];
  /** Packets in the sender's file of flows that both files have, and those of them the receiver's file has. */
  readonly sent: readonly Packet[];
  readonly found: readonly Packet[];
  /** Packets in the receiver's file of those flows that nothing in the sender's explains. */
  readonly onlyAtReceiver: readonly Packet[];
}

export interface PairMatches {
  readonly flows: readonly FlowPair[];
  readonly client_to_server: DirectionMatches;
  readonly server_to_client: DirectionMatches;
}

/** A flow needs this many different packets in common, both directions together. */
const LEAST_SHARED = 2;

/**
 * `clientHosts`: addresses, as the client's file shows them, whose packets go from client to server. Everything
 * else goes the other way.
 */
export function matchPair(
  clientPackets: readonly Packet[],
  serverPackets: readonly Packet[],
  clientHosts: readonly string[],
): PairMatches {
  const cut = shortestPayload(clientPackets, serverPackets);
  const client = byFlow(clientPackets);
  const server = byFlow(serverPackets);
  const flows = associate(client, server, cut);
  const direction = (wanted: Direction): DirectionMatches => {
    const parts = flows
      .filter(
        ({ client: name }) =>
          clientHosts.includes(client.get(name)![0]!.src) === (wanted === 'client_to_server'),
      )
      .map((flow) => {
        const [sent, received] =
          wanted === 'client_to_server'
            ? [client.get(flow.client)!, server.get(flow.server)!]
            : [server.get(flow.server)!, client.get(flow.client)!];
        return matchFlow(sent, received, cut, wanted);
      });
    return {
      matches: parts.flatMap(({ matches }) => matches),
      sent: parts.flatMap(({ sent }) => sent),
      found: parts.flatMap(({ found }) => found),
      onlyAtReceiver: parts.flatMap(({ onlyAtReceiver }) => onlyAtReceiver),
    };
  };
  return {
    flows,
    client_to_server: direction('client_to_server'),
    server_to_client: direction('server_to_client'),
  };
}

function byFlow(packets: readonly Packet[]): Map<string, Packet[]> {
  const flows = new Map<string, Packet[]>();
  for (const packet of packets) {
    const { protocol, src, srcPort, dst, dstPort } = packet;
    const name = `${protocol} ${src} ${srcPort ?? '-'} ${dst} ${dstPort ?? '-'}`;
    const list = flows.get(name);
    if (list === undefined) flows.set(name, [packet]);
    else list.push(packet);
  }
  return flows;
}

/** What survives the path, as text. Two packets with the same key are the same to us; `cut`: payload bytes compared. */
export function keyOf(
  { protocol, payload, payloadLenBytes, tcp, isFragment, fragmentOffsetBytes }: Packet,
  cut: number,
): string {
  const bytes = Buffer.from(payload.subarray(0, cut)).toString('base64');
  // MSS, window and checksum may be rewritten; numbers and flags are the connection's own.
  const numbers = tcp === null ? '' : `${tcp.seq} ${tcp.ack} ${tcp.flags & 0x3f} ${tcp.tsValue ?? '-'}`;
  const place = isFragment ? `fragment ${fragmentOffsetBytes}` : '';
  return `${protocol}|${payloadLenBytes}|${numbers}|${place}|${bytes}`;
}

/** The smaller snaplen of the two files leaves this much payload of any packet. */
function shortestPayload(...captures: readonly (readonly Packet[])[]): number {
  let cut = Infinity;
  for (const packets of captures)
    for (const { payload, payloadLenBytes } of packets)
      if (payload.length < payloadLenBytes) cut = Math.min(cut, payload.length);
  return cut;
}

/** Each flow of the client's file with the flow of the server's file it shares most packets with. */
function associate(
  client: ReadonlyMap<string, readonly Packet[]>,
  server: ReadonlyMap<string, readonly Packet[]>,
  cut: number,
): FlowPair[] {
  const where = new Map<string, Set<string>>();
  for (const [name, packets] of server)
    for (const packet of packets) {
      const key = keyOf(packet, cut);
      const names = where.get(key);
      if (names === undefined) where.set(key, new Set([name]));
      else names.add(name);
    }
  const candidates: FlowPair[] = [];
  for (const [name, packets] of client) {
    const votes = new Map<string, number>();
    for (const key of new Set(packets.map((packet) => keyOf(packet, cut))))
      for (const other of where.get(key) ?? []) votes.set(other, (votes.get(other) ?? 0) + 1);
    for (const [other, shared] of votes) {
      if (isSpecific(packets[0]!)) candidates.push({ client: name, server: other, shared });
    }
  }
  // The same names at both ends come first among equals: no translation is the simpler story.
  candidates.sort(
    (a, b) =>
      b.shared - a.shared ||
      Number(b.client === b.server) - Number(a.client === a.server) ||
      (a.client < b.client ? -1 : 1),
  );
  const usedClient = new Set<string>();
  const usedServer = new Set<string>();
  const chosen = candidates.filter(({ client: one, server: two }) => {
    if (usedClient.has(one) || usedServer.has(two)) return false;
    usedClient.add(one);
    usedServer.add(two);
    return true;
  });
  // Both directions vote together: one equal packet alone is what any scanner sends to every host. Under one name it is no
  // accident.
  const votes = new Map(chosen.map((flow) => [`${flow.client}|${flow.server}`, flow.shared]));
  return chosen.filter(
    ({ client: one, server: two, shared }) =>
      one === two || shared + (votes.get(`${reversed(one)}|${reversed(two)}`) ?? 0) >= LEAST_SHARED,
  );
}

function reversed(name: string): string {
  const [protocol, src, srcPort, dst, dstPort] = name.split(' ');
  return [protocol, dst, dstPort, src, srcPort].join(' ');
}

/** Multicast and broadcast are everywhere alike: they do not show that two captures saw one path. */
function isSpecific({ dst }: Packet): boolean {
  return !dst.startsWith('ff') && !/^(22[4-9]|23\d|255)\./.test(dst);
}

/** Equal keys in order; among more sightings than sendings, the ones that keep the order and lie closest in time. */
function matchFlow(
  sent: readonly Packet[],
  received: readonly Packet[],
  cut: number,
  direction: Direction,
): DirectionMatches {
  const runs = new Map<string, { sent: Packet[]; received: Packet[] }>();
  const runOf = (packet: Packet) => {
    const key = keyOf(packet, cut);
    let run = runs.get(key);
    if (run === undefined) runs.set(key, (run = { sent: [], received: [] }));
    return run;
  };
  for (const packet of sent) runOf(packet).sent.push(packet);
  for (const packet of received) runOf(packet).received.push(packet);
  const sure = [...runs.values()].filter((run) => run.sent.length === 1 && run.received.length === 1);
  const delays = sure
    .map((run) => run.received[0]!.timestampNs - run.sent[0]!.timestampNs)
    .sort((a, b) => (a < b ? -1 : 1));
  const usual = delays[delays.length >> 1] ?? 0n;
  const partner = new Map<Packet, Packet>();
  for (const run of runs.values())
    for (const [a, b] of alignRun(run.sent, run.received, usual)) partner.set(a, b);
  const taken = new Set(partner.values());
  const matches: Match[] = [...partner].map(([a, b]) => matchOf(a, b, direction, true));
  const found = new Set(partner.keys());
  joinSegments(
    sent.filter((packet) => !found.has(packet)),
    received.filter((packet) => !taken.has(packet)),
    (a, b) => {
      found.add(a);
      taken.add(b);
      matches.push(matchOf(a, b, direction, false));
    },
  );
  matches.sort((a, b) => a.clientFrame - b.clientFrame || a.serverFrame - b.serverFrame);
  return {
    matches,
    sent,
    found: sent.filter((packet) => found.has(packet)),
    onlyAtReceiver: received.filter((packet) => !taken.has(packet)),
  };
}

/** Equal packets, each used once and in order: the alignment with most pairs, and of those the least time astray. */
function alignRun(sent: readonly Packet[], received: readonly Packet[], usual: bigint): [Packet, Packet][] {
  const astray = (a: Packet, b: Packet) => Math.abs(Number(b.timestampNs - a.timestampNs - usual));
  const width = received.length + 1;
  // best[i][j]: the first i sent against the first j received; pairs dominate, time decides.
  const pairs = new Int32Array((sent.length + 1) * width);
  const cost = new Float64Array((sent.length + 1) * width);
  for (let i = 1; i <= sent.length; i++)
    for (let j = 1; j <= received.length; j++) {
      const here = i * width + j;
      const options = [here - width, here - 1].map((at) => [pairs[at]!, cost[at]!] as const);
      const away = astray(sent[i - 1]!, received[j - 1]!);
      const diagonal = here - width - 1;
      // Ten seconds on a path is no path.
      if (away < 1e10) options.push([pairs[diagonal]! + 1, cost[diagonal]! + away]);
      const [count, total] = options.reduce((a, b) =>
        b[0] > a[0] || (b[0] === a[0] && b[1] < a[1]) ? b : a,
      );
      pairs[here] = count;
      cost[here] = total;
    }
  const result: [Packet, Packet][] = [];
  let i = sent.length;
  let j = received.length;
  while (i > 0 && j > 0) {
    const here = i * width + j;
    if (pairs[here] === pairs[here - 1] && cost[here] === cost[here - 1]) j--;
    else if (pairs[here] === pairs[here - width] && cost[here] === cost[here - width]) i--;
    else result.push([sent[--i]!, received[--j]!]);
  }
  return result;
}

/**
 * TCP segments that no whole packet answers: cut or joined on the way. A sent packet is found when every byte of it that
 * both files hold is in some received packet at the same sequence number with the same value.
 */
function joinSegments(
  sent: readonly Packet[],
  received: readonly Packet[],
  onPair: (sent: Packet, received: Packet) => void,
): void {
  const withData = received.filter(({ tcp, payloadLenBytes }) => tcp !== null && payloadLenBytes > 0);
  for (const packet of sent) {
    if (packet.tcp === null || packet.payloadLenBytes === 0) continue;
    const partners = withData.filter((other) => overlapEqual(packet, other));
    const covered = new Uint8Array(packet.payloadLenBytes);
    for (const other of partners) {
      const shift = (other.tcp!.seq - packet.tcp.seq) | 0;
      covered.fill(1, Math.max(0, shift), Math.max(0, shift + other.payloadLenBytes));
    }
    if (partners.length === 0 || covered.includes(0)) continue;
    for (const other of partners) onPair(packet, other);
  }
}

function overlapEqual(a: Packet, b: Packet): boolean {
  const shift = (b.tcp!.seq - a.tcp!.seq) | 0;
  const from = Math.max(0, shift);
  const to = Math.min(a.payloadLenBytes, shift + b.payloadLenBytes);
  if (from >= to) return false;
  const both = Math.min(to, a.payload.length, shift + b.payload.length);
  return Buffer.compare(a.payload.subarray(from, both), b.payload.subarray(from - shift, both - shift)) === 0;
}

function matchOf(sent: Packet, received: Packet, direction: Direction, isWhole: boolean): Match {
  const [client, server] = direction === 'client_to_server' ? [sent, received] : [received, sent];
  return {
    clientFrame: client.frameNumber,
    serverFrame: server.frameNumber,
    clientNs: client.timestampNs,
    serverNs: server.timestampNs,
    client,
    server,
    isWhole,
  };
}
