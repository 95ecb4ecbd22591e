import * as generated from '../../src/api/generated/resources.ts';
import type { Resource } from '../../src/api/resource.ts';
import { objects } from './objects.ts';

/** A request as a client means it, before it is bytes. */
export interface Intent {
  method: string;
  /** Without a query. */
  path: string;
  query: [string, string][];
  /** What the body says; absent where there is none. */
  body?: unknown;
  contentType?: string;
  accept?: string;
  headers?: [string, string][];
}

/** A resource as its path has it. */
export interface Served {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  /** Whether there is protobuf of it. */
  builtIn: boolean;
}

type Json = Record<string, unknown>;

const customResource: Served = {
  group: 'example.com',
  version: 'v1',
  plural: 'things',
  kind: 'Thing',
  namespaced: true,
  builtIn: false,
};

const builtIns = (Object.values(generated) as (Resource | unknown)[])
  .filter((r): r is Resource => typeof r === 'object' && r !== null && 'plural' in r && 'namespaced' in r)
  .map(({ group, version, plural, kind, namespaced }) => ({
    group,
    version,
    plural,
    kind,
    namespaced,
    builtIn: group !== 'apiextensions.k8s.io',
  }));

/** What there are objects of to send. */
export const served: readonly Served[] = [...builtIns, customResource].filter(
  ({ plural, group }) => objects[`${plural}.${group}`] !== undefined,
);

export const root = ({ group, version }: Served) => (group ? `/apis/${group}/${version}` : `/api/${version}`);

export function collectionPath(of: Served, namespace = 'default'): string {
  return of.namespaced ? `${root(of)}/namespaces/${namespace}/${of.plural}` : `${root(of)}/${of.plural}`;
}

/** The `index`th object of a resource, named unless its name is not free. */
export function objectOf(of: Served, index: number, name: string): Json {
  const all = objects[`${of.plural}.${of.group}`] as readonly Json[];
  const body = all[index % all.length] as Json;
  const isStored = !of.kind.endsWith('Review');
  const metadata = {
    ...(isStored && { name, labels: { app: 'web', t: '1' } }),
    ...(body.metadata as Json | undefined),
  };
  const apiVersion = of.group ? `${of.group}/${of.version}` : of.version;
  return { apiVersion, kind: of.kind, ...body, metadata };
}

const applyType = 'application/apply-patch+yaml';
const jsonPatchType = 'application/json-patch+json';
const mergeType = 'application/merge-patch+json';
const strategicType = 'application/strategic-merge-patch+json';

const mergeBody = { metadata: { labels: { t: '2' }, annotations: { note: null } }, spec: { replicas: 3 } };
const jsonPatchBody = [
  { op: 'test', path: '/metadata/labels/t', value: '1' },
  { op: 'add', path: '/metadata/labels/u', value: 'v' },
  { op: 'copy', from: '/metadata/labels', path: '/metadata/annotations' },
  { op: 'move', from: '/metadata/annotations/t', path: '/metadata/annotations/w' },
  { op: 'replace', path: '/metadata/labels/t', value: '3' },
  { op: 'remove', path: '/metadata/labels/u' },
];
const strategicBody = {
  metadata: { labels: { $patch: 'merge', t: '4' }, $deleteFromPrimitiveList: null },
  spec: {
    template: {
      spec: {
        containers: [
          { name: 'web', image: 'other' },
          { name: 'gone', $patch: 'delete' },
        ],
        '$setElementOrder/containers': [{ name: 'web' }],
      },
    },
    ports: [{ port: 80, name: 'c' }],
    $retainKeys: ['ports', 'template'],
  },
};

const managers = {
  query: [
    ['fieldManager', 'fuzz'],
    ['force', 'true'],
  ] as [string, string][],
};

