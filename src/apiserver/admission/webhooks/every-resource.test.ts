import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { APIResource, APIResourceList } from '../../../api/meta/v1.ts';
import { systemConnector } from '../../../platform/connect.ts';
import { allKinds } from '../../kinds/kinds.ts';
import { leastOf } from '../../kinds/testing-least.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';
import { defaultAdmission } from '../plugins.ts';
import { startWebhook, type TestWebhook } from './testing-webhook.ts';

// Every resource and subresource, and every verb, as upstream's test of the same goes through them
// (test/integration/apiserver/admissionwebhook/admission_test.go).

const namespace = 'webhook-integration';
const user = 'webhook-integration-client';
/**
 * What the webhook of each configuration is asked under. Those of `converted` know each resource in the first of its groups and
 * versions alone.
 */
const paths = ['/mutating/all', '/mutating/converted', '/validating/all', '/validating/converted'];
const merge = 'application/merge-patch+json';
const options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' };

type Json = Record<string, any>;

/** A resource or subresource, where it is served. */
interface Served extends APIResource {
  /** Of the objects that it takes. */
  apiVersion: string;
  root: string;
}

interface Answered {
  status: number;
  body: Json;
  warnings: string;
}

let t: TestApiServer;
let hook: TestWebhook;
let client: { cert: string; key: string; ca: string };

function send(method: string, path: string, body?: object, type = 'application/json'): Promise<Answered> {
  const sent = body && JSON.stringify(body);
  const headers = sent ? { 'content-type': type, 'content-length': Buffer.byteLength(sent) } : {};
  return new Promise((resolve, reject) => {
    const call = { method, headers, agent: false as const, ...client };
    const request = httpsRequest(`${t.origin}${path}`, call, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => {
        const warnings = String(response.headers.warning ?? '');
        const body = text.startsWith('{') ? JSON.parse(text) : { message: text };
        resolve({ status: response.statusCode ?? 0, body, warnings });
      });
    });
    request.on('error', reject);
    request.end(sent);
  });
}

async function done(...request: Parameters<typeof send>): Promise<Json> {
  const { status, body } = await send(...request);
  if (status >= 300) throw new Error(`${request.slice(0, 2).join(' ')}: ${status} ${body.message}`);
  return body;
}

const everything = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }];

/** Each resource, by its name, in the first of the groups and versions that serve it. */
const firsts = new Map<string, Served>();

const groupAndVersionOf = (apiVersion: string) => {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return { group, version };
};

const ownOf = ({ root }: Served) => groupAndVersionOf(root.split('/').slice(2).join('/'));

const ruleOf = (resource: Served) => ({
  operations: ['*'],
  apiGroups: [ownOf(resource).group],
  apiVersions: [ownOf(resource).version],
  resources: [resource.name],
});

async function findFirsts(): Promise<void> {
  const sorted = versions.map(groupAndVersionOf).sort((a, b) => {
    const [one, other] = [a, b].map(({ group, version }) => `${group}/${version}`);
    return (one as string) < (other as string) ? -1 : 1;
  });
  for (const version of sorted) {
    for (const resource of await resourcesOf(versionOf(version)))
      if (!firsts.has(resource.name)) firsts.set(resource.name, resource);
  }
}

/** Webhooks that are asked about everything, and want to add a field that no kind has. */
async function register(path: string): Promise<void> {
  const [phase, form] = path.split('/').slice(1);
  const rules = form === 'all' ? everything : [...firsts.values()].map(ruleOf);
  const adds = [{ op: 'add', path: '/foo', value: 'test' }];
  const patch = {
    patch: Buffer.from(JSON.stringify(adds)).toString('base64'),
    patchType: 'JSONPatch' as const,
  };
  hook.answers[path] = ({ object }) => ({
    allowed: true,
    warnings: [path],
    ...(phase === 'mutating' && object && patch),
  });
  await done('POST', `/apis/admissionregistration.k8s.io/v1/${phase}webhookconfigurations`, {
    metadata: { name: `${form}.example.com` },
    webhooks: [
      {
        name: `${form}.example.com`,
        clientConfig: { url: `https://127.0.0.1:${hook.port}${path}`, caBundle: hook.caBundle },
        rules,
        matchPolicy: 'Equivalent',
        sideEffects: 'None',
        admissionReviewVersions: ['v1', 'v1beta1'],
      },
    ],
  });
}

