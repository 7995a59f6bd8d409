/** The programs that can be recorded: games first, then what shares their path. */

import { iperf } from './iperf.ts';
import { luanti } from './luanti.ts';
import { openarena, openarenaAtMost, openarenaAtTen } from './openarena.ts';
import { openttd } from './openttd.ts';
import { quic } from './quic.ts';
import { teeworlds } from './teeworlds.ts';
import type { Game } from './types.ts';
import { voice } from './voice.ts';
import { web } from './web.ts';
import { wireguard } from './wireguard.ts';

export const GAMES: readonly Game[] = [
  teeworlds,
  openarena,
  openarenaAtTen,
  openarenaAtMost,
  luanti,
  openttd,
  voice,
  web,
  quic,
  iperf,
  wireguard,
];
