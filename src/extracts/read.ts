/** Capture files → chosen records, rewritten: plain or gzip, several rotated files counted as one. */

import { createReadStream } from 'node:fs';
import { resolveCaptures } from '../capture/open.ts';
import { blocksOfStream, gunzipped, type StreamDamage } from '../capture/stream.ts';
import { Core } from '../engine/core.ts';
import { extractRecords, type ExtractConfig, type ExtractedRecord } from '../engine/extract.ts';
import { compileEngine } from '../engine/load.ts';

const BLOCK_BYTES = 1 << 20;
let core: Core | null = null;

export interface FoundRecord extends ExtractedRecord {
  /** The file it lies in, as resolved. */
  readonly path: string;
}

/** Frame numbers count within each file. Damage at the end of a file ends it; reading the case has already told of it. */
export async function* readRecords(
  paths: readonly string[],
  config: ExtractConfig,
): AsyncGenerator<FoundRecord> {
  core ??= new Core(compileEngine());
  for (const file of resolveCaptures(paths).files) {
    const damage: StreamDamage = { message: null };
    const stream = file.container === 'gzip' ? gunzipped(file.path, damage) : createReadStream(file.path);
    for await (const record of extractRecords(core, config, blocksOfStream(stream, BLOCK_BYTES, damage)))
      yield { ...record, path: file.path };
  }
}
