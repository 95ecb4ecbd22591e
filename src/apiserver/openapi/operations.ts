import type { GroupVersionKind } from '../../machinery/schema.ts';
import { actionParameters, customActionParameters, type Parameter } from './parameters.ts';
import { listTypeOf, type OpenApiResource } from './resource.ts';

/** What one method of a path does, whatever version of OpenAPI tells it. */
export interface Operation {
  path: string;
  method: string;
  id: string;
  tag: string;
  description: string;
  /** As in `x-kubernetes-action`. */
  action?: string;
  kind?: GroupVersionKind;
  consumes?: readonly string[];
  produces?: readonly string[];
  query: readonly Parameter[];
  /** Full name of what is sent, and whether it has to be. */
  body?: { type: string; required: boolean };
  /** HTTP codes of success, with the full name of what is answered; text where there is none. */
  answers: readonly { code: number; type?: string }[];
}

export const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];
/** Objects of custom resources have no form in protobuf. */
const customTypes = ['application/json', 'application/yaml'];
const streamTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];
const patchTypes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
];
/** Strategic merge needs types that the server was built with. */
const customPatchTypes = patchTypes.filter((type) => !type.includes('strategic'));
export const anyType = ['*/*'];

/** What HTTP calls the codes of success. */
export const phrases: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };

/** How clients say who they are, as both versions of OpenAPI write it. */
export const bearerToken = {
  type: 'apiKey',
  name: 'authorization',
  in: 'header',
  description: 'A token: `Bearer <token>`.',
};

export const metaType = (name: string) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`;

export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** A group as names are made of it: `rbac.authorization.k8s.io` is `rbacAuthorization`. */
export function groupWord(group: string): string {
  if (group === '') return 'core';
  const [first = '', ...rest] = group.replace(/\.k8s\.io$/, '').split('.');
  return first + rest.map(capital).join('');
}

export const idPrefix = (r: { group: string; version: string }) =>
  capital(groupWord(r.group)) + capital(r.version);

/** What an operation does to one object or several; the rest follows from the verb. */
export interface Target {
  resource: OpenApiResource;
  path: string;
  /** What follows verb, group and version in the operation's id. */
  suffix: string;
  kind: GroupVersionKind;
  /** Full name of the object's type. */
  type: string;
  /** What it is, for people. */
  noun: string;
}

export function operation(
  target: Target,
  method: string,
  idVerb: string,
  more: Partial<Operation>,
): Operation {
  const { resource, path, suffix, kind } = target;
  const action = more.action ?? idVerb;
  const { custom } = resource;
  const parameters = custom ? customActionParameters : actionParameters;
  return {
    path,
    method,
    id: idVerb + idPrefix(resource) + suffix,
    tag: `${groupWord(resource.group)}_${resource.version}`,
    description: '',
    action,
    // As upstream, the scale of a custom resource goes by the kind of the resource.
    kind: custom ? { group: resource.group, version: resource.version, kind: resource.kind } : kind,
    consumes: custom ? customTypes : anyType,
    produces: custom ? customTypes : objectTypes,
    query: parameters[action] ?? [],
    answers: [],
    ...more,
  };
}

const codes = (type: string, ...list: number[]) => list.map((code) => ({ code, type }));

export const read = (t: Target): Operation =>
  operation(t, 'get', 'read', {
    action: 'get',
    description: `Read ${t.noun}.`,
    answers: codes(t.type, 200),
  });

export const create = (t: Target): Operation =>
  operation(t, 'post', 'create', {
    action: 'post',
    description: `Create ${t.noun}.`,
    body: { type: t.type, required: true },
    answers: codes(t.type, 200, 201, 202),
  });

export const replace = (t: Target): Operation =>
  operation(t, 'put', 'replace', {
    action: 'put',
    description: `Replace ${t.noun}.`,
    body: { type: t.type, required: true },
    answers: codes(t.type, 200, 201),
  });

export const patch = (t: Target): Operation =>
  operation(t, 'patch', 'patch', {
    description: `Change part of ${t.noun}.`,
    consumes: t.resource.custom ? customPatchTypes : patchTypes,
    body: { type: metaType('Patch'), required: true },
    answers: codes(t.type, 200, ...(t.resource.custom ? [] : [201])),
  });

export const remove = (t: Target): Operation =>
  operation(t, 'delete', 'delete', {
    description: `Delete ${t.noun}.`,
    body: { type: metaType('DeleteOptions'), required: false },
    answers: codes(metaType('Status'), 200, 202),
  });

export const list = (t: Target): Operation =>
  operation(t, 'get', 'list', {
    description: `List or watch objects of kind ${t.kind.kind}.`,
    ...(!t.resource.custom && { produces: [...objectTypes, ...streamTypes] }),
    answers: codes(listTypeOf(t.resource), 200),
  });

export const removeAll = (t: Target): Operation =>
  operation(t, 'delete', 'delete', {
    action: 'deletecollection',
    description: `Delete all objects of kind ${t.kind.kind} that the selectors pick.`,
    ...(!t.resource.custom && { body: { type: metaType('DeleteOptions'), required: false } }),
    answers: codes(metaType('Status'), 200),
  });
