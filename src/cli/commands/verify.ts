/** `lagdiff verify ANNEX`: what a receiver runs; of a case folder, its log. Exit 1 when anything is not as it was signed or logged. */

import type { Argv, CommandModule } from 'yargs';
import { casebook, isCaseFolder, verifyAnnex, type AnnexCheck } from '../../index.ts';
import { EXIT } from '../exit-codes.ts';
import { print, type Io } from '../io.ts';
import type { SetExit } from './index.ts';

export function verifyCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'verify <annex>',
    describe: 'what a receiver runs: hashes, log chain, signature; of a case folder, its log and files',
    builder: (yargs: Argv) =>
      yargs
        .positional('annex', {
          type: 'string',
          demandOption: true,
          describe: 'folder of the annex, its .zip, or the folder of a case',
        })
        .option('expect-key', {
          type: 'string',
          describe: "fingerprint of the signer's key, got by another way than the annex",
        })
        .option('format', {
          choices: ['table', 'json'] as const,
          default: 'table' as const,
          describe: 'table for people, json for scripts',
        }),
    handler: async (given) => {
      const args = given as unknown as {
        annex: string;
        expectKey: string | undefined;
        format: 'table' | 'json';
      };
      if (isCaseFolder(args.annex)) {
        if (!(await verifyCase(io, args.annex, args.format))) setExit(EXIT.found);
        return;
      }
      const check = await verifyAnnex(
        args.annex,
        args.expectKey === undefined ? {} : { expectedKey: args.expectKey },
      );
      if (!check.ok) setExit(EXIT.found);
      if (args.format === 'json') {
        await print(io, `${JSON.stringify({ schema: 'lagdiff/verify@1', ...check }, null, 2)}\n`);
        return;
      }
      const { files, bytes, logLines } = check.checked;
      const lines = check.faults.map(faultText);
      lines.push(
        check.ok
          ? `verified: ${files} files, ${bytes} bytes, ${logLines} log lines; nothing was changed, added or removed since it was signed`
          : `not verified: ${check.faults.length} fault${check.faults.length === 1 ? '' : 's'}`,
      );
      if (check.fingerprint !== null) lines.push(`signing key: ${check.fingerprint}`);
      if (check.packSha256 !== null) lines.push(`hash of SHA256SUMS: ${check.packSha256}`);
      if (args.expectKey === undefined)
        lines.push(
          'whose key that is, this cannot tell: compare it with what its owner told you (--expect-key)',
        );
      await print(io, `${lines.join('\n')}\n`);
    },
  };
}

function faultText({ code, path, line, message }: AnnexCheck['faults'][0]): string {
  return `fault[${code}]: ${path}${line === undefined ? '' : `, line ${line}`} ${message}`;
}

/** The log of a case and the files it speaks of. @returns whether all is as it was logged. */
async function verifyCase(io: Io, folder: string, format: 'table' | 'json'): Promise<boolean> {
  const { faults, lines, files } = await (await casebook()).checkCase(folder);
  const ok = faults.length === 0;
  const text = [
    ...faults.map(faultText),
    ok
      ? `verified: ${lines} log lines, ${files} files; nothing was changed since it was logged`
      : `not verified: ${faults.length} fault${faults.length === 1 ? '' : 's'}`,
  ].join('\n');
  const document = { schema: 'lagdiff/verify-case@1', ok, faults, checked: { files, logLines: lines } };
  await print(io, format === 'json' ? `${JSON.stringify(document, null, 2)}\n` : `${text}\n`);
  return ok;
}
