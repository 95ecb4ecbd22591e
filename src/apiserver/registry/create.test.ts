import type { AdmissionPlugin } from '../admission/admission.ts';
import { describe, expect, test } from 'vitest';
import {
  configmaps,
  deployments,
  endpoints,
  events,
  namespaces,
  nodes,
  pods,
} from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { dropDuplicateOwners } from './metadata.ts';
import { metadataErrors } from './object-meta.ts';
import { createTestCluster, type TestApi } from './testing.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: StatusError) => error.status,
  );

const map = (name: string) => ({ metadata: { name } });

describe('create', () => {
  test('stores under the keys upstream uses', async () => {
    const api = await createTestCluster();
    await api.send('create', nodes, { body: map('n') });
    await api.send('create', endpoints, { body: map('e') });
    const { entries } = await api.store.list('/registry/');
    expect(entries.map((e) => e.key)).toEqual([
      '/registry/minions/n',
      '/registry/namespaces/default',
      '/registry/serviceaccounts/default/default',
      '/registry/services/endpoints/default/e',
    ]);
  });

  test('sets what the server decides and clears what it does not take', async () => {
    const api = await createTestCluster();
    const metadata = {
      name: 'a',
      uid: 'mine',
      creationTimestamp: '2001-01-01T00:00:00Z',
      deletionTimestamp: '2001-01-01T00:00:00Z',
      deletionGracePeriodSeconds: 3,
      selfLink: '/x',
    };
    const made = await api.object('create', configmaps, { body: { metadata } });
    expect(Object.keys(made.metadata).filter((k) => k !== 'managedFields')).toEqual([
      'name',
      'namespace',
      'uid',
      'resourceVersion',
      'creationTimestamp',
    ]);
    expect(made.metadata.uid).not.toBe('mine');
    expect(made.metadata.creationTimestamp).toBe('2026-01-01T00:00:00Z');
  });

  test('completes a generated name with five characters, again where it is taken', async () => {
    const api = await createTestCluster();
    const body = { metadata: { generateName: 'web-' } };
    const made = await api.object('create', configmaps, { body });
    expect(made.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    const names = new Set<string>();
    for (let i = 0; i < 20; i++) names.add((await api.object('create', configmaps, { body })).metadata.name);
    expect(names.size).toBe(20);
  });

  test('refuses a name that is taken, and says when that object is going away', async () => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'a', finalizers: ['x.io/keep'] } };
    await api.send('create', configmaps, { body });
    const taken = {
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    };
    expect(await failure(api.send('create', configmaps, { body }))).toMatchObject(taken);
    await api.send('delete', configmaps, { name: 'a' });
    const going = { ...taken, message: 'object is being deleted: configmaps "a" already exists' };
    expect(await failure(api.send('create', configmaps, { body }))).toMatchObject(going);
  });

  test('refuses a namespace that contradicts the path', async () => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'a', namespace: 'other' } };
    expect(await failure(api.send('create', configmaps, { body }))).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
  });

  test('needs a namespace in its path', async () => {
    const api = await createTestCluster();
    expect(await failure(api.send('create', configmaps, { namespace: '', body: map('a') }))).toMatchObject({
      code: 405,
      message: 'the server does not allow this method on the requested resource',
    });
  });

  test.each([
    ['update', ''],
    ['patch', ''],
    ['create', 'a'],
    ['', ''],
  ])('%j of %j is no method of its path', async (verb, name) => {
    const api = await createTestCluster();
    expect(await failure(api.send(verb, configmaps, { name, body: map('a') }))).toMatchObject({
      code: 405,
      message: 'the server does not allow this method on the requested resource',
    });
  });

  test('validates metadata, every error at once', async () => {
    const api = await createTestCluster();
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u', controller: true };
    const metadata = {
      name: 'Bad_Name',
      labels: { ok: 'not ok' },
      annotations: { 'a/b/c': '' },
      finalizers: ['orphan', 'foregroundDeletion'],
      ownerReferences: [owner, { ...owner, kind: 'Event', uid: '' }],
    };
    const status = await failure(api.send('create', configmaps, { body: { metadata } }));
    expect(status).toMatchObject({
      code: 422,
      reason: 'Invalid',
      details: { name: 'Bad_Name', kind: 'ConfigMap' },
    });
    expect(status?.details?.causes?.map((c) => `${c.field} ${c.reason}`)).toEqual([
      'metadata.name FieldValueInvalid',
      'metadata.labels FieldValueInvalid',
      'metadata.annotations FieldValueInvalid',
      'metadata.ownerReferences.uid FieldValueInvalid',
      'metadata.ownerReferences FieldValueInvalid',
      'metadata.ownerReferences FieldValueInvalid',
      'metadata.finalizers FieldValueInvalid',
    ]);
  });

  const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
  const ofOwner = 'metadata.ownerReferences';
  test.each<[object[], string[]]>([
    [[{ ...owner, apiVersion: '' }], [`${ofOwner}.apiVersion: Invalid value: "": version must not be empty`]],
    [
      [{ ...owner, apiVersion: 'a/b/c' }],
      [`${ofOwner}.apiVersion: Invalid value: "a/b/c": version must not be empty`],
    ],
    [
      [{ ...owner, apiVersion: 'apps/' }],
      [`${ofOwner}.apiVersion: Invalid value: "apps/": version must not be empty`],
    ],
    [[{ ...owner, kind: '' }], [`${ofOwner}.kind: Invalid value: "": must not be empty`]],
    [[{ ...owner, name: '' }], [`${ofOwner}.name: Invalid value: "": must not be empty`]],
    [[{ ...owner, uid: '' }], [`${ofOwner}.uid: Invalid value: "": must not be empty`]],
    [
      [
        { ...owner, controller: true },
        { ...owner, uid: 'v', name: '', controller: true },
      ],
      [
        `${ofOwner}.name: Invalid value: "": must not be empty`,
        `${ofOwner}: Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"p","uid":"u","controller":true},{"apiVersion":"v1","kind":"Pod","name":"","uid":"v","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Pod/p and Pod/`,
      ],
    ],
  ])('owners %j', async (ownerReferences, said) => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'a', ownerReferences } };
    const status = await failure(api.send('create', configmaps, { body }));
    expect(status?.details?.causes?.map((c) => `${c.field}: ${c.message}`)).toEqual(said);
  });

  test('limits the size of annotations', async () => {
    const api = await createTestCluster();
    const annotations = { big: 'x'.repeat(256 * 1024) };
    const status = await failure(
      api.send('create', configmaps, { body: { metadata: { name: 'a', annotations } } }),
    );
    expect(status?.message).toBe(
      'ConfigMap "a" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes',
    );
  });

  test('needs a name', async () => {
    const api = await createTestCluster();
    const status = await failure(api.send('create', configmaps, { body: {} }));
    expect(status?.message).toBe(
      'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    );
  });

  test('refuses a resourceVersion', async () => {
    const api = await createTestCluster();
    const body = { metadata: { name: 'a', resourceVersion: '5' } };
    expect(await failure(api.send('create', configmaps, { body }))).toMatchObject({
      code: 500,
      message: 'resourceVersion should not be set on objects to be created',
    });
  });

  test('runs dry without a trace', async () => {
    const api = await createTestCluster();
    const made = await api.object('create', configmaps, { body: map('a'), query: { dryRun: 'All' } });
    expect(made.metadata.uid).toBeTruthy();
    expect(made.metadata.resourceVersion).toBeUndefined();
    expect((await api.list(configmaps)).items).toEqual([]);
    const status = await failure(
      api.send('create', configmaps, { body: map('a'), query: { dryRun: 'Some' } }),
    );
    expect(status).toMatchObject({ code: 422, details: { kind: 'CreateOptions', group: 'meta.k8s.io' } });
  });

  test('counts generations from one where the kind counts', async () => {
    const api = await createTestCluster();
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const body = { ...map('d'), spec: { selector: { matchLabels: { a: 'b' } }, template } };
    expect((await api.object('create', deployments, { body })).metadata.generation).toBe(1);
    expect((await api.object('create', configmaps, { body: map('c') })).metadata.generation).toBeUndefined();
  });

  test('many owner references of one UID hold nobody up', () => {
    const owners = Array.from({ length: 30_000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      name: `p-${i >> 1}`,
      uid: 'u',
    }));
    const meta = { ownerReferences: owners };
    expect(dropDuplicateOwners(meta)).toHaveLength(15_000);
    expect(meta.ownerReferences).toHaveLength(15_000);
  });

  test('many owner references that control hold nobody up', () => {
    const ownerReferences = Array.from({ length: 10_000 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      name: 'p',
      uid: `u${i}`,
      controller: true,
    }));
    expect(metadataErrors({ name: 'a', ownerReferences }, false, () => [])).toHaveLength(1000);
  });

  test('drops owner references that stand twice, with a warning', async () => {
    const api = await createTestCluster();
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
    const body = { metadata: { name: 'a', ownerReferences: [owner, owner] } };
    const made = await api.object('create', configmaps, { body });
    expect(made.metadata.ownerReferences).toEqual([owner]);
    expect(api.warnings).toEqual([
      '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u',
    ]);
  });

  test('drops owner references that admission has set twice, with another warning', async () => {
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' };
    const other = { ...owner, uid: 'v' };
    const ownerReferences = [owner, other, { uid: 'u', name: 'p', kind: 'Pod', apiVersion: 'v1' }, other];
    const admit: AdmissionPlugin['admit'] = ({ object }) => {
      if (object?.kind === 'ConfigMap') object.metadata.ownerReferences = structuredClone(ownerReferences);
    };
    const api = await createTestCluster({ admission: [{ name: 'Owners', admit }] });
    await api.send('create', configmaps, { body: { metadata: { name: 'a' } } });
    const patched = await api.object('patch', configmaps, {
      name: 'a',
      body: { data: { k: 'v' } },
      mediaType: 'application/merge-patch+json',
    });
    expect(patched.metadata.ownerReferences).toEqual([owner, other]);
    const warning =
      '.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: u, v';
    expect(api.warnings).toEqual([warning, warning]);
  });

  test('lets mutating admission say neither where an object is nor what the server alone does', async () => {
    const admit = (metadata: object): AdmissionPlugin['admit'] => {
      return ({ object }) => {
        if (object?.kind === 'ConfigMap') Object.assign(object.metadata, metadata);
      };
    };
    const elsewhere = { name: 'Elsewhere', admit: admit({ namespace: 'kube-system' }) };
    const moved = await createTestCluster({ admission: [elsewhere] });
    await expect(moved.send('create', configmaps, { body: map('a') })).rejects.toThrow(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
    const deletion = { deletionTimestamp: '2020-01-01T00:00:00Z', deletionGracePeriodSeconds: 5 };
    const dying = await createTestCluster({ admission: [{ name: 'Dying', admit: admit(deletion) }] });
    const made = await dying.object('create', configmaps, { body: map('a') });
    expect(made.metadata).not.toHaveProperty('deletionTimestamp');
    expect(made.metadata).not.toHaveProperty('deletionGracePeriodSeconds');
  });

  test('says what stands in the store why', async () => {
    const api = await createTestCluster();
    await api.send('create', configmaps, { body: map('a'), user: 'alice', userAgent: 'kubectl/v1.36 (x)' });
    const [line] = await api.store.history('/registry/configmaps/default/a');
    expect(line?.cause).toEqual({ actor: 'alice', reason: 'create by kubectl' });
  });

  test('lets events expire', async () => {
    const api = await createTestCluster();
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'p' };
    await api.send('create', events, { body: { ...map('e'), involvedObject } });
    const watch = await api.watch(events, { query: { timeoutSeconds: '9999' } });
    await api.clock.advance(3_700_000);
    expect(watch.said).toEqual(['ADDED e@4', 'DELETED e@5']);
  });
});

