/**
 * @package io.k8s.api.events.v1
 * @group events.k8s.io
 * @version v1
 */
import type { EventSource, ObjectReference } from '../core/v1.ts';
import type { Int32, ListMeta, MicroTime, ObjectMeta, Time } from '../meta/v1.ts';

/** @kind @resource events @scope Namespaced @shortNames ev */
export interface Event {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ObjectMeta;
  /** @proto 2 */
  eventTime: MicroTime;
  /** @proto 3 */
  series?: EventSeries;
  /** @proto 4 */
  reportingController?: string;
  /** @proto 5 */
  reportingInstance?: string;
  /** @proto 6 */
  action?: string;
  /** @proto 7 */
  reason?: string;
  /** @proto 8 */
  regarding?: ObjectReference;
  /** @proto 9 */
  related?: ObjectReference;
  /** @proto 10 */
  note?: string;
  /** @proto 11 */
  type?: string;
  /** @proto 12 */
  deprecatedSource?: EventSource;
  /** @proto 13 */
  deprecatedFirstTimestamp?: Time;
  /** @proto 14 */
  deprecatedLastTimestamp?: Time;
  /** @proto 15 */
  deprecatedCount?: Int32;
}

/** @kind */
export interface EventList {
  apiVersion?: string;
  kind?: string;
  /** @proto 1 @optional */
  metadata: ListMeta;
  /** @proto 2 */
  items: Event[];
}

export interface EventSeries {
  /** @proto 1 */
  count: Int32;
  /** @proto 2 */
  lastObservedTime: MicroTime;
}
