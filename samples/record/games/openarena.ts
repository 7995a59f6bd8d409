/**
 * OpenArena on ioquake3: the Quake 3 protocol (71), 20 server frames and 20 client packets a second.
 *
 * Input is a script of console commands that starts itself anew: run, turn, jump, shoot, with pauses that differ by
 * seed. The engine takes 32 commands from its command line, so settings are in files.
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

const PORT = 27960;
const FRAMES_A_SECOND = 20;

const SERVER = [
  `set sv_fps ${FRAMES_A_SECOND}`,
  'set sv_maxclients 32',
  'set sv_maxRate 25000',
  'set sv_pure 0',
  'set sv_floodProtect 0',
  'set sv_master1 ""',
  'set g_gametype 0',
  'set g_doWarmup 0',
  'set g_inactivity 0',
  'set g_forcerespawn 2',
  'set timelimit 0',
  'set fraglimit 0',
  'devmap oa_dm1',
];

/** The least that can be drawn: nothing, where the server allows it (`devmap`). A client costs a third then. */
const picture = (framesASecond: number): readonly string[] => [
  ...['r_mode -1', 'r_customwidth 64', 'r_customheight 48', 'r_fullscreen 0', 'cl_renderer opengl1'],
  ...['r_picmip 16', 'r_vertexLight 1', 'r_dynamiclight 0', 'r_flares 0', 'r_fastsky 1', 'r_lodbias 2'],
  ...[
    'r_subdivisions 80',
    'r_norefresh 1',
    'cg_draw2D 0',
    'cg_drawGun 0',
    'cg_shadows 0',
    'cg_marks 0',
    'cg_gibs 0',
  ],
  ...['cg_simpleItems 1', 'com_introplayed 1', 's_initsound 0', 'in_mouse 0', 'in_nograb 1'],
  ...['com_maxfps', 'com_maxfpsUnfocused', 'com_maxfpsMinimized'].map((name) => `${name} ${framesASecond}`),
];

/** The engine's `wait` counts frames of the client; times are twentieths of a second. */
function script(seed: number, framesASecond: number): string[] {
  const frames = (least: number, part: number): number => scaled(least + ((seed * 7 + part * 11) % 13));
  const scaled = (twentieths: number): number => Math.round((twentieths * framesASecond) / 20);
  return [
    `set w1 "+attack; wait ${frames(10, 1)}; -attack; vstr w2"`,
    `set w2 "+left; wait ${frames(8, 2)}; -left; vstr w3"`,
    `set w3 "+moveup; wait ${scaled(3)}; -moveup; wait ${frames(24, 3)}; vstr w4"`,
    `set w4 "+right; wait ${frames(14, 4)}; -right; vstr w5"`,
    `set w5 "wait ${frames(30, 5)}; vstr w1"`,
    '+forward',
    'vstr w1',
  ];
}

interface Settings {
  readonly framesASecond: number;
  /** Packets a second that the player sends at most, and asks for. */
  readonly sends: number;
  readonly snapshots: number;
}

const openarenaAt = (id: string, { framesASecond, sends, snapshots }: Settings): Game => ({
  id,
  packages: ['openarena-server', 'openarena', ...SCREENLESS_PACKAGES],
  licence: 'GPL-2.0-or-later',
  transport: 'udp',
  version: () => `${debianVersion('openarena-server')} on ioquake3 ${debianVersion('ioquake3-server')}`,
  startServer(host) {
    const home = folder(host, 'openarena');
    const settings = folder(host, 'openarena', '.openarena', 'baseoa');
    writeFileSync(join(settings, 'recorded.cfg'), `${SERVER.join('\n')}\n`);
    const start = ['+set', 'dedicated', '1', '+set', 'net_port', String(PORT), '+exec', 'recorded.cfg'];
    return host.spawn(['/usr/games/openarena-server', ...start], { env: homeIn(home), cwd: home });
  },
  ready: (server) => untilPrinted(server, /AAS initialized/),
  startPlayer(host, server, seed) {
    const home = folder(host, `openarena-${seed}`);
    const settings = folder(host, `openarena-${seed}`, '.openarena', 'baseoa');
    const line = [`cl_maxpackets ${sends}`, `snaps ${snapshots}`, 'rate 25000', `name p${seed}`];
    const first = [...picture(framesASecond), ...line].map((setting) => `set ${setting}`);
    writeFileSync(join(settings, 'autoexec.cfg'), `${first.join('\n')}\n`);
    writeFileSync(join(settings, 'player.cfg'), `${script(seed, framesASecond).join('\n')}\n`);
    // A port of its own: who comes back is not taken for who was here before.
    const port = ['+set', 'net_port', String(PORT + seed)];
    const start = [...port, '+connect', `${server.address}:${PORT}`, '+exec', 'player.cfg'];
    const env = { ...homeIn(home), ...WITHOUT_SCREEN };
    return host.spawn(['/usr/games/openarena', ...start], { env, cwd: home });
  },
});

export const openarena: Game = openarenaAt('openarena', {
  framesASecond: FRAMES_A_SECOND,
  sends: FRAMES_A_SECOND,
  snapshots: FRAMES_A_SECOND,
});
/** For long recordings: players who ask for every other frame, as those on narrow lines did. */
export const openarenaAtTen: Game = openarenaAt('openarena-10', {
  framesASecond: FRAMES_A_SECOND,
  sends: FRAMES_A_SECOND / 2,
  snapshots: FRAMES_A_SECOND / 2,
});
/**
 * As players of today set it: 125 frames a second, a packet with each. A client says what it has of the server in its next
 * packet, so its answer waits for the frame under way: 8 ms at most.
 */
export const openarenaAtMost: Game = openarenaAt('openarena-125', {
  framesASecond: 125,
  sends: 125,
  snapshots: 40,
});
