/**
 * Voice: baresip calls baresip. RTP (G.711, a packet every 40 ms) and RTCP both ways, marked EF, each on a port of
 * its own. A home's NAPT is opened by asking what it makes of an address (STUN, RFC 8489), which it must make alike for
 * everyone (RFC 4787). No sound card: a sine is sent, what comes ends in a bridge to nowhere.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game, Host, RunningProgram } from './types.ts';

const PORT = 5060;
const STUN_PORT = 3478;
/** DSCP 46, EF, in the byte's upper six bits. */
const EXPEDITED = 46 << 2;

/** The sine needs 48 kHz stereo; baresip resamples. */
const SETTINGS = [
  'statmode_default off',
  'audio_source ausine,440',
  'audio_player aubridge,nowhere',
  'audio_alert aubridge,nowhere',
  ...['ausrc_srate 48000', 'ausrc_channels 2', 'auplay_srate 8000', 'auplay_channels 1'],
  ...[`rtp_tos ${EXPEDITED}`, 'rtp_ports 10000-12000', 'rtp_timeout 0'],
  ...['call_local_timeout 0', 'call_max_calls 0'],
  'module_path /usr/lib/baresip/modules',
  ...['g711', 'ausine', 'aubridge', 'stun'].map((name) => `module ${name}.so`),
  ...['account', 'menu'].map((name) => `module_app ${name}.so`),
];

const ACCOUNT = 'regint=0;audio_codecs=PCMU/8000/1;ptime=40';

/** Binding requests are answered with the address they came from, under the magic cookie (RFC 8489 14.2). */
const STUN = `
import socket, struct
COOKIE = 0x2112A442
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("0.0.0.0", ${STUN_PORT}))
while True:
    request, (address, port) = server.recvfrom(1500)
    if len(request) < 20 or struct.unpack("!H2xI", request[:8]) != (1, COOKIE):
        continue
    host = struct.unpack("!I", socket.inet_aton(address))[0]
    mapped = struct.pack("!HHBBHI", 0x0020, 8, 0, 1, port ^ COOKIE >> 16, host ^ COOKIE)
    server.sendto(struct.pack("!HHI", 0x0101, len(mapped), COOKIE) + request[8:20] + mapped, (address, port))
`;

function start(
  host: Host,
  name: string,
  port: number,
  account: string,
  more: readonly string[],
): RunningProgram {
  const home = folder(host, name);
  writeFileSync(join(home, 'config'), `${[`sip_listen 0.0.0.0:${port}`, ...SETTINGS].join('\n')}\n`);
  writeFileSync(join(home, 'accounts'), `${account}\n`);
  writeFileSync(join(home, 'contacts'), '');
  return host.spawn(['/usr/bin/baresip', '-f', home, ...more], { env: homeIn(home), cwd: home });
}

export const voice: Game = {
  id: 'voice',
  packages: ['baresip-core', 'python3'],
  licence: 'BSD-3-Clause',
  transport: 'udp',
  version: () => debianVersion('baresip-core'),
  startServer(host) {
    host.spawn(['/usr/bin/python3', '-c', STUN], { env: homeIn(folder(host, 'stun')) });
    return start(host, 'voice', PORT, `<sip:room@${host.address}:${PORT}>;${ACCOUNT};answermode=auto`, []);
  },
  ready: (server) => untilPrinted(server, /baresip is ready/),
  startPlayer(host, server, seed) {
    // The port above it is for TLS.
    const port = PORT + 10 + 2 * seed;
    const nat = `medianat=stun;stunserver="stun:${server.address}:${STUN_PORT}"`;
    const account = `<sip:p${seed}@${host.address}:${port}>;${ACCOUNT};${nat}`;
    return start(host, `voice-${seed}`, port, account, ['-e', `/dial sip:room@${server.address}:${PORT}`]);
  },
};
