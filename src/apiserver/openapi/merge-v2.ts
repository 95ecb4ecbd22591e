import { deepEqual } from '../../machinery/equal.ts';
import type { DocumentV2 } from './document-v2.ts';
import type { JsonSchema } from './json-schema.ts';

/** The parts of another server's OpenAPI 2.0 document that matter here. */
export interface ForeignV2 {
  paths?: Record<string, Record<string, unknown>>;
  definitions?: Record<string, JsonSchema>;
  parameters?: Record<string, Record<string, unknown>>;
}

type Section = 'definitions' | 'parameters';
const reference = /^#\/(definitions|parameters)\/(.+)$/;

/** Names in JSON pointers have their own escapes. */
const unescaped = (name: string) => name.replaceAll('~1', '/').replaceAll('~0', '~');
const escaped = (name: string) => name.replaceAll('~', '~0').replaceAll('/', '~1');

function* referencesIn(value: unknown): Iterable<[Section, string]> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const [, section, name = ''] =
      (key === '$ref' && typeof inner === 'string' && reference.exec(inner)) || [];
    if (section) yield [section as Section, unescaped(name)];
    else yield* referencesIn(inner);
  }
}

/** What some paths refer to, directly or not. */
function needed(foreign: ForeignV2, paths: object): Record<Section, Set<string>> {
  const found: Record<Section, Set<string>> = { definitions: new Set(), parameters: new Set() };
  const todo: unknown[] = [paths];
  while (todo.length > 0) {
    for (const [section, name] of referencesIn(todo.pop())) {
      if (found[section].has(name)) continue;
      found[section].add(name);
      todo.push(foreign[section]?.[name]);
    }
  }
  return found;
}

/** A name under which the same thing stands, or nothing: `Pod`, then `Pod_v2` and so on. */
function nameFor(known: Record<string, unknown>, name: string, value: unknown): string {
  for (let attempt = 1; ; attempt++) {
    const candidate = attempt === 1 ? name : `${name}_v${attempt}`;
    if (!Object.hasOwn(known, candidate) || deepEqual(known[candidate], value)) return candidate;
  }
}

type Names = Record<Section, Map<string, string>>;

function renamed(value: unknown, names: Names): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const [, section, name = ''] =
        (key === '$ref' && typeof inner === 'string' && reference.exec(inner)) || [];
      const next = section && names[section as Section].get(unescaped(name));
      return [key, next ? `#/${section}/${escaped(next)}` : renamed(inner, names)];
    }),
  );
}

/**
 * Takes the paths of a group and version over from another server's document, with what they refer to. A definition that
 * differs from one of the same name gets another name, as upstream's aggregator does it.
 */
export function mergeV2(document: DocumentV2, foreign: ForeignV2, prefix: string): DocumentV2 {
  const paths = Object.fromEntries(
    Object.entries(foreign.paths ?? {}).filter(([path]) => path.startsWith(prefix)),
  );
  const names: Names = { definitions: new Map(), parameters: new Map() };
  const wanted = needed(foreign, paths);
  for (const section of ['definitions', 'parameters'] as const) {
    for (const name of wanted[section]) {
      const value = foreign[section]?.[name];
      if (value) names[section].set(name, nameFor(document[section], name, value));
    }
  }
  const taken = (section: Section) =>
    [...names[section]].map(([name, next]) => [next, renamed(foreign[section]?.[name], names)]);
  return {
    ...document,
    paths: { ...document.paths, ...(renamed(paths, names) as DocumentV2['paths']) },
    definitions: { ...Object.fromEntries(taken('definitions')), ...document.definitions },
    parameters: { ...Object.fromEntries(taken('parameters')), ...document.parameters },
  };
}
