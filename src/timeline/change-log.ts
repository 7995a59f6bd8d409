/** What people changed and when: CSV with header `time,what`, JSON as a list of the same, or `git log --format=%cI,%s`. */
import { InputError } from '../errors.ts';
import { splitChangeLine } from './csv-line.ts';

export interface LoggedChange {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly what: string;
}

const INSTANT = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

/** @throws InputError with path and line. */
export function parseChangeLog(text: string, path: string): LoggedChange[] {
  const content = text.replace(/^\uFEFF/, '');
  const entries = content.trimStart().startsWith('[') ? fromJson(content, path) : fromCsv(content, path);
  return entries.sort((a, b) => a.at - b.at || (a.what < b.what ? -1 : 1));
}

function fail(message: string, path: string, line: number | null): never {
  throw new InputError({
    code: 'timeline/change-log',
    message,
    help: 'write lines as 2026-11-20T19:30:00+09:00,what was changed (or a JSON list of {time, what})',
    path,
    ...(line === null ? {} : { line }),
  });
}

function entry(time: unknown, what: unknown, path: string, line: number | null): LoggedChange {
  if (typeof time !== 'string' || !INSTANT.test(time))
    return fail(`"${String(time)}" is no instant with its zone`, path, line);
  const at = Date.parse(time.replace(' ', 'T'));
  if (Number.isNaN(at)) return fail(`"${time}" is no instant`, path, line);
  if (typeof what !== 'string' || what.trim() === '')
    return fail('a change says what was changed', path, line);
  return { at, what: what.trim() };
}

function fromCsv(text: string, path: string): LoggedChange[] {
  return text.split(/\r\n|\n|\r/).flatMap((content, i) => {
    if (content.trim() === '' || content.startsWith('#') || /^time\s*,\s*what\s*$/i.test(content)) return [];
    const [time, what] = splitChangeLine(content);
    return [entry(time, what, path, i + 1)];
  });
}

function fromJson(text: string, path: string): LoggedChange[] {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (cause) {
    return fail(`the change log is not JSON: ${(cause as Error).message}`, path, null);
  }
  if (!Array.isArray(list)) return fail('the change log is not a list', path, null);
  return list.map((item: unknown) => {
    const fields = (item ?? {}) as Record<string, unknown>;
    return entry(fields['time'], fields['what'], path, null);
  });
}
