import { describe, expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import { admitPod } from './admission.ts';
import { formatSpan, KeyedBackoff } from './backoff.ts';
import { finalStatus } from './final-status.ts';
import { findGarbage } from './gc.ts';
import { containerAnnotations, containerHash, fnv32a, readMarks } from './labels.ts';
import { graceSecondsOf } from './killer.ts';
import { objectNeeds } from './object-refs.ts';
import { orphanPod } from './orphans.ts';
import { containerFieldPath, isCriticalPod } from './pod-kinds.ts';
import { restartCountOf } from './starter.ts';

function podOf(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'n', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
  };
}

const nodeOf = (more: Partial<Node> = {}): Node => ({
  metadata: { name: 'n1', labels: { zone: 'a', size: '5' } },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '2' } },
  ...more,
});

describe('taking a pod in', () => {
  const asks = (requests: Record<string, string>) =>
    podOf({ containers: [{ name: 'c', resources: { requests } }] });
  const verdict = (pod: Pod, others: Pod[] = [], node = nodeOf()) => admitPod({ pod, node, others });

  test('needs a kubelet that does what the pod wants', () => {
    expect(verdict(podOf({ hostNetwork: true, hostUsers: false }))).toEqual({
      reason: 'PodFeatureUnsupported',
      message: 'Pod requires node features that are not available: UserNamespacesHostNetworkSupport',
    });
    const restartPolicyRules = [{ action: 'RestartAllContainers' }];
    expect(verdict(podOf({ containers: [{ name: 'c', restartPolicyRules }] }))).toBeUndefined();
  });

  test('needs a runtime that gives no more groups than the pod wants', () => {
    const strict = podOf({ securityContext: { supplementalGroupsPolicy: 'Strict' } });
    expect(verdict(strict)).toEqual({
      reason: 'SupplementalGroupsPolicyNotSupported',
      message: 'SupplementalGroupsPolicy=Strict is not supported in this node',
    });
    const status = { ...nodeOf().status, features: { supplementalGroupsPolicy: true } };
    expect(verdict(strict, [], nodeOf({ status }))).toBeUndefined();
    expect(verdict(podOf({ securityContext: { supplementalGroupsPolicy: 'Merge' } }))).toBeUndefined();
  });

  test('needs room', () => {
    expect(verdict(asks({ cpu: '4', memory: '8Gi' }))).toBeUndefined();
    expect(verdict(asks({ cpu: '2' }), [asks({ cpu: '3' })])).toEqual({
      reason: 'OutOfcpu',
      message: "Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000",
    });
    expect(verdict(asks({ memory: '9Gi' }))?.reason).toBe('OutOfmemory');
    expect(verdict(podOf(), [podOf(), podOf()])?.reason).toBe('OutOfpods');
    const having = (gpus: string) =>
      nodeOf({ status: { allocatable: { pods: '2', 'example.com/gpu': gpus } } });
    const gpu = asks({ 'example.com/gpu': '1' });
    expect(verdict(gpu, [gpu], having('1'))?.reason).toBe('OutOfexample.com/gpu');
  });

  test('does not mind extended resources that it does not have itself: claims for devices may serve them', () => {
    expect(verdict(asks({ 'example.com/gpu': '1' }))).toBeUndefined();
    const none = nodeOf({ status: { allocatable: { pods: '2', 'example.com/gpu': '0' } } });
    expect(verdict(asks({ 'example.com/gpu': '1' }), [], none)).toBeUndefined();
    expect(verdict(asks({ 'deviceclass.resource.kubernetes.io/gpu': '1' }))).toBeUndefined();
    expect(verdict(asks({ 'hugepages-2Mi': '2Mi' }))?.reason).toBe('OutOfhugepages-2Mi');
  });

  test('needs the labels that the pod wants', () => {
    expect(verdict(podOf({ nodeSelector: { zone: 'a' } }))).toBeUndefined();
    expect(verdict(podOf({ nodeSelector: { zone: 'b' } }))).toMatchObject({ reason: 'NodeAffinity' });
    expect(verdict(podOf({ nodeName: 'other' }))?.reason).toBe('NodeName');
    expect(
      verdict(
        podOf({ os: { name: 'windows' } }),
        [],
        nodeOf({ metadata: { name: 'n1', labels: { 'kubernetes.io/os': 'linux' } } }),
      )?.reason,
    ).toBe('PodOSNotSupported');
  });

  test('needs its host ports free', () => {
    const on = (hostPort: number, hostIP?: string, protocol?: string) =>
      podOf({ containers: [{ name: 'c', ports: [{ containerPort: 1, hostPort, hostIP, protocol }] }] });
    expect(verdict(on(80), [on(80)])?.reason).toBe('NodePorts');
    expect(verdict(on(80), [on(80, '10.0.0.1')])?.reason).toBe('NodePorts');
    expect(verdict(on(80, '10.0.0.2'), [on(80, '10.0.0.1')])).toBeUndefined();
    expect(verdict(on(80, undefined, 'UDP'), [on(80)])).toBeUndefined();
  });

  test('needs taints that drive pods away tolerated', () => {
    const tainted = nodeOf({
      spec: {
        taints: [
          { key: 'k', value: 'v', effect: 'NoExecute' },
          { key: 's', effect: 'NoSchedule' },
        ],
      },
    });
    expect(verdict(podOf(), [], tainted)?.reason).toBe('TaintToleration');
    expect(verdict(podOf({ tolerations: [{ key: 'k', value: 'v' }] }), [], tainted)).toBeUndefined();
    expect(
      verdict(podOf({ tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] }), [], tainted),
    ).toBeUndefined();
    expect(verdict(podOf({ tolerations: [{ key: 'k', value: 'other' }] }), [], tainted)?.reason).toBe(
      'TaintToleration',
    );
  });

  test('needs a node that is short of nothing', () => {
    const short = (type: string) =>
      nodeOf({ status: { ...nodeOf().status, conditions: [{ type, status: 'True' }] } });
    expect(verdict(podOf(), [], short('MemoryPressure'))).toEqual({
      reason: 'Evicted',
      message: 'The node had condition: [MemoryPressure]. ',
    });
    expect(verdict(asks({ cpu: '1' }), [], short('MemoryPressure'))).toBeUndefined();
    expect(verdict(asks({ cpu: '1' }), [], short('DiskPressure'))?.reason).toBe('Evicted');
    expect(verdict(podOf({ priority: 2_000_000_001 }), [], short('DiskPressure'))).toBeUndefined();
  });

  test.each([
    ['kernel.shm_rmid_forced', {}, undefined],
    ['net/ipv4/tcp_syncookies', {}, undefined],
    ['kernel.msgmax', {}, 'forbidden sysctl: "kernel.msgmax" not allowlisted'],
    [
      'net.ipv4.tcp_rmem',
      { hostNetwork: true },
      'forbidden sysctl: "net.ipv4.tcp_rmem" not allowed with host net enabled',
    ],
  ])('kernel setting %s with %j', (name, spec, message) => {
    const found = verdict(podOf({ ...spec, securityContext: { sysctls: [{ name, value: '1' }] } }));
    expect(found?.message).toBe(message);
  });
});

