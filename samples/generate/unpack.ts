/** A sample as it lies on disk → what it stands for. */

import { gunzipSync } from 'node:zlib';
import { Core } from '../../src/engine/core.ts';
import { compileEngine } from '../../src/engine/load.ts';
import { Unpacking } from '../../src/engine/unpack.ts';

const NOTHING = new Uint8Array(0);

/** gzip and zstd are told by their first bytes; anything else is itself. */
export function unpacked(file: Uint8Array): Uint8Array {
  const magic = Buffer.from(file.subarray(0, 4)).toString('hex');
  if (magic.startsWith('1f8b')) return gunzipSync(file);
  return magic === '28b52ffd' ? unzstd(file) : file;
}

function unzstd(file: Uint8Array): Uint8Array {
  const unpacking = new Unpacking(new Core(compileEngine()), 'zstd');
  const pieces: Uint8Array[] = [];
  let given = file;
  for (;;) {
    const { bytes, hasMore, failure } = unpacking.push(given);
    pieces.push(bytes);
    if (failure !== null) throw failure;
    if (!hasMore) break;
    given = NOTHING;
  }
  unpacking.finish();
  unpacking.close();
  return Buffer.concat(pieces);
}
