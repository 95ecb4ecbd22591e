import type { Event as CoreEvent } from '../../../api/core/v1.ts';
import type { Event } from '../../../api/events/v1.ts';
import * as resources from '../../../api/generated/resources.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { type FieldError, invalid, required } from '../../../machinery/field-error.ts';
import type { Kind } from '../../registry/kind.ts';
import { eventKind } from '../core/event/event.ts';

/** Labels of field selectors, and what the fields are called where they are stored. */
const fieldNames = {
  'regarding.kind': 'involvedObject.kind',
  'regarding.namespace': 'involvedObject.namespace',
  'regarding.name': 'involvedObject.name',
  'regarding.uid': 'involvedObject.uid',
  'regarding.apiVersion': 'involvedObject.apiVersion',
  'regarding.resourceVersion': 'involvedObject.resourceVersion',
  'regarding.fieldPath': 'involvedObject.fieldPath',
  reportingController: 'reportingComponent',
  reason: 'reason',
  type: 'type',
};

/** The newer form of core events: other names for the same fields. */
export const newEventKind: Kind<Event> = {
  resource: resources.eventsEventsV1,
  storedAs: { resource: resources.events, toStored, fromStored },
  validate: (event) => strictErrors(event),
  fieldLabels: { renamed: fieldNames },
  columns: eventKind.columns as Kind<KubernetesObject>['columns'],
};

function toStored(event: Event): CoreEvent {
  const { apiVersion: _, kind: __, ...rest } = event;
  const { regarding, note, deprecatedSource, deprecatedFirstTimestamp, deprecatedLastTimestamp, ...same } =
    rest;
  const { deprecatedCount, reportingController, ...kept } = same;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    ...kept,
    involvedObject: regarding ?? {},
    ...present({
      message: note,
      source: deprecatedSource,
      firstTimestamp: deprecatedFirstTimestamp,
      lastTimestamp: deprecatedLastTimestamp,
      count: deprecatedCount,
      reportingComponent: reportingController,
    }),
  };
}

function fromStored(object: KubernetesObject): Event {
  const { apiVersion: _, kind: __, ...rest } = object as CoreEvent;
  const {
    involvedObject,
    message,
    source,
    firstTimestamp,
    lastTimestamp,
    count,
    reportingComponent,
    ...same
  } = rest;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    ...same,
    regarding: involvedObject,
    ...present({
      note: message,
      deprecatedSource: source,
      deprecatedFirstTimestamp: firstTimestamp,
      deprecatedLastTimestamp: lastTimestamp,
      deprecatedCount: count,
      reportingController: reportingComponent,
    }),
  } as Event;
}

/** Only what is there, so that absent fields stay absent. */
function present<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** What the newer form asks for; fields are reported by the names they are stored under. */
function strictErrors(event: Event): readonly FieldError[] {
  const { series, eventTime, type = '', deprecatedSource: source } = event;
  const unset = {
    firstTimestamp: event.deprecatedFirstTimestamp,
    lastTimestamp: event.deprecatedLastTimestamp,
    count: event.deprecatedCount,
    source: source?.component || source?.host,
  };
  return [
    ...(series && series.count < 2 ? [invalid('series.count', '', 'should be at least 2')] : []),
    ...(series && !series.lastObservedTime ? [required('series.lastObservedTime')] : []),
    ...(eventTime ? [] : [required('eventTime')]),
    ...(type === 'Normal' || type === 'Warning' ? [] : [invalid('type', '', `has invalid value: ${type}`)]),
    ...Object.entries(unset).flatMap(([name, value]) =>
      value ? [invalid(name, '', 'needs to be unset')] : [],
    ),
  ];
}
