import { describe, expect, test } from 'vitest';
import type { ContainerStatus, Pod, PodStatus } from '../../api/core/v1.ts';
import { typeSchema } from '../../machinery/schema.ts';
import type { RuntimeContainer, RuntimePod } from '../pods/runtime-pod.ts';
import { podPhase } from './phase.ts';
import { isOver, type PodStatusInput, podStatus } from './pod-status.ts';
import { statusPatch, withTransitionTimes } from './status-patch.ts';

const t0 = Date.parse('2026-01-01T00:00:00Z');

function podOf(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'n', uid: 'u', generation: 2, ...metadata },
    spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
  };
}

function ran(
  name: string,
  state: RuntimeContainer['state'],
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  return {
    id: `id-${name}`,
    sandboxId: 's',
    name,
    state,
    createdAtMs: t0,
    startedAtMs: t0,
    reason: '',
    message: '',
    image: 'docker.io/i:1',
    imageRef: 'i@sha',
    hash: '',
    restartCount: 0,
    ...more,
  };
}

const exited = (name: string, exitCode: number, more: Partial<RuntimeContainer> = {}) =>
  ran(name, 'exited', { exitCode, finishedAtMs: t0 + 5000, ...more });

function runtimeOf(...containers: RuntimeContainer[]): RuntimePod {
  const sandbox = {
    id: 's',
    attempt: 0,
    state: 'ready' as const,
    createdAtMs: t0,
    ips: ['10.0.0.1'],
    hostNetwork: false,
  };
  return { uid: 'u', name: 'p', namespace: 'n', sandboxes: [sandbox], containers };
}

function statusOf(pod: Pod, runtime: RuntimePod, more: Partial<PodStatusInput> = {}): PodStatus {
  return podStatus({
    pod,
    runtime,
    previous: {},
    readiness: { startup: () => undefined, readiness: () => undefined },
    failureOf: () => undefined,
    runtimeName: 'containerd',
    hostIps: ['192.0.2.1'],
    ending: false,
    ...more,
  });
}

const condition = (status: PodStatus, type: string) => status.conditions?.find((c) => c.type === type);
const first = (status: PodStatus) => status.containerStatuses?.[0];

test.each([
  [
    'what was asked for',
    { cpuShares: 102, cpuQuotaUs: 20_000, cpuPeriodUs: 100_000, memoryLimitBytes: 2 ** 20 },
    { requests: { cpu: '100m', memory: '1Mi' }, limits: { cpu: '200m', memory: '1024Ki' } },
  ],
  [
    'what the last change has not changed yet',
    { cpuShares: 51, cpuQuotaUs: 5000, cpuPeriodUs: 50_000, memoryLimitBytes: 2 ** 21 },
    { requests: { cpu: '50m', memory: '1Mi' }, limits: { cpu: '100m', memory: '2Mi' } },
  ],
  [
    'a limit that is not there yet',
    { cpuShares: 102, cpuQuotaUs: -1 },
    { requests: { cpu: '100m', memory: '1Mi' }, limits: { memory: '1024Ki' } },
  ],
  [
    'nothing that the runtime could tell',
    undefined,
    { requests: { cpu: '100m', memory: '1Mi' }, limits: { cpu: '200m', memory: '1024Ki' } },
  ],
])('resources in force are %s', (_, resources, inForce) => {
  const requests = { cpu: '100m', memory: '1Mi' };
  const container = {
    name: 'c',
    image: 'i',
    resources: { requests, limits: { cpu: '200m', memory: '1024Ki' } },
  };
  const status = statusOf(
    podOf({ containers: [container] }),
    runtimeOf(ran('c', 'running', { ...(resources && { resources }) })),
  );
  expect(status.containerStatuses?.[0]).toMatchObject({ allocatedResources: requests, resources: inForce });
  expect(status.containerStatuses?.[0]?.resources).toEqual(inForce);
});

