/**
 * @package io.k8s.api.events.v1
 * @group events.k8s.io
 * @version v1
 */
import type { EventSource, ObjectReference } from '../core/v1.ts';
import type { Int32, ListMeta, MicroTime, ObjectMeta, Time } from '../meta/v1.ts';

/**
 * A note that something happened to an object; kept for about an hour.
 * @kind @resource events @scope Namespaced @shortNames ev
 */
export interface Event {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Name, labels, owners and the rest of what identifies the object. @proto 1 @optional */
  metadata: ObjectMeta;
  /** When it was first seen. Required. @proto 2 */
  eventTime: MicroTime | null;
  /** Set while the event repeats; empty for a single one. @proto 3 @pointer */
  series?: EventSeries;
  /** Controller that reports, such as `kubernetes.io/kubelet`; cannot change. @proto 4 */
  reportingController?: string;
  /** Which copy of the controller reports; up to 128 characters. @proto 5 */
  reportingInstance?: string;
  /** What was done or failed, for programs; up to 128 characters. @proto 6 */
  action?: string;
  /** One CamelCase word for programs: why it was done; up to 128 characters. @proto 7 */
  reason?: string;
  /** Object the event is about. @proto 8 */
  regarding?: ObjectReference;
  /** A second object, for actions between two. @proto 9 @pointer */
  related?: ObjectReference;
  /** What happened, for people; up to 1 KiB. @proto 10 */
  note?: string;
  /** `Normal` or `Warning`; others may come. @proto 11 */
  type?: string;
  /** Who reported it, in the old form. @proto 12 */
  deprecatedSource?: EventSource;
  /** When it was first seen, in the old form. @proto 13 */
  deprecatedFirstTimestamp?: Time | null;
  /** When it was last seen, in the old form. @proto 14 */
  deprecatedLastTimestamp?: Time | null;
  /** How many times it has been seen, in the old form. @proto 15 */
  deprecatedCount?: Int32;
}

/** Many Event objects, as one answer. @kind */
export interface EventList {
  /** Group and version the object is written in, such as `apps/v1`; only a version for the core group. */
  apiVersion?: string;
  /** Type of the object in CamelCase, such as `Pod`; cannot change. */
  kind?: string;
  /** Revision of the list, and where the next page starts. @proto 1 @optional */
  metadata: ListMeta;
  /** The Event objects. @proto 2 */
  items: Event[];
}

/** Repetitions of an event. */
export interface EventSeries {
  /** Repetitions so far. @proto 1 */
  count: Int32;
  /** When it was seen last. @proto 2 */
  lastObservedTime: MicroTime | null;
}
