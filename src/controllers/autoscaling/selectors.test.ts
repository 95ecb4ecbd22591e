import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { selectorFromLabels } from '../../machinery/label-selector.ts';
import { ScaledSelectors } from './selectors.ts';

const pods = (app: string, count: number): Pod[] =>
  Array.from({ length: count }, (_, i) => ({
    metadata: { name: `${app}-${i}`, labels: { app } },
    spec: { containers: [] },
  }));

test('of a thousand autoscalers that scale the same the selector is compared once with all pods alike', () => {
  const scaled = new ScaledSelectors();
  let looks = 0;
  const values = new Proxy(['db'], { get: (list, key) => (looks++, Reflect.get(list, key)) });
  for (let i = 0; i < 1000; i++)
    scaled.set({ namespace: 'n', name: `db-${i}` }, 'app=db', [{ key: 'app', operator: '=', values }]);
  scaled.set({ namespace: 'n', name: 'web' }, 'app=web', selectorFromLabels({ app: 'web' }));
  expect(scaled.scaling('n', pods('web', 500))).toEqual(['n/web']);
  expect(looks).toBeLessThan(10);
  expect(scaled.scaling('n', pods('db', 1))).toHaveLength(1000);
});

test('what an autoscaler scaled before, or one that is gone, counts no more', () => {
  const scaled = new ScaledSelectors();
  const set = (name: string, app: string) =>
    scaled.set({ namespace: 'n', name }, `app=${app}`, selectorFromLabels({ app }));
  set('a', 'web');
  set('b', 'web');
  expect(scaled.scaling('n', pods('web', 2))).toEqual(['n/a', 'n/b']);
  set('b', 'db');
  expect(scaled.scaling('n', pods('web', 2))).toEqual(['n/a']);
  scaled.remove({ namespace: 'n', name: 'a' });
  scaled.remove({ namespace: 'n', name: 'never' });
  expect(scaled.scaling('n', [...pods('web', 2), ...pods('db', 1)])).toEqual(['n/b']);
  expect(scaled.scaling('other', pods('db', 1))).toEqual([]);
});