describe('the end of a pod', () => {
  const initContainers = [{ name: 's', restartPolicy: 'Always' }];
  const pod = podOf({ restartPolicy: 'Never', initContainers });
  const working = runtimeOf(exited('c', 0), ran('s', 'running'));

  test('comes when its sidecars have stopped too', () => {
    const status = statusOf(pod, working, { previous: { phase: 'Running' }, ending: true });
    expect(status.phase).toBe('Running');
    const stopped = runtimeOf(exited('c', 0), exited('s', 137));
    expect(statusOf(pod, stopped, { previous: status, ending: true }).phase).toBe('Succeeded');
  });

  test('is due when only sidecars run', () => {
    expect(isOver(pod, statusOf(pod, working))).toBe(true);
    expect(isOver(pod, statusOf(pod, runtimeOf(ran('c', 'running'), ran('s', 'running'))))).toBe(false);
    const again = podOf({ restartPolicy: 'Always', initContainers });
    expect(isOver(again, statusOf(again, working))).toBe(false);
  });
});

describe('the status of a container', () => {
  test('that has not been made yet waits', () => {
    expect(first(statusOf(podOf(), runtimeOf()))?.state).toEqual({
      waiting: { reason: 'ContainerCreating' },
    });
    const withInit = podOf({ initContainers: [{ name: 'i' }] });
    const { containerStatuses, initContainerStatuses } = statusOf(withInit, runtimeOf());
    for (const status of [containerStatuses?.[0], initContainerStatuses?.[0]])
      expect(status?.state).toEqual({ waiting: { reason: 'PodInitializing' } });
  });

  test('that runs', () => {
    expect(first(statusOf(podOf(), runtimeOf(ran('c', 'running'))))).toMatchObject({
      state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
      ready: true,
      started: true,
      restartCount: 0,
      image: 'docker.io/i:1',
      imageID: 'i@sha',
      containerID: 'containerd://id-c',
    });
  });

  test('that has ended, and its run before that', () => {
    const runtime = runtimeOf(
      exited('c', 1, { id: 'new', restartCount: 1, message: 'why' }),
      exited('c', 0, { id: 'old' }),
    );
    const status = first(statusOf(podOf({ restartPolicy: 'Never' }), runtime));
    expect(status?.state?.terminated).toEqual({
      exitCode: 1,
      reason: 'Error',
      message: 'why',
      startedAt: '2026-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:05Z',
      containerID: 'containerd://new',
    });
    expect(status?.lastState?.terminated).toMatchObject({
      exitCode: 0,
      reason: 'Completed',
      containerID: 'containerd://old',
    });
  });

  test('that could not be run is said to have started at the epoch', () => {
    const runtime = runtimeOf(exited('c', 128, { reason: 'StartError', startedAtMs: undefined }));
    expect(first(statusOf(podOf(), runtime))?.state?.terminated).toMatchObject({
      startedAt: '1970-01-01T00:00:00Z',
      finishedAt: '2026-01-01T00:00:05Z',
    });
  });

  test('that was lost sight of before another took its place has ended unseen', () => {
    const lost = { ...exited('c', 0, { id: 'old' }), state: 'unknown' as const };
    const runtime = runtimeOf({ ...exited('c', 0, { id: 'new', restartCount: 1 }), state: 'running' }, lost);
    expect(first(statusOf(podOf(), runtime))).toMatchObject({
      restartCount: 1,
      state: { running: {} },
      lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    });
  });

  test('that could not be started says why, with how it ended before', () => {
    const failureOf = () => ({ reason: 'CrashLoopBackOff', message: 'back-off 10s' });
    const status = first(statusOf(podOf(), runtimeOf(exited('c', 3)), { failureOf }));
    expect(status?.state).toEqual({ waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } });
    expect(status?.lastState?.terminated?.exitCode).toBe(3);
    const never = first(
      statusOf(podOf({ restartPolicy: 'Never' }), runtimeOf(exited('c', 3)), { failureOf }),
    );
    expect(never?.state?.terminated?.exitCode).toBe(3);
  });

  test('that ran and cannot be found has ended unseen', () => {
    const old: ContainerStatus = {
      name: 'c',
      image: 'i',
      imageID: '',
      ready: true,
      restartCount: 2,
      state: { running: {} },
    };
    const status = first(statusOf(podOf(), runtimeOf(), { previous: { containerStatuses: [old] } }));
    expect(status).toMatchObject({
      restartCount: 3,
      lastState: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown' } },
    });
  });

  test('that ended and was cleaned away keeps its end', () => {
    const old: ContainerStatus = {
      name: 'c',
      image: 'i',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode: 0 } },
    };
    const previous = { containerStatuses: [old] };
    expect(first(statusOf(podOf({ restartPolicy: 'Never' }), runtimeOf(), { previous }))?.state).toEqual(
      old.state,
    );
  });

  test('is ready when its probes say so', () => {
    const pod = podOf({ containers: [{ name: 'c', readinessProbe: {}, startupProbe: {} }] });
    const runtime = runtimeOf(ran('c', 'running'));
    const seen = (startup?: boolean, readiness?: boolean) => {
      const status = first(
        statusOf(pod, runtime, { readiness: { startup: () => startup, readiness: () => readiness } }),
      );
      return [status?.started, status?.ready];
    };
    expect(seen()).toEqual([false, false]);
    expect(seen(true, false)).toEqual([true, false]);
    expect(seen(true, true)).toEqual([true, true]);
    expect(seen(false, true)).toEqual([false, false]);
  });
});

