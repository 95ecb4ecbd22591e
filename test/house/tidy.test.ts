import { parseSync, Visitor } from 'oxc-parser';
import { expect, test } from 'vitest';
import { productSources } from './sources.ts';

const longestFunction = 70;

function longFunctions(path: string, text: string): string[] {
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length;
  const found: string[] = [];
  const check = (node: { start: number; end: number }) => {
    const lines = lineOf(node.end) - lineOf(node.start) + 1;
    if (lines > longestFunction) found.push(`${path}:${lineOf(node.start)} has ${lines} lines`);
  };
  new Visitor({
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  }).visit(parseSync(path, text).program);
  return found;
}

test(`no function is longer than ${longestFunction} lines`, () => {
  expect(productSources.flatMap((s) => longFunctions(s.path, s.text))).toEqual([]);
});

test('files are named in kebab-case', () => {
  const odd = productSources.filter((s) => !/^([a-z0-9-]+\/)*[a-z0-9]+([.-][a-z0-9]+)*\.ts$/.test(s.path));
  expect(odd.map((s) => s.path)).toEqual([]);
});

test('no default exports', () => {
  const found = productSources.filter((s) => /^export default\b/m.test(s.text)).map((s) => s.path);
  expect(found).toEqual([]);
});
