import { afterAll, beforeAll, expect } from 'vitest';
import { type Any, at } from '../support/api.ts';
import { type ConformanceCluster, eventually, startConformanceCluster } from '../support/cluster.ts';
import { define, definition, definitionsPath } from '../support/definitions.ts';
import { testsOf } from '../support/lines.ts';
import { lines } from './lines.ts';

const line = testsOf(lines);
let cluster: ConformanceCluster;
let api: ConformanceCluster['api'];

beforeAll(async () => {
  cluster = await startConformanceCluster();
  ({ api } = cluster);
});
afterAll(() => cluster?.stop());

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** What client-go asks for: any of the forms, the newest first. */
const clientAccept = [
  aggregated,
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');

/** The aggregated document of a path, and the groups in it. */
async function document(path: string, accept: string): Promise<Any[]> {
  const answer = await api.call('GET', path, { headers: { accept } });
  expect(answer.code).toBe(200);
  expect(answer.headers['content-type']).toBe(aggregated);
  expect(answer.body).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
  return answer.body.items;
}

const named = (groups: Any[]): string[] =>
  groups.flatMap(({ metadata, versions }) =>
    versions.flatMap(({ version, resources }: Any) =>
      resources.map(({ resource }: Any) => `${metadata.name ?? ''}/${version}/${resource}`),
    ),
  );

/** What the documents of the single versions say there is. */
async function unaggregated(): Promise<string[]> {
  const { groups } = await api.get('/apis');
  const versions: string[] = groups.flatMap((group: Any) => group.versions.map((v: Any) => v.groupVersion));
  const lists = await Promise.all(
    ['/api/v1', ...versions.map((version) => `/apis/${version}`)].map((path) => api.get(path)),
  );
  return lists.flatMap(({ groupVersion, resources }) =>
    resources
      .filter(({ name }: Any) => !name.includes('/'))
      .map(({ name }: Any) => `${groupVersion.includes('/') ? '' : '/'}${groupVersion}/${name}`),
  );
}

/** Both documents together hold all resources. */
async function showBuiltIn(accept: string): Promise<void> {
  const found = named([...(await document('/api', accept)), ...(await document('/apis', accept))]);
  expect(found.sort()).toEqual((await unaggregated()).sort());
  expect(found).toEqual(
    expect.arrayContaining([
      '/v1/pods',
      'apps/v1/deployments',
      'batch/v1/cronjobs',
      'rbac.authorization.k8s.io/v1/roles',
      'apiextensions.k8s.io/v1/customresourcedefinitions',
    ]),
  );
}

/** A definition's kind comes with all that a client needs to know of it. */
async function showDefinition(accept: string): Promise<void> {
  const more = { scope: 'Cluster' };
  const { group, kind, plural, path } = await define(api, { more });
  const find = async () => (await document('/apis', accept)).find(({ metadata }) => metadata.name === group);
  const found = await eventually(find);
  expect(found.versions).toMatchObject([
    {
      version: 'v1',
      freshness: 'Current',
      resources: [
        {
          resource: plural,
          responseKind: { group, version: 'v1', kind },
          scope: 'Cluster',
          singularResource: kind.toLowerCase(),
          verbs: expect.arrayContaining(['get', 'list', 'watch', 'create', 'update', 'patch', 'delete']),
        },
      ],
    },
  ]);
  await api.delete(path);
  await eventually(async () => !(await find()));
}

line('aggregated-client', () => showBuiltIn(clientAccept));
line('aggregated-client-definition', () => showDefinition(clientAccept));
line('aggregated-raw', () => showBuiltIn(aggregated));
line('aggregated-raw-definition', () => showDefinition(aggregated));

line('discovery-group-versions', async () => {
  const { groups } = await api.get('/apis');
  expect(groups.length).toBeGreaterThan(15);
  for (const group of groups) {
    expect(await api.get(`/apis/${group.name}`)).toMatchObject(group);
    for (const { groupVersion, version } of group.versions) {
      expect(groupVersion).toBe(`${group.name}/${version}`);
      const list = await api.get(`/apis/${groupVersion}`);
      expect(list).toMatchObject({ kind: 'APIResourceList', groupVersion });
      expect(list.resources.length).toBeGreaterThan(0);
      for (const { name, kind, verbs } of list.resources) {
        expect(name && kind && verbs.length > 0).toBe(true);
      }
    }
  }
});

line('discovery-preferred', async () => {
  const { groups } = await api.get('/apis');
  for (const { versions, preferredVersion } of groups) expect(versions).toContainEqual(preferredVersion);
});

line('definition-discovery', async () => {
  const { groups } = await api.get('/apis');
  const group = groups.find(({ name }: Any) => name === 'apiextensions.k8s.io');
  const v1 = { groupVersion: 'apiextensions.k8s.io/v1', version: 'v1' };
  expect(group.versions).toContainEqual(v1);
  expect((await api.get('/apis/apiextensions.k8s.io')).versions).toContainEqual(v1);
  const { resources } = await api.get('/apis/apiextensions.k8s.io/v1');
  expect(resources).toContainEqual(
    expect.objectContaining({ name: 'customresourcedefinitions', kind: 'CustomResourceDefinition' }),
  );
});

line('definition-create-delete', async () => {
  const made = definition();
  const path = `${definitionsPath}/${made.metadata.name}`;
  expect((await api.post(definitionsPath, made)).spec.group).toBe(made.spec.group);
  await api.delete(path);
  await eventually(async () => !(await api.has(path)));
});

line('definition-list', async () => {
  const labels = { list: 'ten' };
  for (let i = 0; i < 10; i++) await api.post(definitionsPath, definition({ labels }));
  await api.post(definitionsPath, definition({ labels: { list: 'other' } }));
  const selected = `${definitionsPath}?labelSelector=list%3Dten`;
  expect(await api.names(selected)).toHaveLength(10);
  await api.delete(selected);
  await eventually(async () => (await api.names(selected)).length === 0);
  expect(await api.names(`${definitionsPath}?labelSelector=list%3Dother`)).toHaveLength(1);
});

line('table-not-acceptable', async () => {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
  };
  const answer = await api.call('POST', at('authorization.k8s.io/v1', 'selfsubjectaccessreviews'), {
    body: review,
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
  });
  expect(answer.code).toBe(406);
  expect(JSON.parse(answer.text)).toMatchObject({ kind: 'Status', reason: 'NotAcceptable', code: 406 });
});

line('version', async () => {
  const { major, minor, gitVersion } = await api.get('/version');
  expect(major).toMatch(/^\d+$/);
  expect(minor).toMatch(/^\d+$/);
  expect(gitVersion).toMatch(new RegExp(`^v${major}\\.${minor}\\.`));
});