describe('delays', () => {
  test('double up to the most, and begin anew after a quiet time', () => {
    const backoff = new KeyedBackoff({ baseMs: 10, maxMs: 40 });
    const at = (eventMs: number) => {
      backoff.next('k', eventMs, eventMs);
      return backoff.delayMs('k');
    };
    expect([at(0), at(10), at(30), at(70), at(110)]).toEqual([10, 20, 40, 40, 40]);
    expect(at(110 + 81)).toBe(10);
  });

  test('are waited for from what happened on', () => {
    const backoff = new KeyedBackoff({ baseMs: 10, maxMs: 40 });
    expect(backoff.waitMs('k', 0, 5)).toBe(0);
    backoff.next('k', 0, 0);
    expect(backoff.waitMs('k', 3, 5)).toBe(8);
    expect(backoff.waitMs('k', 3, 13)).toBe(0);
    backoff.forget('k');
    expect(backoff.waitMs('k', 3, 5)).toBe(0);
  });

  test('are not waited for from what is still to come: the clock has been set back', () => {
    const backoff = new KeyedBackoff({ baseMs: 10, maxMs: 40 });
    backoff.next('k', 3_600_000, 3_600_000);
    expect(backoff.waitMs('k', 3_600_000, 0)).toBe(0);
    expect(backoff.waitMs('k', 3_600_000, 3_599_999)).toBe(11);
  });

  test.each([
    [0, '0s'],
    [10_000, '10s'],
    [80_000, '1m20s'],
    [300_000, '5m0s'],
    [1234, '1.234s'],
    [5, '5ms'],
    [3_600_000, '1h0m0s'],
  ])('%i ms are %s', (ms, text) => expect(formatSpan(ms)).toBe(text));
});

