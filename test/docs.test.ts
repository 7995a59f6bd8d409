/**
 * Documents may not lie: links lead somewhere, the commands CI runs are README's own, and a README block that shows a command
 * with its output shows what that command prints.
 *
 *   ```console
 *   $ lagdiff analyze samples/…
 *   the output, where a line `…` stands for any number of lines
 *   ```
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lagdiff } from './helpers/cli.ts';
import { ROOT } from './helpers/repository.ts';

function documents(): string[] {
  const skip = /^(node_modules|dist|coverage|wasm\/target|demo-annex|bench\/results|\.git)(\/|$)/;
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !skip.test(path))
    .sort();
}

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

interface Shown {
  readonly command: string;
  readonly output: readonly string[];
}

/** `$ command` lines of console blocks, each with the lines that follow it. */
function shownCommands(text: string): Shown[] {
  const shown: { command: string; output: string[] }[] = [];
  for (const [, block = ''] of text.matchAll(/^```console\n([\s\S]*?)^```$/gm)) {
    for (const line of block.trimEnd().split('\n')) {
      if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
      else shown.at(-1)?.output.push(line);
    }
  }
  return shown;
}

/** Lines equal, or `…` for any run of lines. */
function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return actual.length === 0;
  if (first.trim() === '…')
    return actual.some((_, at) => matches(rest, actual.slice(at))) || matches(rest, []);
  return first === actual[0] && matches(rest, actual.slice(1));
}

/** Words of a simple shell command: quotes, but no pipes, variables or redirections. */
function words(command: string): string[] {
  return [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  );
}

describe('every document', () => {
  it.each(documents())('%s links to files that exist', (path) => {
    const links = [...read(path).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
      (match) => match[1] ?? '',
    );
    const dead = links.filter((link) => !existsSync(join(ROOT, dirname(path), decodeURI(link))));
    expect(dead).toEqual([]);
  });

  it.each(documents())('%s names no npm script that does not exist', (path) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read(path).matchAll(/\bnpm run ([a-z][a-z:-]*)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(documents().filter((path) => /^[a-z]+\/README\.md$/.test(path)))(
    '%s is a map of at most 40 lines',
    (path) => {
      expect(read(path).trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    },
  );
});

describe('README.md', () => {
  const text = read('README.md');

  it('has the two commands that CI runs', () => {
    // The same two forms that .ci/run looks for: a console line, or the first cell of a table row.
    for (const script of ['npm run demo', 'npm test'])
      expect(text).toMatch(new RegExp(`^(\\$ )?npm ci && ${script}$|^\\| \`npm ci && ${script}\` \\|`, 'm'));
  });

  const shown = shownCommands(text).filter(({ command }) => /^(npx )?lagdiff /.test(command));

  const synopsis = [...text.matchAll(/^lagdiff (\w+) .*$/gm)].map(([line, command = '']) => ({
    line,
    command,
  }));

  it.each(synopsis)('$line: the command exists and knows the options named', async ({ line, command }) => {
    const help = await lagdiff([command, '--help']);
    expect(help.code).toBe(0);
    for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(help.stdout).toContain(option);
  });

  it('names every command there is', async () => {
    const help = await lagdiff(['--help']);
    const commands = [...help.stdout.matchAll(/^ {2}lagdiff (\w+)/gm)].map((match) => match[1] ?? '');
    expect(commands.length).toBeGreaterThan(3);
    expect(commands.filter((name) => !synopsis.some(({ command }) => command === name))).toEqual([]);
  });

  it.each(shown)('$command prints what README.md says', async ({ command, output }) => {
    const args = words(command.replace(/^npx /, '')).slice(1);
    const result = await lagdiff(args);
    const actual = (result.stdout + result.stderr).trimEnd().split('\n');
    expect(result.code, result.stderr).toBeLessThan(2);
    expect(
      matches(output, actual),
      `README.md:\n${output.join('\n')}\n\nprinted:\n${actual.join('\n')}`,
    ).toBe(true);
  });
});

describe('the document checks bite', () => {
  it('on output that differs, and not on elided lines', () => {
    expect(matches(['a', '…', 'd'], ['a', 'b', 'c', 'd'])).toBe(true);
    expect(matches(['a', '…'], ['a'])).toBe(true);
    expect(matches(['a', '…', 'd'], ['a', 'b', 'c'])).toBe(false);
    expect(matches(['a'], ['a', 'b'])).toBe(false);
  });

  it('on commands in console blocks only', () => {
    const text = '```console\n$ lagdiff one\nout\n$ lagdiff two\n```\n```sh\n$ lagdiff three\n```\n';
    expect(shownCommands(text)).toEqual([
      { command: 'lagdiff one', output: ['out'] },
      { command: 'lagdiff two', output: [] },
    ]);
  });
});