/** The requests about one object of a resource. */
export function intentsOf(of: Served, index: number, name: string): Intent[] {
  const collection = collectionPath(of);
  const object = objectOf(of, index, name);
  const path = `${collection}/${(object.metadata as Json).name}`;
  const patch = (body: unknown, contentType: string, query: [string, string][] = []): Intent => ({
    method: 'PATCH',
    path,
    query,
    body,
    contentType,
  });
  const everywhere = `${root(of)}/${of.plural}`;
  return [
    { method: 'POST', path: collection, query: [['fieldValidation', 'Strict']], body: object },
    { method: 'POST', path: collection, query: [['dryRun', 'All']], body: object },
    { method: 'PUT', path, query: [], body: object },
    { method: 'GET', path, query: [] },
    {
      method: 'GET',
      path: collection,
      query: [
        ['limit', '2'],
        ['labelSelector', 'app in (web,db),t,!x'],
      ],
    },
    {
      method: 'GET',
      path: everywhere,
      query: [
        ['fieldSelector', `metadata.name!=${name}`],
        ['resourceVersion', '0'],
      ],
    },
    {
      method: 'GET',
      path: collection,
      query: [
        ['watch', '1'],
        ['allowWatchBookmarks', 'true'],
      ],
    },
    {
      method: 'GET',
      path: collection,
      query: [
        ['watch', '1'],
        ['sendInitialEvents', 'true'],
        ['resourceVersionMatch', 'NotOlderThan'],
      ],
    },
    patch(mergeBody, mergeType),
    patch(jsonPatchBody, jsonPatchType),
    patch(strategicBody, strategicType),
    patch(object, applyType, managers.query),
    { method: 'GET', path: `${path}/status`, query: [] },
    { method: 'PUT', path: `${path}/status`, query: [], body: { ...object, status: { conditions: [] } } },
    patch({ status: { observedGeneration: 1, conditions: [{ type: 'A', status: 'True' }] } }, mergeType),
    {
      method: 'DELETE',
      path,
      query: [['propagationPolicy', 'Background']],
      body: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid: 'x' } },
    },
    { method: 'DELETE', path: collection, query: [['labelSelector', 't=9']] },
  ];
}

const pod = '/api/v1/namespaces/default/pods/seed';

/** Requests that are about no kind in particular, or only about one. */
export const others: readonly Intent[] = [
  { method: 'GET', path: '/openapi/v2', query: [] },
  { method: 'GET', path: '/openapi/v3/apis/apps/v1', query: [] },
  {
    method: 'GET',
    path: '/apis',
    query: [],
    accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  },
  { method: 'GET', path: '/version', query: [] },
  { method: 'GET', path: '/readyz', query: [['verbose', '']] },
  { method: 'GET', path: '/metrics', query: [] },
  { method: 'GET', path: '/api/v1', query: [] },
  {
    method: 'POST',
    path: `${pod}/eviction`,
    query: [],
    body: {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name: 'seed' },
      deleteOptions: { dryRun: ['All'] },
    },
  },
  {
    method: 'POST',
    path: `${pod}/binding`,
    query: [],
    body: {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'seed' },
      target: { kind: 'Node', name: 'seed' },
    },
  },
  {
    method: 'PATCH',
    path: `${pod}/ephemeralcontainers`,
    query: [],
    contentType: strategicType,
    body: { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox', stdin: true }] } },
  },
  {
    method: 'PATCH',
    path: `${pod}/resize`,
    query: [],
    contentType: strategicType,
    body: { spec: { containers: [{ name: 'web', resources: { requests: { cpu: '200m' } } }] } },
  },
  {
    method: 'GET',
    path: `${pod}/log`,
    query: [
      ['tailLines', '3'],
      ['sinceTime', '2026-01-01T00:00:00Z'],
    ],
  },
  {
    method: 'POST',
    path: `${pod}/exec`,
    query: [
      ['command', 'ls'],
      ['stdin', 'true'],
    ],
  },
  { method: 'GET', path: '/api/v1/namespaces/default/services/seed:http/proxy/a/b', query: [['c', 'd']] },
  {
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/seed/token',
    query: [],
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: ['a'], expirationSeconds: 600 },
    },
  },
  {
    method: 'PUT',
    path: '/apis/apps/v1/namespaces/default/deployments/seed/scale',
    query: [],
    body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'seed' }, spec: { replicas: 4 } },
  },
  {
    method: 'PUT',
    path: '/api/v1/namespaces/seed/finalize',
    query: [],
    body: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'seed' },
      spec: { finalizers: ['kubernetes'] },
    },
  },
  {
    method: 'PATCH',
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests/seed/approval',
    query: [],
    contentType: mergeType,
    body: { status: { conditions: [{ type: 'Approved', status: 'True', reason: 'r', message: 'm' }] } },
  },
  {
    method: 'PATCH',
    path: '/apis/example.com/v1/namespaces/default/things/seed/scale',
    query: [],
    contentType: mergeType,
    body: { spec: { replicas: 3 } },
  },
];