describe('field validation', () => {
  const body = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"spec":{},"data":{},"data":{}}';
  const send = (api: TestApi, fieldValidation?: string) =>
    api.send('create', configmaps, {
      body,
      query: { dryRun: 'All', ...(fieldValidation && { fieldValidation }) },
    });

  test('warns unless told otherwise', async () => {
    const api = await createTestCluster();
    await send(api);
    expect(api.warnings).toEqual(['unknown field "spec"', 'duplicate field "data"']);
  });

  test('warns of YAML line by line', async () => {
    const api = await createTestCluster();
    const body = 'metadata:\n  name: a\ndata:\n  k: v\n  k: w\n';
    await api.send('create', configmaps, { body, mediaType: 'Application/YAML; charset=utf-8' });
    expect(api.warnings).toEqual(['line 5: key "k" already set in map']);
  });

  test('is silent or strict on request', async () => {
    const api = await createTestCluster();
    await send(api, 'Ignore');
    expect(api.warnings).toEqual([]);
    expect(await failure(send(api, 'Strict'))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "spec", duplicate field "data"',
    });
  });
});

describe('namespaces', () => {
  test('must be there before what they hold', async () => {
    const api = await createTestCluster();
    expect(await failure(api.send('create', configmaps, { namespace: 'x', body: map('a') }))).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'namespaces "x" not found',
    });
  });

  test('take nothing new while they go away', async () => {
    const api = await createTestCluster();
    await api.send('create', namespaces, { body: map('x') });
    const going = await api.object('delete', namespaces, { name: 'x' });
    expect(going).toMatchObject({ kind: 'Namespace', status: { phase: 'Terminating' } });
    expect(await failure(api.send('create', configmaps, { namespace: 'x', body: map('a') }))).toMatchObject({
      code: 403,
      message:
        'configmaps "a" is forbidden: unable to create new content in namespace x because it is being terminated',
      details: {
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: 'namespace x is being terminated',
            field: 'metadata.namespace',
          },
        ],
      },
    });
    const forever = await failure(api.send('delete', namespaces, { name: 'default' }));
    expect(forever?.message).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
  });
});

