/**
 * SHA256SUMS in the form that `sha256sum -c` reads: hash, two spaces, path; sorted by path, LF. The reader takes this
 * form and no other, so that there is one text for one set of files.
 */

/** The file that lists, and the one that signs the list: neither can be in the list. */
export const SUMS_FILE = 'SHA256SUMS';
export const SIGNATURE_FILE = 'signature';

export interface SumsFault {
  readonly code: 'sums/format' | 'sums/unsafe-path' | 'sums/duplicate' | 'sums/order';
  readonly line: number;
  readonly message: string;
}

export function renderSums(hashes: ReadonlyMap<string, string>): string {
  return [...hashes.keys()]
    .sort(compareBytes)
    .map((path) => `${hashes.get(path)!}  ${path}\n`)
    .join('');
}

export function parseSums(text: string): { hashes: Map<string, string>; faults: SumsFault[] } {
  const hashes = new Map<string, string>();
  const faults: SumsFault[] = [];
  const lines = text.split('\n');
  if (lines.pop() !== '')
    faults.push({
      code: 'sums/format',
      line: lines.length + 1,
      message: 'the last line does not end with a newline',
    });
  if (lines.length === 0)
    faults.push({ code: 'sums/format', line: 1, message: `${SUMS_FILE} lists no file` });
  let previous: string | null = null;
  for (const [i, line] of lines.entries()) {
    const fault = (code: SumsFault['code'], message: string): number =>
      faults.push({ code, line: i + 1, message });
    const match = /^([0-9a-f]{64}) {2}(.+)$/su.exec(line);
    if (!match) {
      fault('sums/format', 'expected 64 lower-case hexadecimal digits, two spaces and a path');
      continue;
    }
    const [, hash, path] = match as unknown as [string, string, string];
    const unsafe = whyUnsafe(path);
    if (unsafe) fault('sums/unsafe-path', `${JSON.stringify(path)} ${unsafe}`);
    else if (hashes.has(path)) fault('sums/duplicate', `${path} is listed twice`);
    else {
      if (previous !== null && compareBytes(previous, path) > 0)
        fault('sums/order', `${path} stands after ${previous}; expected paths sorted by byte`);
      previous = path;
      hashes.set(path, hash);
    }
  }
  return { hashes, faults };
}

/** Why a listed path may not be opened; null when it is a plain path inside the folder. */
export function whyUnsafe(path: string): string | null {
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is absolute; expected a path inside the annex';
  if (/[\\\p{Cc}\ufffd]/u.test(path)) return 'holds a backslash or a control character';
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    return 'has an empty, "." or ".." part; expected a path inside the annex';
  if (path === SUMS_FILE || path === SIGNATURE_FILE) return 'cannot be in its own list';
  return null;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
