import { describe, expect, test } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.ts';
import { containerHash } from './labels.ts';
import { planPod, type ProbeView } from './plan.ts';
import { restartsAll } from './restart-all.ts';
import type { RuntimeContainer, RuntimePod } from './runtime-pod.ts';

const undecided: ProbeView = { liveness: () => undefined, startup: () => undefined };
const plain = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'i', ...more });
const sidecar = (name: string, more: Partial<Container> = {}) =>
  plain(name, { restartPolicy: 'Always', ...more });

function podOf(spec: Partial<Pod['spec']> = {}): Pod {
  return { metadata: { uid: 'u', name: 'p', namespace: 'n' }, spec: { containers: [plain('c')], ...spec } };
}

let order = 0;
function ran(
  name: string,
  state: RuntimeContainer['state'],
  exitCode = 0,
  more: Partial<RuntimeContainer> = {},
): RuntimeContainer {
  const hash = containerHash(plain(name));
  return {
    id: `id-${name}`,
    sandboxId: 's',
    name,
    state,
    exitCode,
    createdAtMs: ++order,
    reason: '',
    message: '',
    image: 'i',
    imageRef: '',
    hash,
    restartCount: 0,
    ...more,
  };
}

function runtimeOf(
  containers: RuntimeContainer[],
  sandbox: Partial<RuntimePod['sandboxes'][0]> | null = {},
): RuntimePod {
  const ready = {
    id: 's',
    attempt: 0,
    state: 'ready' as const,
    createdAtMs: 0,
    ips: ['10.0.0.1'],
    hostNetwork: false,
  };
  const sandboxes = sandbox ? [{ ...ready, ...sandbox }] : [];
  return { uid: 'u', name: 'p', namespace: 'n', sandboxes, containers };
}

/** A plan in short: what is started and killed by name. */
function planned(pod: Pod, runtime: RuntimePod, probes: ProbeView = undecided) {
  const plan = planPod({ pod, runtime, probes });
  return {
    ...(plan.killPod && { killPod: true }),
    ...(plan.sandbox.create && { sandbox: plan.sandbox.attempt }),
    init: plan.startInit.map((c) => c.name),
    start: plan.start.map((c) => c.name),
    kill: plan.kill.map((k) => k.message),
  };
}

const rest = { init: [], start: [], kill: [] };

describe('the sandbox', () => {
  test('is made first, with everything after it', () => {
    expect(planned(podOf(), runtimeOf([], null))).toEqual({
      ...rest,
      killPod: true,
      sandbox: 0,
      start: ['c'],
    });
  });

  test('that is lost takes all containers with it', () => {
    const runtime = runtimeOf([ran('c', 'running')], { state: 'notReady', attempt: 3 });
    expect(planned(podOf(), runtime)).toEqual({ ...rest, killPod: true, sandbox: 4, start: ['c'] });
  });

  test('without an address is as good as none, unless the pod uses the network of its node', () => {
    expect(planned(podOf(), runtimeOf([], { ips: [] }))).toMatchObject({ sandbox: 1 });
    const shared = runtimeOf([], { ips: [], hostNetwork: true });
    expect(planned(podOf({ hostNetwork: true }), shared)).toEqual({ ...rest, start: ['c'] });
  });

  test('is not made again for a pod that has come to its end', () => {
    const ended = runtimeOf([ran('c', 'exited', 0)], { state: 'notReady' });
    expect(planned(podOf({ restartPolicy: 'Never' }), ended)).toEqual({ ...rest, killPod: true });
    expect(planned(podOf({ restartPolicy: 'OnFailure' }), ended)).toEqual({ ...rest, killPod: true });
    expect(planned(podOf({ restartPolicy: 'Always' }), ended)).toMatchObject({ sandbox: 1, start: ['c'] });
  });

  test('is tried again where not even a container was made', () => {
    expect(planned(podOf({ restartPolicy: 'Never' }), runtimeOf([], { state: 'notReady' }))).toMatchObject({
      sandbox: 1,
      start: ['c'],
    });
  });
});

