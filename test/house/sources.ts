import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseSync } from 'oxc-parser';

const root = join(import.meta.dirname, '..', '..');
export const srcDir = join(root, 'src');

/** One source file: its path below src/, its text, and the files below src/ that it imports. */
export interface SourceFile {
  path: string;
  text: string;
  imports: { path: string; typeOnly: boolean; from: string }[];
  /** Bare imports such as `node:fs` or `lmdb`. */
  packages: string[];
}

function walk(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : walk(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const { module } = parseSync(path, text);
  const statics = [...module.staticImports, ...module.staticExports.flatMap((e) => e.entries)].flatMap(
    (i) => {
      const from = i.moduleRequest?.value;
      if (from === undefined) return [];
      const entries = 'entries' in i ? i.entries : [];
      return [{ from, typeOnly: entries.length > 0 && entries.every((e) => e.isType) }];
    },
  );
  const dynamics = module.dynamicImports.flatMap((i) => {
    const literal = text.slice(i.moduleRequest.start, i.moduleRequest.end);
    return /^['"].*['"]$/.test(literal) ? [{ from: literal.slice(1, -1), typeOnly: false }] : [];
  });
  const all = [...statics, ...dynamics];
  // The manifest says the version; it is no source file.
  const local = all.filter((i) => i.from.startsWith('.') && !i.from.endsWith('/package.json'));
  return {
    path: relative(srcDir, path),
    text,
    imports: local.map((i) => ({ ...i, path: relative(srcDir, join(dirname(path), i.from)) })),
    packages: all.filter((i) => !i.from.startsWith('.')).map((i) => i.from),
  };
}

/** Every TypeScript file below src/, without generated ones. */
export const sources: readonly SourceFile[] = walk(srcDir).map(readSource);

/** Without tests and what only tests use. */
export const productSources = sources.filter(
  (s) => !/\.test\.ts$|(^|\/)(contract|testing|test-)[\w.-]*\.ts$/.test(s.path),
);
