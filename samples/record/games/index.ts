/** The programs that can be recorded. */

import { luanti } from './luanti.ts';
import { openarena } from './openarena.ts';
import { teeworlds } from './teeworlds.ts';
import type { Game } from './types.ts';

export const GAMES: readonly Game[] = [teeworlds, openarena, luanti];
