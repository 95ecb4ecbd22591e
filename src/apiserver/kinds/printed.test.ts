import { describe, expect, test } from 'vitest';
import * as resources from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import { leastOf } from './testing-least.ts';

type Json = Record<string, unknown>;

const merge = 'application/merge-patch+json';
const apply = 'application/apply-patch+yaml';
const containers = [{ name: 'c', image: 'nginx' }];
const since = '2026-01-01T00:00:00Z';
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
const resourceRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true };
const subjects = [{ kind: 'Group', group: { name: 'g' } }];
const divisible = { name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } };

/** What is answered where a client says nothing of a field that upstream always prints, or an empty list. */
const answers: [what: string, resource: Resource, body: object, answer: object][] = [
  ['rules that are not there', resources.roles, {}, { rules: null }],
  ['rules that are empty', resources.clusterroles, { rules: [] }, { rules: null }],
  ['slices of nothing', resources.endpointslices, { addressType: 'IPv4' }, { endpoints: null, ports: null }],
  [
    'slices of empty lists',
    resources.endpointslices,
    { addressType: 'IPv4', endpoints: [], ports: [] },
    { endpoints: null, ports: null },
  ],
  ['limits', resources.limitranges, { spec: {} }, { spec: { limits: null } }],
  [
    'what an autoscaler measures',
    resources.horizontalpodautoscalers,
    leastOf(resources.horizontalpodautoscalers),
    { status: { currentMetrics: null, desiredReplicas: 0 } },
  ],
  ['drivers of a node', resources.csinodes, { spec: {} }, { spec: { drivers: null } }],
  [
    'topology of a driver',
    resources.csinodes,
    { spec: { drivers: [{ name: 'd.example.com', nodeID: 'n' }] } },
    { spec: { drivers: [{ topologyKeys: null }] } },
  ],
  ['requests for devices', resources.resourceclaims, { spec: {} }, { spec: { devices: { requests: null } } }],
  [
    'the group of a source',
    resources.persistentvolumeclaims,
    { spec: { ...claim, dataSource: { kind: 'PersistentVolumeClaim', name: 'other' } } },
    { spec: { dataSource: { apiGroup: null }, dataSourceRef: { apiGroup: null } } },
  ],
  [
    'namespaces of a rule for what is in none',
    resources.flowschemas,
    {
      spec: {
        priorityLevelConfiguration: { name: 'l' },
        matchingPrecedence: 5,
        rules: [{ subjects, resourceRules: [resourceRule] }],
      },
    },
    { spec: { rules: [{ resourceRules: [{ namespaces: null }] }] } },
  ],
  [
    'moments of an event',
    resources.events,
    { involvedObject: { namespace: 'default' } },
    { eventTime: null, firstTimestamp: null, lastTimestamp: null, reportingComponent: '', source: {} },
  ],
  [
    'a divisor, and sources of a volume',
    resources.pods,
    {
      spec: {
        serviceAccountName: 'default',
        automountServiceAccountToken: false,
        containers: [{ ...containers[0], env: [divisible], resources: { limits: { cpu: 1 } } }],
        volumes: [{ name: 'v', projected: {} }],
      },
    },
    {
      spec: {
        containers: [{ env: [{ valueFrom: { resourceFieldRef: { divisor: '0' } } }] }],
        volumes: expect.arrayContaining([{ name: 'v', projected: { sources: null, defaultMode: 420 } }]),
      },
    },
  ],
];

const bodyOf = (body: object) => ({ metadata: { name: 'x' }, ...body }) as KubernetesObject;

