/**
 * Programs beside the games: what a player's machine and a studio's host talk about while a game is on. All are Debian's.
 *
 * - presence: a broker tells every home something every three seconds by MQTT, quality of service 1: each message is answered
 *   at once, so a TCP connection per home shows MSS, handshake and round trip all the time.
 * - download: a patch by HTTP.
 * - banner: a service that answers and closes.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, RunningProgram } from './games/types.ts';
import { until } from './program.ts';

export const SERVICES: readonly string[] = ['mosquitto', 'mosquitto-clients', 'iperf3', 'socat'];

export const PRESENCE_PORT = 1883;
export const DOWNLOAD_PORT = 5201;
export const BANNER_PORT = 7007;
const PRESENCE_EVERY_MS = 3000;
/** What measures the path shall not wait for a processor. */
const AT_ONCE = -18;

export async function startPresence(server: Host): Promise<() => void> {
  const config = join(server.directory, 'mosquitto.conf');
  writeFileSync(
    config,
    `listener ${PRESENCE_PORT}\nallow_anonymous true\nset_tcp_nodelay true\npersistence false\nuser root\n`,
  );
  const broker = server.spawn(['/usr/sbin/mosquitto', '-c', config], { niceness: AT_ONCE });
  await until('the presence broker', () => broker.logText().includes('running'));
  const publisher = server.spawn(
    ['mosquitto_pub', '-h', '127.0.0.1', '-p', String(PRESENCE_PORT), '-t', 'presence', '-q', '1', '-l'],
    { niceness: AT_ONCE },
  );
  let said = 0;
  const timer = setInterval(() => publisher.write(`${++said} players online\n`), PRESENCE_EVERY_MS);
  return () => clearInterval(timer);
}

export function startPresenceClient(home: Host, server: Host): RunningProgram {
  const argv = ['mosquitto_sub', '-h', server.address, '-p', String(PRESENCE_PORT), '-q', '1', '-k', '60'];
  return home.spawn([...argv, '-i', home.name, '-t', 'presence'], { niceness: AT_ONCE });
}

export function startDownloads(server: Host): RunningProgram {
  return server.spawn(['iperf3', '--server', '--port', String(DOWNLOAD_PORT)]);
}

/** Gives up after `seconds`: behind a black hole nothing comes. */
export function download(home: Host, server: Host, bytes: number, seconds: number): RunningProgram {
  const iperf = ['iperf3', '--client', server.address, '--port', String(DOWNLOAD_PORT), '--reverse'];
  return home.spawn(['timeout', String(seconds), ...iperf, '--bytes', String(bytes)]);
}

/** Says who it is and closes, as many a login service does to whom it does not want. */
export function startBanner(server: Host): RunningProgram {
  return server.spawn(['socat', `TCP-LISTEN:${BANNER_PORT},fork,reuseaddr`, 'SYSTEM:echo full']);
}

/** bash opens the connections and never closes one: a client with the usual leak. */
export function startLeakyClient(home: Host, server: Host, everyMs: number, count: number): RunningProgram {
  const seconds = (everyMs / 1000).toFixed(3);
  const script = `for ((i = 0; i < ${count}; i++)); do exec {fd}<>/dev/tcp/${server.address}/${BANNER_PORT}; sleep ${seconds}; done; sleep 100000`;
  return home.spawn(['bash', '-c', script]);
}

export function startPing(home: Host, server: Host, everySeconds: number): RunningProgram {
  // -D stamps each line with UTC.
  return home.spawn(['ping', '-D', '-n', '-i', String(everySeconds), server.address], { niceness: AT_ONCE });
}

export interface PingAnswer {
  readonly atNs: bigint;
  readonly rttNs: number;
}

export function readPing(log: string): PingAnswer[] {
  return [...log.matchAll(/^\[(\d+)\.(\d+)\].*time=([\d.]+) ms/gm)].map(([, seconds, micros, ms]) => ({
    atNs: BigInt(seconds ?? 0) * 1_000_000_000n + BigInt(micros ?? 0) * 1000n,
    rttNs: Math.round(Number(ms) * 1e6),
  }));
}
