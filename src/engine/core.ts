/**
 * The only file that knows addresses. Its neighbour across the boundary is wasm/crates/abi/src/exports.rs:
 *
 *   host                      core
 *   reserve(tag, len) ──────▶ makes room, returns an address
 *   (writes bytes there)
 *   push(tag, len)    ──────▶ consumes them
 *   finish(mode)      ──────▶ ends file or round
 *   output, table     ◀────── address and length; copied out at once
 *
 * Every call may grow memory, which detaches views: none is kept across a call. After a trap the core is dead.
 */

import { EngineError, InputError } from '../errors.ts';
import { ABI_VERSION, CAPTURE_ERRORS } from './abi.generated.ts';

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly abi_version: () => number;
  readonly session_open: (kind: number) => number;
  readonly session_close: (session: number) => void;
  readonly input_reserve: (session: number, tag: number, len: number) => number;
  readonly push: (session: number, tag: number, len: number) => number;
  readonly finish: (session: number, mode: number) => number;
  readonly output: (session: number, what: number) => number;
  readonly table: (session: number, id: number) => number;
  readonly last_error: (session: number) => number;
}

export const TAG = { config: 0, bytes: 1, state: 2, rows: 3, names: 4, steps: 5 } as const;
export type Status = 'more' | 'done';

/** One column as the core hands it over, copied: values little-endian, validity null when nothing is absent. */
export interface RawColumn {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly validity: Uint8Array<ArrayBuffer> | null;
}

export interface RawTable {
  readonly rows: number;
  readonly columns: readonly RawColumn[];
}

/** An instance of the core. Sessions are opened on it one after the other. */
export class Core {
  readonly #exports: Exports;
  #trap: EngineError | null = null;

  constructor(module: WebAssembly.Module) {
    this.#exports = new WebAssembly.Instance(module, {}).exports as Exports;
    const version = this.#exports.abi_version();
    if (version !== ABI_VERSION) {
      throw new EngineError({
        code: 'engine/abi-mismatch',
        message: `the core speaks ABI ${version}, this package ABI ${ABI_VERSION}`,
        help: 'reinstall the package; in a checkout: npm run wasm:build',
      });
    }
  }

  /** kind 1 = decode, 2 = flow, 3 = unpack, 4 = extract, 5 = pair. */
  open(kind: 1 | 2 | 3 | 4 | 5): Session {
    return new Session(this, this.call((e) => e.session_open(kind)) >>> 0);
  }

  /** Runs one export; turns a trap into a dead core that says so. */
  call<T>(body: (exports: Exports) => T): T {
    if (this.#trap !== null) throw this.#trap;
    try {
      return body(this.#exports);
    } catch (cause) {
      if (!(cause instanceof WebAssembly.RuntimeError) && !(cause instanceof RangeError)) throw cause;
      this.#trap = new EngineError(
        {
          code: 'engine/trap',
          message: `the core stopped: ${cause.message}`,
          help: 'please report this with the capture, or its sha256 if it cannot be shared',
        },
        { cause },
      );
      throw this.#trap;
    }
  }

  view(address: number, length: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#exports.memory.buffer as ArrayBuffer, address >>> 0, length);
  }

  /** Linear memory in use, in bytes. */
  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }
}

/** A session on a core; see exports.rs for the order of calls. */
export class Session {
  readonly #core: Core;
  readonly #handle: number;

  constructor(core: Core, handle: number) {
    this.#core = core;
    this.#handle = handle;
  }

  /** A place for `length` bytes of input; write at once, then `push`. Dies at the next call. */
  reserve(tag: number, length: number): Uint8Array<ArrayBuffer> {
    const address = this.#core.call((e) => e.input_reserve(this.#handle, tag, length)) >>> 0;
    return this.#core.view(address, length);
  }

  push(tag: number, length: number): Status {
    return this.#status(this.#core.call((e) => e.push(this.#handle, tag, length)));
  }

  /** `reserve`, copy, `push`. */
  send(tag: number, bytes: Uint8Array): Status {
    this.reserve(tag, bytes.length).set(bytes);
    return this.push(tag, bytes.length);
  }

  finish(mode: number): Status {
    return this.#status(this.#core.call((e) => e.finish(this.#handle, mode)));
  }

  /** Length and a live view of an output; the caller copies before the next call. */
  peek(what: number): Uint8Array<ArrayBuffer> {
    const pair = this.#core.call((e) => e.output(this.#handle, what)) >>> 0;
    return this.#pointed(pair);
  }