beforeAll(async () => {
  hook = await startWebhook({});
  // As upstream's test has it: what adds finalizers is left out.
  const admission = defaultAdmission.filter(({ name }) => name !== 'StorageObjectInUseProtection');
  t = await startApiServer({ outside: systemConnector, admission });
  client = await t.client(user, 'system:masters');
  await done('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  await done('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: 'default' } });
  await done('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', custom);
  await vi.waitFor(() => resourcesOf(`${customGroup}/v1`), 5000);
  await findFirsts();
  for (const path of paths) await register(path);
}, 60_000);
afterAll(async () => {
  await t.stop();
  hook.close();
});

const customGroup = 'awesome.bears.com';
const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const custom = {
  metadata: { name: `pandas.${customGroup}` },
  spec: {
    group: customGroup,
    scope: 'Cluster',
    names: { plural: 'pandas', kind: 'Panda' },
    versions: ['v1', 'v2'].map((name, i) => ({
      name,
      served: true,
      storage: i === 0,
      schema: { openAPIV3Schema: open },
      subresources: { status: {}, scale },
    })),
  },
};

const rootOf = (groupVersion: string) =>
  groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;

async function resourcesOf(groupVersion: string): Promise<Served[]> {
  const root = rootOf(groupVersion);
  const { resources } = (await done('GET', root)) as unknown as APIResourceList;
  return resources.map((resource) => {
    const { group, version } = resource;
    const apiVersion = version ? [group, version].filter(Boolean).join('/') : groupVersion;
    return { ...resource, apiVersion, root };
  });
}

const spec = { user: 'user1', resourceAttributes: { name: 'name1', namespace } };
/** What is no object: it has no name, and there is nothing to update. */
const reviews: Record<string, object> = {
  tokenreviews: { spec: { token: 'token', audiences: ['audience1', 'audience2'] } },
  selfsubjectreviews: {},
  localsubjectaccessreviews: { metadata: { namespace }, spec },
  subjectaccessreviews: { spec },
  selfsubjectaccessreviews: { spec: { resourceAttributes: spec.resourceAttributes } },
  selfsubjectrulesreviews: { spec: { namespace } },
};

function stubOf({ name, apiVersion, kind, namespaced }: Served): Json {
  const { version, group } = groupAndVersionOf(apiVersion);
  const review = reviews[name];
  if (review) return { apiVersion, kind, ...review };
  const least = leastOf({ plural: name, group, version, namespaced } as never);
  if (name === 'pandas') Object.assign(least, { spec: { replicas: 100 } });
  const body = JSON.parse(JSON.stringify(least).replaceAll('"default"', JSON.stringify(namespace)));
  if (name === 'mutatingadmissionpolicies')
    body.spec.mutations[0].jsonPatch.expression = '[JSONPatch{op: "remove", path: "/x"}]';
  return { ...body, apiVersion, kind };
}

/** What webhooks are to be told. */
interface Told {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  name?: string | undefined;
}

/** Which objects are shown, and the kind of the options. */
const shows = {
  CREATE: { object: true, oldObject: false, options: 'CreateOptions' },
  UPDATE: { object: true, oldObject: true, options: 'UpdateOptions' },
  DELETE: { object: false, oldObject: true, options: 'DeleteOptions' },
  CONNECT: { object: true, oldObject: false, options: undefined },
};

const typeOf = (value: Json | null | undefined) => value && `${value.apiVersion}, ${value.kind}`;

