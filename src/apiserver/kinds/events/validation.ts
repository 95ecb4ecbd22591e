import type { Event, ObjectReference } from '../../../api/core/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { allErrors, type FieldError, invalid, noErrors, required } from '../../../machinery/field-error.ts';
import { eventErrors } from '../core/event/validation.ts';
import { dnsSubdomain, immutable } from '../shared/validate.ts';

/** What holds for an event that came in the newer form; fields are called what they are called where they are stored. */
export function newEventErrors(event: Event, old: Event | undefined): readonly FieldError[] {
  return allErrors(
    eventErrors(event, 'reportingController'),
    old ? changes(event, old) : strictErrors(event),
  );
}

function strictErrors(event: Event): readonly FieldError[] {
  const { metadata, eventTime, type = '', firstTimestamp, lastTimestamp, count, source } = event;
  const unset = { firstTimestamp, lastTimestamp, count, source: source?.component || source?.host };
  return allErrors(
    dnsSubdomain('metadata.name', metadata.name ?? ''),
    seriesErrors(event),
    eventTime ? noErrors : [required('eventTime')],
    type === 'Normal' || type === 'Warning' ? noErrors : [invalid('type', '', `has invalid value: ${type}`)],
    Object.entries(unset).flatMap(([name, value]) =>
      value ? [invalid(name, '', 'needs to be unset')] : noErrors,
    ),
  );
}

function seriesErrors({ series }: Event): readonly FieldError[] {
  if (!series) return noErrors;
  return allErrors(
    (series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : noErrors,
    series.lastObservedTime ? noErrors : [required('series.lastObservedTime')],
  );
}

/** Of an event only its series goes on. */
function changes(event: Event, old: Event): readonly FieldError[] {
  const [now, before] = [shown(event), shown(old)];
  return allErrors(
    deepEqual(event.series, old.series) ? noErrors : seriesErrors(event),
    frozen.flatMap((name) => immutable(name, now[name], before[name])),
  );
}

/** In the order in which upstream looks at them, at one of them twice. */
const frozen = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'reason',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingController',
  'reportingInstance',
] as const;

/** What does not change, as errors of upstream show it: by the names that Go has for the fields. */
function shown(event: Event): Record<(typeof frozen)[number], unknown> {
  const { source, related, reportingComponent = '' } = event;
  return {
    involvedObject: shownReference(event.involvedObject),
    reason: event.reason ?? '',
    message: event.message ?? '',
    source: { Component: source?.component ?? '', Host: source?.host ?? '' },
    firstTimestamp: event.firstTimestamp ?? null,
    lastTimestamp: event.lastTimestamp ?? null,
    count: event.count ?? 0,
    type: event.type ?? '',
    eventTime: event.eventTime ?? null,
    action: event.action ?? '',
    related: related ? shownReference(related) : null,
    reportingController: reportingComponent,
    reportingInstance: event.reportingInstance ?? '',
  };
}

const shownReference = (object: ObjectReference): object => ({
  Kind: object.kind ?? '',
  Namespace: object.namespace ?? '',
  Name: object.name ?? '',
  UID: object.uid ?? '',
  APIVersion: object.apiVersion ?? '',
  ResourceVersion: object.resourceVersion ?? '',
  FieldPath: object.fieldPath ?? '',
});
