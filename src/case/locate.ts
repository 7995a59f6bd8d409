/**
 * From a place in the data ("captures, 0, period") to the line and column where a person wrote it, and from a schema
 * issue to a sentence that says what would be valid.
 */
import { isMap, isNode, isPair, isScalar } from 'yaml';
import type { Document, LineCounter } from 'yaml';
import type { z } from 'zod';

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

type Path = readonly PropertyKey[];

/** Position of the value at `path`; of its nearest written ancestor when the value itself is missing. */
export function locateValue(document: Document, counter: LineCounter, path: Path): TextPosition {
  for (let depth = path.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
    if (isNode(node) && node.range) return positionOf(counter, node.range[0]);
  }
  return { line: 1, column: 1 };
}

/** Position of a key, for complaints about the key rather than its value. */
export function locateKey(document: Document, counter: LineCounter, path: Path, key: string): TextPosition {
  const map = path.length === 0 ? document.contents : document.getIn(path, true);
  if (isMap(map)) {
    for (const pair of map.items) {
      if (isPair(pair) && isScalar(pair.key) && String(pair.key.value) === key && pair.key.range)
        return positionOf(counter, pair.key.range[0]);
    }
  }
  return locateValue(document, counter, path);
}

function positionOf(counter: LineCounter, offset: number): TextPosition {
  const { line, col } = counter.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** `captures[0].period`; the document itself is "the case". */
function namePath(path: Path): string {
  if (path.length === 0) return 'the case';
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

export function valueAt(data: unknown, path: Path): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

/** One sentence for one issue; `allowedKeys` are the keys valid at the issue's level. */
export function describeIssue(
  issue: z.core.$ZodIssue,
  data: unknown,
  allowedKeys: readonly string[],
): string {
  const name = namePath(issue.path);
  const value = valueAt(data, issue.path);
  const missing = value === undefined;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const keys = issue.keys.map((key) => `"${key}"`).join(', ');
      return `${name} has the unknown key ${keys}; it may have ${allowedKeys.join(', ')}`;
    }
    case 'invalid_value':
      return `${name} ${missing ? 'is missing' : `is ${show(value)}`}; expected one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return `${name} ${missing ? 'is missing' : `is ${show(value)}`}; expected ${nounOf(issue.expected)}`;
    case 'too_small':
      return `${name} is ${show(value)}; expected ${issue.inclusive === false ? 'more than' : 'at least'} ${bound(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `${name} is ${show(value)}; expected at most ${bound(issue.maximum, issue.origin)}`;
    case 'invalid_union':
      return `${name} is ${show(value)}; expected the path of a CSV or YAML file, or a mapping from prefix to cohort name`;
    case 'invalid_key':
      return `${name} is not usable as a key; expected ${issue.issues.map((inner) => inner.message).join('; ')}`;
    case 'invalid_format':
      return `${name} is ${show(value)}; expected ${formatNoun(issue.format, issue.message)}`;
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return `${name} is ${show(value)}; expected ${issue.message}`;
  }
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…"` : text;
}

function bound(limit: number | bigint, origin: string): string {
  if (origin === 'string') return `${limit} characters`;
  if (origin === 'array') return `${limit} entries`;
  return String(limit);
}

function nounOf(expected: string): string {
  const nouns: Record<string, string> = {
    string: 'text (quote it if it looks like a number)',
    number: 'a number',
    int: 'a whole number',
    array: 'a list (lines that start with "- ")',
    object: 'a mapping (lines of "key: value")',
    record: 'a mapping (lines of "key: value")',
  };
  return nouns[expected] ?? expected;
}

function formatNoun(format: string, message: string): string {
  if (format === 'email') return 'an e-mail address';
  if (format === 'datetime') return 'an instant with its offset, for example 2026-11-20T19:00:00+09:00';
  return message;
}