describe('what is left behind', () => {
  const labels = (uid: string, name = 'c') => ({
    'io.kubernetes.pod.uid': uid,
    'io.kubernetes.container.name': name,
  });
  const dead = (id: string, createdAtMs: number, uid = 'u', state = 'exited') =>
    ({ id, createdAtMs, state, labels: labels(uid), sandboxId: `s-${uid}` }) as never;
  const sandbox = (id: string, createdAtMs: number, uid = 'u', state = 'notReady') =>
    ({ id, createdAtMs, state, labels: labels(uid) }) as never;

  test('one dead container of each name is kept for its log', () => {
    const containers = [dead('a', 1), dead('b', 3), dead('c', 2), dead('running', 4, 'u', 'running')];
    expect(findGarbage({ containers, sandboxes: [], knownUids: new Set(['u']) }).containers.sort()).toEqual([
      'a',
      'c',
    ]);
  });

  test('nothing is kept of pods that nobody knows', () => {
    const garbage = findGarbage({
      containers: [dead('a', 1, 'gone')],
      sandboxes: [sandbox('s-gone', 1, 'gone')],
      knownUids: new Set(),
    });
    expect(garbage).toEqual({ containers: ['a'], sandboxes: ['s-gone'] });
  });

  test('the newest sandbox of a pod stays, and those in use', () => {
    const sandboxes = [sandbox('old', 1), sandbox('s-u', 2), sandbox('newest', 3)];
    expect(
      findGarbage({ containers: [dead('a', 1)], sandboxes, knownUids: new Set(['u']) }).sandboxes,
    ).toEqual(['old']);
  });
});

describe('how long a container has to end', () => {
  const pod = podOf({ terminationGracePeriodSeconds: 30 });
  const probed = { name: 'c', livenessProbe: { terminationGracePeriodSeconds: 5 } };

  test.each([
    [pod, undefined, 30],
    [podOf({ terminationGracePeriodSeconds: 30 }, { deletionGracePeriodSeconds: 7 }), 'LivenessProbe', 7],
    [pod, 'LivenessProbe', 5],
    [pod, 'StartupProbe', 30],
    [podOf(), undefined, 2],
  ] as const)('%#', (of, reason, seconds) => {
    expect(graceSecondsOf(of, probed, reason)).toBe(seconds);
  });
});

test('marks on a container are read back', () => {
  const pod = podOf({ terminationGracePeriodSeconds: 9 });
  const preStop = { exec: { command: ['bye'] } };
  const container = { name: 'c', image: 'i', terminationMessagePath: '/t', lifecycle: { preStop } };
  const marks = readMarks(
    containerAnnotations(pod, container, { restartCount: 3, resources: { cpuShares: 2 } }),
  );
  expect(marks).toEqual({
    hash: containerHash(container),
    restartCount: 3,
    terminationMessagePath: '/t',
    terminationMessagePolicy: 'File',
    terminationGracePeriodSeconds: 9,
    preStop,
    resources: { cpuShares: 2 },
  });
  expect(fnv32a('')).toBe('811c9dc5');
  expect(containerHash({ name: 'c', image: 'i', command: ['x'] })).toBe(containerHash(container));
});