function expected(request: Served, { operation, name }: Told, path: string) {
  const resource = path.endsWith('converted') ? (firsts.get(request.name) as Served) : request;
  const [plural, subResource] = request.name.split('/');
  const { object, oldObject, options: optionsKind } = shows[operation];
  const type = `${resource.apiVersion}, ${resource.kind}`;
  const kindOf = ({ apiVersion, kind }: Served) => ({ ...groupAndVersionOf(apiVersion), kind });
  return {
    path,
    operation,
    resource: { ...ownOf(resource), resource: plural },
    subResource,
    kind: kindOf(resource),
    requestResource: { ...ownOf(request), resource: plural },
    requestSubResource: subResource,
    requestKind: kindOf(request),
    name,
    namespace: request.namespaced ? namespace : plural === 'namespaces' ? name : undefined,
    object: object ? type : null,
    oldObject: oldObject ? type : null,
    options: optionsKind ? `meta.k8s.io/v1, ${optionsKind}` : null,
  };
}

const isExempt = ({ root, name }: Served) =>
  root.startsWith('/apis/admissionregistration.k8s.io/') && /^(mutating|validating)/.test(name);

/** Sends a request, again where something else has changed the object meanwhile, and checks what each webhook has heard of it. */
async function check(resource: Served, told: Told, act: () => Promise<Answered>): Promise<void> {
  const [plural, subResource] = resource.name.split('/');
  let answer: Answered | undefined;
  do {
    hook.asked.length = 0;
    answer = await act();
  } while (answer.status === 409);
  const label = `${told.operation} ${resource.root} ${resource.name}`;
  if (told.operation !== 'CONNECT' && answer.status >= 300) expect.soft([label, answer]).toBe('done');
  const heard = hook.asked.filter(
    ({ userInfo, operation, resource: asked, subResource: one, name }) =>
      userInfo?.username === user &&
      operation === told.operation &&
      asked?.resource === plural &&
      one === subResource &&
      name === told.name,
  );
  // Who finds that the object has changed meanwhile asks again.
  const last = paths.flatMap((path) => heard.findLast((one) => one.path === path) ?? []);
  const shown = last.map(({ path, object, oldObject, options: sent, ...one }) => ({
    path,
    operation: one.operation,
    resource: one.resource,
    subResource: one.subResource,
    kind: one.kind,
    requestResource: one.requestResource,
    requestSubResource: one.requestSubResource,
    requestKind: one.requestKind,
    name: one.name,
    namespace: one.namespace,
    object: typeOf(object),
    oldObject: typeOf(oldObject),
    options: typeOf(sent as Json | null),
  }));
  const asked = isExempt(resource) ? [] : paths;
  expect.soft(shown, label).toEqual(asked.map((path) => expected(resource, told, path)));
  const warned = paths.filter((path) => answer.warnings.includes(path));
  expect.soft(warned, label).toEqual(asked);
}

const collectionOf = ({ root, namespaced, name }: Served) =>
  `${root}${namespaced ? `/namespaces/${namespace}` : ''}/${name}`;

/** Waits for the end of an object, which others than this test may not hold up. */
async function gone(path: string): Promise<void> {
  await vi.waitFor(async () => {
    await send('PATCH', path, { metadata: { finalizers: null } }, merge);
    expect([path, (await send('GET', path)).status]).toEqual([path, 404]);
  }, 5000);
}

interface Place {
  path: string;
  name: string;
}

/** Updates and patches an object, or what a subresource shows of it. */
async function checkWrites(resource: Served, { path, name }: Place, whole = path): Promise<void> {
  const annotations = { seen: path };
  await check(resource, { operation: 'UPDATE', name }, async () => {
    const { body } = await send('GET', resource.verbs.includes('get') ? path : whole);
    return send('PUT', path, { ...body, metadata: { ...body.metadata, annotations } });
  });
  if (!resource.verbs.includes('patch')) return;
  const patch = { metadata: { annotations: { patched: path } } };
  await check(resource, { operation: 'UPDATE', name }, () => send('PATCH', path, patch, merge));
}

const upgrades = new Set(['attach', 'exec', 'portforward']);

