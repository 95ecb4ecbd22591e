import type { Event, EventSource, ObjectReference } from '../api/core/v1.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { formatTime } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';

/** What is to be said about an object. */
export interface EventText {
  type: 'Normal' | 'Warning';
  /** One word in CamelCase for machines. */
  reason: string;
  /** One sentence for people. */
  message: string;
  /** Part of the object that is meant, such as `spec.containers{web}`. */
  fieldPath?: string;
}

/** Who says it, and when. */
export interface EventOrigin {
  /** The component that reports, and the node it runs on where it has one. */
  source: { component: string; host?: string };
  nowMs: number;
  random: Random;
}

/** An event that has not been said before, in the older form. */
export function newEvent(
  object: KubernetesObject,
  { type, reason, message, fieldPath }: EventText,
  { source, nowMs, random }: EventOrigin,
): Event {
  const time = formatTime(nowMs);
  const namespace = object.metadata.namespace || 'default';
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: eventName(object.metadata.name ?? '', nowMs, random), namespace },
    involvedObject: referenceTo(object, fieldPath),
    type,
    reason,
    message,
    source: source as EventSource,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    reportingComponent: source.component,
    reportingInstance: source.host ?? '',
  };
}

/** The name of an event about an object of that name. */
export function eventName(name: string, nowMs: number, random: Random): string {
  return `${name}.${BigInt(Math.trunc(nowMs * 1e6)).toString(16)}${random.int(0x10000).toString(16)}`;
}

/** How an event names an object. */
export function referenceTo(object: KubernetesObject, fieldPath?: string): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    kind: object.kind,
    apiVersion: object.apiVersion,
    namespace,
    name,
    uid,
    resourceVersion,
    fieldPath,
  };
}