  output(what: number): Uint8Array<ArrayBuffer> {
    return this.peek(what).slice();
  }

  /** A table's rows since the round before; null without any. */
  table(id: number): RawTable | null {
    const at = this.#core.call((e) => e.table(this.#handle, id)) >>> 0;
    const [rows = 0, count = 0] = this.#words(at, 2);
    if (rows === 0) return null;
    const words = this.#words(at + 8, count * 5);
    const columns: RawColumn[] = [];
    for (let index = 0; index < count; index++) {
      const [data = 0, dataLength = 0, validity = 0, validityLength = 0, nulls = 0] = words.slice(
        index * 5,
        index * 5 + 5,
      );
      columns.push({
        data: this.#core.view(data, dataLength).slice(),
        validity: nulls === 0 ? null : this.#core.view(validity, validityLength).slice(),
      });
    }
    return { rows, columns };
  }

  close(): void {
    this.#core.call((e) => e.session_close(this.#handle));
  }

  #words(address: number, count: number): number[] {
    const bytes = this.#core.view(address, count * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true));
  }

  #pointed(pair: number): Uint8Array<ArrayBuffer> {
    const [address = 0, length = 0] = this.#words(pair, 2);
    return this.#core.view(address, length);
  }

  #status(status: number): Status {
    if (status === 0) return 'more';
    if (status === 1) return 'done';
    const facts = this.#pointed(this.#core.call((e) => e.last_error(this.#handle)) >>> 0);
    const view = new DataView(facts.buffer, facts.byteOffset, facts.byteLength);
    throw faultOf(
      Number(view.getBigUint64(0, true)),
      Number(view.getBigUint64(8, true)),
      view.getBigUint64(16, true),
      view.getBigUint64(24, true),
    );
  }
}

/** Codes of wasm/crates/unpack's faults start here; the list is in the order of its numbers. */
const UNPACK_CODE = 2000;
const UNPACK_FAULTS: readonly (string | undefined)[] = [
  undefined,
  'the compressed data end too early',
  'there are bytes after the end of the compressed data',
  'a checksum of the compressed data does not fit',
  'the compressed data contradict themselves',
  'the compressed data ask for a window of more than 128 MiB',
  'the compressed data need a dictionary',
];

/** Codes of wasm/crates/filter's faults start here. */
const FILTER_CODE = 3000;
const FILTER_WORDS =
  'words: host net port portrange proto src dst tcp udp icmp icmp6 ip ip6 arp vlan greater less and or not ( )';
const FILTER_FAULTS: readonly (readonly [string, string] | undefined)[] = [
  undefined,
  ['the filter has a word that means nothing there', FILTER_WORDS],
  ['the filter ends where something must follow', 'for example: udp and port 7777'],
  [
    'the filter names no address in numbers',
    'for example: host 192.0.2.1, net 192.0.2.0/24, host 2001:db8::1',
  ],
  ['the filter needs a number there', 'for example: port 7777, portrange 27000-27100, vlan 12, greater 1000'],
  [
    'the filter has a bracket that nothing opens or closes',
    'quote the expression for the shell, and count the brackets',
  ],
  [
    'the filter joins words that do not go together',
    'for example: tcp port 443 (icmp has no ports), ip6 host 2001:db8::1',
  ],
  [
    'the filter names a network with bits set beyond its mask',
    'for example: net 192.0.2.0/24, not net 192.0.2.1/24',
  ],
  ['the filter is nested too deeply or too long', 'split it, or filter with tcpdump first'],
];

/** A capture error keeps its facts for the renderer; anything else is ours. */
function faultOf(code: number, byteOffset: number, a: bigint, b: bigint): Error {
  const damage = UNPACK_FAULTS[code - UNPACK_CODE];
  if (damage !== undefined)
    return new InputError({ code: 'capture/compression-damaged', message: damage, byteOffset });
  const fault = FILTER_FAULTS[code - FILTER_CODE];
  if (fault !== undefined) {
    const [message, help] = fault;
    return new InputError({ code: 'filter/syntax', message, help, line: 1, column: byteOffset + 1 });
  }
  const id = CAPTURE_ERRORS[code];
  if (id === undefined) {
    return new EngineError({
      code: 'engine/misuse',
      message: `the core refused a call (code ${code}, ${a}, ${b})`,
      help: 'please report this with the command and the capture',
    });
  }
  return new InputError({ code: id, message: `${id} (${a}, ${b})`, byteOffset });
}
