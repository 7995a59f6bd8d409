/** Two ways to write JSON: canonical, for lines that are hashed; and indented, for people. 64-bit integers keep every digit. */
import { EngineError } from '../errors.ts';

export type Json =
  null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** No spaces, keys in code-unit order: one value has one text. */
export function canonicalJson(value: Json): string {
  return write(value, true, '', '');
}

/** Two spaces, keys in the order given, newline at the end. */
export function indentedJson(value: Json): string {
  return `${write(value, false, '\n', '  ')}\n`;
}

function write(value: Json, sorted: boolean, newline: string, step: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new EngineError({
      code: 'annex/not-json',
      message: `${value} cannot be written as JSON; absent is null`,
    });
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = newline + step;
  const separator = newline === '' ? ':' : ': ';
  const isList = Array.isArray(value);
  const items = isList
    ? (value as readonly Json[]).map((item) => write(item, sorted, inner, step))
    : keysOf(value as Record<string, Json>, sorted).map(
        (key) =>
          `${JSON.stringify(key)}${separator}${write((value as Record<string, Json>)[key]!, sorted, inner, step)}`,
      );
  const [open, close] = isList ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  return `${open}${inner}${items.join(`,${inner}`)}${newline}${close}`;
}

function keysOf(value: Readonly<Record<string, Json | undefined>>, sorted: boolean): string[] {
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return sorted ? keys.sort() : keys;
}
