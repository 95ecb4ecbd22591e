import { byteLength, goJson } from '../go-text.ts';
import { compare } from './compare.ts';
import { difference, type FieldSet } from './field-set.ts';
import { setOf } from './set-of.ts';
import type { Shape } from './shape.ts';
import { shapeErrors } from './validate.ts';
import { isObject, type Json } from './walk.ts';

/*
 * `kubectl apply` kept what it applied in an annotation before it let the server merge. Who goes over to server-side
 * apply may take the fields that stand there without a conflict, and the annotation is kept up.
 */

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';

function annotationsOf(object: Json): Json {
  const metadata = object.metadata as Json | undefined;
  return (metadata?.annotations ?? {}) as Json;
}

function parse(text: unknown): Json | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The fields that were applied last from the client, and still have the values that they were given. */
export function lastAppliedFields(live: Json, apiVersion: string, shape: Shape): FieldSet | undefined {
  const applied = parse(annotationsOf(live)[annotation]);
  if (!applied || applied.apiVersion !== apiVersion || shapeErrors(applied, shape)) return undefined;
  const { added, modified, removed } = compare(applied, live, shape);
  return [modified, added, removed].reduce(difference, setOf(applied, shape));
}

/** Annotations may not take more together. */
const maxAnnotationBytes = 256 * 1024;

function sizeOf(annotations: Json): number {
  return Object.entries(annotations).reduce((sum, [key, value]) => sum + byteLength(key + String(value)), 0);
}

/** What was applied as the annotation has it: without the annotation itself, keys in order, a newline at the end. */
function lastAppliedText(applied: Json): string {
  const metadata = applied.metadata as Json | undefined;
  if (!isObject(metadata?.annotations)) return `${goJson(sortedDeep(applied))}\n`;
  const { [annotation]: _, ...annotations } = metadata.annotations;
  return `${goJson(sortedDeep({ ...applied, metadata: { ...metadata, annotations } }))}\n`;
}

function sortedDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedDeep);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sortedDeep(item)]));
}

/**
 * The object with its annotation brought up to what is applied now; as it is if it has none. An annotation that would be
 * too large goes.
 */
export function withLastApplied(object: Json, applied: Json): Json {
  const { [annotation]: before, ...others } = annotationsOf(object);
  if (!before) return object;
  const whole = { ...others, [annotation]: lastAppliedText(applied) };
  const annotations = sizeOf(whole) > maxAnnotationBytes ? others : whole;
  return { ...object, metadata: { ...(object.metadata as Json), annotations } };
}
