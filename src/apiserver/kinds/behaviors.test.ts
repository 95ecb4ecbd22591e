import { describe, expect, test } from 'vitest';
import type { Resource } from '../../api/resource.ts';
import { type FieldSchema, type TypeSchema, typeSchema } from '../../machinery/schema.ts';
import { createTestCluster, type TestApi, type TestRequest } from '../registry/testing.ts';
import { leastOf, storedKinds } from './testing-least.ts';

// How all kinds behave alike, and which do not: the exceptions are those of upstream's tests of all definitions
// (test/integration/apiserver/apidefinitions), as `plural.group`.

const makesOnUpdate = new Set([
  'leases.coordination.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'endpoints',
  'events.events.k8s.io',
  'events',
  'limitranges',
  'rolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
  'services',
]);
/** Their names follow from what they hold. */
const takesNoGeneratedName = new Set([
  'apiservices.apiregistration.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'ipaddresses.networking.k8s.io',
]);
/** An update has to say which version it changes. */
const needsVersion = new Set([
  'apiservices.apiregistration.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'leases.coordination.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
]);
const orphansDependents = new Set(['jobs.batch', 'replicationcontrollers']);
const hasNoDependents = new Set(['events', 'events.events.k8s.io']);
/** A write of their status may change their labels too. */
const statusTakesMetadata = new Set([
  'customresourcedefinitions.apiextensions.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
  'cronjobs.batch',
  'daemonsets.apps',
  'horizontalpodautoscalers.autoscaling',
  'ingresses.networking.k8s.io',
  'jobs.batch',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'poddisruptionbudgets.policy',
  'pods',
  'replicasets.apps',
  'replicationcontrollers',
  'resourcequotas',
  'services',
  'statefulsets.apps',
]);
const hasNoGeneration = new Set([
  'apiservices.apiregistration.k8s.io',
  'certificatesigningrequests.certificates.k8s.io',
  // From v1.37 on they have one.
  'horizontalpodautoscalers.autoscaling',
  'namespaces',
  'nodes',
  'persistentvolumeclaims',
  'persistentvolumes',
  'resourceclaims.resource.k8s.io',
  'resourcequotas',
  'servicecidrs.networking.k8s.io',
  'services',
  'volumeattachments.storage.k8s.io',
]);