describe('regular containers', () => {
  const two = { containers: [plain('a'), plain('b')] };

  test('that run are left alone; those that do not are started', () => {
    expect(planned(podOf(two), runtimeOf([ran('a', 'running')]))).toEqual({ ...rest, start: ['b'] });
  });

  test.each([
    ['Always', 0, true],
    ['Always', 1, true],
    ['OnFailure', 0, false],
    ['OnFailure', 1, true],
    ['Never', 0, false],
    ['Never', 1, false],
  ])('restart policy %s after exit code %i: started again is %s', (restartPolicy, exitCode, again) => {
    const runtime = runtimeOf([ran('a', 'exited', exitCode), ran('b', 'running')]);
    expect(planned(podOf({ ...two, restartPolicy }), runtime).start).toEqual(again ? ['a'] : []);
  });

  test('all ended for good: the pod is ended', () => {
    const runtime = runtimeOf([ran('a', 'exited', 0), ran('b', 'exited', 1)]);
    expect(planned(podOf({ ...two, restartPolicy: 'Never' }), runtime)).toEqual({ ...rest, killPod: true });
  });

  test('have a policy and rules of their own where they say so', () => {
    const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }];
    const containers = [plain('a', { restartPolicy: 'Never', restartPolicyRules: rules }), plain('b')];
    const pod = podOf({ containers, restartPolicy: 'Always' });
    expect(planned(pod, runtimeOf([ran('a', 'exited', 42), ran('b', 'running')])).start).toEqual(['a']);
    expect(planned(pod, runtimeOf([ran('a', 'exited', 1), ran('b', 'running')])).start).toEqual([]);
  });

  test('whose definition changed are killed and started', () => {
    const runtime = runtimeOf([ran('c', 'running', 0, { hash: 'other' })]);
    expect(planned(podOf({ restartPolicy: 'Never' }), runtime)).toEqual({
      ...rest,
      kill: ['Container c definition changed, will be restarted'],
      start: ['c'],
    });
  });

  test('that fail their probes are killed, and started again if their policy says so', () => {
    const sick: ProbeView = { liveness: () => false, startup: () => undefined };
    const runtime = runtimeOf([ran('c', 'running')]);
    expect(planned(podOf(), runtime, sick)).toEqual({
      ...rest,
      kill: ['Container c failed liveness probe, will be restarted'],
      start: ['c'],
    });
    const never = planned(podOf({ restartPolicy: 'Never' }), runtime, { ...undecided, startup: () => false });
    expect(never).toMatchObject({ killPod: true, kill: ['Container c failed startup probe'], start: [] });
  });

  test('of a pod that is being deleted are not started', () => {
    const pod = podOf();
    pod.metadata.deletionTimestamp = 'now';
    expect(planned(pod, runtimeOf([])).start).toEqual([]);
  });

  test('in an unknown state are killed before they start again', () => {
    expect(planned(podOf(), runtimeOf([ran('c', 'unknown')]))).toMatchObject({
      kill: ['Container is in "unknown" state, try killing it before restart'],
      start: ['c'],
    });
  });
});

describe('init containers', () => {
  const spec = { initContainers: [plain('i1'), plain('i2')] };

  test('start one after the other, and regular ones after the last', () => {
    expect(planned(podOf(spec), runtimeOf([]))).toEqual({ ...rest, init: ['i1'] });
    expect(planned(podOf(spec), runtimeOf([ran('i1', 'running')]))).toEqual(rest);
    expect(planned(podOf(spec), runtimeOf([ran('i1', 'exited')]))).toEqual({ ...rest, init: ['i2'] });
    expect(planned(podOf(spec), runtimeOf([ran('i1', 'exited'), ran('i2', 'exited')]))).toEqual({
      ...rest,
      start: ['c'],
    });
  });

  test('that were cleaned away are not run again', () => {
    expect(planned(podOf(spec), runtimeOf([ran('i2', 'exited')]))).toEqual({ ...rest, start: ['c'] });
    expect(planned(podOf(spec), runtimeOf([ran('c', 'running')]))).toEqual(rest);
  });

  test('that fail are run again, or fail the pod', () => {
    const runtime = runtimeOf([ran('i1', 'exited', 1)]);
    expect(planned(podOf({ ...spec, restartPolicy: 'Always' }), runtime)).toEqual({ ...rest, init: ['i1'] });
    expect(planned(podOf({ ...spec, restartPolicy: 'Never' }), runtime)).toEqual({ ...rest, killPod: true });
  });

  test('are not taken for done because regular ones ran in a sandbox before this', () => {
    const runtime = runtimeOf([ran('i1', 'running'), ran('c', 'exited', 137, { sandboxId: 'old' })]);
    expect(planned(podOf(spec), runtime)).toEqual(rest);
  });

  test('all start over in a new sandbox', () => {
    const runtime = runtimeOf([ran('i1', 'exited'), ran('c', 'running')], { state: 'notReady' });
    expect(planned(podOf(spec), runtime)).toMatchObject({ sandbox: 1, init: ['i1'], start: [] });
  });
});

