import { expect, test } from 'vitest';
import type { ContainerStatus, Pod } from '../../api/core/v1.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import type { RuntimeView } from '../pods/runtime-view.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { PodFinder } from './pod-finder.ts';

/** A finder on a node with one pod, whose container `c` has such runs, newest first, and such a status. */
function finder(runs: Record<string, 'running' | 'exited'>, status: Partial<ContainerStatus>): PodFinder {
  const pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [{ name: 'c' }] } };
  const containers = Object.entries(runs).map(([id, state]) => ({ id, name: 'c', state }));
  return new PodFinder({
    workers: { all: () => [{ pod: pod as Pod }] } as unknown as PodWorkers,
    view: { load: async () => ({ containers, sandboxes: [] }) } as unknown as RuntimeView,
    statuses: {
      latest: () => ({ containerStatuses: [{ name: 'c', ...status }] }),
    } as unknown as StatusManager,
  });
}

const ended = (id: string) => ({ terminated: { exitCode: 1, containerID: `containerd://${id}` } });
const waiting = { waiting: { reason: 'CrashLoopBackOff' } };
const running = { running: {} };

/** Cases of upstream's TestValidateContainerLogStatus, and what the runtime has then. */
test.each([
  ['waits for its next start', { b: 'exited' }, { state: waiting, lastState: ended('b') }, 'b', 'b'],
  ['waits, of more runs', { b: 'exited', a: 'exited' }, { state: waiting, lastState: ended('b') }, 'b', 'b'],
  ['runs again', { b: 'running', a: 'exited' }, { state: running, lastState: ended('a') }, 'b', 'a'],
  [
    'has ended for good',
    { b: 'exited', a: 'exited' },
    { state: ended('b'), lastState: ended('a') },
    'b',
    'a',
  ],
] as const)('of a container that %s, its log and the one before', async (_, runs, status, now, before) => {
  const found = finder(runs, status);
  const ref = { namespace: 'n', pod: 'p' };
  expect((await found.logged(ref, 'c', false)).id).toBe(now);
  expect((await found.logged(ref, 'c', true)).id).toBe(before);
});

test.each([
  [
    'never ran before',
    { b: 'running' },
    { state: running },
    'previous terminated container "c" in pod "p" not found',
  ],
  [
    'ran before, of which nothing is left',
    { b: 'exited' },
    { state: ended('b'), lastState: ended('a') },
    'unable to retrieve container logs for containerd://a',
  ],
] as const)('of a container that %s there is no earlier log', async (_, runs, status, why) => {
  const logged = finder(runs, status).logged({ namespace: 'n', pod: 'p' }, 'c', true);
  await expect(logged).rejects.toMatchObject({ status: 400, message: why });
});