test('a pod that only the runtime remembers ends as it wanted to', () => {
  const annotations = containerAnnotations(
    podOf({ terminationGracePeriodSeconds: 9 }),
    { name: 'c' },
    { restartCount: 0, resources: {} },
  );
  const containers = [
    { labels: { 'io.kubernetes.container.name': 'c' }, annotations, container: { name: 'c', attempt: 0 } },
  ];
  const pod = orphanPod({ uid: 'u', name: 'p', namespace: 'n' }, containers as never, 'now');
  expect(pod).toMatchObject({
    metadata: { deletionTimestamp: 'now' },
    spec: { terminationGracePeriodSeconds: 9, containers: [{ name: 'c' }] },
  });
});

test('restarts are counted on from what the API remembers', () => {
  const nothing = { uid: 'u', name: 'p', namespace: 'n', sandboxes: [], containers: [] };
  const known = { name: 'c', restartCount: 4, containerID: 'x://1', ready: false, image: '', imageID: '' };
  const count = (...said: object[]) =>
    restartCountOf(
      said.map((more) => ({ containerStatuses: [{ ...known, ...more }] })),
      { name: 'c' },
      nothing,
    );
  expect(restartCountOf([undefined, {}], { name: 'c' }, nothing)).toBe(0);
  expect(count({})).toBe(5);
  expect(count({ containerID: undefined })).toBe(4);
  expect(count({ restartCount: 1 }, { containerID: undefined })).toBe(4);
  expect(count({}, { containerID: undefined })).toBe(5);
});

test('a pod names the objects that it needs, each once', () => {
  const pod = podOf({
    imagePullSecrets: [{ name: 'pull' }],
    volumes: [
      { name: 'a', configMap: { name: 'cm' } },
      { name: 'b', projected: { sources: [{ secret: { name: 'sec' } }] } },
    ],
    containers: [
      {
        name: 'c',
        envFrom: [{ configMapRef: { name: 'cm' } }],
        env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'key', key: 'k' } } }],
      },
    ],
  });
  expect(objectNeeds(pod).map((n) => `${n.kind}/${n.name}`)).toEqual([
    'Secret/pull',
    'ConfigMap/cm',
    'Secret/sec',
    'Secret/key',
  ]);
});

test('where a container stands in its pod', () => {
  const pod = podOf({ initContainers: [{ name: 'i' }], ephemeralContainers: [{ name: 'e' }] });
  expect(['c', 'i', 'e'].map((name) => containerFieldPath(pod, name))).toEqual([
    'spec.containers{c}',
    'spec.initContainers{i}',
    'spec.ephemeralContainers{e}',
  ]);
  expect(isCriticalPod(podOf({}, { annotations: { 'kubernetes.io/config.source': 'file' } }))).toBe(true);
});

test('the last word on a pod leaves no container without an end', () => {
  const running = { name: 'c', state: { running: {} }, ready: true, restartCount: 0, image: '', imageID: '' };
  const said = finalStatus(podOf(), { phase: 'Running', containerStatuses: [running] });
  expect(said).toMatchObject({
    phase: 'Failed',
    containerStatuses: [
      { ready: false, state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } } },
    ],
  });
  const waiting = { ...running, state: { waiting: { reason: 'ContainerCreating' } } };
  expect(finalStatus(podOf(), { phase: 'Pending', containerStatuses: [waiting] }).containerStatuses).toEqual([
    waiting,
  ]);
  expect(finalStatus(podOf(), { phase: 'Succeeded', containerStatuses: [] }).phase).toBe('Succeeded');
});
