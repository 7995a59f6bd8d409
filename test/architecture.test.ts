/** The house rules, applied to every file of src/ and workers/. The rules themselves: architecture.rules.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  CRATE_RULES,
  MENTION_RULES,
  PACKAGE_RULES,
  ROOM_RULES,
  TOP_LEVEL,
  WORKER_LINES_MAX,
} from './architecture.rules.ts';
import { importsOf, mentionsOf, readSources, roomOf, type SourceFile } from './helpers/source-files.ts';

const ROOT = join(import.meta.dirname, '..');
const SOURCES = readSources(ROOT, ['src', 'workers']);
const RULE_OF = new Map(ROOM_RULES.map((rule) => [rule.room, rule]));

function roomViolations(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    const rule = RULE_OF.get(room);
    if (rule === undefined) {
      violations.push(`${file.path}: ${room} has no row in architecture.rules.ts`);
      continue;
    }
    for (const { path } of importsOf(file)) {
      if (path === null) continue;
      const target = roomOf(path);
      if (target !== room && !rule.mayUse.includes(target))
        violations.push(
          `${file.path} imports ${path}\n  row: ${room} may use ${rule.mayUse.join(' ') || 'nothing'}\n  reason: ${rule.because}`,
        );
    }
  }
  return violations;
}

function packageViolations(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    for (const { path, specifier } of importsOf(file)) {
      if (path !== null) continue;
      const rule = PACKAGE_RULES.find(({ module }) =>
        module.endsWith('*') ? specifier.startsWith(module.slice(0, -1)) : specifier === module,
      );
      if (rule === undefined)
        violations.push(`${file.path} imports ${specifier}, which has no row in PACKAGE_RULES`);
      else if (rule.rooms !== 'any' && !rule.rooms.includes(room))
        violations.push(
          `${file.path} imports ${specifier}\n  row: ${rule.module} only in ${rule.rooms.join(' ')}\n  reason: ${rule.because}`,
        );
    }
  }
  return violations;
}

function mentionViolations(files: readonly SourceFile[]): string[] {
  const violations: string[] = [];
  for (const file of files) {
    const room = roomOf(file.path);
    const mentions = mentionsOf(file);
    for (const rule of MENTION_RULES)
      if (mentions.has(rule.mention) && !rule.rooms.includes(room))
        violations.push(
          `${file.path} mentions ${rule.mention}\n  row: only in ${rule.rooms.join(' ') || 'no room'}\n  reason: ${rule.because}`,
        );
  }
  return violations;
}

/** Circles between rooms as the files really import, e.g. `a/ → b/ → a/`. */
function roomCircles(files: readonly SourceFile[]): string[] {
  const edges = new Map<string, Set<string>>();
  for (const file of files) {
    const room = roomOf(file.path);
    for (const { path } of importsOf(file)) {
      if (path === null || roomOf(path) === room) continue;
      edges.set(room, (edges.get(room) ?? new Set()).add(roomOf(path)));
    }
  }
  return circles(edges);
}

function circles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const walk = (room: string, path: readonly string[]): void => {
    const at = path.indexOf(room);
    if (at >= 0) found.push([...path.slice(at), room].join(' → '));
    if (at >= 0 || done.has(room)) return;
    for (const next of edges.get(room) ?? []) walk(next, [...path, room]);
    done.add(room);
  };
  for (const room of [...edges.keys()].sort()) walk(room, []);
  return found;
}

function longWorkers(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => path.startsWith('workers/'))
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > WORKER_LINES_MAX)
    .map(({ path, lines }) => `${path} has ${lines} lines; a worker entry has at most ${WORKER_LINES_MAX}`);
}

