import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ContainerStatus, Node, Pod } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { SchedulerCache } from './cache.ts';
import { nodeInfo, podInfo } from './node-info.ts';

const metadataOf = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '' });
const nodeNames = ['a', 'b'];

const nodeOf = (name: string): Stored<Node> => ({
  metadata: metadataOf(name),
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '10' } },
});

const anyPod = fc.record({
  name: fc.constantFrom('p', 'q'),
  nodeName: fc.constantFrom(...nodeNames, 'unknown'),
  color: fc.constantFrom('red', 'blue'),
  cpu: fc.constantFrom('1', '2'),
  hostPort: fc.constantFrom(undefined, 80),
  claimName: fc.constantFrom(undefined, 'c'),
  isApart: fc.boolean(),
});

interface Shape {
  name: string;
  nodeName: string;
  color: string;
  cpu: string;
  hostPort: number | undefined;
  claimName: string | undefined;
  isApart: boolean;
}

function podOf({ name, nodeName, color, cpu, hostPort, claimName, isApart }: Shape): Stored<Pod> {
  const ports = hostPort ? [{ containerPort: 1, hostPort }] : [];
  const term = { topologyKey: 'zone', labelSelector: {}, matchLabelKeys: ['color'] };
  return {
    metadata: { ...metadataOf(name), namespace: 'n', labels: { color } },
    spec: {
      nodeName,
      containers: [{ name: 'c', image: 'i', ports, resources: { requests: { cpu } } }],
      ...(claimName && { volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] }),
      ...(isApart && {
        affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
      }),
    },
  };
}

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('set', 'assume'), shape: anyPod }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('remove', 'forget'), shape: anyPod }) },
);

test('what stands on a node after any changes is what its pods would make of it anew', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const cache = new SchedulerCache();
      for (const name of nodeNames) cache.setNode(nodeOf(name));
      const placed = new Map<string, { pod: Stored<Pod>; isAssumed: boolean }>();
      for (const { type, shape } of changes) {
        const pod = podOf(shape);
        const { uid } = pod.metadata;
        if (type === 'set' || type === 'assume') placed.set(uid, { pod, isAssumed: type === 'assume' });
        if (type === 'set') cache.setPod(pod);
        if (type === 'assume') cache.assume(podInfo(pod), shape.nodeName);
        if (type === 'remove') cache.removePod(pod);
        if (type === 'forget') cache.forget(uid);
        const goes = type === 'remove' || (type === 'forget' && placed.get(uid)?.isAssumed);
        if (goes) placed.delete(uid);
      }
      const { nodes, pods } = cache.snapshot();
      const all = [...placed.values()].map(({ pod }) => pod);
      for (const name of nodeNames) {
        const infos = all.filter(({ spec }) => spec.nodeName === name).map(podInfo);
        const { pods: found, ...is } = nodes.get(name) ?? nodeInfo(nodeOf(name));
        const { pods: wanted, ...shouldBe } = nodeInfo(nodeOf(name), infos);
        expect(is).toEqual(shouldBe);
        expect(new Set(found)).toEqual(new Set(wanted));
      }
      const isCounted = ({ spec }: Pod) => spec.nodeName !== 'unknown' && spec.volumes !== undefined;
      expect(pods.claimUsers('n', 'c')).toBe(all.filter(isCounted).length);
    }),
  );
});

test('what its node has set aside for a pod counts, though the pod asks for the same', () => {
  const cache = new SchedulerCache();
  cache.setNode(nodeOf('a'));
  const shape = { name: 'p', nodeName: 'a', color: 'red', cpu: '1', isApart: false };
  const pod = podOf({ ...shape, hostPort: undefined, claimName: undefined });
  const tell = (cpu: string) => {
    const status: Partial<ContainerStatus> = { name: 'c', allocatedResources: { cpu }, resources: {} };
    cache.setPod({ ...pod, status: { containerStatuses: [status as ContainerStatus] } });
    return cache.snapshot().nodes.get('a')?.requested.cpu;
  };
  expect([tell('1'), tell('3'), tell('1')]).toEqual([1000, 3000, 1000]);
});

test('nodes of all zones take turns; by the old labels of their zones where they have both', () => {
  const cache = new SchedulerCache();
  const inZones = (name: string, zone: string, old: string) => {
    const labels = {
      'topology.kubernetes.io/zone': zone,
      'failure-domain.beta.kubernetes.io/zone': old,
    };
    cache.setNode({ ...nodeOf(name), metadata: { ...metadataOf(name), labels } });
  };
  inZones('a', 'x', 'v');
  inZones('b', 'y', 'v');
  inZones('c', 'y', 'w');
  expect([...cache.snapshot().nodes].map(({ name }) => name)).toEqual(['a', 'c', 'b']);
});
