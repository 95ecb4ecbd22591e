import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { referenceTest, referenceText } from '../reference/reference.ts';
import { lines as apiMachinery } from './api-machinery/lines.ts';
import { lines as apps } from './apps/lines.ts';
import { lines as cli } from './cli/lines.ts';
import { lines as scheduling } from './scheduling/lines.ts';
import type { Line } from './support/lines.ts';

/** A folder here, its table, and the section of the list that it stands for. */
const sections: [folder: string, lines: readonly Line[], section: string][] = [
  ['api-machinery', apiMachinery, 'sig-api-machinery'],
  ['apps', apps, 'sig-apps'],
  ['cli', cli, 'sig-cli'],
  ['scheduling', scheduling, 'sig-scheduling'],
];

const root = join(import.meta.dirname, '..', '..');

/** Ids of the tests in a folder, in the order of its files. */
function testedIn(folder: string): string[] {
  const dir = join(import.meta.dirname, folder);
  const files = readdirSync(dir).filter((name) => name.endsWith('.test.ts'));
  return files.flatMap((name) =>
    [...readFileSync(join(dir, name), 'utf8').matchAll(/^ *line\(\s*'([a-z-]+)'/gm)].map(
      ([, id]) => id as string,
    ),
  );
}

/** For how many tests each line of a section stands, and how many the section says there are. */
function listed(section: string): { counts: number[]; total: number } {
  const [, total, body = ''] = new RegExp(`^## ${section} \\((\\d+)\\)\\n([^]*?)(?=^## |(?![^]))`, 'm').exec(
    referenceText('conformance.md'),
  ) as RegExpExecArray;
  const counts = body
    .split('\n')
    .filter((text) => text.startsWith('- '))
    .map((text) => Number(/\(x(\d+)\)$/.exec(text)?.[1] ?? 1));
  return { counts, total: Number(total) };
}

const sum = (lines: readonly Line[]) => lines.reduce((total, { count = 1 }) => total + count, 0);

describe.each(sections)('%s', (folder, lines, section) => {
  test('each line has one test, or says why not', () => {
    const wanted = lines.filter(({ gap, shownBy }) => !gap && !shownBy).map((line) => line.id);
    expect(testedIn(folder).sort()).toEqual(wanted.sort());
    expect(new Set(lines.map((line) => line.id)).size).toBe(lines.length);
    expect(lines.filter((line) => line.gap === '')).toEqual([]);
  });

  test('what takes real containers is shown by a test that there is', () => {
    for (const { shownBy } of lines)
      if (shownBy) expect(readFileSync(join(root, shownBy.file), 'utf8')).toContain(`test('${shownBy.test}'`);
  });

  referenceTest('the table has the lines of the list', () => {
    const { counts, total } = listed(section);
    expect(lines.map((line) => line.count ?? 1)).toEqual(counts);
    expect(sum(lines)).toBe(total);
    const shown = sum(lines.filter((line) => line.gap === undefined));
    const onReal = sum(lines.filter((line) => line.shownBy));
    console.log(`conformance ${folder} ${shown}/${total}${onReal > 0 ? `, ${onReal} on real nodes` : ''}`);
  });
});
