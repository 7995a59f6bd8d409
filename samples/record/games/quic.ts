/**
 * QUIC (RFC 9000) and HTTP/3 by ngtcp2's examples: a short download every few seconds, each over a connection of its
 * own, so that there are handshakes to time.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn } from './programs.ts';
import type { Game } from './types.ts';
import { certificateIn } from './web.ts';

const PORT = 4433;
const FILE_BYTES = 24_000;

export const quic: Game = {
  id: 'quic',
  packages: ['ngtcp2-server', 'ngtcp2-client', 'openssl'],
  licence: 'MIT',
  transport: 'udp',
  version: () => debianVersion('ngtcp2-server'),
  startServer(host) {
    const home = folder(host, 'quic');
    const { certificate, key } = certificateIn(home);
    writeFileSync(join(folder(host, 'quic', 'files'), 'update'), Buffer.alloc(FILE_BYTES));
    const start = ['--quiet', '--htdocs', join(home, 'files'), '*', String(PORT), key, certificate];
    return host.spawn(['/usr/sbin/gtlsserver', ...start], { env: homeIn(home), cwd: home });
  },
  // It prints nothing; a client that comes too early asks again.
  ready: () => new Promise((resolve) => setTimeout(resolve, 1000)),
  startPlayer(host, server, seed) {
    const home = folder(host, `quic-${seed}`);
    const get = '/usr/bin/gtlsclient --quiet --no-quic-dump --no-http-dump --exit-on-all-streams-close';
    const pause = 2 + (seed % 3);
    const loop = `while :; do ${get} ${server.address} ${PORT} https://${server.address}/update; sleep ${pause}; done`;
    return host.spawn(['/bin/sh', '-c', loop], { env: homeIn(home), cwd: home });
  },
};
