/**
 * The text that a PDF of ours shows, for the leak scan: streams are not compressed, one font is embedded, and its ToUnicode
 * map says which character a glyph stands for (ISO 32000-1 §9.10). Anything else is not looked into, and is refused.
 */

/** Null when the file is not of that form. Words stand as they are drawn, without the gaps that layout puts between them. */
export function pdfText(bytes: Uint8Array): string | null {
  const text = Buffer.from(bytes).toString('latin1');
  if (!text.startsWith('%PDF-') || /\/(FlateDecode|ObjStm|Encrypt|EmbeddedFile)\b/.test(text)) return null;
  const maps = [...text.matchAll(/begincmap[\s\S]*?endcmap/g)];
  if (maps.length > 1) return null;
  const glyphs = new Map<number, string>();
  for (const [, from = '', list = ''] of (maps[0]?.[0] ?? '').matchAll(
    /<([0-9a-f]{4})> <[0-9a-f]{4}> \[([^\]]*)\]/g,
  ))
    [...list.matchAll(/<([0-9a-f]+)>/g)].forEach(([, units = ''], index) => {
      const utf16 = Buffer.from(units, 'hex').swap16().toString('utf16le');
      glyphs.set(parseInt(from, 16) + index, utf16);
    });
  // Text is drawn as [<glyphs> gap …] TJ, that of a figure glyph by glyph as <glyph> Tj.
  const shown = [...text.matchAll(/\[([^\]]*)\] TJ|(<[0-9a-f]*>) Tj/g)].map(([, array, single]) =>
    [...(array ?? single ?? '').matchAll(/<([0-9a-f]*)>/g)]
      .flatMap(([, codes = '']) => codes.match(/.{4}/g) ?? [])
      .map((code) => glyphs.get(parseInt(code, 16)) ?? '\ufffd')
      .join(''),
  );
  // Lines as drawn, and all of them joined: a word may break over two.
  return `${shown.join('\n')}\n${shown.join('')}\n${strings(text)}`;
}

/** Title and the like: literal strings, in UTF-16 where they are not Latin. */
function strings(text: string): string {
  return [...text.matchAll(/\((þÿ(?:\\[\s\S]|[^\\)])*|(?:\\[\s\S]|[^\\)])*)\)/g)]
    .map(([, raw = '']) => {
      const plain = raw.replace(/\\([\s\S])/g, '$1');
      if (!plain.startsWith('þÿ')) return plain;
      const units = Buffer.from(plain.slice(2), 'latin1');
      return units
        .subarray(0, units.length & ~1)
        .swap16()
        .toString('utf16le');
    })
    .join('\n');
}