describe('the house', () => {
  it('has sources to judge', () => {
    expect(SOURCES.length).toBeGreaterThan(0);
  });

  it('lets a room import only the rooms its row names', () => {
    expect(roomViolations(SOURCES).join('\n')).toBe('');
  });

  it('lets a room import only the packages and Node modules whose row names it', () => {
    expect(packageViolations(SOURCES).join('\n')).toBe('');
  });

  it('keeps pointers, clocks, chance, locale and process in their rooms', () => {
    expect(mentionViolations(SOURCES).join('\n')).toBe('');
  });

  it('has no circles between rooms, in the files or in the rules', () => {
    expect(roomCircles(SOURCES)).toEqual([]);
    expect(circles(new Map(ROOM_RULES.map(({ room, mayUse }) => [room, new Set(mayUse)])))).toEqual([]);
  });

  it('keeps worker entries short', () => {
    expect(longWorkers(SOURCES)).toEqual([]);
  });

  it('never imports tests, benchmarks or samples from the product', () => {
    const strays = SOURCES.flatMap((file) =>
      importsOf(file)
        .filter(({ path }) => path !== null && /^(test|bench|samples)\//.test(path))
        .map(({ path }) => `${file.path} imports ${path}`),
    );
    expect(strays).toEqual([]);
  });

  it('holds exactly the top-level names it promises', () => {
    const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8')
      .split('\n')
      .map((line) => line.replace(/\/$/, ''));
    const present = readdirSync(ROOT).filter((name) => name !== '.git' && !ignored.includes(name));
    const allowed: string[] = [...TOP_LEVEL.required, ...TOP_LEVEL.tools];
    expect(present.filter((name) => !allowed.includes(name))).toEqual([]);
    expect(TOP_LEVEL.required.filter((name) => !present.includes(name))).toEqual([]);
  });
});

describe('the core', () => {
  const crates = readdirSync(join(ROOT, 'wasm/crates')).sort();

  it.each(crates)('crate %s depends only on the crates its row names', (crate) => {
    const rule = CRATE_RULES.find((row) => row.crate === crate);
    expect(rule, `${crate} has no row in CRATE_RULES`).toBeDefined();
    const manifest = readFileSync(join(ROOT, 'wasm/crates', crate, 'Cargo.toml'), 'utf8');
    const used = [...manifest.matchAll(/path\s*=\s*"\.\.\/([a-z_-]+)"/g)].map((match) => match[1] ?? '');
    const strangers = used.filter((name) => !(rule?.mayUse.includes(name) ?? false));
    expect(strangers, `${crate} may use ${rule?.mayUse.join(' ') ?? ''}: ${rule?.because ?? ''}`).toEqual([]);
  });

  it('needs no registry: every dependency is a path', () => {
    const lock = readFileSync(join(ROOT, 'wasm/Cargo.lock'), 'utf8');
    expect(lock).not.toMatch(/^source = /m);
  });
});

describe('the rules bite', () => {
  const file = (path: string, text: string): SourceFile => ({ path, text });

  it('on a room that reaches up, with row and reason', () => {
    const [violation] = roomViolations([
      file('src/statistics/mean.ts', `import { run } from '../cli/run.ts';`),
    ]);
    expect(violation).toContain('src/statistics/mean.ts imports src/cli/run.ts');
    expect(violation).toContain('row: statistics/ may use nothing');
    expect(violation).toContain('reason: pure numbers');
  });

  it('on type imports, re-exports and dynamic imports alike', () => {
    const texts = [
      `import type { Pool } from '../parallel/pool.ts';`,
      `export { pool } from '../parallel/pool.ts';`,
      `const pool = await import('../parallel/pool.ts');`,
    ];
    for (const text of texts) expect(roomViolations([file('src/metrics/rtt.ts', text)])).toHaveLength(1);
  });

  it('on a room nobody described', () => {
    expect(roomViolations([file('src/utils/misc.ts', '')])[0]).toContain('utils/ has no row');
  });

  it('on a package outside its room and on one without a row', () => {
    expect(
      packageViolations([file('src/report/html.ts', `import { readFileSync } from 'node:fs';`)]),
    ).toHaveLength(1);
    expect(packageViolations([file('src/capture/open.ts', `import _ from 'lodash';`)])[0]).toContain(
      'no row',
    );
  });

  it('on a clock and on pointers, but not on their names in comments and strings', () => {
    expect(mentionViolations([file('src/report/html.ts', 'const now = Date.now();')])).toHaveLength(1);
    expect(mentionViolations([file('src/report/html.ts', 'const now = new Date();')])).toHaveLength(1);
    expect(mentionViolations([file('src/report/html.ts', 'const then = new Date(0);')])).toEqual([]);
    expect(mentionViolations([file('src/tables/csv.ts', 'view(engine.memory.buffer)')])).toHaveLength(1);
    expect(mentionViolations([file('src/report/html.ts', `// Date.now\nconst s = 'WebAssembly';`)])).toEqual(
      [],
    );
  });

  it('on a circle and on a long worker', () => {
    const circle = [
      file('src/capture/a.ts', `import '../tables/b.ts';`),
      file('src/tables/b.ts', `import '../capture/a.ts';`),
    ];
    expect(roomCircles(circle)).toEqual(['capture/ → tables/ → capture/']);
    expect(longWorkers([file('workers/shard.ts', 'x;\n'.repeat(WORKER_LINES_MAX + 1))])).toHaveLength(1);
  });
});
