/**
 * Teeworlds 0.7: the server simulates 50 ticks a second and sends a snapshot every second one.
 *
 * The client's own stress test plays (`dbg_stress`: it runs, jumps, hooks, shoots and chats); its frame limit spins,
 * `cl_cpu_throttle` sleeps, so the latter sets the pace. The pace also sets how often inputs leave.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  debianVersion,
  folder,
  homeIn,
  SCREENLESS_PACKAGES,
  untilPrinted,
  WITHOUT_SCREEN,
} from './programs.ts';
import type { Game } from './types.ts';

const PORT = 8303;
/** Beyond any recording: the stress test reconnects after so many seconds and ten. */
const STAYS_SECONDS = 1_000_000;

const SERVER = [
  'sv_name recorded',
  'sv_register 0',
  `sv_port ${PORT}`,
  'sv_max_clients 32',
  'sv_max_clients_per_ip 32',
  'sv_player_slots 32',
  'sv_map dm1',
  'sv_gametype dm',
  'sv_timelimit 0',
  'sv_scorelimit 0',
  'sv_inactivekick_time 0',
  'sv_inactivekick 0',
];

export const teeworlds: Game = {
  id: 'teeworlds',
  packages: ['teeworlds-server', 'teeworlds', ...SCREENLESS_PACKAGES],
  licence: 'zlib',
  transport: 'udp',
  version: () => debianVersion('teeworlds-server'),
  startServer(host) {
    const home = folder(host, 'teeworlds');
    const config = join(home, 'server.cfg');
    writeFileSync(config, `${SERVER.join('\n')}\n`);
    return host.spawn(['/usr/games/teeworlds-server', '-f', config], { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /server name is/),
  startPlayer(host, server, seed) {
    const home = folder(host, `teeworlds-${seed}`);
    const settings = [
      `player_name p${seed}`,
      ...['gfx_screen_width 64', 'gfx_screen_height 48', 'gfx_fullscreen 0', 'gfx_vsync 0', 'gfx_limitfps 0'],
      ...['gfx_high_detail 0', 'gfx_texture_quality 0', 'snd_enable 0', 'snd_init 0'],
      ...['cl_skip_start_menu 1', 'cl_show_menu_map 0'],
      `cl_cpu_throttle ${18 + (seed % 5)}`,
      `dbg_stress_server ${server.address}:${PORT}`,
      `dbg_stress ${STAYS_SECONDS}`,
    ];
    const env = { ...homeIn(home), ...WITHOUT_SCREEN };
    return host.spawn(['/usr/games/teeworlds', ...settings], { env, cwd: home });
  },
};
