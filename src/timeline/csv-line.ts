/** `time,what`: the first comma parts them, so a commit subject may hold commas; quotes around the rest are taken off. */
export function splitChangeLine(line: string): [string, string | undefined] {
  const comma = line.indexOf(',');
  if (comma < 0) return [line.trim(), undefined];
  const rest = line.slice(comma + 1).trim();
  const what = /^".*"$/.test(rest) ? rest.slice(1, -1).replaceAll('""', '"') : rest;
  return [line.slice(0, comma).trim().replaceAll('"', ''), what];
}
