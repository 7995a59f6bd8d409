/** Ids of all finding rules, read from their sources: a rule without a runbook page must not pass. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './repository.ts';

export function findingIds(): string[] {
  const folder = join(ROOT, 'src/findings/rules');
  const ids = readdirSync(folder).flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/\bid: ['`]([^'`]+)['`]/g)].map(
      ([, id = '']) => id,
    ),
  );
  return ids.flatMap((id) =>
    id.includes('${end}') ? ['initiator', 'responder'].map((end) => id.replace('${end}', end)) : [id],
  );
}
