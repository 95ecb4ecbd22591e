import type { GroupVersionKind } from '../../machinery/schema.ts';
import { dormantGroups } from '../discovery/dormant-groups.ts';
import {
  anyType,
  capital,
  create,
  groupWord,
  idPrefix,
  list,
  metaType,
  objectTypes,
  type Operation,
  operation,
  patch,
  read,
  remove,
  removeAll,
  replace,
  type Target,
} from './operations.ts';
import { queryParameters } from './parameters.ts';
import type { OpenApiResource, OpenApiSubresource } from './resource.ts';

/** The operations of one path. */
export interface PathOperations {
  path: string;
  /** Kind that the name in the path belongs to. */
  kind: string;
  operations: Operation[];
}

/** Where the resources of a group and version stand. */
export function rootPath(gv: { group: string; version: string }): string {
  return gv.group === '' ? `/api/${gv.version}` : `/apis/${gv.group}/${gv.version}`;
}

type Build = (target: Target) => Operation;
const ofOne: Record<string, Build> = { get: read, update: replace, patch, delete: remove, create };

const only = (verbs: readonly string[], from: Record<string, Build>, target: Target) =>
  Object.entries(from)
    .filter(([verb]) => verbs.includes(verb))
    .map(([, build]) => build(target));

function mainPaths(r: OpenApiResource): PathOperations[] {
  const scope = r.namespaced ? 'Namespaced' : '';
  const base = rootPath(r);
  const all = `${base}/${r.namespaced ? 'namespaces/{namespace}/' : ''}${r.plural}`;
  const target: Target = {
    resource: r,
    path: all,
    suffix: scope + r.kind,
    kind: { group: r.group, version: r.version, kind: r.kind },
    type: r.type,
    noun: `one ${r.kind}`,
  };
  const { create: _, ...ofNamed } = ofOne;
  const several = [
    ...only(r.verbs, { list, create }, target),
    ...only(r.verbs, { deletecollection: removeAll }, { ...target, suffix: `Collection${target.suffix}` }),
  ];
  const single = only(r.verbs, ofNamed, { ...target, path: `${all}/{name}` });
  const everywhere =
    r.namespaced && r.verbs.includes('list')
      ? [list({ ...target, path: `${base}/${r.plural}`, suffix: `${r.kind}ForAllNamespaces` })]
      : [];
  return [everywhere, several, single]
    .filter((operations) => operations.length > 0)
    .map((operations) => ({ path: operations[0]?.path as string, kind: r.kind, operations }));
}

function connections(s: OpenApiSubresource, target: Target): PathOperations[] {
  const at = (path: string, end: string): PathOperations => ({
    path,
    kind: target.resource.kind,
    operations: (s.connect ?? []).map((method) =>
      operation({ ...target, path }, method.toLowerCase(), 'connect', {
        id: `connect${idPrefix(target.resource)}${capital(method.toLowerCase())}${target.suffix}${end}`,
        description: `Connect ${method} to the ${s.name} of one ${target.resource.kind}.`,
        produces: anyType,
        query: s.options ? queryParameters(s.options) : [],
        answers: [{ code: 200 }],
      }),
    ),
  });
  return s.trailingPath
    ? [at(target.path, ''), at(`${target.path}/{path}`, 'WithPath')]
    : [at(target.path, '')];
}

const typeOfKind = (
  s: OpenApiSubresource,
  r: OpenApiResource,
  typeName: (kind: GroupVersionKind) => string,
) => (s.kind.kind === r.kind && s.kind.group === r.group ? r.type : typeName(s.kind));

function subresourcePaths(
  r: OpenApiResource,
  s: OpenApiSubresource,
  typeName: (kind: GroupVersionKind) => string,
): PathOperations[] {
  const path = `${rootPath(r)}/${r.namespaced ? 'namespaces/{namespace}/' : ''}${r.plural}/{name}/${s.name}`;
  const target: Target = {
    resource: r,
    path,
    suffix: (r.namespaced ? 'Namespaced' : '') + r.kind + capital(s.name),
    kind: s.kind,
    type: s.connect ? '' : typeOfKind(s, r, typeName),
    noun: `the ${s.name} of one ${r.kind}`,
  };
  if (s.connect) return connections(s, target);
  const operations = only(s.verbs, ofOne, target).map((o) => (s.text ? asText(o, s) : o));
  return [{ path, kind: r.kind, operations }];
}

