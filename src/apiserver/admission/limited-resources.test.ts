import { expect, test } from 'vitest';
import type { ResourceQuotaSpec } from '../../api/core/v1.ts';
import { persistentvolumeclaims, pods, resourcequotas, services } from '../../api/generated/resources.ts';
import { createTestCluster, type TestApi } from '../registry/testing.ts';
import { type LimitedResource, readLimitedResources } from './limited-resources.ts';
import { resourceQuotaWith } from './resource-quota.ts';

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error.message,
  );

const limiting = (...limited: LimitedResource[]) =>
  createTestCluster({ admission: [resourceQuotaWith(limited)] });

/** A quota of which nothing is used. */
async function withQuota(api: TestApi, name: string, spec: ResourceQuotaSpec): Promise<void> {
  const made = await api.object('create', resourcequotas, { body: { metadata: { name }, spec } });
  const used = Object.fromEntries(Object.keys(spec.hard ?? {}).map((key) => [key, '0']));
  const body = { ...made, status: { hard: spec.hard, used } };
  await api.send('update', resourcequotas, { name, subresource: 'status', body });
}

const createPod = (api: TestApi, spec: object = {}) => {
  const resources = { requests: { cpu: '1' } };
  const body = {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
  };
  return failure(api.send('create', pods, { body }));
};

const cpu = { resource: 'pods', matchContains: ['cpu'] };
const noCpu = 'pods "p" is forbidden: insufficient quota to consume: cpu,requests.cpu';

test('what is limited is had where quotas speak of all of it', async () => {
  expect(await createPod(await limiting())).toBeUndefined();
  expect(await createPod(await limiting({ resource: 'services', matchContains: ['services'] }))).toBe(
    undefined,
  );
  expect(await createPod(await limiting({ ...cpu, apiGroup: 'apps' }))).toBeUndefined();
  const api = await limiting(cpu);
  expect(await createPod(api)).toBe(noCpu);
  await withQuota(api, 'others', { hard: { pods: '5' } });
  expect(await createPod(api)).toBe(noCpu);
  const other = await limiting(cpu);
  await withQuota(other, 'a', { hard: { 'requests.cpu': '5' } });
  expect(await createPod(other)).toBe('pods "p" is forbidden: insufficient quota to consume: cpu');
  await withQuota(other, 'b', { hard: { cpu: '5' } });
  expect(await createPod(other)).toBeUndefined();
});

test('pods of limited classes are had where a quota is about them', async () => {
  const scope = (operator: string, ...values: string[]) => ({ scopeName: 'PriorityClass', operator, values });
  const api = await limiting({ resource: 'pods', matchScopes: [scope('In', 'high', 'top')] });
  const high = { priorityClassName: 'high' };
  const hard = { pods: '2' };
  expect(await createPod(api)).toBeUndefined();
  await api.send('delete', pods, { name: 'p', query: { gracePeriodSeconds: '0' } });
  expect(await createPod(api, high)).toBe(
    'insufficient quota to match these scopes: [{PriorityClass In [high top]}]',
  );
  await withQuota(api, 'plain', { hard });
  expect(await createPod(api, high)).toContain('insufficient quota to match these scopes');
  await withQuota(api, 'low', { hard, scopeSelector: { matchExpressions: [scope('In', 'low')] } });
  expect(await createPod(api, high)).toContain('insufficient quota to match these scopes');
  await withQuota(api, 'high', { hard, scopes: ['PriorityClass'] });
  expect(await createPod(api, high)).toBeUndefined();
});

test('who takes no more than before needs no quota', async () => {
  const api = await limiting({ resource: 'services', matchContains: ['services.loadbalancers'] });
  const ports = [{ port: 80 }];
  const body = { metadata: { name: 's' }, spec: { ports, type: 'ClusterIP' } };
  await api.send('create', services, { body });
  const change = async (spec: object) => {
    const { spec: old, ...rest } = await api.object('get', services, { name: 's' });
    return failure(api.send('update', services, { name: 's', body: { ...rest, spec: { ...old, ...spec } } }));
  };
  expect(await change({ sessionAffinity: 'ClientIP' })).toBeUndefined();
  expect(await change({ type: 'LoadBalancer' })).toBe(
    'services "s" is forbidden: insufficient quota to consume: services.loadbalancers',
  );
});

test('claims of limited classes of storage need a quota for it', async () => {
  const part = '.storageclass.storage.k8s.io/requests.storage';
  const api = await limiting({ resource: 'persistentvolumeclaims', matchContains: [part] });
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const create = (more: object) => {
    const body = { metadata: { generateName: 'c-' }, spec: { ...spec, ...more } };
    return failure(api.send('create', persistentvolumeclaims, { body }));
  };
  expect(await create({})).toBeUndefined();
  expect(await create({ storageClassName: 'gold' })).toContain(`insufficient quota to consume: gold${part}`);
});

test.each<[string, object, string]>([
  ['another kind', { apiVersion: 'v1', kind: 'Other' }, 'no kind "Other" is registered'],
  ['another version', { apiVersion: 'v1', kind: 'Configuration' }, 'no kind "Configuration" is registered'],
  [
    'no resource',
    {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'ResourceQuotaConfiguration',
      limitedResources: [cpu, { matchContains: ['cpu'] }],
    },
    'limitedResources[1].resource: Required value',
  ],
])('a configuration with %s is none', (_, read, why) => {
  expect(() => readLimitedResources(read)).toThrow(why);
});
