import type { ManagedFieldsEntry } from '../../api/meta/v1.ts';
import { type Comparison, compare } from './compare.ts';
import {
  difference,
  type FieldSet,
  intersection,
  leaf,
  matching,
  recursiveDifference,
  union,
} from './field-set.ts';
import { type Managers, withFields } from './managers.ts';
import type { Shape } from './shape.ts';
import type { Json } from './walk.ts';

/** An object in another version of its kind. */
export interface Versioned {
  object: Json;
  shape: Shape;
}

/** The versions of a kind that has more than one, for managers who wrote in another one than the writer's. */
export interface Versions {
  /** How the fields of a version merge; undefined if the version is gone, and what its managers owned with it. */
  shape(apiVersion: string): Shape | undefined;
  /** Gives an object of version `from` in version `to`. Throws a ConversionError where it cannot. */
  convert(object: Json, from: string, to: string): Json;
}

/** Why an object cannot be told in another version of its kind. */
export class ConversionError extends Error {}

/** What is the same for each write of a kind. */
export interface WriteContext {
  apiVersion: string;
  shape: Shape;
  /** Fields that this way of writing resets, such as the status where it is a subresource: nobody gets to own them. */
  resetFields?: FieldSet;
  /** The only fields that this way of writing sets, with all below them; the element `*` stands for any. */
  onlyFields?: FieldSet;
  /** Absent where the kind has one version alone. */
  versions?: Versions;
}

/** How the fields of a version merge; undefined if the version is gone. */
export function shapeIn({ apiVersion, shape, versions }: WriteContext, version: string): Shape | undefined {
  return version === apiVersion ? shape : versions?.shape(version);
}

/** An object in another version; undefined if that is gone. */
export function inVersion(
  context: WriteContext,
  object: Json,
  { from, to }: { from: string; to: string },
): Versioned | undefined {
  const shape = shapeIn(context, to);
  if (!shape) return undefined;
  return { object: from === to ? object : (context.versions as Versions).convert(object, from, to), shape };
}

/** Fields that nobody owns. */
const identity: FieldSet = {
  'f:apiVersion': leaf,
  'f:kind': leaf,
  'f:metadata': {
    '.': leaf,
    'f:name': leaf,
    'f:namespace': leaf,
    'f:creationTimestamp': leaf,
    'f:selfLink': leaf,
    'f:uid': leaf,
    'f:clusterName': leaf,
    'f:generation': leaf,
    'f:managedFields': leaf,
    'f:resourceVersion': leaf,
  },
};

/** A set without the fields that identify an object, which nobody owns. */
export function withoutIdentity(set: FieldSet | undefined): FieldSet | undefined {
  return difference(set, identity);
}

/** The object without its managed fields, which are no part of what is owned. */
export function withoutManagedFields(object: Json): Json {
  const metadata = object.metadata as Json | undefined;
  if (!metadata || metadata.managedFields === undefined) return object;
  return { ...object, metadata: { ...metadata, managedFields: undefined } };
}

/** An object's managed fields, as they stand in its metadata. */
export function managedFieldsOf(object: Json | undefined): ManagedFieldsEntry[] | undefined {
  return (object?.metadata as { managedFields?: ManagedFieldsEntry[] } | undefined)?.managedFields;
}

/** What of a set somebody may own who writes this way. */
export function ownable(
  set: FieldSet | undefined,
  { resetFields, onlyFields }: Pick<WriteContext, 'resetFields' | 'onlyFields'>,
): FieldSet | undefined {
  return recursiveDifference(onlyFields ? matching(set, onlyFields) : set, resetFields);
}

/** What changed, without the fields that are reset. */
export function changes(before: Json, after: Json, context: WriteContext): Comparison {
  const comparison = compare(before, after, context.shape);
  if (!context.resetFields && !context.onlyFields) return comparison;
  return {
    added: ownable(comparison.added, context),
    modified: ownable(comparison.modified, context),
    removed: ownable(comparison.removed, context),
  };
}

/** What changed, as each version of the kind sees it. */
export class Changes {
  private readonly byVersion = new Map<string, Comparison | undefined>();
  private readonly before: Json;
  private readonly after: Json;
  private readonly context: WriteContext;
  readonly own: Comparison;

  constructor(before: Json, after: Json, context: WriteContext) {
    this.before = before;
    this.after = after;
    this.context = context;
    this.own = changes(before, after, context);
    this.byVersion.set(context.apiVersion, this.own);
  }

  /** Undefined if the version is gone. */
  in(apiVersion: string): Comparison | undefined {
    if (!this.byVersion.has(apiVersion)) this.byVersion.set(apiVersion, this.compareIn(apiVersion));
    return this.byVersion.get(apiVersion);
  }

  private compareIn(to: string): Comparison | undefined {
    const way = { from: this.context.apiVersion, to };
    const before = inVersion(this.context, this.before, way);
    const after = inVersion(this.context, this.after, way);
    return before && after && changes(before.object, after.object, { ...this.context, shape: after.shape });
  }
}

/** What was set or changed, of which its writer becomes the owner. */
export function written(comparison: Comparison): FieldSet | undefined {
  return union(comparison.modified, comparison.added);
}

/** The fields of other managers that the changes write to, by manager. */
export function disputed(managers: Managers, changed: Changes, except: string): Map<string, FieldSet> {
  const result = new Map<string, FieldSet>();
  for (const [key, { entry, fields }] of managers) {
    const comparison = key === except ? undefined : changed.in(entry.apiVersion ?? '');
    const overlap = comparison && intersection(fields, written(comparison));
    if (overlap) result.set(key, overlap);
  }
  return result;
}

/** Takes from the other managers what the changes write or remove. Who is left with nothing goes. */
export function takeAway(managers: Managers, changed: Changes, except: string): void {
  for (const [key, manager] of managers) {
    if (key === except) continue;
    const comparison = changed.in(manager.entry.apiVersion ?? '');
    if (!comparison) {
      managers.delete(key);
      continue;
    }
    const gone = union(written(comparison), comparison.removed);
    if (!intersection(manager.fields, gone)) continue;
    const rest = difference(manager.fields, gone);
    if (rest) managers.set(key, withFields(manager, rest));
    else managers.delete(key);
  }
}