/** Something that only a write of the status may say, where that is not a condition. */
const statusOf: Record<string, object> = {
  'cronjobs.batch': { lastScheduleTime: '2020-01-01T00:00:00Z' },
  'horizontalpodautoscalers.autoscaling': { currentReplicas: 5, desiredReplicas: 5 },
  'ingresses.networking.k8s.io': { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  persistentvolumes: { message: 'hello' },
  'poddisruptionbudgets.policy': { currentHealthy: 5 },
  'resourceclaims.resource.k8s.io': { allocation: {} },
  resourcequotas: { used: { cpu: '5' } },
  'volumeattachments.storage.k8s.io': { attached: true },
};
const lastTransitionTime = '2020-01-01T00:00:00Z';
const condition = { type: 'Own', status: 'True', lastTransitionTime, reason: 'Told', message: 'told' };
const merge = 'application/merge-patch+json';

type Json = Record<string, unknown>;

const structOf = (field: FieldSchema | undefined) =>
  field?.type === 'ref' && !typeSchema(field.ref as string).scalar
    ? typeSchema(field.ref as string)
    : undefined;

/** Where an object lacks a field that JSON always has. */
function lackedFields(object: Json, { fields }: TypeSchema): string[] {
  return [...fields].flatMap(([name, field]) => {
    const value = object[name];
    if (value === undefined) return field.printed ? [name] : [];
    const [one, each] = [structOf(field), structOf(field.items ?? field.values)];
    if (value === null || !(one ?? each)) return [];
    const inner = one ? [value] : Object.values(value as Json);
    const lacked = inner.flatMap((item) => lackedFields(item as Json, (one ?? each) as TypeSchema));
    return lacked.map((path) => `${name}.${path}`);
  });
}

const nameOf = ({ plural, group }: Resource) => (group ? `${plural}.${group}` : plural);
const named = storedKinds.map((kind) => [`${nameOf(kind.resource)} ${kind.resource.version}`, kind] as const);
const codeOf = (error: { status: { code: number } }) => error.status.code;

describe.each(named)('%s', (_, kind) => {
  const { resource } = kind;
  const plural = nameOf(resource);
  const body = leastOf(resource);
  const name = body.metadata.name as string;
  const made = async () => {
    const api = await createTestCluster();
    return { api, object: await api.object('create', resource, { body }) };
  };
  const outcome = (api: TestApi, verb: string, request: TestRequest) =>
    api.object(verb, resource, request).then(
      () => 'done',
      (error) => codeOf(error),
    );

  const lackedBy = (object: unknown) => lackedFields(object as Json, typeSchema(resource.type));

  test('shows all that is always printed', async () => {
    const { api, object } = await made();
    expect(lackedBy(object)).toEqual([]);
    const changed = {
      ...object,
      metadata: { ...object.metadata, labels: { changed: 'yes' } },
      status: undefined,
    };
    expect(lackedBy(await api.object('update', resource, { name, body: changed }))).toEqual([]);
  });

  test('is made by an update where upstream allows it', async () => {
    const api = await createTestCluster();
    expect(await outcome(api, 'update', { name, body })).toBe(makesOnUpdate.has(plural) ? 'done' : 404);
  });

  test('gets a generated name unless that follows from something else', async () => {
    const api = await createTestCluster();
    const { name: _name, ...metadata } = body.metadata;
    const generated = await api
      .object('create', resource, { body: { ...body, metadata: { ...metadata, generateName: 'made-' } } })
      .then(
        (object) => object.metadata.name.startsWith('made-'),
        () => false,
      );
    expect(generated).toBe(!takesNoGeneratedName.has(plural));
  });

  test('is updated without a version where upstream allows it', async () => {
    const { api, object } = await made();
    const { resourceVersion: _version, ...metadata } = object.metadata;
    const said = await outcome(api, 'update', { name, body: { ...object, metadata } });
    expect(said).toBe(needsVersion.has(plural) ? 422 : 'done');
  });

  test('stays as it was after dry runs', async () => {
    const api = await createTestCluster();
    const query = { dryRun: 'All' };
    const annotated = { metadata: { annotations: { tried: 'yes' } } };
    await api.object('create', resource, { body, query });
    expect(await outcome(api, 'get', { name })).toBe(404);
    const object = await api.object('create', resource, { body });
    const changed = { ...object, metadata: { ...object.metadata, ...annotated.metadata } };
    for (const subresource of ['', ...(kind.status ? ['status'] : [])]) {
      await api.object('patch', resource, { name, subresource, body: annotated, mediaType: merge, query });
      await api.object('update', resource, { name, subresource, body: changed, query });
    }
    await api.send('delete', resource, { name, query });
    expect(await api.object('get', resource, { name })).toEqual(object);
  });

  test('leaves its dependents to the collector unless told otherwise', async () => {
    const { api } = await made();
    const holds = { metadata: { finalizers: ['example.com/held'] } };
    await api.object('patch', resource, { name, body: holds, mediaType: merge });
    await api.send('delete', resource, { name });
    const { finalizers = [] } = (await api.object('get', resource, { name })).metadata;
    expect(finalizers.includes('orphan')).toBe(orphansDependents.has(plural));
    expect(finalizers).not.toContain('foregroundDeletion');
  });

  test('waits for its dependents when told so', async () => {
    const { api } = await made();
    const holds = { metadata: { finalizers: ['example.com/held'] } };
    await api.object('patch', resource, { name, body: holds, mediaType: merge });
    await api.send('delete', resource, { name, query: { propagationPolicy: 'Foreground' } });
    const { finalizers = [] } = (await api.object('get', resource, { name })).metadata;
    expect(finalizers.includes('foregroundDeletion')).toBe(!hasNoDependents.has(plural));
  });

  test('has a generation where upstream counts them', async () => {
    if (!kind.status) return;
    const { object } = await made();
    expect(object.metadata.generation).toBe(hasNoGeneration.has(plural) ? undefined : 1);
  });

  const status = statusOf[plural] ?? { conditions: [condition] };
  const saying =
    'conditions' in status
      ? { conditions: expect.arrayContaining([expect.objectContaining(condition)]) }
      : status;

  test('is told its status by writes of that alone', async () => {
    if (!kind.status) return;
    // Nodes tell all of themselves when they join.
    const isTold = plural === 'nodes';
    const api = await createTestCluster();
    const object = await api.object('create', resource, { body: { ...body, status } as never });
    (isTold ? expect(object) : expect(object).not).toMatchObject({ status: saying });
    const whole = await api.object('patch', resource, { name, body: { status }, mediaType: merge });
    (isTold ? expect(whole) : expect(whole).not).toMatchObject({ status: saying });
    const told = await api.object('patch', resource, {
      name,
      subresource: 'status',
      body: { status },
      mediaType: merge,
    });
    expect(told).toMatchObject({ status: saying });
    expect(lackedBy(told)).toEqual([]);
    expect({ ...told, status: 0, metadata: 0 }).toEqual({ ...whole, status: 0, metadata: 0 });
  });

  test('takes labels with its status where upstream does, and who applies them owns them then alone', async () => {
    if (!kind.status) return;
    const { api } = await made();
    const takes = statusTakesMetadata.has(plural);
    const labels = { told: 'with-status' };
    const { group, version } = resource;
    const applied = await api.object('patch', resource, {
      name,
      subresource: 'status',
      query: { fieldManager: 'teller', force: 'true' },
      body: {
        apiVersion: group ? `${group}/${version}` : version,
        kind: resource.kind,
        metadata: { name, labels },
        status,
      },
      mediaType: 'application/apply-patch+yaml',
    });
    expect(applied.metadata.labels?.told).toBe(takes ? 'with-status' : undefined);
    const own = applied.metadata.managedFields?.find(({ manager }) => manager === 'teller');
    expect(own).toBeDefined();
    const owned = expect(own?.fieldsV1);
    (takes ? owned : owned.not).toHaveProperty(['f:metadata', 'f:labels', 'f:told']);
  });
});
