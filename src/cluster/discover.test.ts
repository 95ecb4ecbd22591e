import { expect, test } from 'vitest';
import { allKinds } from '../apiserver/kinds/kinds.ts';
import { discover } from './discover.ts';

test('controllers are not told to list and watch what is not stored', () => {
  const dispatcher = { served: () => allKinds.map((kind) => ({ view: kind, kind })) };
  const discovery = () => ({ elsewhere: () => [] });
  const rows = discover({ dispatcher, discovery } as never);
  const listed = rows.filter(({ verbs }) => verbs.includes('list') && verbs.includes('watch'));
  const names = new Set(listed.map(({ plural }) => plural));
  expect(names.has('pods')).toBe(true);
  for (const name of ['bindings', 'subjectaccessreviews', 'tokenreviews'])
    expect(names.has(name)).toBe(false);
});
