/**
 * The last gate of a public annex: looks for originals in the bytes that are about to be signed, and refuses. It knows how to
 * look into every kind of file that an annex holds; one that it cannot look into is refused, too.
 */
import { InputError } from '../errors.ts';
import { parquetText } from '../tables/parquet-text.ts';
import { pdfText } from './pdf-text.ts';
import { latin1, parseAddress, type Pseudonyms } from './pseudonyms.ts';

export interface LeakScanInput {
  readonly pseudonyms: Pseudonyms;
  /** Names that were met in extracted packets: looked for as bytes, in both byte orders. */
  readonly packetNames: ReadonlySet<string>;
  /** Withheld text of the case; looked for where it is distinctive. */
  readonly withheld: readonly string[];
  /** Words that the case calls secret: looked for always. */
  readonly secrets: readonly string[];
  /** What the annex says on purpose: a withheld word that is part of it is no leak. */
  readonly shown: string;
}

/** Shorter words would be found everywhere by chance. */
const MIN_WORD = 4;
const TEXT = /\.(html|json|jsonl|md|sh|svg|csv|pem|txt|yaml)$|^wireshark\//;
const DOTTED = /\d{1,3}(?:\.\d{1,3}){3}/g;
const COLONED = /[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}/g;
const HEXADECIMAL =
  /(?<![0-9A-Za-z])(?:0x)?((?:[0-9A-Fa-f]{8}){1}|[0-9A-Fa-f]{12}|[0-9A-Fa-f]{32})(?![0-9A-Za-z])/g;
/** Long quoted base64: an envelope, whose content is text again. */
const BASE64 = /"([A-Za-z0-9+/]{64,}={0,2})"/g;
const HARDWARE = /(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}/g;

export class LeakScan {
  readonly #names: ReadonlySet<string>;
  readonly #packetNames: readonly Buffer[];
  readonly #words: readonly string[];

  constructor({ pseudonyms, packetNames, withheld, secrets, shown }: LeakScanInput) {
    const { bytes, files } = pseudonyms.originals();
    this.#names = bytes;
    this.#packetNames = [...packetNames].flatMap((name) => {
      const forward = Buffer.from(name, 'latin1');
      return [forward, Buffer.from(forward).reverse()];
    });
    const said = shown.normalize('NFC').toLowerCase();
    const distinctive = withheld.filter(
      (word) => isDistinctive(word.trim()) && !said.includes(word.trim().toLowerCase()),
    );
    this.#words = [...new Set([...distinctive, ...secrets, ...files])]
      .map((word) => word.trim().normalize('NFC').toLowerCase())
      .filter((word) => word.length >= MIN_WORD);
  }

  /** @throws InputError `redaction/leak` when an original is in the file, `redaction/unscannable` for an unknown kind. */
  check(path: string, bytes: Uint8Array): void {
    this.#checkText(path, path);
    if (path.endsWith('.pcapng')) {
      this.#checkBytes(path, bytes);
      this.#checkText(path, latin1(bytes));
      this.#checkText(path, new TextDecoder().decode(bytes));
    } else if (path.endsWith('.parquet')) {
      // Numbers in columns are measurements: only text columns and the schema can hold a name.
      this.#checkText(path, parquetText(bytes));
    } else if (path.endsWith('.pdf')) {
      const text = pdfText(bytes);
      if (text === null) this.#refuseUnscannable(path);
      this.#checkText(path, text);
    } else if (TEXT.test(path)) {
      const text = new TextDecoder().decode(bytes);
      this.#checkText(path, text);
      for (const [, encoded] of text.matchAll(BASE64))
        this.#checkText(path, Buffer.from(encoded ?? '', 'base64').toString('utf8'));
    } else this.#refuseUnscannable(path);
  }

  #refuseUnscannable(path: string): never {
    throw new InputError({
      code: 'redaction/unscannable',
      message: `${path} is of a kind that the leak scan cannot look into, so the annex was not written`,
      help: 'please report this',
    });
  }

  #checkText(path: string, text: string): void {
    const lower = text.normalize('NFC').toLowerCase();
    for (const word of this.#words) {
      const escaped = JSON.stringify(word).slice(1, -1);
      const markup = word.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
      if ([word, escaped, markup].some((form) => lower.includes(form)))
        this.#refuse(path, `the text ${JSON.stringify(word)}`);
    }
    for (const [found] of lower.matchAll(DOTTED)) {
      const parts = found.split('.').map(Number);
      if (parts.some((part) => part > 255)) continue;
      for (const order of [parts, parts.toReversed()])
        if (this.#names.has(latin1(Uint8Array.from(order))))
          this.#refuse(path, `the address ${order.join('.')}`);
    }
    for (const [found] of lower.matchAll(COLONED)) {
      const bytes = parseAddress(found);
      if (bytes !== null && this.#names.has(latin1(bytes))) this.#refuse(path, `the address ${found}`);
    }
    for (const [found] of lower.matchAll(HARDWARE)) this.#checkHex(path, found.replace(/[:-]/g, ''));
    for (const [, digits] of lower.matchAll(HEXADECIMAL)) this.#checkHex(path, digits ?? '');
  }

  #checkHex(path: string, digits: string): void {
    const bytes = Buffer.from(digits, 'hex');
    for (const order of [bytes, Buffer.from(bytes).reverse()])
      if (this.#names.has(latin1(order))) this.#refuse(path, `the bytes ${digits}`);
  }

  #checkBytes(path: string, bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes);
    for (const name of this.#packetNames)
      if (buffer.includes(name)) this.#refuse(path, `the bytes ${name.toString('hex')}`);
  }

  #refuse(path: string, what: string): never {
    throw new InputError({
      code: 'redaction/leak',
      message: `${path} would show ${what}, which the public tier withholds; nothing was written`,
      help: 'if it may be shown, list its field under publish in the case, or rename it; --tier restricted shows everything',
    });
  }
}

/** A word such as a city or a clock program stands in reports anyway; a name with digits, signs or length does not. */
function isDistinctive(word: string): boolean {
  return word.length >= 8 || (word.length >= MIN_WORD && /[^A-Za-z]/.test(word));
}
