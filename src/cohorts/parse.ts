/**
 * Cohort files: who belongs to which group of players, by address prefix. CSV with header `prefix,cohort`, or YAML
 * as a mapping `prefix: cohort` or a list of `{prefix, cohort}`. Nested prefixes are a tool (the longest wins);
 * one prefix with two names is a contradiction and ends the run.
 */
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Node } from 'yaml';
import { InputError } from '../errors.ts';
import { createCohortMap, type CohortEntry, type CohortMap } from './classify.ts';
import { splitCsvLine } from './csv.ts';
import { parsePrefix } from './prefix.ts';

interface RawRow {
  readonly line: number;
  readonly prefix: string;
  readonly cohort: string;
}

const COLUMNS = ['prefix', 'cohort'] as const;

function fail(code: string, message: string, path: string, line: number | null, help: string): never {
  throw new InputError({ code: `cohorts/${code}`, message, help, path, ...(line === null ? {} : { line }) });
}

/** `path` decides the format (.yaml, .yml → YAML, else CSV) and names the file in errors. */
export function parseCohorts(text: string, path: string): CohortMap {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  if (content.trim() === '') {
    fail('empty-file', 'the cohort file is empty', path, null, 'start it with the header line prefix,cohort');
  }
  const rows = /\.ya?ml$/i.test(path) ? readYaml(content, path) : readCsv(content, path);
  if (rows.length === 0) {
    fail(
      'empty-file',
      'the cohort file names no prefix',
      path,
      null,
      'add a line such as 203.0.113.0/24,isp-a',
    );
  }
  return createCohortMap(checkRows(rows, path));
}

function readCsv(text: string, path: string): RawRow[] {
  const rows: RawRow[] = [];
  let columns: string[] | null = null;
  text.split(/\r\n|\n|\r/).forEach((content, index) => {
    const line = index + 1;
    if (content.trim() === '' || content.trimStart().startsWith('#')) return;
    const fields = splitCsvLine(content);
    if (fields === null) {
      fail(
        'bad-quoting',
        'a quoted field does not end on its line',
        path,
        line,
        'close the quote, or double it',
      );
    }
    if (columns === null) {
      columns = readHeader(fields, path, line);
      return;
    }
    if (fields.length !== columns.length) {
      const help = 'write one prefix and one cohort per line; quote a cohort that holds a comma';
      fail('wrong-field-count', `the line has ${fields.length} fields, expected 2`, path, line, help);
    }
    rows.push({
      line,
      prefix: fields[columns.indexOf('prefix')]!,
      cohort: fields[columns.indexOf('cohort')]!,
    });
  });
  return rows;
}

function readHeader(fields: readonly string[], path: string, line: number): string[] {
  const names = fields.map((name) => name.toLowerCase());
  const unknown = names.filter((name) => !(COLUMNS as readonly string[]).includes(name));
  const missing = COLUMNS.filter((name) => !names.includes(name));
  if (missing.length === COLUMNS.length) {
    fail(
      'missing-header',
      `the first line is "${fields.join(',')}", expected the header prefix,cohort`,
      path,
      line,
      'put the line prefix,cohort before the first prefix',
    );
  }
  if (unknown.length > 0) {
    const help = 'keep only the columns prefix and cohort';
    fail('unknown-column', `the header has an unknown column "${unknown[0]}"`, path, line, help);
  }
  if (missing.length > 0 || names.length !== COLUMNS.length) {
    fail(
      'missing-header',
      `the header is "${fields.join(',')}", expected prefix,cohort`,
      path,
      line,
      'name both columns, each once',
    );
  }
  return names;
}

function readYaml(text: string, path: string): RawRow[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const lineOf = (node: Node | null): number | null =>
    node?.range ? lines.linePos(node.range[0]).line : null;
  const problem = document.errors[0];
  if (problem !== undefined) {
    const help = 'write "prefix: cohort" on each line, or a list of {prefix, cohort}';
    const where = lines.linePos(problem.pos[0]).line;
    fail(
      'bad-yaml',
      `the file is not YAML: ${problem.message.split('\n')[0]!.toLowerCase()}`,
      path,
      where,
      help,
    );
  }
  const root = document.contents;
  const scalar = (node: unknown, what: string, at: Node | null): string => {
    if (isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number')) {
      // The source keeps a cohort written 001 as 001.
      return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
    }
    return fail(
      'bad-entry',
      `${what} is not text`,
      path,
      lineOf(at),
      'write a prefix and the name of its cohort',
    );
  };
  if (isMap(root)) {
    return root.items.map((pair) => {
      const key = pair.key as Node;
      return {
        line: lineOf(key) ?? 1,
        prefix: scalar(key, 'a prefix', key),
        cohort: scalar(pair.value, 'a cohort', key),
      };
    });
  }
  if (!isSeq(root)) {
    fail(
      'bad-entry',
      'the file is neither a mapping nor a list',
      path,
      1,
      'write "prefix: cohort" on each line',
    );
  }
  return root.items.map((item) => {
    const node = item as Node;
    if (!isMap(item)) {
      return fail(
        'bad-entry',
        'a list entry is not a mapping',
        path,
        lineOf(node),
        'write {prefix: …, cohort: …}',
      );
    }
    const fields = new Map<string, unknown>();
    for (const pair of item.items) fields.set(scalar(pair.key, 'a key', node), pair.value);
    for (const name of fields.keys()) {
      if (!(COLUMNS as readonly string[]).includes(name)) {
        const help = 'keep only the keys prefix and cohort';
        fail('unknown-column', `a list entry has an unknown key "${name}"`, path, lineOf(node), help);
      }
    }
    return {
      line: lineOf(node) ?? 1,
      prefix: scalar(fields.get('prefix'), 'a prefix', node),
      cohort: scalar(fields.get('cohort'), 'a cohort', node),
    };
  });
}

function checkRows(rows: readonly RawRow[], path: string): CohortEntry[] {
  const seen = new Map<string, { line: number; cohort: string }>();
  const entries: CohortEntry[] = [];
  for (const row of rows) {
    const cohort = row.cohort.trim();
    const result = parsePrefix(row.prefix.trim());
    if (!result.ok) {
      const help =
        result.corrected === null
          ? 'write a prefix such as 203.0.113.0/24 or 2001:db8::/32'
          : `write ${result.corrected}`;
      fail('bad-prefix', result.reason, path, row.line, help);
    }
    if (cohort === '') {
      fail('empty-cohort', `${result.prefix.text} has no cohort name`, path, row.line, 'name the cohort');
    }
    if (cohort === 'all') {
      fail(
        'reserved-name',
        'the cohort name "all" is taken: it means every client',
        path,
        row.line,
        'rename the cohort',
      );
    }
    const earlier = seen.get(result.prefix.text);
    if (earlier === undefined) {
      seen.set(result.prefix.text, { line: row.line, cohort });
      entries.push({ prefix: result.prefix, cohort });
    } else if (earlier.cohort !== cohort) {
      fail(
        'contradiction',
        `${result.prefix.text} is "${earlier.cohort}" on line ${earlier.line} and "${cohort}" here`,
        path,
        row.line,
        'keep one of the two; a longer prefix inside it may name another cohort',
      );
    }
  }
  return entries;
}