describe('a field that is always printed', () => {
  test.each(answers)('%s', async (_, resource, body, answer) => {
    const api = await createTestCluster();
    const made = await api.object('create', resource, { body: bodyOf(body) });
    expect(made).toMatchObject(answer);
    const { name } = made.metadata;
    expect(await api.object('get', resource, { name })).toMatchObject(answer);
    expect(await api.object('update', resource, { name, body: made })).toEqual(made);
    const sentAgain = { ...bodyOf(body), metadata: made.metadata };
    expect(await api.object('update', resource, { name, body: sentAgain })).toEqual(made);
    const patch = { name, body: { metadata: { labels: { a: 'b' } } }, mediaType: merge };
    expect(await api.object('patch', resource, patch)).toMatchObject(answer);
  });

  test.each(answers)('%s: what is applied twice is written once', async (_, resource, body, answer) => {
    const api = await createTestCluster();
    const { group, version, kind } = resource;
    const apiVersion = group ? `${group}/${version}` : version;
    const request = {
      name: bodyOf(body).metadata.name as string,
      body: { apiVersion, kind, ...bodyOf(body) },
      mediaType: apply,
      query: { fieldManager: 'a' },
    };
    const made = await api.object('patch', resource, request);
    expect(made).toMatchObject(answer);
    await api.clock.advance(60_000);
    expect(await api.object('patch', resource, request)).toEqual(made);
    // Nobody has to fight for what another has left out.
    const other = {
      ...request,
      body: { apiVersion, kind, metadata: { name: request.name } },
      query: { fieldManager: 'b' },
    };
    expect((await api.object('patch', resource, other)).metadata.generation).toBe(made.metadata.generation);
  });

  test('is owned where it has been said, not where the struct has it anyway', async () => {
    const api = await createTestCluster();
    const ownedOf = async (resource: Resource, body: object) =>
      (await api.object('create', resource, { body: bodyOf(body) })).metadata.managedFields?.[0]?.fieldsV1;
    expect(await ownedOf(resources.roles, {})).toBeUndefined();
    expect(await ownedOf(resources.clusterroles, { rules: [] })).toEqual({ 'f:rules': {} });
    const set = await ownedOf(resources.statefulsets, leastOf(resources.statefulsets));
    expect(set).toHaveProperty(['f:spec', 'f:serviceName']);
    const spec = { ...(leastOf(resources.statefulsets) as unknown as { spec: Json }).spec, serviceName: '' };
    const unnamed = await ownedOf(resources.statefulsets, {
      ...leastOf(resources.statefulsets),
      metadata: { name: 'y', labels: { t: '1' } },
      spec,
    });
    expect(unnamed).toHaveProperty(['f:spec', 'f:selector']);
    expect(unnamed).not.toHaveProperty(['f:spec', 'f:serviceName']);
    const event = await ownedOf(resources.events, { involvedObject: { namespace: 'default' }, reason: 'R' });
    expect(event).toEqual({ 'f:involvedObject': {}, 'f:reason': {} });
  });

  test('is owned with an element of a list that is new', async () => {
    const api = await createTestCluster();
    await api.object('create', resources.pods, { body: bodyOf({ spec: { containers } }) });
    const condition = { type: 'Ready', status: 'True', lastTransitionTime: since };
    const pod = await api.object('patch', resources.pods, {
      name: 'x',
      subresource: 'status',
      body: { status: { conditions: [condition] } },
      mediaType: 'application/strategic-merge-patch+json',
    });
    expect(pod.status?.conditions).toEqual([{ ...condition, lastProbeTime: null }]);
    const writer = pod.metadata.managedFields?.find(({ subresource }) => subresource === 'status');
    const owned = ['f:status', 'f:conditions', 'k:{"type":"Ready"}', 'f:lastProbeTime'];
    expect(writer?.fieldsV1).toHaveProperty(owned);
  });

  test('is no field that a client may leave out: zeros of those go', async () => {
    const api = await createTestCluster();
    const spec = { replicas: 0, paused: false, minReadySeconds: 0, selector: { matchLabels: { a: 'b' } } };
    const template = {
      metadata: { labels: { a: 'b' }, annotations: {} },
      spec: { containers, nodeSelector: {} },
    };
    const made = await api.object('create', resources.deployments, {
      body: bodyOf({ spec: { ...spec, template } }),
    });
    const { paused: _, minReadySeconds: __, ...kept } = spec;
    expect(made.spec).toMatchObject(kept);
    expect(made.spec).not.toHaveProperty('paused');
    expect(made.spec).not.toHaveProperty('minReadySeconds');
    expect(made.spec?.template.metadata).toEqual({ labels: { a: 'b' } });
    expect(made.spec?.template.spec).not.toHaveProperty('nodeSelector');
    expect(made.status).toEqual({});
  });
});

/** Puts an object into the store as versions before wrote it, without what is always printed. */
async function putOld(api: TestApi, key: string, object: Json): Promise<void> {
  const { metadata, ...rest } = object;
  const text = JSON.stringify({ ...rest, metadata: { ...(metadata as Json), resourceVersion: undefined } });
  await api.store.commit({ writes: [{ type: 'put', key, value: Buffer.from(text) }] });
}

describe('an object that was stored before a field was always printed', () => {
  async function standing() {
    const clock = new VirtualClock();
    const api = await createTestCluster({ store: createMemoryStore({ clock }) });
    const source = { kind: 'PersistentVolumeClaim', name: 'other' };
    const body = bodyOf({ spec: { ...claim, dataSource: source } });
    const made = await api.object('create', resources.persistentvolumeclaims, { body });
    const old = structuredClone(made) as unknown as { spec: { dataSource: Json; dataSourceRef: Json } };
    delete old.spec.dataSource.apiGroup;
    delete old.spec.dataSourceRef.apiGroup;
    await putOld(api, '/registry/persistentvolumeclaims/default/x', old as unknown as Json);
    const found = await api.object('get', resources.persistentvolumeclaims, { name: 'x' });
    return { api, found };
  }

  test('stays as it is where nothing is changed', async () => {
    const { api, found } = await standing();
    const again = await api.object('update', resources.persistentvolumeclaims, { name: 'x', body: found });
    expect(again).toEqual(found);
  });

  test('has not changed where it must not', async () => {
    const { api } = await standing();
    const patch = { name: 'x', body: { metadata: { labels: { a: 'b' } } }, mediaType: merge };
    const changed = await api.object('patch', resources.persistentvolumeclaims, patch);
    expect(changed.spec?.dataSource).toEqual({
      apiGroup: null,
      kind: 'PersistentVolumeClaim',
      name: 'other',
    });
  });
});
