import type { Event } from '../../../../api/core/v1.ts';
import { events } from '../../../../api/generated/resources.ts';
import { pathSegmentNameErrors } from '../../../../machinery/names.ts';
import type { Kind } from '../../../registry/kind.ts';
import { eventColumns } from './columns.ts';
import { eventErrors } from './validation.ts';

const usualLifetimeSeconds = 3600;

export const eventKind: Kind<Event> = {
  resource: events,
  allowCreateOnUpdate: true,
  ttlSeconds: () => usualLifetimeSeconds,
  defaultPropagation: 'None',
  validateName: pathSegmentNameErrors,
  validate: (event) => eventErrors(event, 'reportingComponent'),
  selectableFields,
  // Who describes an object asks for the events about it.
  indexedFields: ['involvedObject.name'],
  columns: eventColumns,
};

function selectableFields(event: Event): Record<string, string> {
  const about = event.involvedObject;
  return {
    'involvedObject.kind': about.kind ?? '',
    'involvedObject.namespace': about.namespace ?? '',
    'involvedObject.name': about.name ?? '',
    'involvedObject.uid': about.uid ?? '',
    'involvedObject.apiVersion': about.apiVersion ?? '',
    'involvedObject.resourceVersion': about.resourceVersion ?? '',
    'involvedObject.fieldPath': about.fieldPath ?? '',
    reason: event.reason ?? '',
    reportingComponent: event.reportingComponent ?? '',
    source: event.source?.component || event.reportingComponent || '',
    type: event.type ?? '',
  };
}
