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

/** The object with its annotation brought up to what is applied now; as it is if it has none. */
export function withLastApplied(object: Json, applied: Json): Json {
  if (!annotationsOf(object)[annotation]) return object;
  const { [annotation]: _, ...others } = annotationsOf(applied);
  const metadata = {
    ...(applied.metadata as Json),
    ...(Object.keys(others).length > 0 && { annotations: others }),
  };
  if (Object.keys(others).length === 0) delete metadata.annotations;
  const text = `${JSON.stringify({ ...applied, metadata })}\n`;
  const annotations = { ...annotationsOf(object), [annotation]: text };
  return { ...object, metadata: { ...(object.metadata as Json), annotations } };
}