describe('pods', () => {
  const body = {
    ...map('p'),
    spec: { containers: [{ name: 'c', image: 'i' }], initContainers: [{ name: 'i', image: 'i' }] },
  };

  test('run as an account whose token they get', async () => {
    const api = await createTestCluster();
    const { spec } = await api.object('create', pods, { body });
    expect(spec.serviceAccountName).toBe('default');
    const name = spec.volumes?.[0]?.name as string;
    expect(name).toMatch(/^kube-api-access-.{5}$/);
    const mount = { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' };
    expect(spec.containers[0]?.volumeMounts).toEqual([mount]);
    expect(spec.initContainers?.[0]?.volumeMounts).toEqual([mount]);
    expect(spec.tolerations?.map((t) => [t.key, t.tolerationSeconds])).toEqual([
      ['node.kubernetes.io/not-ready', 300],
      ['node.kubernetes.io/unreachable', 300],
    ]);
    expect([spec.priority, spec.preemptionPolicy]).toEqual([0, 'PreemptLowerPriority']);
  });

  test('need that account', async () => {
    const api = await createTestCluster();
    const spec = { ...body.spec, serviceAccountName: 'robot' };
    expect(await failure(api.send('create', pods, { body: { ...body, spec } }))).toMatchObject({
      code: 403,
      message:
        'pods "p" is forbidden: error looking up service account default/robot: serviceaccount "robot" not found',
    });
  });

  test('need a priority class that exists', async () => {
    const api = await createTestCluster();
    const spec = { ...body.spec, priorityClassName: 'high' };
    expect(await failure(api.send('create', pods, { body: { ...body, spec } }))).toMatchObject({
      code: 403,
      message: 'pods "p" is forbidden: no PriorityClass with name high was found',
    });
  });
});
