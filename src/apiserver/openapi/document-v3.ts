import { customDefinitions } from './custom-definitions.ts';
import { definitionsFor } from './definitions.ts';
import { type GroupVersion, isOfScheme, schemeGroupVersions } from './scheme-groups.ts';
import { type JsonSchema, refTo } from './json-schema.ts';
import { bearerToken, metaType, type Operation, phrases } from './operations.ts';
import { type Parameter, pathParameters } from './parameters.ts';
import { answersObjects, type PathOperations, typesOf } from './paths.ts';
import type { OpenApiResource } from './resource.ts';

/** An OpenAPI 3.0 document; there is one for each group and version. */
export interface DocumentV3 {
  openapi: '3.0.0';
  info: { title: string; version: string };
  paths: Record<string, Record<string, unknown>>;
  components: {
    schemas: Record<string, JsonSchema>;
    securitySchemes?: Record<string, Record<string, unknown>>;
  };
}

const parameterV3 = ({ type, ...rest }: Parameter) => ({
  ...rest,
  ...(rest.in === 'path' && { required: true }),
  schema: { type, uniqueItems: true },
});

const contentOf = (mediaTypes: readonly string[], schema: JsonSchema) =>
  Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema }]));

const text: JsonSchema = { type: 'string' };

function answersOf(operation: Operation): Record<string, unknown> {
  const answers = operation.answers.map(({ code, type }): [string, unknown] => {
    const content = contentOf(operation.produces ?? [], type ? refTo(type, 'v3') : text);
    return [String(code), { description: phrases[code], content }];
  });
  return Object.fromEntries([...answers, ['401', { description: 'Unauthorized' }]]);
}

function operationV3(operation: Operation): Record<string, unknown> {
  const requestBody = operation.body && {
    content: contentOf(operation.consumes ?? [], refTo(operation.body.type, 'v3')),
    ...(operation.body.required && { required: true }),
  };
  return {
    tags: [operation.tag],
    description: operation.description,
    operationId: operation.id,
    ...(operation.query.length > 0 && { parameters: operation.query.map(parameterV3) }),
    ...(requestBody && { requestBody }),
    responses: answersOf(operation),
    ...(operation.action && { 'x-kubernetes-action': operation.action }),
    ...(operation.kind && { 'x-kubernetes-group-version-kind': operation.kind }),
  };
}

function pathV3(path: PathOperations): Record<string, unknown> {
  const parameters = pathParameters(path.path, path.kind, answersObjects(path)).map(parameterV3);
  return {
    ...Object.fromEntries(path.operations.map((operation) => [operation.method, operationV3(operation)])),
    ...(parameters.length > 0 && { parameters }),
  };
}

const coreVersion: GroupVersion = { group: '', version: 'v1' };

/** Which groups kinds such as DeleteOptions are said to belong to: those of the scheme that has the group of the document. */
const groupsToTell = (own: GroupVersion = coreVersion): readonly GroupVersion[] =>
  isOfScheme(own.group) ? schemeGroupVersions : [coreVersion, own];

interface DocumentOptions {
  version: string;
  resources: readonly OpenApiResource[];
  groupVersion?: GroupVersion;
  /** Whether it is about custom resources alone: what upstream says beside those is less, and never changes. */
  custom?: boolean;
}

/** Some paths in OpenAPI 3.0, with all that they refer to. */
export function documentV3(paths: readonly PathOperations[], options: DocumentOptions): DocumentV3 {
  const { groupVersion, resources, custom = false } = options;
  const everywhere = custom ? [coreVersion] : groupsToTell(groupVersion);
  const watched =
    !custom && paths.some((path) => path.operations.some((operation) => operation.action === 'list'));
  const definitions = definitionsFor([...typesOf(paths), ...(watched ? [metaType('WatchEvent')] : [])], {
    dialect: 'v3',
    everywhere,
    custom: customDefinitions(resources, 'v3'),
  });
  const schemas = Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)));
  const byPath = [...paths].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    openapi: '3.0.0',
    info: custom
      ? { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' }
      : { title: 'Kubernetes', version: options.version },
    paths: Object.fromEntries(byPath.map((path) => [path.path, pathV3(path)])),
    components: { schemas, ...(!custom && { securitySchemes: { BearerToken: bearerToken } }) },
  };
}
