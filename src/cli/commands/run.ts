/** `lagdiff run CASE.yaml --out ANNEX`: the whole case → a signed annex. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Argv, CommandModule } from 'yargs';
import { renderTerminal, runCase } from '../../index.ts';
import { EXIT } from '../exit-codes.ts';
import { print, usesColor, widthOf, type Io } from '../io.ts';
import { readingOf, readingOptions } from '../options.ts';
import { progressOn } from '../progress.ts';
import type { SetExit } from './index.ts';

interface Arguments {
  case: string;
  out: string;
  key: string | undefined;
  failOn: 'degraded' | undefined;
  tier: 'public' | 'restricted';
  rebaseTimestamps: boolean;
  zip: boolean;
  redactionKey: string | undefined;
  progress: boolean;
  quiet: boolean;
}

/** Where a signing key lives when none is named: the user's configuration folder (XDG base directories). */
function defaultKey(io: Io): string {
  const folder = join(io.env['XDG_CONFIG_HOME'] ?? join(io.env['HOME'] ?? io.cwd, '.config'), 'lagdiff');
  // Ours to make; a folder that was named must be there, since it may be misspelt.
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, 'signing-key.pem');
}

export function runCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'run <case>',
    describe: 'a whole case file → a signed annex',
    builder: (yargs: Argv) =>
      readingOptions(yargs)
        .positional('case', {
          type: 'string',
          demandOption: true,
          describe: 'the case file (YAML); paths in it are relative to it',
        })
        .option('out', {
          type: 'string',
          default: 'annex',
          describe: 'folder of the annex; an annex that stands there is replaced',
        })
        .option('key', {
          type: 'string',
          describe:
            'Ed25519 signing key (PKCS #8 PEM), made on first use (default: the configuration folder)',
        })
        .option('tier', {
          choices: ['public', 'restricted'] as const,
          default: 'public' as const,
          describe:
            'public: addresses become pseudonyms, free text is withheld; restricted: everything as it is',
        })
        .option('redaction-key', {
          type: 'string',
          describe: 'key of the pseudonyms, made on first use (default: redaction.key beside the case file)',
        })
        .option('rebase-timestamps', {
          type: 'boolean',
          default: false,
          describe: 'hide the clocks of hosts in extracts: take an offset from TCP timestamps',
        })
        .option('zip', {
          type: 'boolean',
          default: false,
          describe: 'also write the annex as one file, OUT.zip: same inputs, same bytes',
        })
        .option('fail-on', { choices: ['degraded'] as const, describe: 'exit 1 on that verdict' }),
    handler: async (given) => {
      const args = given as unknown as Arguments;
      const progress = progressOn(io, args.progress && !args.quiet);
      const { comparison, annex } = await runCase(args.case, {
        ...readingOf(given as never),
        out: args.out,
        tier: args.tier,
        rebaseTimestamps: args.rebaseTimestamps,
        zip: args.zip,
        ...(args.redactionKey === undefined ? {} : { redactionKeyPath: args.redactionKey }),
        keyPath: args.key ?? defaultKey(io),
        now: io.now,
        onProgress: progress.update,
      }).finally(progress.clear);
      await print(io, renderTerminal(comparison, { width: widthOf(io), color: usesColor(io) }));
      await print(
        io,
        [
          '',
          `annex: ${args.out}  (${annex.files.length} files)`,
          ...(annex.zip === null ? [] : [`as one file: ${annex.zip.path}  (${annex.zip.bytes} bytes)`]),
          `verdict: ${comparison.headline}`,
          `hash of SHA256SUMS: ${annex.packSha256}`,
          `signing key: ${annex.fingerprint}`,
          `open: ${join(args.out, 'summary.html')}; check: lagdiff verify ${args.out}`,
          '',
        ].join('\n'),
      );
      if (args.failOn === 'degraded' && comparison.verdict === 'DEGRADED') setExit(EXIT.found);
    },
  };
}