describe('the phase', () => {
  const status = (name: string, state: ContainerStatus['state'], lastState = {}): ContainerStatus => ({
    name,
    state,
    lastState,
    ready: false,
    restartCount: 0,
    image: '',
    imageID: '',
  });
  const running = { running: {} };
  const waiting = { waiting: {} };
  const ended = (exitCode: number) => ({ terminated: { exitCode } });
  const phase = (
    restartPolicy: string,
    states: ContainerStatus['state'][],
    more: { ending?: boolean; init?: ContainerStatus[] } = {},
  ) => {
    const regular = states.map((s, i) => status(`c${i}`, s));
    const initContainers = more.init?.map(({ name }) => ({ name }));
    const pod = podOf({ restartPolicy, containers: regular.map(({ name }) => ({ name })), initContainers });
    return podPhase({ pod, init: more.init ?? [], regular, ending: more.ending ?? false });
  };

  test.each([
    ['Always', [waiting, running], 'Pending'],
    ['Always', [running, running], 'Running'],
    ['Always', [running, ended(1)], 'Running'],
    ['Always', [ended(0), ended(0)], 'Running'],
    ['OnFailure', [ended(0), ended(1)], 'Running'],
    ['OnFailure', [ended(0), ended(0)], 'Succeeded'],
    ['Never', [ended(0), ended(1)], 'Failed'],
    ['Never', [ended(0), ended(0)], 'Succeeded'],
    ['Never', [running, ended(1)], 'Running'],
    ['Never', [undefined, running], 'Pending'],
  ])('restart policy %s, %j: %s', (policy, states, expected) => {
    expect(phase(policy, states)).toBe(expected);
  });

  test('of a pod that is ending is its end', () => {
    expect(phase('Always', [ended(0), ended(0)], { ending: true })).toBe('Succeeded');
    expect(phase('Always', [ended(0), ended(137)], { ending: true })).toBe('Failed');
  });

  test('follows the init containers first', () => {
    expect(phase('Never', [waiting], { init: [status('i', running)] })).toBe('Pending');
    expect(phase('Never', [waiting], { init: [status('i', ended(1))] })).toBe('Failed');
    expect(phase('OnFailure', [waiting], { init: [status('i', ended(1))] })).toBe('Pending');
    expect(phase('Never', [running], { init: [status('i', ended(0))] })).toBe('Running');
  });
});

