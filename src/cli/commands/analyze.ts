/** `lagdiff analyze CAPTURE...`: one vantage point. */

import type { Argv, CommandModule } from 'yargs';
import { analysisDocument, analyze, findingsOf, renderAnalysis, sortedFlows } from '../../index.ts';
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
import { progressOn } from '../progress.ts';
import type { SetExit } from './index.ts';

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
      const progress = progressOn(io, args.progress && !args.quiet);
      const isJson = args.format === 'json';
      const analysis = await analyze(capturesOf(args.capture), {
        ...readingOf(given as never),
        ...tellingOf(given as never),
        stdin: io.stdin,
        hash: isJson,
        onProgress: progress.update,
      }).finally(progress.clear);
      const flows = sortedFlows(analysis.flows);
      const findings = findingsOf(flows);
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
