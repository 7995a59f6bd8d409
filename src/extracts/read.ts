/** Capture files → chosen records, rewritten: plain or compressed, several rotated files counted as one. */

import { resolveCaptures } from '../capture/open.ts';
import { blocksOfChunks, fileChunks, plainChunks, type StreamDamage } from '../capture/stream.ts';
import { Core } from '../engine/core.ts';
import { extractRecords, type ExtractConfig, type ExtractedRecord } from '../engine/extract.ts';
import { compileEngine } from '../engine/load.ts';
import { unpackedInThread } from '../parallel/unpack-thread.ts';

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
    const plain = plainChunks(file.container, fileChunks(file.path), unpackedInThread);
    for await (const record of extractRecords(core, config, blocksOfChunks(plain, BLOCK_BYTES, damage)))
      yield { ...record, path: file.path };
  }
}
