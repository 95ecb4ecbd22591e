import { expect, test } from 'vitest';
import type { Pod, PodSpec, PodStatus } from '../api/core/v1.ts';
import type { Stored } from '../api/resource.ts';
import { SchedulerCache } from './cache/cache.ts';
import { podInfo } from './cache/node-info.ts';
import { defaultConfiguration } from './configuration/configuration.ts';
import type { SchedulerConfiguration } from './configuration/configuration.ts';
import { keptPods } from './kept-pod.ts';

const keep = keptPods(defaultConfiguration) as NonNullable<ReturnType<typeof keptPods>>;

const metadata = {
  name: 'web-0',
  namespace: 'default',
  uid: 'u-0',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
};

/** A pod as clusters have them, with one of everything that somebody may look at. */
function podWith(spec: Partial<PodSpec>, status?: PodStatus): Stored<Pod> {
  const selector = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'zone' };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      labels: { app: 'web' },
      annotations: { note: 'long' },
      finalizers: ['a/b'],
    },
    spec: {
      schedulerName: 'default-scheduler',
      priority: 7,
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ operator: 'Exists' }],
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [selector] } },
      overhead: { cpu: '10m' },
      resourceClaims: [{ name: 'gpu', resourceClaimName: 'one' }],
      initContainers: [
        {
          name: 'log',
          restartPolicy: 'Always',
          resources: { requests: { cpu: '50m' } },
          ports: [{ containerPort: 1, hostPort: 1 }],
        },
        { name: 'init', command: ['a'], resources: { requests: { memory: '1Gi' } } },
      ],
      containers: [
        {
          name: 'web',
          image: 'web:1',
          env: [{ name: 'A', value: 'B' }],
          resources: {
            requests: { cpu: '100m', 'example.com/gpu': '1' },
            limits: { 'example.com/gpu': '1' },
          },
          ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 81, hostIP: '127.0.0.1' }],
        },
      ],
      volumes: [
        { name: 'own', emptyDir: {} },
        { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'passing', ephemeral: {} },
        { name: 'disk', gcePersistentDisk: { pdName: 'one' } },
      ],
      ...spec,
    },
    ...(status && { status }),
  };
}

const onNode = (status?: PodStatus) => podWith({ nodeName: 'a' }, status);

/** All that is read off it, but the pod itself. */
function read(pod: Stored<Pod>) {
  const { pod: _, ...rest } = podInfo(pod);
  return rest;
}

test('what is kept of a pod on its node says the same of it to the scheduler', () => {
  const pod = onNode({ phase: 'Running', startTime: '2026-01-01T00:00:01Z' });
  const kept = keep(pod) as Stored<Pod>;
  expect(read(kept)).toEqual(read(pod));
  expect(read(kept)).toMatchObject({
    requests: { cpu: 160 },
    claims: ['data', 'web-0-passing'],
    hostPorts: ['TCP 127.0.0.1 81', 'TCP 0.0.0.0 1'],
  });
  expect(kept.spec.volumes?.map(({ name }) => name)).toEqual(['data', 'passing', 'disk']);
  expect(kept.spec).toMatchObject({
    nodeName: 'a',
    schedulerName: 'default-scheduler',
    resourceClaims: [{ name: 'gpu' }],
  });
  expect(kept.status).toEqual({ phase: 'Running', startTime: '2026-01-01T00:00:01Z' });
  const { labels } = pod.metadata;
  expect(kept.metadata).toEqual({ ...metadata, labels });
});

test('and so does what is kept amid a resize, whichever way', () => {
  const requests = { cpu: '100m', 'example.com/gpu': '1' };
  const told = (cpu: string, conditions: PodStatus['conditions'] = []): PodStatus => ({
    conditions: [{ type: 'Ready', status: 'True' }, ...conditions],
    containerStatuses: [
      {
        name: 'web',
        ready: true,
        restartCount: 0,
        image: '',
        imageID: '',
        allocatedResources: { ...requests, cpu },
        resources: { requests: { ...requests, cpu } },
      },
    ],
  });
  const infeasible = { type: 'PodResizePending', status: 'True', reason: 'Infeasible' };
  const shown = [told('100m'), told('50m'), told('2'), told('50m', [infeasible]), told('2', [infeasible])];
  const cpus = shown.map((status) => {
    const pod = onNode(status);
    const kept = keep(pod) as Stored<Pod>;
    expect(read(kept)).toEqual(read(pod));
    return read(kept).requests.cpu;
  });
  expect(cpus).toEqual([160, 160, 2060, 110, 2060]);
  expect(keep(onNode(told('100m')))?.status).toEqual({});
});

test('that somebody leaves because of preemption is kept', () => {
  const condition = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' };
  const pod = onNode({ conditions: [{ type: 'Ready', status: 'True' }, condition] });
  const kept = keep({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-01T00:00:02Z' } });
  expect(kept?.status?.conditions).toEqual([condition]);
  expect(kept?.metadata.deletionTimestamp).toBe('2026-01-01T00:00:02Z');
});

test('one that waits is kept whole, if it waits for this scheduler; those that have ended are not kept', () => {
  const waiting = podWith({});
  expect(keep(waiting)).toBe(waiting);
  expect(keep(podWith({ schedulerName: 'other' }))).toBeUndefined();
  expect(keep(podWith({ schedulerName: 'other', nodeName: 'a' }))).toBeDefined();
  for (const phase of ['Succeeded', 'Failed']) expect(keep(onNode({ phase }))).toBeUndefined();
  expect(keep(podWith({}, { phase: 'Pending' }))).toBeDefined();
});

test('what pods have in common is kept once', () => {
  const [a, b] = [1, 2].map(() => keep(JSON.parse(JSON.stringify(onNode()))) as Stored<Pod>);
  expect(a?.spec.containers).toBe(b?.spec.containers);
  expect(a?.spec.affinity).toBe(b?.spec.affinity);
  expect(a?.metadata.labels).toBe(b?.metadata.labels);
});

test('a pod that was assumed as it is going to be kept is known again on its node', () => {
  const cache = new SchedulerCache();
  const status = { allocatable: { cpu: '4', pods: '10' } };
  cache.setNode({ metadata: { ...metadata, name: 'a' }, spec: {}, status });
  const info = podInfo(podWith({}));
  cache.assume({ ...info, pod: keep(onNode()) as Stored<Pod> }, 'a');
  const { requests } = cache.snapshot().nodes.get('a')?.pods[0] ?? {};
  cache.setPod(keep(onNode({ phase: 'Running' })) as Stored<Pod>);
  expect(cache.snapshot().nodes.get('a')?.pods[0]?.requests).toBe(requests);
});

test('all is kept where extenders are to see it', () => {
  const extenders = [{}] as unknown as SchedulerConfiguration['extenders'];
  expect(keptPods({ ...defaultConfiguration, extenders })).toBeUndefined();
});