describe('sidecars', () => {
  const spec = { initContainers: [sidecar('s'), plain('i')] };

  test('let the next one start once they run', () => {
    expect(planned(podOf(spec), runtimeOf([]))).toEqual({ ...rest, init: ['s'] });
    expect(planned(podOf(spec), runtimeOf([ran('s', 'running')]))).toEqual({ ...rest, init: ['i'] });
  });

  test('with a startup probe only once it is content', () => {
    const pod = podOf({ initContainers: [sidecar('s', { startupProbe: {} })] });
    const runtime = runtimeOf([ran('s', 'running')]);
    expect(planned(pod, runtime)).toEqual(rest);
    expect(planned(pod, runtime, { ...undecided, startup: () => true })).toEqual({ ...rest, start: ['c'] });
    expect(planned(pod, runtime, { ...undecided, startup: () => false })).toMatchObject({
      kill: ['Init container s failed startup probe'],
      init: ['s'],
    });
  });

  test('are started again whenever they end, before and after the regular ones came', () => {
    expect(planned(podOf(spec), runtimeOf([ran('s', 'exited'), ran('i', 'running')])).init).toEqual(['s']);
    expect(
      planned(podOf(spec), runtimeOf([ran('s', 'exited', 1), ran('i', 'exited'), ran('c', 'running')])).init,
    ).toEqual(['s']);
  });

  test('do not keep a pod alive whose regular containers have ended', () => {
    const runtime = runtimeOf([ran('s', 'running'), ran('i', 'exited'), ran('c', 'exited')]);
    expect(planned(podOf({ ...spec, restartPolicy: 'Never' }), runtime)).toEqual({ ...rest, killPod: true });
  });
});

test('ephemeral containers start once, at any time', () => {
  const pod = podOf({ initContainers: [plain('i')], ephemeralContainers: [plain('e')] });
  expect(
    planPod({ pod, runtime: runtimeOf([ran('i', 'running')]), probes: undecided }).startEphemeral,
  ).toHaveLength(1);
  const ended = runtimeOf([ran('i', 'running'), ran('e', 'exited', 1)]);
  expect(planPod({ pod, runtime: ended, probes: undecided }).startEphemeral).toHaveLength(0);
});

describe('a pod that starts over as a whole', () => {
  const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
  const cause = plain('cause', { restartPolicy: 'Never', restartPolicyRules: rules });
  const pod = podOf({
    initContainers: [plain('i'), sidecar('s')],
    containers: [cause, plain('c')],
    ephemeralContainers: [plain('e')],
    restartPolicy: 'Never',
  });
  const cleared = (runtime: RuntimePod, restartAll = true) => {
    const plan = planPod({ pod, runtime, probes: undecided, restartAll });
    const { clear, killPod, kill, startInit, start, startEphemeral } = plan;
    expect([plan.sandbox.create, killPod]).toEqual([false, false]);
    if (clear.length > 0) expect([...kill, ...startInit, ...start, ...startEphemeral]).toEqual([]);
    return clear.map((c) => c.id);
  };

  test('has all containers cleared away, whatever became of them, and those that are the cause last', () => {
    const runtime = runtimeOf([
      ran('cause', 'exited', 42),
      ran('c', 'running'),
      ran('e', 'running'),
      ran('s', 'created'),
      ran('i', 'exited', 0, { id: 'newer' }),
      ran('i', 'exited', 1),
    ]);
    expect(cleared(runtime)).toEqual(['id-c', 'id-s', 'newer', 'id-i', 'id-cause']);
    expect(cleared(runtime, false)).toEqual([]);
    expect(restartsAll(pod, runtime, {})).toBe(true);
  });

  test('has no sandbox made before that', () => {
    const runtime = runtimeOf([ran('cause', 'exited', 42)], { state: 'notReady' });
    expect(cleared(runtime)).toEqual(['id-cause']);
  });

  test('begins as a new pod does, in its sandbox', () => {
    const runtime = runtimeOf([ran('e', 'running')]);
    const plan = planPod({ pod, runtime, probes: undecided, restartAll: true });
    expect(plan).toMatchObject({ killPod: false, sandbox: { create: false }, clear: [] });
    expect(plan.startInit.map((c) => c.name)).toEqual(['i']);
  });

  test.each([
    ['an end that a rule names', [ran('cause', 'exited', 42)], undefined, true],
    ['another end', [ran('cause', 'exited', 1)], undefined, false],
    [
      'an end of before the last run',
      [ran('cause', 'running'), ran('cause', 'exited', 42)],
      undefined,
      false,
    ],
    ['such an end of a container without rules', [ran('c', 'exited', 42)], undefined, false],
    ['what was begun before', [ran('c', 'running')], 'True', true],
    ['what was done before', [ran('c', 'running')], 'False', false],
  ])('by %s', (_, containers, restarting, expected) => {
    const conditions = restarting ? [{ type: 'AllContainersRestarting', status: restarting }] : [];
    expect(restartsAll(pod, runtimeOf(containers), { conditions })).toBe(expected);
  });

  test('does so by the first rule that fits', () => {
    const first = [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [0] } }, ...rules];
    const other = podOf({ containers: [{ ...cause, restartPolicyRules: first }] });
    expect(restartsAll(other, runtimeOf([ran('cause', 'exited', 42)]), {})).toBe(false);
  });
});
