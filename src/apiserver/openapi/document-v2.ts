import { createHash } from 'node:crypto';
import { TurnSteps } from '../../platform/turn.ts';
import { customDefinitions } from './custom-definitions.ts';
import { definitionsFor } from './definitions.ts';
import { schemeGroupVersions } from './scheme-groups.ts';
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

/** What there may be thousands of in a document. */
export type SectionV2 = 'paths' | 'definitions' | 'parameters';

/** One path, definition or parameter by its name. */
export type PartV2 = readonly [section: SectionV2, name: string, value: object];

/** What a document says beside its parts. */
export type AroundV2 = Omit<DocumentV2, SectionV2>;

export const aroundV2 = (version: string): AroundV2 => ({
  swagger: '2.0',
  info: { title: 'Kubernetes', version },
  securityDefinitions: { BearerToken: bearerToken },
  security: [{ BearerToken: [] }],
});

/** The whole API in OpenAPI 2.0, part by part; those of a section in no order. */
export function* partsV2(
  paths: Iterable<PathOperations>,
  resources: readonly OpenApiResource[],
): Iterable<PartV2> {
  const shared = new SharedParameters();
  const types = new Set(unreferenced);
  for (const path of paths) {
    for (const type of typesOf([path])) types.add(type);
    yield ['paths', path.path, pathV2(path, shared)];
  }
  const definitions = definitionsFor(types, {
    dialect: 'v2',
    everywhere: schemeGroupVersions,
    custom: customDefinitions(resources, 'v2'),
  });
  for (const [name, definition] of definitions) yield ['definitions', name, definition];
  for (const [name, parameter] of shared.all) yield ['parameters', name, parameter];
}

/** Parts made or written before others have their turn of the event loop. */
const partsPerTurn = 20;

/** Does something with each part, others having their turn meanwhile; gives what came of it, in order of names. */
export async function eachPart<T>(
  parts: Iterable<PartV2>,
  make: (...part: PartV2) => T,
): Promise<Record<SectionV2, [name: string, made: T][]>> {
  const made: Record<SectionV2, [string, T][]> = { paths: [], definitions: [], parameters: [] };
  const steps = new TurnSteps(partsPerTurn);
  for (const [section, name, value] of parts) {
    made[section].push([name, make(section, name, value)]);
    await steps.taken();
  }
  for (const list of Object.values(made)) list.sort(([a], [b]) => (a < b ? -1 : 1));
  return made;
}

/** The whole document, for whoever has to look at more than one part of it. */
export async function documentV2(around: AroundV2, parts: Iterable<PartV2>): Promise<DocumentV2> {
  const made = await eachPart(parts, (_, __, value) => value);
  const { swagger, info, ...security } = around;
  const sections = Object.entries(made).map(([section, list]) => [section, Object.fromEntries(list)]);
  return { swagger, info, ...Object.fromEntries(sections), ...security } as DocumentV2;
}

/** A document's parts. */
export function* partsOf(document: DocumentV2): Iterable<PartV2> {
  for (const section of ['paths', 'definitions', 'parameters'] as const)
    for (const [name, value] of Object.entries(document[section])) yield [section, name, value];
}