const asText = (o: Operation, s: OpenApiSubresource): Operation => ({
  ...o,
  produces: ['text/plain', ...objectTypes],
  query: s.options ? queryParameters(s.options) : o.query,
  answers: [{ code: 200 }],
});

/** All paths of one resource. `typeName` gives the full name of the type behind a subresource's kind. */
export function resourcePaths(
  resource: OpenApiResource,
  typeName: (kind: GroupVersionKind) => string,
): PathOperations[] {
  return [
    ...mainPaths(resource),
    ...resource.subresources.flatMap((s) => subresourcePaths(resource, s, typeName)),
  ];
}

interface Plain {
  path: string;
  id: string;
  tag: string;
  description: string;
  type?: string;
  produces: readonly string[];
}

function plainPath({ path, id, tag, description, type, produces }: Plain): PathOperations {
  const consumes = type && (produces === objectTypes ? objectTypes : produces);
  const answer: Operation = {
    path,
    method: 'get',
    id,
    tag,
    description,
    ...(consumes && { consumes }),
    produces,
    query: [],
    answers: [{ code: 200, ...(type && { type }) }],
  };
  return { path, kind: '', operations: [answer] };
}

/** Discovery of a group and version. */
export function versionPath(gv: { group: string; version: string }): PathOperations {
  return plainPath({
    path: `${rootPath(gv)}/`,
    id: `get${idPrefix(gv)}APIResources`,
    tag: `${groupWord(gv.group)}_${gv.version}`,
    description: 'List the resources of this version.',
    type: metaType('APIResourceList'),
    produces: objectTypes,
  });
}

/** Discovery of a group: for the core group, of its versions. */
function groupPath(group: string): PathOperations {
  const core = group === '';
  return plainPath({
    path: core ? '/api/' : `/apis/${group}/`,
    id: `get${capital(groupWord(group))}${core ? 'APIVersions' : 'APIGroup'}`,
    tag: groupWord(group),
    description: core ? 'List the versions of the core group.' : 'Tell about this group.',
    type: metaType(core ? 'APIVersions' : 'APIGroup'),
    produces: objectTypes,
  });
}

/** What the path answers with is neither JSON nor one of the API's objects, and the document says nothing of it. */
const untyped = ({ path, id, tag, description }: Omit<Plain, 'type' | 'produces'>): PathOperations => ({
  path,
  kind: '',
  operations: [{ path, method: 'get', id, tag, description, query: [], answers: [] }],
});

/** Discovery of some groups, and of those that have no version unless one is turned on. */
export function groupPaths(groups: Iterable<string>): PathOperations[] {
  return [...new Set([...groups, ...dormantGroups])].map(groupPath);
}

/** Paths that belong to no group. */
export const generalPaths: readonly PathOperations[] = [
  plainPath({
    path: '/apis/',
    id: 'getAPIVersions',
    tag: 'apis',
    description: 'List the API groups.',
    type: metaType('APIGroupList'),
    produces: objectTypes,
  }),
  plainPath({
    path: '/version/',
    id: 'getCodeVersion',
    tag: 'version',
    description: 'Tell what server this is.',
    type: 'io.k8s.apimachinery.pkg.version.Info',
    produces: ['application/json'],
  }),
  plainPath({
    path: '/.well-known/openid-configuration/',
    id: 'getServiceAccountIssuerOpenIDConfiguration',
    tag: 'WellKnown',
    description: 'Tell how tokens of service accounts can be checked.',
    produces: ['application/json'],
  }),
  plainPath({
    path: '/openid/v1/jwks/',
    id: 'getServiceAccountIssuerOpenIDKeyset',
    tag: 'openid',
    description: 'List the public keys of service account tokens.',
    produces: ['application/jwk-set+json'],
  }),
  untyped({
    path: '/logs/',
    id: 'logFileListHandler',
    tag: 'logs',
    description: 'List the log files of this server.',
  }),
  untyped({
    path: '/logs/{logpath}',
    id: 'logFileHandler',
    tag: 'logs',
    description: 'Show a log file of this server.',
  }),
];

/** The full names of all types that are sent and answered. */
export function typesOf(paths: readonly PathOperations[]): Set<string> {
  const operations = paths.flatMap((path) => path.operations);
  const types = operations.flatMap((o) => [o.body?.type, ...o.answers.map((answer) => answer.type)]);
  return new Set(types.filter((type) => type !== undefined));
}

/** Whether the operations of a path answer with objects, which can be indented. */
export function answersObjects(path: PathOperations): boolean {
  return path.operations.every((operation) => operation.action && operation.action !== 'connect');
}
