import { describe, expect, onTestFinished, test } from 'vitest';
import { allResources } from '../api/generated/resources.ts';
import { startApiServer } from '../apiserver/testing-api-server.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { connectHttps } from '../platform/http-client.ts';
import { type RuntimeConfig, servedBy } from './served-apis.ts';

/** The names of what is not served. */
function missing(config: RuntimeConfig): string[] {
  const isServed = servedBy(config);
  return allResources
    .filter((resource) => !isServed({ resource }))
    .map(({ group, version, plural }) => `${group}/${version}/${plural}`);
}
const of = (prefix: string) =>
  allResources
    .map(({ group, version, plural }) => `${group}/${version}/${plural}`)
    .filter((name) => name.startsWith(prefix));

describe('what is turned off', () => {
  test.each<[RuntimeConfig, readonly string[]]>([
    [{}, []],
    [{ 'api/all': 'true', 'api/beta': 'true', 'api/alpha': 'true', 'api/legacy': '' }, []],
    [{ 'apps/v1': 'false' }, of('apps/v1/')],
    [{ v1: 'false' }, of('/v1/')],
    [{ 'api/v1/secrets': 'false' }, ['/v1/secrets']],
    [{ 'batch/v1/cronjobs': '0', 'batch/v1': '' }, ['batch/v1/cronjobs']],
    [{ 'batch/v1': 'false', 'batch/v1/jobs': 'true' }, ['batch/v1/cronjobs']],
    [{ 'api/beta': 'false' }, of('metrics.k8s.io/v1beta1/')],
    [{ 'api/beta': 'false', 'api/all': 'true' }, of('metrics.k8s.io/v1beta1/')],
    [{ 'resource.k8s.io/v1beta1': 'false' }, []],
  ])('%j', (config, expected) => {
    expect(missing(config)).toEqual(expected);
  });

  test('is all but what is turned on', () => {
    const config = { 'api/all': 'false', v1: 'true', 'apps/v1/deployments': 'true' };
    const left = allResources.length - missing(config).length;
    expect(left).toBe(of('/v1/').length + 1);
  });
});

test.each<[RuntimeConfig, string]>([
  [{ 'api/all': 'false' }, 'invalid runtime-config with only api/all=false'],
  [{ 'api/beta': 'yes' }, 'invalid value api/beta=yes'],
  [{ apps: 'true' }, 'runtime-config invalid key apps'],
  [{ 'a/b/c/d': 'true' }, 'runtime-config invalid key a/b/c/d'],
  [{ 'b.test/v1': 'true', 'a.test/v1': 'false' }, 'unknown api groups a.test/v1,b.test/v1'],
  [{ 'apps/v9': 'false' }, 'group version apps/v9 that has not been registered'],
  [
    { 'resource.k8s.io/v1beta1': 'true' },
    'group version resource.k8s.io/v1beta1 that has not been registered',
  ],
  [
    { 'apps/v1/Deployments': 'false' },
    'invalid key apps/v1/Deployments: group/version/resource and resource is always lowercase plural, not "Deployments"',
  ],
  [{ 'apps/v1': 'no' }, 'invalid value of apps/v1: no, err: strconv.ParseBool: parsing "no": invalid syntax'],
])('%j is refused', (config, why) => {
  expect(() => servedBy(config)).toThrow(why);
});

test('clients do not find it, in no document, and what runs in the process does', async () => {
  const config = { 'apps/v1/daemonsets': 'false', 'autoscaling/v2': 'false', 'node.k8s.io/v1': 'false' };
  const { api, origin, client, stop } = await startApiServer({ isServed: servedBy(config) });
  onTestFinished(stop);
  const root = api.transportFor({ name: 'root', groups: ['system:masters'] });
  expect(await root.request({ method: 'GET', path: '/apis/apps/v1/daemonsets' })).toMatchObject({
    kind: 'DaemonSetList',
  });
  const discovery = api.discovery();
  expect(
    discovery.resourceList({ group: 'apps', version: 'v1' })?.resources.map(({ name }) => name),
  ).not.toContain('daemonsets');
  expect(discovery.resourceList({ group: 'node.k8s.io', version: 'v1' })).toBeUndefined();
  expect(discovery.group('autoscaling')?.versions).toEqual([
    { groupVersion: 'autoscaling/v1', version: 'v1' },
  ]);
  const tls = await client('root', 'system:masters');
  const network = new HttpTransport({ connect: connectHttps, servers: [origin], tls, userAgent: 'test' });
  onTestFinished(() => network.close());
  const get = (path: string) => network.request({ method: 'GET', path });
  for (const path of [
    '/apis/apps/v1/daemonsets',
    '/apis/apps/v1/namespaces/default/daemonsets/d/status',
    '/apis/node.k8s.io/v1',
    '/apis/node.k8s.io/v1/runtimeclasses',
    '/openapi/v3/apis/node.k8s.io/v1',
    '/apis/apiregistration.k8s.io/v1/apiservices/v1.node.k8s.io',
  ])
    await expect(get(path), path).rejects.toMatchObject({ code: 404 });
  const { paths } = (await get('/openapi/v3/apis/apps/v1')) as { paths: Record<string, unknown> };
  expect(paths).toHaveProperty('/apis/apps/v1/deployments');
  expect(paths).not.toHaveProperty('/apis/apps/v1/daemonsets');
  await expect(get('/apis/autoscaling/v1/horizontalpodautoscalers')).resolves.toBeDefined();
  await expect(get('/apis/autoscaling/v2/horizontalpodautoscalers')).rejects.toThrow(
    'the server could not find the requested resource',
  );
});
