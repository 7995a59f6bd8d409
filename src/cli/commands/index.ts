/** The commands, in the order of their use. */

import type { CommandModule } from 'yargs';
import type { Io } from '../io.ts';
import { analyzeCommand } from './analyze.ts';
import { diffCommand } from './diff.ts';
import { pairCommand } from './pair.ts';
import { caseCommand } from './case.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { closeCommand } from './close.ts';
import { narrowCommand } from './narrow.ts';
import { planCommand } from './plan.ts';
import { timelineCommand } from './timeline.ts';
import { infoCommand } from './info.ts';
import { runCommand } from './run.ts';
import { schemaCommand } from './schema.ts';
import { verifyCommand } from './verify.ts';

export type SetExit = (code: number) => void;

export function commands(io: Io, setExit: SetExit): CommandModule[] {
  return [
    analyzeCommand(io, setExit),
    pairCommand(io),
    diffCommand(io, setExit),
    narrowCommand(io),
    timelineCommand(io),
    planCommand(io),
    closeCommand(io, setExit),
    caseCommand(io),
    runCommand(io, setExit),
    verifyCommand(io, setExit),
    infoCommand(io),
    exportCommand(io),
    explainCommand(io),
    schemaCommand(io),
  ] as CommandModule[];
}
