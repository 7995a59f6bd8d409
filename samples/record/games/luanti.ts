/**
 * Luanti (Minetest 5.6): a flat world; the server steps about every 90 ms, clients report their place every 100 ms.
 *
 * The client has a video driver that draws nothing and an input that is random (both its own); it walks, digs and
 * builds. Its randomness is seeded by the clock, so two recordings do not hold the same moves.
 */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { debianVersion, folder, homeIn, untilPrinted } from './programs.ts';
import type { Game } from './types.ts';

const PORT = 30_000;
const CONTENT = '/usr/share/games/minetest/games/minetest_game';
const MEDIA: readonly string[] = ['.png', '.ogg', '.b3d', '.obj', '.tr'];

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
  'fps_max = 10',
  'fps_max_unfocused = 10',
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

/** What the server offers for download, by SHA-1: the names that the client's cache has. */
function media(): Map<string, Buffer> {
  const files = readdirSync(CONTENT, { recursive: true, encoding: 'utf8' });
  const contents = files
    .filter((name) => MEDIA.includes(extname(name)))
    .map((name) => readFileSync(join(CONTENT, name)));
  return new Map(contents.map((bytes) => [createHash('sha1').update(bytes).digest('hex'), bytes]));
}

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
    // Players who have been here before: 3 MB of pictures for each would outweigh twenty minutes of play.
    const cache = folder(host, `luanti-${seed}`, 'cache', 'minetest', 'media');
    for (const [sha1, bytes] of media()) writeFileSync(join(cache, sha1), bytes);
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