describe('the conditions', () => {
  test('of a pod that is being made', () => {
    const status = statusOf(podOf({ initContainers: [{ name: 'i' }] }), { ...runtimeOf(), sandboxes: [] });
    expect(status.conditions?.map((c) => [c.type, c.status, c.reason, c.message])).toEqual([
      ['PodReadyToStartContainers', 'False', undefined, undefined],
      ['Initialized', 'False', 'ContainersNotInitialized', 'containers with incomplete status: [i]'],
      ['Ready', 'False', 'ContainersNotReady', 'containers with unready status: [c]'],
      ['ContainersReady', 'False', 'ContainersNotReady', 'containers with unready status: [c]'],
      ['PodScheduled', 'True', undefined, undefined],
    ]);
    expect(status.conditions?.[0]?.observedGeneration).toBe(2);
  });

  test('of a pod that has ended', () => {
    const done = statusOf(podOf({ restartPolicy: 'Never' }), runtimeOf(exited('c', 0)));
    expect(condition(done, 'Ready')).toMatchObject({ status: 'False', reason: 'PodCompleted' });
    expect(condition(done, 'Initialized')).toMatchObject({ status: 'True', reason: 'PodCompleted' });
    const failed = statusOf(podOf({ restartPolicy: 'Never' }), runtimeOf(exited('c', 1)));
    expect(condition(failed, 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
  });

  test('wait for readiness gates that others decide', () => {
    const pod = podOf({ readinessGates: [{ conditionType: 'x/gate' }] });
    const runtime = runtimeOf(ran('c', 'running'));
    expect(condition(statusOf(pod, runtime), 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "x/gate" does not exist.',
    });
    const told = { ...pod, status: { conditions: [{ type: 'x/gate', status: 'True' }] } };
    const status = statusOf(told, runtime);
    expect(condition(status, 'Ready')?.status).toBe('True');
    expect(condition(status, 'x/gate')?.status).toBe('True');
  });
});

describe('the status of a pod', () => {
  test('names its addresses, and keeps them to the end', () => {
    const running = statusOf(podOf(), runtimeOf(ran('c', 'running')));
    expect(running).toMatchObject({
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }],
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }],
    });
    const gone = { ...runtimeOf(exited('c', 0)), sandboxes: [] };
    expect(statusOf(podOf(), gone, { previous: running }).podIP).toBe('10.0.0.1');
    expect(statusOf(podOf({ hostNetwork: true }), gone).podIP).toBe('192.0.2.1');
  });

  test('has an address of each family, and first that of the family that is the first of the node', () => {
    const [sandbox] = runtimeOf().sandboxes;
    const ips = ['fd00::2', '10.0.0.1', '10.0.0.2', 'fd00::1'];
    const runtime = { ...runtimeOf(ran('c', 'running')), sandboxes: [{ ...sandbox, ips }] as never };
    expect(statusOf(podOf(), runtime, { hostIps: ['192.0.2.1', '2001:db8::1'] })).toMatchObject({
      hostIP: '192.0.2.1',
      hostIPs: [{ ip: '192.0.2.1' }, { ip: '2001:db8::1' }],
      podIP: '10.0.0.1',
      podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::2' }],
    });
    expect(statusOf(podOf(), runtime, { hostIps: ['2001:db8::1'] })).toMatchObject({
      hostIP: '2001:db8::1',
      podIP: 'fd00::2',
      podIPs: [{ ip: 'fd00::2' }, { ip: '10.0.0.1' }],
    });
  });

  test.each([
    [[], ['192.0.2.1'], ['192.0.2.1']],
    [[], ['192.0.2.1', '2001:db8::1'], ['192.0.2.1', '2001:db8::1']],
    [['192.0.2.9'], ['192.0.2.1'], ['192.0.2.9']],
    [['192.0.2.9'], ['192.0.2.1', '2001:db8::1'], ['192.0.2.9', '2001:db8::1']],
    [['2001:db8::9'], ['192.0.2.1', '2001:db8::1'], ['2001:db8::9']],
    [['192.0.2.9', '2001:db8::9'], ['2001:db8::1'], ['192.0.2.9', '2001:db8::9']],
  ])('on the network of the node: had %j, node %j, so %j', (before, hostIps, ips) => {
    const previous = { podIP: before[0], podIPs: before.map((ip) => ({ ip })) };
    const status = statusOf(podOf({ hostNetwork: true }), runtimeOf(), { previous, hostIps });
    expect(status.podIPs).toEqual(ips.map((ip) => ({ ip })));
    expect(status.podIP).toBe(ips[0]);
  });

  test('says why it was ended, over what its containers tell, once they have ended', () => {
    const verdict = {
      phase: 'Failed',
      reason: 'Evicted',
      message: 'low on memory',
      condition: { type: 'DisruptionTarget', status: 'True' },
    } as const;
    const ending = statusOf(podOf(), runtimeOf(ran('c', 'running')), { verdict });
    expect(ending.phase).toBe('Running');
    expect(ending.reason).toBeUndefined();
    expect(condition(ending, 'DisruptionTarget')?.status).toBe('True');
    const status = statusOf(podOf(), runtimeOf(exited('c', 0)), { verdict });
    expect(status).toMatchObject({ phase: 'Failed', reason: 'Evicted', message: 'low on memory' });
    expect(condition(status, 'DisruptionTarget')?.status).toBe('True');
  });

  test('is not over before drivers have taken back its devices', () => {
    const pod = podOf({ restartPolicy: 'Never' });
    const verdict = { phase: 'Failed', reason: 'Evicted', message: 'low on memory' } as const;
    const runtime = runtimeOf(exited('c', 0));
    const holding = statusOf(pod, runtime, { holdsClaims: true });
    expect(holding.phase).toBe('Running');
    expect(isOver(pod, holding)).toBe(true);
    expect(statusOf(pod, runtime, { holdsClaims: true, verdict })).toMatchObject({ phase: 'Running' });
    expect(statusOf(pod, runtime, { holdsClaims: false })).toMatchObject({ phase: 'Succeeded' });
  });

  test('never comes back from its end', () => {
    expect(statusOf(podOf(), runtimeOf(ran('c', 'running')), { previous: { phase: 'Failed' } }).phase).toBe(
      'Failed',
    );
  });
});

