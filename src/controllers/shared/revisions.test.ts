import { expect, test } from 'vitest';
import { byRevision, revisionData } from './revisions.ts';

const revision = (name: string, number: number, creationTimestamp: string) =>
  ({ metadata: { name, creationTimestamp }, revision: number }) as never;

test('revisions are in the order of their numbers, then of their age, then of their names', () => {
  const [early, late] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
  const all = [
    revision('d', 3, early),
    revision('c', 2, late),
    revision('b', 2, early),
    revision('a', 2, late),
    revision('e', 1, late),
  ];
  const names = all.sort(byRevision).map(({ metadata }: { metadata: { name: string } }) => metadata.name);
  expect(names).toEqual(['e', 'b', 'a', 'c', 'd']);
});

test('what a revision keeps is written as Go writes it: clients that undo a rollout compare texts', () => {
  const containers = [{ name: 'web', image: 'web:1', env: [{ name: 'A', value: 'b' }] }];
  const data = revisionData({
    metadata: { labels: { b: '1', a: '2' } },
    spec: { restartPolicy: 'Always', containers },
  });
  expect(JSON.stringify(data)).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[' +
      '{"env":[{"name":"A","value":"b"}],"image":"web:1","name":"web"}],"restartPolicy":"Always"}}}}',
  );
});
