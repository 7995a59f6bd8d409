/** One line of comma-separated values (RFC 4180 quoting, within the line): fields trimmed, quotes undone. */

/** Null when a quoted field is not closed. */
export function splitCsvLine(line: string): string[] | null {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    while (line[at] === ' ' || line[at] === '\t') at++;
    let field = '';
    if (line[at] === '"') {
      at++;
      for (;;) {
        const close = line.indexOf('"', at);
        if (close < 0) return null;
        field += line.slice(at, close);
        at = close + 1;
        if (line[at] !== '"') break;
        field += '"';
        at++;
      }
    }
    const comma = line.indexOf(',', at);
    field += line.slice(at, comma < 0 ? undefined : comma).trim();
    fields.push(field);
    if (comma < 0) return fields;
    at = comma + 1;
  }
}
