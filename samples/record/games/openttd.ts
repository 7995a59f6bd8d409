/**
 * OpenTTD: lockstep over TCP. The server sends a frame of a few bytes every 30 ms, the client acknowledges a day of
 * the game (74 frames) now and then and simulates the same world. Players watch.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game } from './types.ts';

const PORT = 3979;
const SPECTATOR = 255;

const SERVER = `[network]
server_name = recorded
server_game_type = local
max_clients = 32
max_spectators = 32
pause_on_join = false
frame_freq = 0
no_http_content_downloads = true
use_relay_service = never

[game_creation]
map_x = 6
map_y = 6
starting_year = 1950

[difficulty]
max_no_competitors = 0
number_towns = 1
industry_density = 1
disasters = false

[gui]
autosave = off
`;

const player = (seed: number): string => `[misc]
resolution = 320,240
fullscreen = false

[gui]
refresh_rate = 10
autosave = off

[network]
client_name = p${seed}
no_http_content_downloads = true
use_relay_service = never
`;

/** SDL's dummy driver is enough where nothing is drawn by OpenGL. */
const QUIET = ['-s', 'null', '-m', 'null', '-QQ', '-x'];

export const openttd: Game = {
  id: 'openttd',
  packages: ['openttd', 'openttd-opengfx'],
  licence: 'GPL-2.0-only',
  transport: 'tcp',
  version: () => debianVersion('openttd'),
  startServer(host) {
    const home = folder(host, 'openttd');
    const config = join(home, 'openttd.cfg');
    writeFileSync(config, SERVER);
    const start = ['-D', `0.0.0.0:${PORT}`, '-c', config, '-G', '7', '-d', 'net=1', ...QUIET];
    return host.spawn(['/usr/games/openttd', ...start], { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /Map generated|starting game|Game Console/i),
  startPlayer(host, server, seed) {
    const home = folder(host, `openttd-${seed}`);
    const config = join(home, 'openttd.cfg');
    writeFileSync(config, player(seed));
    const drawing = ['-v', 'sdl', '-b', '8bpp-simple', '-r', '320x240'];
    const start = ['-n', `${server.address}:${PORT}#${SPECTATOR}`, '-c', config, ...drawing, ...QUIET];
    // SDL would turn SIGTERM into a wish, which the game answers with a question that nobody sees.
    const signals = { SDL_NO_SIGNAL_HANDLERS: '1' };
    const env = { ...homeIn(home), ...signals, SDL_VIDEODRIVER: 'dummy', SDL_AUDIODRIVER: 'dummy' };
    return host.spawn(['/usr/games/openttd', ...start], { env, cwd: home });
  },
};
