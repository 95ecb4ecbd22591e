import { describe, expect } from 'vitest';
import { documentV2 } from '../../src/apiserver/openapi/document-v2.ts';
import {
  generalPaths,
  groupPath,
  type PathOperations,
  resourcePaths,
  versionPath,
} from '../../src/apiserver/openapi/paths.ts';
import type { ServedResource, ServedSubresource } from '../../src/apiserver/openapi/served-resource.ts';
import { type GroupVersionKind, kindSchema } from '../../src/machinery/schema.ts';
import { type ReferenceOperation, reference, referenceTest } from './reference.ts';

const verbs: Record<string, string> = {
  list: 'list',
  get: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

const typeName = (kind: GroupVersionKind) => kindSchema(kind)?.name ?? '';

/** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale` in its parts. */
const resourcePattern =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)\/(?<scope>namespaces\/\{namespace\}\/)?(?<plural>[a-z]+)(?:\/\{name\}(?:\/(?<sub>[a-z]+)(?<rest>\/\{path\})?)?)?$/;

function newResource(groups: Record<string, string | undefined>): ServedResource {
  const { group = '', version = '', plural = '' } = groups;
  return { group, version, plural, kind: '', namespaced: false, verbs: [], type: '', subresources: [] };
}

function subresource(name: string, operations: ReferenceOperation[], methods: string[]): ServedSubresource {
  const kind = operations[0]?.gvk as GroupVersionKind;
  if (operations[0]?.action === 'connect')
    return { name, verbs: [], kind, connect: methods.map((m) => m.toUpperCase()), options: typeName(kind) };
  const text = operations[0]?.produces?.[0] === 'text/plain';
  const options = text ? 'io.k8s.api.core.v1.PodLogOptions' : undefined;
  return { name, verbs: operations.map((o) => verbs[o.action as string] as string), kind, text, options };
}

/** Reads the rows of all resources back from the reference's paths. */
function servedResources(paths: Record<string, Record<string, ReferenceOperation>>): ServedResource[] {
  const rows = new Map<string, ServedResource>();
  for (const [path, methods] of Object.entries(paths).sort(([a], [b]) => a.length - b.length)) {
    const groups = resourcePattern.exec(path)?.groups;
    if (!groups || !Object.values(methods)[0]?.gvk) continue;
    const key = `${groups.group} ${groups.version} ${groups.plural}`;
    const row = rows.get(key) ?? newResource(groups);
    rows.set(key, row);
    const operations = Object.values(methods);
    if (groups.scope) row.namespaced = true;
    if (groups.rest)
      Object.assign(row.subresources.find((s) => s.name === groups.sub) as object, { trailingPath: true });
    else if (groups.sub)
      row.subresources = [...row.subresources, subresource(groups.sub, operations, Object.keys(methods))];
    else {
      row.kind = operations[0]?.gvk?.kind as string;
      row.type = typeName({ group: row.group, version: row.version, kind: row.kind });
      row.verbs = [...new Set([...row.verbs, ...operations.map((o) => verbs[o.action as string] as string)])];
    }
  }
  return [...rows.values()];
}

const groupVersionsOf = (rows: ServedResource[]) => [
  ...new Map(rows.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values(),
];

function allPaths(rows: ServedResource[]): PathOperations[] {
  const groupVersions = groupVersionsOf(rows);
  return [
    ...generalPaths,
    ...[...new Set(groupVersions.map((gv) => gv.group))].map(groupPath),
    ...groupVersions.map(versionPath),
    ...rows.flatMap((row) => resourcePaths(row, typeName)),
  ];
}

/** CBOR, the kubelet's logs and groups without a stable version are not served. */
const withoutCbor = (types?: readonly string[]) => types?.filter((type) => !type.includes('cbor'));
const notServed = /^\/logs\/|^\/apis\/(internal\.apiserver|storagemigration)\.k8s\.io\/$/;

describe('OpenAPI paths against the reference', () => {
  referenceTest('paths, methods, ids, actions, kinds, media types, codes', () => {
    const { paths } = reference('openapi-paths.json');
    const rows = servedResources(paths);
    const ours: Record<string, unknown> = {};
    for (const { path, operations } of allPaths(rows))
      for (const o of operations)
        ours[`${o.method} ${path}`] = {
          operationId: o.id,
          action: o.action,
          gvk: o.kind,
          codes: [...o.answers.map((answer) => String(answer.code)), '401'],
          consumes: o.consumes,
          produces: o.produces,
        };
    const theirs: Record<string, unknown> = {};
    for (const [path, methods] of Object.entries(paths)) {
      if (notServed.test(path)) continue;
      for (const [method, o] of Object.entries(methods))
        theirs[`${method} ${path}`] = {
          operationId: o.operationId,
          action: o.action,
          gvk: o.gvk,
          codes: o.codes,
          consumes: withoutCbor(o.consumes),
          produces: withoutCbor(o.produces),
        };
    }
    console.log(`operations ${Object.keys(ours).length}/${Object.keys(theirs).length}`);
    expect(ours).toEqual(theirs);
  });

  referenceTest('the whole document defines what the reference defines', () => {
    const { paths } = reference('openapi-paths.json');
    const { definitions } = reference('openapi-definitions.json');
    const rows = servedResources(paths);
    const document = documentV2(allPaths(rows), {
      version: 'v1.36.0',
      resources: rows,
      groupVersions: groupVersionsOf(rows),
    });
    // GroupResource is part of StorageVersionMigration alone, which has no stable version.
    const theirs = Object.keys(definitions).filter((name) => !name.endsWith('.meta.v1.GroupResource'));
    expect(Object.keys(document.definitions).sort()).toEqual(theirs.sort());
  });
});