async function checkSubresource(sub: Served, { path: whole, name }: Place): Promise<void> {
  const last = sub.name.split('/')[1] as string;
  const path = `${whole}/${last}`;
  const methods = upgrades.has(last) ? ['GET', 'POST'] : [];
  if (last === 'proxy') methods.push('POST', 'GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE');
  for (const method of methods) await check(sub, { operation: 'CONNECT', name }, () => send(method, path));
  if (methods.length > 0) return;
  if (sub.verbs.includes('update')) await checkWrites(sub, { path, name }, whole);
  const body = bodies[last];
  if (!body) return;
  const { apiVersion, kind } = sub;
  const sent = { apiVersion, kind, metadata: { name }, ...body };
  await check(sub, { operation: 'CREATE', name }, () => send('POST', path, sent));
}

/** What subresources take that are only created. */
const bodies: Record<string, object> = {
  token: { spec: { audiences: ['api'] } },
  binding: { target: { apiVersion: 'v1', kind: 'Node', name: 'foo' } },
  eviction: { deleteOptions: options },
};
const isLast = ({ name }: Served) => name === 'pods/eviction';

/** Deletes the object where that is the end of it, and where a finalizer keeps it. */
async function checkDeletion(resource: Served, { path, name }: Place, collection: string): Promise<void> {
  const told = { operation: 'DELETE', name } as const;
  const remove = () => send('DELETE', path, options);
  const stub = stubOf(resource);
  if (resource.name === 'namespaces') {
    await check(resource, told, remove);
    const terminating = await done('GET', path);
    await done('PUT', `${path}/finalize`, { ...terminating, spec: { finalizers: null } });
    return gone(path);
  }
  const finalizer = 'test/k8s.io';
  if ((await send('GET', path)).status === 404) await done('POST', collection, stub);
  await done('PATCH', path, { metadata: { finalizers: [finalizer] } }, merge);
  await check(resource, told, remove);
  expect((await done('GET', path))['metadata'].finalizers).toContain(finalizer);
  await gone(path);
  await done('POST', collection, stub);
  await check(resource, told, remove);
  await gone(path);
  const labels = { webhooktest: 'true' };
  await done('POST', collection, { ...stub, metadata: { ...stub['metadata'], labels } });
  const query = 'labelSelector=webhooktest%3Dtrue';
  await check(resource, { operation: 'DELETE' }, () => send('DELETE', `${collection}?${query}`, options));
  await gone(path);
}

async function checkResource(resource: Served, all: readonly Served[]): Promise<void> {
  const stub = stubOf(resource);
  const collection = collectionOf(resource);
  const name = reviews[resource.name] ? undefined : (stub['metadata'].name as string);
  await check(resource, { operation: 'CREATE', name }, () => send('POST', collection, stub));
  if (name === undefined) return;
  const place = { path: `${collection}/${name}`, name };
  await checkWrites(resource, place);
  const subresources = all.filter((sub) => sub.name.startsWith(`${resource.name}/`));
  const inOrder = [...subresources].sort((a, b) => Number(isLast(a)) - Number(isLast(b)));
  for (const sub of inOrder) await checkSubresource(sub, place);
  await checkDeletion(resource, place, collection);
}

const versionOf = ({ group, version }: { group: string; version: string }) =>
  group ? `${group}/${version}` : version;
const reviewed = ['authentication.k8s.io/v1', 'authorization.k8s.io/v1'];
const customVersions = [`${customGroup}/v1`, `${customGroup}/v2`];
const versions = [
  ...new Set([...allKinds.map(({ resource }) => versionOf(resource)), ...reviewed, ...customVersions]),
];

test.each(versions)(
  'webhooks hear of all that is done to %s, and of what it is done to',
  async (version) => {
    const all = await resourcesOf(version);
    const written = all.filter(({ name, verbs }) => !name.includes('/') && verbs.includes('create'));
    for (const resource of written) if (resource.name !== 'bindings') await checkResource(resource, all);
  },
  60_000,
);

test('webhooks hear of a binding that names its pod in its body', async () => {
  const resources = await resourcesOf('v1');
  const bindings = resources.find(({ name }) => name === 'bindings') as Served;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const pod = { metadata: { name: 'bound' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  await done('POST', pods, pod);
  const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'bound' }, ...bodies['binding'] };
  const bind = () => send('POST', `/api/v1/namespaces/${namespace}/bindings`, body);
  await check(bindings, { operation: 'CREATE', name: 'bound' }, bind);
});
