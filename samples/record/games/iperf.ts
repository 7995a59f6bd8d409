/** iperf3: 40 datagrams of 200 bytes a second each way, evenly spaced. A server runs one test at a time: one player. */

import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game } from './types.ts';

const PORT = 5201;
const BYTES = 200;
const DATAGRAMS_A_SECOND = 40;

export const iperf: Game = {
  id: 'iperf',
  packages: ['iperf3'],
  licence: 'BSD-3-Clause',
  transport: 'udp',
  version: () => debianVersion('iperf3'),
  startServer(host) {
    const home = folder(host, 'iperf');
    const start = ['/usr/bin/iperf3', '--server', '--port', String(PORT), '--forceflush'];
    return host.spawn(start, { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /Server listening/),
  startPlayer(host, server, seed) {
    const home = folder(host, `iperf-${seed}`);
    const rate = [
      '--udp',
      '--bidir',
      '--length',
      String(BYTES),
      '--bitrate',
      String(DATAGRAMS_A_SECOND * BYTES * 8),
    ];
    // One timer interval a datagram; the default sends in bursts.
    const pace = ['--pacing-timer', '1000', '--time', '0'];
    const start = ['--client', server.address, '--port', String(PORT), ...rate, ...pace];
    return host.spawn(['/usr/bin/iperf3', ...start], { env: homeIn(home), cwd: home });
  },
};
