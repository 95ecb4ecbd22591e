import type { KubernetesObject } from '../api/resource.ts';
import {
  decodeProtobuf as decode,
  encodeProtobuf as encode,
  encodeProtobufMessage,
  wrapProtobuf,
} from './protobuf.ts';
import { badRequest } from './status-error.ts';

/*
 * What `k8ts/machinery` offers to users: protobuf, quantities and label selectors, exactly as the API server has them.
 */

export {
  compileLabelSelector,
  formatLabelSelector,
  type Labels,
  matchesLabels,
  parseLabelSelector,
  type Selector,
} from './label-selector.ts';
export {
  addQuantities,
  compareQuantities,
  formatQuantity,
  type ParsedQuantity,
  parseQuantity,
  QuantityError,
  type QuantityFormat,
  type QuantityLike,
  subtractQuantities,
} from './quantity.ts';
export { StatusError } from './status-error.ts';

/** The one type that goes over the wire in an envelope without being a kind. */
const watchEvent = { group: '', version: 'v1', kind: 'WatchEvent' };

/**
 * An object of any kind of the API, lists and Status among them, as `application/vnd.kubernetes.protobuf`: the bytes are
 * those that the API server sends. The object says what it is with `apiVersion` and `kind`; a watch event, which has
 * neither, is known by its `type` and `object`. Throws a StatusError (400) for what has no protobuf form.
 */
export function encodeProtobuf(object: object): Uint8Array {
  const { kind, type, object: inner } = object as { kind?: string; type?: unknown; object?: unknown };
  if (!kind && typeof type === 'string' && inner !== undefined) {
    return wrapProtobuf({ apiVersion: '', kind: '' }, encodeProtobufMessage(object, watchEvent));
  }
  try {
    return encode(object);
  } catch (error) {
    throw badRequest((error as Error).message);
  }
}

/**
 * The object that `application/vnd.kubernetes.protobuf` holds, as JSON would have it. Fields that the type does not know are
 * left out. Throws a StatusError (400) for bytes that are no object of a kind of the API.
 */
export function decodeProtobuf(bytes: Uint8Array): KubernetesObject {
  const { object, gvk } = decode(bytes, watchEvent);
  if (gvk.kind !== watchEvent.kind) return object;
  const { apiVersion: _, kind: __, ...event } = object;
  return event as KubernetesObject;
}
