import { createHash } from 'node:crypto';
import { customDefinitions } from './custom-definitions.ts';
import { definitionsFor, type GroupVersion } from './definitions.ts';
import { type JsonSchema, refTo } from './json-schema.ts';
import { bearerToken, metaType, type Operation, phrases } from './operations.ts';
import { type Parameter, pathParameters } from './parameters.ts';
import { answersObjects, type PathOperations, typesOf } from './paths.ts';
import type { OpenApiResource } from './resource.ts';

/** An OpenAPI 2.0 document. */
export interface DocumentV2 {
  swagger: '2.0';
  info: { title: string; version: string };
  paths: Record<string, Record<string, unknown>>;
  definitions: Record<string, JsonSchema>;
  parameters: Record<string, Record<string, unknown>>;
  securityDefinitions: Record<string, Record<string, unknown>>;
  security: readonly Record<string, readonly string[]>[];
}

/** Parameters that recur stand once in the document, under their name and a digest of what they say. */
class SharedParameters {
  readonly all = new Map<string, Record<string, unknown>>();
  private readonly names = new Map<string, string>();

  reference(parameter: Parameter): { $ref: string } {
    const text = JSON.stringify(parameter);
    const known = this.names.get(text);
    if (known) return { $ref: `#/parameters/${known}` };
    const digest = createHash('sha256').update(text).digest('base64url').slice(0, 8);
    const name = `${parameter.name}-${digest}`;
    this.names.set(text, name);
    this.all.set(name, {
      ...parameter,
      uniqueItems: true,
      ...(parameter.in === 'path' && { required: true }),
    });
    return { $ref: `#/parameters/${name}` };
  }
}

function answersOf(operation: Operation): Record<string, unknown> {
  const answers = operation.answers.map(({ code, type }): [string, unknown] => {
    const schema = type ? refTo(type, 'v2') : { type: 'string' };
    return [String(code), { description: phrases[code], schema }];
  });
  return Object.fromEntries([...answers, ['401', { description: 'Unauthorized' }]]);
}

function operationV2(operation: Operation, shared: SharedParameters): Record<string, unknown> {
  const body = operation.body && {
    name: 'body',
    in: 'body',
    ...(operation.body.required && { required: true }),
    schema: refTo(operation.body.type, 'v2'),
  };
  const parameters = [
    ...(body ? [body] : []),
    ...operation.query.map((parameter) => shared.reference(parameter)),
  ];
  return {
    description: operation.description,
    ...(operation.consumes && { consumes: operation.consumes }),
    ...(operation.produces && { produces: operation.produces }),
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    ...(parameters.length > 0 && { parameters }),
    responses: answersOf(operation),
    ...(operation.action && { 'x-kubernetes-action': operation.action }),
    ...(operation.kind && { 'x-kubernetes-group-version-kind': operation.kind }),
  };
}

function pathV2(path: PathOperations, shared: SharedParameters): Record<string, unknown> {
  const parameters = pathParameters(path.path, path.kind, answersObjects(path));
  return {
    ...Object.fromEntries(path.operations.map((o) => [o.method, operationV2(o, shared)])),
    ...(parameters.length > 0 && { parameters: parameters.map((p) => shared.reference(p)) }),
  };
}

/** Types that belong to the API and that no path of a stable version names. */
const unreferenced = [metaType('WatchEvent'), metaType('GroupResource')];

/** The whole API in OpenAPI 2.0. */
export function documentV2(
  paths: readonly PathOperations[],
  options: { version: string; resources: readonly OpenApiResource[]; groupVersions: readonly GroupVersion[] },
): DocumentV2 {
  const shared = new SharedParameters();
  const byPath = [...paths].sort((a, b) => (a.path < b.path ? -1 : 1));
  const pathItems = Object.fromEntries(byPath.map((path) => [path.path, pathV2(path, shared)]));
  const definitions = definitionsFor([...typesOf(paths), ...unreferenced], {
    dialect: 'v2',
    everywhere: options.groupVersions,
    custom: customDefinitions(options.resources, 'v2'),
  });
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: options.version },
    paths: pathItems,
    definitions,
    parameters: Object.fromEntries([...shared.all].sort(([a], [b]) => (a < b ? -1 : 1))),
    securityDefinitions: { BearerToken: bearerToken },
    security: [{ BearerToken: [] }],
  };
}