describe('writing a status', () => {
  const now = '2026-01-01T00:01:00Z';

  test('conditions keep their time while they say the same', () => {
    const old: PodStatus = {
      startTime: 'then',
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: 'then' }],
    };
    const same = withTransitionTimes(
      { conditions: [{ type: 'Ready', status: 'False', reason: 'new' }] },
      old,
      now,
    );
    expect(same).toEqual({
      startTime: 'then',
      conditions: [{ type: 'Ready', status: 'False', reason: 'new', lastTransitionTime: 'then' }],
    });
    const other = withTransitionTimes({ conditions: [{ type: 'Ready', status: 'True' }] }, old, now);
    expect(other.conditions?.[0]?.lastTransitionTime).toBe(now);
    expect(withTransitionTimes({}, undefined, now).startTime).toBe(now);
  });

  test('only what changed is written, and nothing of others', () => {
    const from: PodStatus = {
      phase: 'Pending',
      nominatedNodeName: 'n',
      message: 'old',
      conditions: [
        { type: 'x/gate', status: 'True' },
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'not yet' },
      ],
      podIPs: [{ ip: '10.0.0.1' }],
    };
    const to: PodStatus = {
      phase: 'Running',
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'PodScheduled', status: 'True' },
        { type: 'x/gate', status: 'False' },
      ],
      podIPs: [{ ip: '10.0.0.2' }],
      containerStatuses: [],
    };
    expect(statusPatch(from, to)).toEqual({
      phase: 'Running',
      message: null,
      conditions: [{ type: 'Ready', status: 'True', reason: null, message: null }],
      podIPs: [{ $patch: 'replace' }, { ip: '10.0.0.2' }],
    });
    expect(statusPatch(to, { ...to, containerStatuses: undefined })).toBeUndefined();
  });

  test('takes the place of every list that is merged, and keeps nothing of the old one', () => {
    const fields = [...typeSchema('io.k8s.api.core.v1.PodStatus').fields];
    const merged = fields.filter(([, field]) => field.patchStrategy?.includes('merge')).map(([name]) => name);
    const own = merged.filter((name) => !['conditions', 'resourceClaimStatuses'].includes(name));
    expect(own).toEqual(['podIPs', 'hostIPs']);
    for (const name of own)
      expect(statusPatch({ [name]: [{ ip: '10.0.0.1' }] }, { [name]: [{ ip: '10.0.0.2' }] })).toEqual({
        [name]: [{ $patch: 'replace' }, { ip: '10.0.0.2' }],
      });
  });
});

