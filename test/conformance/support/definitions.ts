import type { Any, Api } from './api.ts';
import { at } from './api.ts';
import { eventually, fresh } from './cluster.ts';

export const definitionsPath = at('apiextensions.k8s.io/v1', 'customresourcedefinitions');

/** A schema under which everything is kept. */
export const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** An object of these properties. */
export const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more });

export interface DefinitionOptions {
  group?: string;
  kind?: string;
  /** Names of the versions, the stored one first; or versions as a definition holds them. */
  versions?: (string | Any)[];
  /** Of all versions that are given by name. */
  schema?: object;
  labels?: object;
  /** More of the spec. */
  more?: object;
}

/** A definition of a namespaced kind, of a name of its own unless given. */
export function definition(options: DefinitionOptions = {}): Any {
  const serial = fresh('d').replace('-', '');
  const { group = `${serial}.example.com`, kind = `Kind${serial}`, schema = anything } = options;
  const plural = `${kind.toLowerCase()}s`;
  const versions = (options.versions ?? ['v1']).map((version, index) =>
    typeof version === 'string'
      ? { name: version, served: true, storage: index === 0, schema: { openAPIV3Schema: schema } }
      : version,
  );
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(options.labels ? { labels: options.labels } : {}) },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions,
      ...options.more,
    },
  };
}

/** A kind that is served. */
export interface Served {
  /** Path of the definition. */
  path: string;
  definition: Any;
  plural: string;
  kind: string;
  group: string;
  /** Path of the custom resources, of the first version unless given. */
  at(ns: string, where?: { name?: string; version?: string }): string;
  /** A custom resource. */
  object(name: string, more?: object, version?: string): Any;
}

/** Makes a definition and waits until its kind is served. */
export async function define(api: Api, options: DefinitionOptions = {}): Promise<Served> {
  const made = definition(options);
  await api.post(definitionsPath, made);
  const { group, names, scope, versions } = made.spec;
  const isNamespaced = scope === 'Namespaced';
  const path = `${definitionsPath}/${made.metadata.name}`;
  await eventually(async () => {
    const { status } = await api.get(path);
    return status?.conditions?.some(({ type, status: is }: Any) => type === 'Established' && is === 'True');
  });
  const first = versions[0].name;
  const served = (ns: string, { name, version = first }: { name?: string; version?: string } = {}) =>
    at(`${group}/${version}`, names.plural, { ns: isNamespaced ? ns : undefined, name });
  for (const { name: version, served: is } of versions) {
    if (is) await eventually(() => api.has(served('default', { version })));
  }
  return {
    path,
    definition: made,
    plural: names.plural,
    kind: names.kind,
    group,
    at: served,
    object: (name, more = {}, version = first) => ({
      apiVersion: `${group}/${version}`,
      kind: names.kind,
      metadata: { name },
      ...more,
    }),
  };
}
