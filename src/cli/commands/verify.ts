/** `lagdiff verify ANNEX`: what a receiver runs. Exit 1 when anything is not as it was signed. */

import type { Argv, CommandModule } from 'yargs';
import { verifyAnnex } from '../../index.ts';
import { EXIT } from '../exit-codes.ts';
import { print, type Io } from '../io.ts';
import type { SetExit } from './index.ts';

export function verifyCommand(io: Io, setExit: SetExit): CommandModule {
  return {
    command: 'verify <annex>',
    describe: 'what a receiver runs: hashes, log chain, signature',
    builder: (yargs: Argv) =>
      yargs
        .positional('annex', { type: 'string', demandOption: true, describe: 'folder of the annex' })
        .option('expect-key', { type: 'string', describe: "fingerprint of the signer's key, got by another way than the annex" })
        .option('format', { choices: ['table', 'json'] as const, default: 'table' as const, describe: 'table for people, json for scripts' }),
    handler: async (given) => {
      const args = given as unknown as { annex: string; expectKey: string | undefined; format: 'table' | 'json' };
      const check = await verifyAnnex(args.annex, args.expectKey === undefined ? {} : { expectedKey: args.expectKey });
      if (!check.ok) setExit(EXIT.found);
      if (args.format === 'json') {
        await print(io, `${JSON.stringify({ schema: 'lagdiff/verify@1', ...check }, null, 2)}\n`);
        return;
      }
      const { files, bytes, logLines } = check.checked;
      const lines = check.faults.map(
        ({ code, path, line, message }) => `fault[${code}]: ${path}${line === undefined ? '' : `, line ${line}`} ${message}`,
      );
      lines.push(
        check.ok
          ? `verified: ${files} files, ${bytes} bytes, ${logLines} log lines; nothing was changed, added or removed since it was signed`
          : `not verified: ${check.faults.length} fault${check.faults.length === 1 ? '' : 's'}`,
      );
      if (check.fingerprint !== null) lines.push(`signing key: ${check.fingerprint}`);
      if (check.packSha256 !== null) lines.push(`hash of SHA256SUMS: ${check.packSha256}`);
      if (args.expectKey === undefined) lines.push('whose key that is, this cannot tell: compare it with what its owner told you (--expect-key)');
      await print(io, `${lines.join('\n')}\n`);
    },
  };
}
