import { expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { startFileWorld } from '../support/file-world.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const world = await startFileWorld({ nodes: 2 });
const { api } = world;

const pods = (ns: string, name?: string) => at('v1', 'pods', { ns, name });
const node = (name: string) => at('v1', 'nodes', { name });

async function make(ns: string, name: string, { container, ...spec }: Any = {}): Promise<string> {
  const containers = [{ name: 'main', image: 'app:1', ...container }];
  await api.post(pods(ns), {
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 0, containers, ...spec },
  });
  return pods(ns, name);
}

const placeOf = (path: string): Promise<string> =>
  world.until(async () => (await api.get(path)).spec.nodeName);

/** Waits until a pod is said to have no place, and why. */
const waits = (path: string): Promise<string> =>
  world.until(async () => {
    const { spec, status } = await api.get(path);
    expect(spec.nodeName).toBeUndefined();
    expect(status.phase).toBe('Pending');
    const found = status.conditions?.find((c: Any) => c.type === 'PodScheduled');
    expect(found).toMatchObject({ status: 'False', reason: 'Unschedulable' });
    return found.message;
  });

line('fit', async () => {
  const ns = await world.namespace();
  const filler = { container: { resources: { requests: { cpu: '2800m' }, limits: { cpu: '2800m' } } } };
  const first = await make(ns, 'filler-1', filler);
  const second = await make(ns, 'filler-2', filler);
  expect([await placeOf(first), await placeOf(second)].sort()).toEqual(['node-1', 'node-2']);
  const more = { container: { resources: { requests: { cpu: '2' } } } };
  expect(await waits(await make(ns, 'additional', more))).toMatch(
    /^0\/2 nodes are available: 2 Insufficient cpu/,
  );
  await api.delete(first);
  await placeOf(pods(ns, 'additional'));
  await api.delete(pods(ns));
});

line('selector-none', async () => {
  const ns = await world.namespace();
  const path = await make(ns, 'restricted', { nodeSelector: { label: 'nonempty' } });
  expect(await waits(path)).toMatch(
    /^0\/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity\/selector/,
  );
});

line('selector-match', async () => {
  const ns = await world.namespace();
  const key = 'kubernetes.io/e2e-1';
  await api.patch(node('node-2'), { metadata: { labels: { [key]: '42' } } });
  expect((await api.get(node('node-2'))).metadata.labels[key]).toBe('42');
  expect(await placeOf(await make(ns, 'with-labels', { nodeSelector: { [key]: '42' } }))).toBe('node-2');
  await api.patch(node('node-2'), { metadata: { labels: { [key]: null } } });
});

line('host-port', async () => {
  const ns = await world.namespace();
  const nodeSelector = { 'kubernetes.io/hostname': 'node-1' };
  const onPort = (hostIP: string, protocol = 'TCP') => ({
    nodeSelector,
    container: { ports: [{ containerPort: 80, hostPort: 54322, protocol, hostIP }] },
  });
  expect(await placeOf(await make(ns, 'pod4', onPort('0.0.0.0')))).toBe('node-1');
  expect(await waits(await make(ns, 'pod5', onPort('198.19.5.1')))).toContain(
    "didn't have free ports for the requested pod ports",
  );
  expect(await placeOf(await make(ns, 'other-protocol', onPort('198.19.5.1', 'UDP')))).toBe('node-1');
});
