import { expect, test } from 'vitest';
import { AttachEvents } from './attach-events.ts';

const pod = (namespace: string, name: string) => ({ metadata: { namespace, name } }) as never;
const volume = { name: 'data', driver: 'd', handle: 'h', accessModes: [], source: {} };

test.each([
  ['by no pod', [], "Volume is already exclusively attached to one node and can't be attached to another"],
  ['by pods of its namespace', [pod('near', 'a'), pod('near', 'b')], 'Volume is already used by pod(s) a, b'],
  ['by pods of others', [pod('far', 'a')], 'Volume is already used by 1 pod(s) in different namespaces'],
  [
    'by pods of both',
    [pod('near', 'a'), pod('far', 'b'), pod('far', 'c')],
    'Volume is already used by pod(s) a and 2 pod(s) in different namespaces',
  ],
])('a pod whose volume is used %s on another node is told so', (_, holders, why) => {
  const told: string[] = [];
  const events = new AttachEvents({
    record: (_: object, { message }: { message: string }) => told.push(message),
  } as never);
  const want = { volume, pods: [pod('near', 'user')] };
  events.blocked('node', { wanted: new Map(), blocked: [want] }, () => holders);
  expect(told).toEqual([`Multi-Attach error for volume "data" ${why}`]);
});
