// `lagdiff pair` on two large captures of one path: throughput, peak memory, and the answer checked against what was written.
//
//   npm run build && node bench/pair.mjs [--pairs 10000000] [--rounds 1] [--date D] [--host-kind K] [--out PATH]
//
// The captures are made on demand in bench/data/: 200 flows behind a NAT, three quarters UDP and one quarter TCP, 50,000 packets
// a second, 0.5 % of the UDP lost, the server's clock 37 ms behind and 20 ppm fast.
import { closeSync, existsSync, mkdirSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeEnvironment } from './environment.mjs';
import { measure, spread } from './measure.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const main = join(root, 'dist/src/cli/main.js');
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '1' },
    out: { type: 'string' },
    date: { type: 'string', default: 'unknown' },
    'host-kind': { type: 'string', default: 'unknown' },
  },
});

const FLOWS = 200;
const GAP_NS = 20_000;
const START_NS = 1_795_255_200_000_000_000n;
const OFFSET_NS = -37_000_000;
const SKEW = 20e-6;
const PAYLOAD = 60;
const RECORD = 16 + 14 + 20 + 20 + PAYLOAD;

function mix(value) {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
const isTcp = (flow) => flow % 4 === 0;
const flowOf = (packet) => (packet >> 1) % FLOWS;
const isLost = (packet) => !isTcp(flowOf(packet)) && mix(packet) % 1000 < 5;
// Queues that fill and drain, never faster than packets are sent: nothing is reordered.
const delayOf = (packet, sentNs) => {
  const phase = (sentNs / 1e9 + (packet & 1) * 3.7) % 8;
  return (packet & 1 ? 11e6 : 8e6) + 500_000 * Math.abs(4 - phase);
};

/** Writes the capture of one end; `isServer` decides what leaves and what arrives. */
function writeCapture(path, packets, isServer) {
  const file = openSync(path, 'w');
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(1, 20);
  writeSync(file, header);
  const block = Buffer.alloc(RECORD * 8192);
  let filled = 0;
  const flush = () => {
    writeSync(file, block, 0, filled);
    filled = 0;
  };
  const put = (packet, atNs) => {
    if (filled + RECORD > block.length) flush();
    const clockNs = isServer ? atNs * (1 + SKEW) + OFFSET_NS : atNs;
    const time = START_NS + BigInt(Math.round(clockNs));
    filled += writeRecord(block, filled, packet, time, isServer);
  };
  // Two streams in order of time: what this end sends, and what reaches it.
  let own = isServer ? 1 : 0;
  let other = 1 - own;
  const due = () => {
    while (other < packets && isLost(other)) other += 2;
    return other < packets ? other * GAP_NS + delayOf(other, other * GAP_NS) : Infinity;
  };
  let arrival = due();
  while (own < packets || arrival < Infinity) {
    const departure = own < packets ? own * GAP_NS : Infinity;
    if (departure <= arrival) {
      put(own, departure);
      own += 2;
    } else {
      put(other, arrival);
      other += 2;
      arrival = due();
    }
  }
  flush();
  closeSync(file);
}

function writeRecord(out, at, packet, time, isServer) {
  const flow = flowOf(packet);
  const turn = Math.floor((packet >> 1) / FLOWS);
  const tcp = isTcp(flow);
  const size = 14 + 20 + (tcp ? 20 : 8) + PAYLOAD;
  out.writeUInt32LE(Number(time / 1_000_000_000n), at);
  out.writeUInt32LE(Number(time % 1_000_000_000n), at + 4);
  out.writeUInt32LE(size, at + 8);
  out.writeUInt32LE(size, at + 12);
  const frame = at + 16;
  out.fill(0, frame, frame + 12);
  out.writeUInt16BE(0x0800, frame + 12);
  const ip = frame + 14;
  const toServer = (packet & 1) === 0;
  const arrives = toServer === isServer;
  out[ip] = 0x45;
  out[ip + 1] = arrives ? 0 : 46 << 2;
  out.writeUInt16BE(size - 14, ip + 2);
  out.writeUInt32BE(0x4000, ip + 4);
  out[ip + 8] = arrives ? 55 : 64;
  out[ip + 9] = tcp ? 6 : 17;
  out.writeUInt16BE(0, ip + 10);
  const client = isServer ? 0xc6336407 : 0xc0a80102;
  const port = isServer ? 40_000 + (mix(flow) % 20_000) : 50_000 + flow;
  const [source, target] = toServer ? [client, 0xcb00710a] : [0xcb00710a, client];
  const [from, to] = toServer ? [port, 7777] : [7777, port];
  out.writeUInt32BE(source, ip + 12);
  out.writeUInt32BE(target, ip + 16);
  const transport = ip + 20;
  out.writeUInt16BE(from, transport);
  out.writeUInt16BE(to, transport + 2);
  let payload = transport + 8;
  if (tcp) {
    const isn = mix(flow * 2 + 1);
    const other = mix(flow * 2 + 2);
    out.writeUInt32BE(((toServer ? isn : other) + turn * PAYLOAD) >>> 0, transport + 4);
    out.writeUInt32BE(((toServer ? other : isn) + turn * PAYLOAD) >>> 0, transport + 8);
    out.writeUInt32BE(0x5018ffff, transport + 12);
    out.writeUInt32BE(0, transport + 16);
    payload = transport + 20;
  } else {
    out.writeUInt16BE(8 + PAYLOAD, transport + 4);
    out.writeUInt16BE(0, transport + 6);
  }
  out.writeUInt32BE(packet, payload);
  for (let word = 4; word < PAYLOAD; word += 4)
    out.writeUInt32BE(mix(packet + word * 65_537), payload + word);
  return 16 + size;
}

function makeInputs(packets) {
  const folder = join(root, 'bench/data');
  mkdirSync(folder, { recursive: true });
  const paths = ['client', 'server'].map((end) => join(folder, `pair-${packets}-${end}.pcap`));
  paths.forEach((path, end) => {
    if (!existsSync(path)) writeCapture(path, packets, end === 1);
  });
  return paths;
}

/** Throws unless the answer is what was written: a wrong one may not be timed. */
function check(document, packets) {
  let lost = [0, 0];
  for (let packet = 0; packet < packets; packet++) if (isLost(packet)) lost[packet & 1] += 1;
  const { clock } = document;
  ['client_to_server', 'server_to_client'].forEach((direction, way) => {
    const { sent, matched, lost: told } = document[direction];
    // At the edges of the captures a packet is in one file for reasons that are no loss.
    if (Math.abs(told - lost[way]) > 10 || matched < sent - told || sent < packets / 2 - 2000)
      throw new Error(
        `${direction}: sent ${sent}, matched ${matched}, lost ${told}, but ${lost[way]} were lost`,
      );
  });
  if (!(clock.offset_low_ns <= OFFSET_NS + 1e5 && clock.offset_high_ns >= OFFSET_NS - 1e5))
    throw new Error(`offset ${clock.offset_low_ns} to ${clock.offset_high_ns} does not hold ${OFFSET_NS}`);
  if (clock.skew_ppm !== null && Math.abs(clock.skew_ppm - SKEW * 1e6) > 0.1)
    throw new Error(`skew ${clock.skew_ppm} ppm, not ${SKEW * 1e6}`);
}

const packets = Number(values.pairs);
const [client, server] = makeInputs(packets);
const runs = [];
for (let round = 0; round < Number(values.rounds); round++) {
  const args = [main, 'pair', '--client', client, '--server', server, '--format', 'json', '--quiet'];
  const run = await measure(process.execPath, args, { keepOutput: true });
  if (run.code !== 0) throw new Error(`pair ended with ${run.code}: ${run.stderr}`);
  const document = JSON.parse(run.stdout);
  check(document, packets);
  const { matched: there } = document.client_to_server;
  const { matched: back } = document.server_to_client;
  runs.push({
    wall_seconds: run.wallSeconds,
    cpu_seconds: run.cpuSeconds,
    peak_rss_mib: run.peakRssMib,
    pairs: there + back,
  });
}
const text = `${JSON.stringify(
  {
    packets,
    bytes: statSync(client).size + statSync(server).size,
    pairs: runs[0].pairs,
    pairs_per_second: Math.round(runs[0].pairs / spread(runs.map(({ wall_seconds }) => wall_seconds)).median),
    wall_seconds: spread(runs.map(({ wall_seconds }) => wall_seconds)),
    cpu_seconds: spread(runs.map(({ cpu_seconds }) => cpu_seconds)),
    peak_rss_mib: spread(runs.map(({ peak_rss_mib }) => peak_rss_mib)),
    environment: describeEnvironment(values.date, values['host-kind']),
  },
  null,
  2,
)}\n`;
if (values.out === undefined) process.stdout.write(text);
else writeFileSync(values.out, text);
