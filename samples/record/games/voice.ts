/**
 * Voice: baresip calls baresip. RTP (G.711, a packet every 40 ms) and RTCP both ways, marked EF, each on a port of
 * its own; ICE opens the NAPT in front of a home, so STUN is there too. No sound card: a sine is sent, what comes
 * ends in a bridge to nowhere.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game, Host, RunningProgram } from './types.ts';

const PORT = 5060;
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
  ...['g711', 'ausine', 'aubridge', 'ice'].map((name) => `module ${name}.so`),
  ...['account', 'menu'].map((name) => `module_app ${name}.so`),
];

const ACCOUNT = 'regint=0;audio_codecs=PCMU/8000/1;ptime=40;medianat=ice';

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
  packages: ['baresip-core'],
  licence: 'BSD-3-Clause',
  transport: 'udp',
  version: () => debianVersion('baresip-core'),
  startServer: (host) =>
    start(host, 'voice', PORT, `<sip:room@${host.address}:${PORT}>;${ACCOUNT};answermode=auto`, []),
  ready: (server) => untilPrinted(server, /baresip is ready/),
  startPlayer(host, server, seed) {
    // The port above it is for TLS.
    const port = PORT + 10 + 2 * seed;
    const account = `<sip:p${seed}@${host.address}:${port}>;${ACCOUNT}`;
    return start(host, `voice-${seed}`, port, account, ['-e', `/dial sip:room@${server.address}:${PORT}`]);
  },
};
