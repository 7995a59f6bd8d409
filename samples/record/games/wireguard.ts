/**
 * WireGuard by wireguard-go: a tunnel per player and a ping of 20 a second inside. Handshakes every two minutes.
 *
 * Keys are hashes of names: both ends know them without a word, and they guard nothing.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game, Host, RunningProgram } from './types.ts';

const PORT = 51_820;
const MOST_PLAYERS = 32;
/** Inside the tunnel only, and of no other network of a recorded world. */
const inside = (seed: number): string => `10.66.0.${seed + 1}`;

/** Any 32 bytes are a private key; `wg` clamps them (RFC 7748 5). */
function privateKey(name: string): string {
  return createHash('sha256').update(`recorded ${name}`).digest('base64');
}

function publicKey(name: string): string {
  return execFileSync('wg', ['pubkey'], { input: `${privateKey(name)}\n`, encoding: 'utf8' }).trim();
}

function tunnel(host: Host, name: string, address: string, set: string, then: string): RunningProgram {
  const home = folder(host, `wireguard-${name}`);
  const key = join(home, 'key');
  writeFileSync(key, `${privateKey(name)}\n`, { mode: 0o600 });
  const device = `wg-${name}`;
  const script = [
    `wireguard-go -f ${device} & tunnel=$!`,
    `until wg show ${device} >/dev/null 2>&1; do kill -0 $tunnel || exit 1; sleep 0.1; done`,
    `wg set ${device} private-key ${key} ${set}`,
    `ip address add ${address}/24 dev ${device} && ip link set ${device} mtu 1380 up`,
    'echo tunnel is up',
    then,
    'wait $tunnel',
  ];
  const env = { ...homeIn(home), WG_PROCESS_FOREGROUND: '1' };
  return host.spawn(['/bin/sh', '-c', script.join('\n')], { env, cwd: home });
}

export const wireguard: Game = {
  id: 'wireguard',
  packages: ['wireguard-go', 'wireguard-tools', 'iproute2', 'iputils-ping'],
  licence: 'MIT; GPL-2.0-only',
  transport: 'udp',
  version: () => debianVersion('wireguard-go'),
  startServer(host) {
    const seeds = Array.from({ length: MOST_PLAYERS }, (_, at) => at + 1);
    const peers = seeds.map((seed) => `peer ${publicKey(`p${seed}`)} allowed-ips ${inside(seed)}/32`);
    return tunnel(host, 'server', inside(0), `listen-port ${PORT} ${peers.join(' ')}`, '');
  },
  ready: (server) => untilPrinted(server, /tunnel is up/),
  startPlayer(host, server, seed) {
    if (seed < 1 || seed > MOST_PLAYERS)
      throw new Error(`expected a seed from 1 to ${MOST_PLAYERS}, got ${seed}`);
    const peer = `peer ${publicKey('server')} allowed-ips ${inside(0)}/32 endpoint ${server.address}:${PORT}`;
    return tunnel(
      host,
      `p${seed}`,
      inside(seed),
      peer,
      `ping -q -I wg-p${seed} -i 0.05 -s 100 ${inside(0)} &`,
    );
  },
};
