/** pcap-parser 0.2.1 ships no types; the part that tests use. */
declare module 'pcap-parser' {
  import type { EventEmitter } from 'node:events';
  import type { Readable } from 'node:stream';
  const parser: { parse(input: string | Readable): EventEmitter };
  export default parser;
}
