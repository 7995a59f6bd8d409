/** gzip with a header that names no time and no system. */

import { gzipSync } from 'node:zlib';

/**
 * Same content, same zlib build: same bytes. Other builds of zlib may deflate differently, so the manifest holds the
 * hash of the content beside that of the file.
 */
export function gzipped(content: Uint8Array): Uint8Array {
  const file = gzipSync(content, { level: 9, memLevel: 9 });
  file.fill(0, 4, 8);
  // RFC 1952 OS byte: 255 = unknown.
  file[9] = 255;
  return file;
}