describe('a pod that starts over as a whole', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
  const pod = podOf({
    restartPolicy: 'Never',
    initContainers: [{ name: 'i' }],
    containers: [{ name: 'cause', restartPolicy: 'Never', restartPolicyRules: rules }, { name: 'c' }],
  });
  const restarting = (status: PodStatus) => condition(status, 'AllContainersRestarting');
  const begun = runtimeOf(exited('cause', 42), ran('c', 'running'), exited('i', 0));
  const cleared = {
    reason: 'RestartingAllContainers',
    message: 'The container is removed because RestartAllContainers in place',
  };

  test('says so from the end that is the cause until nothing is left of its containers', () => {
    const running = statusOf(pod, runtimeOf(ran('cause', 'running'), ran('c', 'running'), exited('i', 0)));
    expect(restarting(running)).toEqual({ type: 'AllContainersRestarting', status: 'False' });
    const during = statusOf(pod, begun, { previous: running });
    expect(during.phase).toBe('Running');
    expect(restarting(during)).toEqual({
      type: 'AllContainersRestarting',
      status: 'True',
      reason: 'RestartAllContainersStarted',
      message: 'container exited with restart policy rule',
    });
    const half = statusOf(pod, runtimeOf(exited('cause', 42)), { previous: during });
    expect(restarting(half)?.status).toBe('True');
    expect(restarting(statusOf(pod, runtimeOf(), { previous: half }))?.status).toBe('False');
  });

  test('shows its containers as removed, each counted once, and then as run again', () => {
    const during = statusOf(pod, begun);
    const after = statusOf(pod, runtimeOf(), { previous: during });
    const all = [...(after.initContainerStatuses ?? []), ...(after.containerStatuses ?? [])];
    for (const status of all) {
      expect(status).toMatchObject({ ready: false, restartCount: 1, state: { waiting: cleared } });
      expect(status.lastState?.terminated).toMatchObject({ exitCode: 137, ...cleared });
    }
    expect(after.phase).toBe('Running');
    expect(condition(after, 'Initialized')?.status).toBe('True');
    const later = statusOf(pod, runtimeOf(), { previous: after });
    expect(later.containerStatuses?.[1]).toMatchObject({
      restartCount: 1,
      state: { waiting: { reason: 'PodInitializing' } },
    });
    const again = runtimeOf(ran('i', 'running', { id: 'new', restartCount: 1 }));
    expect(statusOf(pod, again, { previous: later }).phase).toBe('Pending');
    expect(statusOf(pod, again, { previous: later }).initContainerStatuses?.[0]).toMatchObject({
      restartCount: 1,
      lastState: { terminated: { exitCode: 137, ...cleared } },
    });
  });

  test('has not come to its end before it has begun again', () => {
    const during = statusOf(pod, runtimeOf(exited('cause', 42), exited('c', 1), exited('i', 0)));
    expect(during.phase).toBe('Running');
    const failed = runtimeOf(exited('i', 1, { id: 'new', restartCount: 1 }));
    const after = statusOf(pod, failed, { previous: statusOf(pod, runtimeOf(), { previous: during }) });
    expect(after.phase).toBe('Failed');
    expect(restarting(after)).toMatchObject({ status: 'False', reason: 'PodFailed' });
  });

  test('is none of those without such a rule', () => {
    expect(restarting(statusOf(podOf(), runtimeOf(ran('c', 'running'))))).toBeUndefined();
  });
});
