/** Text for people: how wide it is on a terminal, how to cut and wrap it, and how to make names from captures harmless. */

/** Ranges that terminals draw two cells wide (Unicode East Asian Width W and F, the blocks in daily use). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function charWidth(char: string): number {
  if (char === '') return 0;
  const code = char.codePointAt(0)!;
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(char)) return 0;
  return code >= 0x1100 && WIDE.some(([low, high]) => code >= low && code <= high) ? 2 : 1;
}

export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Pads to `width` cells; text that is already wider is left alone. */
export function padText(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - displayWidth(text)));
  return side === 'left' ? text + space : space + text;
}

/** Cuts to at most `width` cells and shows the cut. */
export function cutText(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const char of text) {
    if (used + charWidth(char) > width - 1) break;
    out += char;
    used += charWidth(char);
  }
  return `${out}…`;
}

/** Lines of at most `width` cells; breaks at spaces, and anywhere beside a wide character or inside a long word. */
export function wrapText(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => breakable(part, width))) {
    const joined = line === '' || word.glued ? line + word.text : `${line} ${word.text}`;
    if (displayWidth(joined) <= width || line === '') line = joined;
    else {
      lines.push(line);
      line = word.text;
    }
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/** The pieces of one word between which a line may end. */
function breakable(word: string, width: number): { text: string; glued: boolean }[] {
  if (displayWidth(word) === word.length && word.length <= width) return [{ text: word, glued: false }];
  const pieces: string[] = [];
  let run = '';
  const flush = (): void => {
    if (run !== '') pieces.push(run);
    run = '';
  };
  let previous = '';
  for (const char of word) {
    // Kinsoku: after a wide character, closing punctuation stays with it, and an opening bracket goes with what follows.
    const closes = charWidth(previous) === 2 && /[、。，．,.）」』)：；:;ー]/u.test(char);
    const opened = /[（「『(]/u.test(previous);
    if (closes && run === '' && pieces.length > 0) pieces[pieces.length - 1] += char;
    else {
      if ((charWidth(char) === 2 && !opened) || displayWidth(run) >= width) flush();
      run += char;
      if (charWidth(char) === 2 && !/[（「『]/u.test(char)) flush();
    }
    previous = char;
  }
  flush();
  return pieces.map((text, i) => ({ text, glued: i > 0 }));
}

/**
 * Names come from captures and case files, so they may hold terminal escapes, direction overrides or characters that
 * XML forbids. They are shown as the replacement character: visible, and without effect.
 */
export function plainText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu, '\ufffd');
}

export function escapeMarkup(text: string): string {
  return plainText(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Plain text inside a Markdown paragraph or list item. */
export function escapeMarkdown(text: string): string {
  return plainText(text)
    .replace(/[\\`*_[\]|#~]/g, '\\$&')
    .replaceAll('<', '&lt;');
}

/** A file name for a name; names that lose characters on the way get a suffix so that two never meet. */
export function fileStem(name: string): string {
  const stem = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
  if (stem === name && stem !== '') return stem;
  let hash = 0x811c9dc5;
  for (const char of name) hash = Math.imul(hash ^ char.codePointAt(0)!, 0x01000193) >>> 0;
  return `${stem === '' ? 'cohort' : stem}-${hash.toString(16).padStart(8, '0')}`;
}
