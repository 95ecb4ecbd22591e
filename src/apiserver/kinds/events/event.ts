import type { Event as CoreEvent } from '../../../api/core/v1.ts';
import type { Event } from '../../../api/events/v1.ts';
import * as resources from '../../../api/generated/resources.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import type { Kind } from '../../registry/kind.ts';
import { eventKind } from '../core/event/event.ts';
import { newEventErrors } from './validation.ts';

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
  storedAs: {
    resource: resources.events,
    toStored,
    fromStored,
    validate: (event, old) => newEventErrors(event as CoreEvent, old as CoreEvent | undefined),
  },
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
    reportingInstance: '',
    ...kept,
    involvedObject: regarding ?? {},
    source: deprecatedSource ?? {},
    reportingComponent: reportingController ?? '',
    ...present({
      message: note,
      firstTimestamp: deprecatedFirstTimestamp,
      lastTimestamp: deprecatedLastTimestamp,
      count: deprecatedCount,
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
    deprecatedSource: source ?? {},
    ...present({
      note: message,
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
