import { type FieldSchema, typeSchema } from '../../machinery/schema.ts';
import { fieldDescription } from './definitions.ts';

/** A parameter in the path or the query. */
export interface Parameter {
  name: string;
  in: 'path' | 'query';
  description: string;
  type: 'string' | 'integer' | 'boolean';
}

function parameterType(field: FieldSchema): Parameter['type'] {
  if (field.type === 'int32' || field.type === 'int64') return 'integer';
  return field.type === 'boolean' ? 'boolean' : 'string';
}

/** The query parameters that the fields of an options type are. */
export function queryParameters(typeName: string): Parameter[] {
  const type = typeSchema(typeName);
  return [...type.fields]
    .filter(([name]) => name !== 'apiVersion' && name !== 'kind')
    .map(
      ([name, field]): Parameter => ({
        name,
        in: 'query',
        description: fieldDescription(type, name) ?? '',
        type: parameterType(field),
      }),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const meta = (name: string) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`;

const without = (parameters: Parameter[], ...names: string[]) =>
  parameters.filter((parameter) => !names.includes(parameter.name));

/** Query parameters by what is done; sharded lists are not served. */
const forCreate = queryParameters(meta('CreateOptions'));
const forUpdate = queryParameters(meta('UpdateOptions'));
const forPatch = queryParameters(meta('PatchOptions'));
const forDelete = without(queryParameters(meta('DeleteOptions')), 'preconditions');
const forList = without(queryParameters(meta('ListOptions')), 'shardSelector');
const forDeleteCollection = [...forDelete, ...without(forList, 'watch', 'allowWatchBookmarks')];

const none: readonly Parameter[] = [];

/** The query parameters of an action, as `x-kubernetes-action` names it. */
export const actionParameters: Readonly<Record<string, readonly Parameter[]>> = {
  get: none,
  list: forList,
  post: forCreate,
  put: forUpdate,
  patch: forPatch,
  delete: forDelete,
  deletecollection: forDeleteCollection,
};

/** Those of custom resources, of which upstream's documents say all that the options of the action have. */
export const customActionParameters: Readonly<Record<string, readonly Parameter[]>> = {
  ...actionParameters,
  get: queryParameters(meta('GetOptions')),
  deletecollection: forList,
};

const inPath = (name: string, description: string): Parameter => ({
  name,
  in: 'path',
  description,
  type: 'string',
});

const pretty: Parameter = {
  name: 'pretty',
  in: 'query',
  description: 'Indent the answer for reading; `true` or `false`.',
  type: 'string',
};

/** What all operations of a path take: what the path names, and `pretty` where answers are objects. */
export function pathParameters(path: string, kind: string, answersObjects: boolean): Parameter[] {
  const parameters: Parameter[] = [];
  if (path.includes('{name}')) parameters.push(inPath('name', `Name of the ${kind}.`));
  if (path.includes('{namespace}')) parameters.push(inPath('namespace', 'Namespace of the object.'));
  if (path.includes('{logpath}')) parameters.push(inPath('logpath', 'Path of the log file.'));
  if (path.includes('{path}')) parameters.push(inPath('path', 'Path to ask the target for.'));
  if (answersObjects) parameters.push(pretty);
  return parameters;
}
