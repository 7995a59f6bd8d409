/**
 * Luanti (Minetest 5.6): a flat world; the server steps about every 90 ms, clients report their place every 100 ms.
 *
 * The client has a video driver that draws nothing and an input that is random (both its own); it walks, digs and
 * builds. Its randomness is seeded by the clock, so two recordings do not hold the same moves.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game } from './types.ts';

const PORT = 30_000;

const SERVER = [
  'server_announce = false',
  'enable_ipv6 = false',
  'ipv6_server = false',
  'max_users = 32',
  'default_privs = interact, shout',
  'disallow_empty_password = false',
  'creative_mode = true',
  'enable_damage = false',
  'disable_anticheat = true',
  'static_spawnpoint = 0,10,0',
  'time_speed = 0',
  // Little land: what a new player is sent is a burst that no other player needs.
  'mg_name = flat',
  'mgflat_spflags = nolakes,nohills',
  'mg_flags = nocaves,nodungeons,nodecorations,nolight,nobiomes',
  'active_block_range = 1',
  'max_block_send_distance = 2',
  'active_object_send_range_blocks = 4',
  'num_emerge_threads = 1',
];

const WORLD = ['gameid = minetest', 'backend = sqlite3', 'player_backend = files', 'auth_backend = files'];

const PLAYER = [
  'video_driver = null',
  'enable_sound = false',
  'fps_max = 15',
  'fps_max_unfocused = 15',
  'viewing_range = 20',
  'enable_shaders = false',
  'smooth_lighting = false',
  'enable_clouds = false',
  'enable_particles = false',
  'enable_minimap = false',
  'enable_client_modding = false',
  'enable_ipv6 = false',
  'random_input = true',
];

export const luanti: Game = {
  id: 'luanti',
  packages: ['minetest-server', 'minetest'],
  licence: 'LGPL-2.1-or-later',
  transport: 'udp',
  version: () => debianVersion('minetest-server'),
  startServer(host) {
    const home = folder(host, 'luanti');
    const config = join(home, 'minetest.conf');
    const world = folder(host, 'luanti', 'world');
    writeFileSync(config, `${SERVER.join('\n')}\n`);
    writeFileSync(join(world, 'world.mt'), `${WORLD.join('\n')}\n`);
    const start = [
      '--config',
      config,
      '--world',
      world,
      '--port',
      String(PORT),
      '--logfile',
      join(home, 'debug.txt'),
    ];
    // Debian's wrapper in /usr/games logs below /var.
    return host.spawn(['/usr/lib/minetest/minetestserver', ...start], { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /listening on/),
  startPlayer(host, server, seed) {
    const home = folder(host, `luanti-${seed}`);
    const config = join(home, 'minetest.conf');
    writeFileSync(config, `${PLAYER.join('\n')}\n`);
    const to = [
      '--address',
      server.address,
      '--port',
      String(PORT),
      '--name',
      `p${seed}`,
      '--password',
      'recorded',
    ];
    const start = ['--config', config, '--logfile', join(home, 'debug.txt'), '--go', ...to];
    return host.spawn(['/usr/games/minetest', ...start], { env: homeIn(home), cwd: home });
  },
};
