/** Reads our own sources for the house rules: which rooms a file imports and which names it mentions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

export interface SourceFile {
  /** Path from the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** All TypeScript files under the given folders, in path order. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.ts'))
        found.push({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') });
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) walk(join(root, folder));
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The room a file lives in: `capture/` for src/capture/open.ts, `analyze.ts` for src/analyze.ts, else the top folder. The printed schema is a room. */
export function roomOf(path: string): string {
  if (path === 'src/engine/abi.generated.ts') return 'abi.generated.ts';
  const parts = path.split('/');
  if (parts[0] !== 'src') return `${parts[0]}/`;
  return parts.length === 2 ? (parts[1] ?? '') : `${parts[1]}/`;
}

export interface Imported {
  readonly specifier: string;
  /** Path from the repository root for a relative import, else null. */
  readonly path: string | null;
}

/** Static, dynamic and type imports and re-exports of a file. */
export function importsOf(file: SourceFile): Imported[] {
  return ts.preProcessFile(file.text, true, true).importedFiles.map(({ fileName }) => ({
    specifier: fileName,
    path: fileName.startsWith('.') ? posix.normalize(posix.join(dirname(file.path), fileName)) : null,
  }));
}

/** Names the code itself mentions: identifiers, `a.b` for property access, `new A()` where there are no arguments. */
export function mentionsOf(file: SourceFile): Set<string> {
  const mentions = new Set<string>();
  const tree = ts.createSourceFile(file.path, file.text, ts.ScriptTarget.Latest, false);
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) mentions.add(node.text);
    if (ts.isPropertyAccessExpression(node)) {
      const owner = ts.isPropertyAccessExpression(node.expression) ? node.expression.name : node.expression;
      if (ts.isIdentifier(owner)) mentions.add(`${owner.text}.${node.name.text}`);
    }
    if (ts.isNewExpression(node) && ts.isIdentifier(node.expression) && (node.arguments?.length ?? 0) === 0)
      mentions.add(`new ${node.expression.text}()`);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return mentions;
}
