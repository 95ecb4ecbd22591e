import { expect, test } from 'vitest';
import { withoutManagers } from './without-managers.ts';

const managed = () => ({ metadata: { name: 'a', managedFields: [{}] } });
const bare = { metadata: { name: 'a' } };

test.each<[what: string, object: object, left: object]>([
  ['an object', managed(), bare],
  ['a list', { kind: 'PodList', items: [managed()] }, { kind: 'PodList', items: [bare] }],
  ['a table', { kind: 'Table', rows: [{ object: managed() }] }, { kind: 'Table', rows: [{ object: bare }] }],
  ['no list', { kind: 'Pod', items: [managed()] }, { kind: 'Pod', items: [managed()] }],
  [
    'a custom object that is called like a list',
    { kind: 'ShoppingList', items: [null, 'milk', managed()], metadata: null },
    { kind: 'ShoppingList', items: [null, 'milk', bare], metadata: null },
  ],
  [
    'a custom object that is called like a table',
    { kind: 'Table', rows: [null, 4, { object: null }] },
    { kind: 'Table', rows: [null, 4, { object: null }] },
  ],
])('%s has no managed fields afterwards', (_, object, left) => {
  expect(withoutManagers(object)).toEqual(left);
});
