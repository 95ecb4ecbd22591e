import { describe, expect } from 'vitest';
import { partsV2 } from '../../src/apiserver/openapi/document-v2.ts';
import { openApiResource } from '../../src/apiserver/openapi/from-kind.ts';
import type { OpenApiResource, OpenApiSubresource } from '../../src/apiserver/openapi/resource.ts';
import {
  generalPaths,
  groupPaths,
  type PathOperations,
  resourcePaths,
  versionPath,
} from '../../src/apiserver/openapi/paths.ts';
import { TestCluster } from '../../src/controllers/testing.ts';
import { type GroupVersionKind, kindSchema } from '../../src/machinery/schema.ts';
import { type ReferenceOperation, reference, referenceTest } from './reference.ts';

const typeName = (kind: GroupVersionKind) => kindSchema(kind)?.name ?? '';

const groupVersionsOf = (rows: readonly OpenApiResource[]) => [
  ...new Map(rows.map(({ group, version }) => [`${group}/${version}`, { group, version }])).values(),
];

function pathsOf(rows: readonly OpenApiResource[]): PathOperations[] {
  const groupVersions = groupVersionsOf(rows);
  return [
    ...generalPaths,
    ...groupPaths(groupVersions.map(({ group }) => group)),
    ...groupVersions.map(versionPath),
    ...rows.flatMap((row) => resourcePaths(row, typeName)),
  ];
}

/** The rows of what a server serves that has just started. */
async function ownRows(): Promise<OpenApiResource[]> {
  const cluster = await TestCluster.start();
  const rows = [...cluster.server.dispatcher.served()];
  await cluster.stop();
  return rows.map(({ view, kind }) => openApiResource(view, { stored: kind }));
}

const verbs: Record<string, string> = {
  list: 'list',
  get: 'get',
  post: 'create',
  put: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

const verbsOf = (operations: readonly ReferenceOperation[]) =>
  operations.map((o) => verbs[o.action ?? ''] ?? '');

/** `/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale` in its parts. */
const resourcePattern =
  /^\/(?:api|apis\/(?<group>[^/]+))\/(?<version>v[^/]+)\/(?<scope>namespaces\/\{namespace\}\/)?(?<plural>[a-z]+)(?:\/\{name\}(?:\/(?<sub>[a-z]+)(?<rest>\/\{path\})?)?)?$/;

function referenceSubresource(name: string, methods: Record<string, ReferenceOperation>): OpenApiSubresource {
  const operations = Object.values(methods);
  const kind = operations[0]?.gvk as GroupVersionKind;
  if (operations[0]?.action === 'connect') {
    const connect = Object.keys(methods).map((method) => method.toUpperCase());
    return { name, verbs: [], kind, connect, options: typeName(kind) };
  }
  const text = operations[0]?.produces?.[0] === 'text/plain';
  const options = text ? 'io.k8s.api.core.v1.PodLogOptions' : undefined;
  return { name, verbs: verbsOf(operations), kind, text, options };
}

/** The rows of all kinds, read back from the reference's paths. */
function referenceRows(): OpenApiResource[] {
  const rows = new Map<string, OpenApiResource>();
  const { paths } = reference('openapi-paths.json');
  for (const [path, methods] of Object.entries(paths).sort(([a], [b]) => a.length - b.length)) {
    const {
      group = '',
      version = '',
      scope,
      plural = '',
      sub,
      rest,
    } = resourcePattern.exec(path)?.groups ?? {};
    const operations = Object.values(methods);
    const kind = operations[0]?.gvk?.kind;
    if (!plural || !kind) continue;
    const key = `${group} ${version} ${plural}`;
    const type = typeName({ group, version, kind });
    const row = rows.get(key) ?? {
      group,
      version,
      plural,
      kind,
      type,
      namespaced: false,
      verbs: [],
      subresources: [],
    };
    const earlier = row.subresources.filter((s) => s.name !== sub);
    const proxied = row.subresources.find((s) => s.name === sub);
    const added = proxied
      ? { ...proxied, trailingPath: rest !== undefined }
      : sub && referenceSubresource(sub, methods);
    rows.set(key, {
      ...row,
      namespaced: row.namespaced || scope !== undefined,
      verbs: sub ? row.verbs : [...new Set([...row.verbs, ...verbsOf(operations)])],
      subresources: added ? [...earlier, added] : row.subresources,
    });
  }
  return [...rows.values()];
}

/** An operation in one line, but for CBOR. */
function line(o: Omit<ReferenceOperation, 'operationId'>, id: string): string {
  const kind = o.gvk ? `${o.gvk.group}/${o.gvk.version}/${o.gvk.kind}` : '';
  const types = [o.consumes ?? [], o.produces ?? []].map((list) =>
    list.filter((type) => !type.includes('cbor')).join(' '),
  );
  return [id, o.action ?? '', kind, o.codes.join(' '), ...types].join(' | ');
}

function operationsOf(rows: readonly OpenApiResource[]): Map<string, string> {
  const operations = pathsOf(rows).flatMap((path) => path.operations);
  return new Map(
    operations.map((o) => {
      const codes = [...o.answers.map((answer) => String(answer.code)), '401'];
      const consumes = o.consumes && [...o.consumes];
      const produces = o.produces && [...o.produces];
      return [
        `${o.method} ${o.path}`,
        line({ action: o.action, gvk: o.kind, codes, consumes, produces }, o.id),
      ];
    }),
  );
}

function theirOperations(): Map<string, string> {
  const { paths } = reference('openapi-paths.json');
  return new Map(
    Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, o]) => [`${method} ${path}`, line(o, o.operationId)]),
    ),
  );
}

const differing = (ours: Map<string, string>, theirs: Map<string, string>) =>
  [...ours].filter(([key, text]) => theirs.get(key) !== text).map(([key, text]) => `${key}: ${text}`);

describe('OpenAPI against the reference', () => {
  referenceTest('paths, methods, ids, actions, kinds, media types, codes', () => {
    const [ours, theirs] = [operationsOf(referenceRows()), theirOperations()];
    expect(differing(ours, theirs)).toEqual([]);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  });

  referenceTest('a server serves what the reference serves, no less and no more', async () => {
    const [ours, theirs] = [operationsOf(await ownRows()), theirOperations()];
    const missing = [...theirs.keys()].filter((key) => !ours.has(key));
    console.log(`operations ${theirs.size - missing.length}/${theirs.size}`);
    expect(missing).toEqual([]);
    expect(differing(ours, theirs)).toEqual([]);
  });

  referenceTest('the whole document defines what the reference defines', () => {
    const { definitions } = reference('openapi-definitions.json');
    const rows = referenceRows();
    const parts = [...partsV2(pathsOf(rows), rows)].filter(([section]) => section === 'definitions');
    expect(parts.map(([, name]) => name).sort()).toEqual(Object.keys(definitions).sort());
  });
});
