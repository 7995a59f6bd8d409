/** `lagdiff analyze CAPTURE...`: one vantage point. */

import type { Argv, CommandModule } from 'yargs';
import { analysisDocument, analyze, findingsOf, Glance, renderAnalysis, sortedFlows } from '../../index.ts';
import { emit } from '../emit.ts';
import { EXIT } from '../exit-codes.ts';
import { usesColor, widthOf, type Io } from '../io.ts';
import {
  capturesOf,
  formatOption,
  readingOf,
  readingOptions,
  tellingOf,
  tellingOptions,
} from '../options.ts';
import { everyMs, progressOn } from '../progress.ts';
import type { SetExit } from './index.ts';

/** Between two looks at a stream. */
const GLANCE_MS = 1000;
const FAIL_ON = ['findings', 'data-loss'] as const;

export function analyzeCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'analyze <capture..>',
    describe: 'one vantage point: flows, metrics, findings',
    builder: (yargs: Argv) =>
      formatOption(tellingOptions(readingOptions(yargs)))
        .positional('capture', {
          type: 'string',
          array: true,
          demandOption: true,
          describe: 'files, folders, globs, or - (together one capture, in time order)',
        })
        .option('fail-on', {
          choices: FAIL_ON,
          describe: 'exit 1 when there are findings, or when data were lost',
        }),
    handler: async (given) => {
      const args = given as unknown as {
        capture: string[];
        format: 'table' | 'json';
        out: string | undefined;
        failOn: (typeof FAIL_ON)[number] | undefined;
        progress: boolean;
        quiet: boolean;
      };
      const captures = capturesOf(args.capture);
      const wantsProgress = args.progress && !args.quiet;
      // A stream may still be growing: on a terminal it is told every second what has come of it so far.
      const glance =
        captures.includes('-') && wantsProgress && io.stderr.isTTY === true ? new Glance() : null;
      const progress = progressOn(io, wantsProgress, () => glance?.words() ?? []);
      const isJson = args.format === 'json';
      const analysis = await analyze(captures, {
        ...readingOf(given as never),
        ...tellingOf(given as never),
        stdin: io.stdin,
        hash: isJson,
        ...(glance === null
          ? {}
          : { tables: ['bins'], onBatch: (batch) => glance.add(batch), isRoundDue: everyMs(GLANCE_MS) }),
        onProgress: progress.update,
      }).finally(progress.clear);
      const flows = sortedFlows(analysis.flows);
      const findings = findingsOf(flows, analysis.changes);
      const text = isJson
        ? analysisDocument(analysis, flows, findings)
        : renderAnalysis(analysis, flows, findings, { width: widthOf(io), color: usesColor(io) });
      await emit(io, args.out, text);
      const lost = analysis.diagnostics.some(
        ({ severity }) => severity === 'data-loss' || severity === 'error',
      );
      if ((args.failOn === 'findings' && findings.length > 0) || (args.failOn === 'data-loss' && lost))
        setExit(EXIT.found);
    },
  };
}
