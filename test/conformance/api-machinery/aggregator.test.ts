import { afterAll, beforeAll, expect } from 'vitest';
import { TestExtension } from '../../../src/apiserver/aggregation/testing-extension.ts';
import { at } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
const [group, version] = ['wardle.test', 'v1alpha1'];
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];
let extension: TestExtension;

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
  const { data } = await api.get(
    at('v1', 'configmaps', { ns: 'kube-system', name: 'extension-apiserver-authentication' }),
  );
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'watch'];
  extension = await TestExtension.start({
    resources: [{ group, version, plural: 'flunders', kind: 'Flunder', namespaced: true, verbs }],
    services: ['sample-api.kube-system'],
    proxyCa: data['requestheader-client-ca-file'],
  });
});
afterAll(async () => {
  await extension?.close();
  await cluster?.stop();
});

line('aggregator', async () => {
  await api.post(at('v1', 'services', { ns: 'kube-system' }), {
    metadata: { name: 'sample-api' },
    spec: { type: 'ExternalName', externalName: 'localhost' },
  });
  const service = { namespace: 'kube-system', name: 'sample-api', port: extension.port };
  const { caBundle } = extension;
  const services = at('apiregistration.k8s.io/v1', 'apiservices');
  const name = `${version}.${group}`;
  const spec = { group, version, groupPriorityMinimum: 2000, versionPriority: 200, service, caBundle };
  await api.post(services, { metadata: { name }, spec });
  const condition = async () => (await api.get(`${services}/${name}`)).status?.conditions?.[0];
  await eventually(async () => (await condition())?.status === 'True');
  await eventually(async () =>
    (await api.get('/apis')).groups.some((known: { name: string }) => known.name === group),
  );
  const ns = await cluster.namespace();
  const flunders = at(`${group}/${version}`, 'flunders', { ns });
  await api.post(flunders, { apiVersion: `${group}/${version}`, kind: 'Flunder', metadata: { name: 'one' } });
  expect((await api.get(`${flunders}/one`)).metadata.name).toBe('one');
  expect(await api.names(flunders)).toEqual(['one']);
  await api.delete(`${flunders}/one`);
  await eventually(async () => (await api.names(flunders)).length === 0);
  await api.delete(`${services}/${name}`);
  await eventually(async () => !(await api.has(flunders)));
});
