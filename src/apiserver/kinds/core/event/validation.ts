import type { Event } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  invalid,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { dnsSubdomain, qualifiedName } from '../../shared/validate.ts';

const maxNameLength = 128;
const maxMessageLength = 1024;

/** What holds for an event, in whatever form it came; `reporter` is what the form calls who reports it. */
export function eventErrors(event: Event, reporter: string): readonly FieldError[] {
  const { namespace = '' } = event.metadata;
  const errors = event.eventTime ? timedEventErrors(event, reporter) : oldEventErrors(event);
  return allErrors(errors, dnsSubdomain('namespace', namespace));
}

/** Events stand in the namespace of what they are about; those about the cluster, in the default one. */
function oldEventErrors({ metadata, involvedObject }: Event): readonly FieldError[] {
  const about = involvedObject.namespace || 'default';
  return about === metadata.namespace ? noErrors : [wrongNamespace(involvedObject.namespace)];
}

function wrongNamespace(namespace = ''): FieldError {
  return invalid('involvedObject.namespace', namespace, 'does not match event.namespace');
}

/** Events that say when exactly say who and what, too. */
function timedEventErrors(event: Event, reporter: string): readonly FieldError[] {
  const { metadata, involvedObject, reportingComponent = '', message = '' } = event;
  const ownNamespace = metadata.namespace === 'default' || metadata.namespace === 'kube-system';
  return allErrors(
    involvedObject.namespace || ownNamespace ? noErrors : [wrongNamespace()],
    reportingComponent ? noErrors : [required(reporter)],
    qualifiedName(reporter, reportingComponent),
    shortText('reportingInstance', event.reportingInstance),
    shortText('action', event.action),
    shortText('reason', event.reason),
    tooManyCharacters('message', message, maxMessageLength),
  );
}

function shortText(field: string, text = ''): readonly FieldError[] {
  return allErrors(text ? noErrors : [required(field)], tooManyCharacters(field, text, maxNameLength));
}

function tooManyCharacters(field: string, text: string, most: number): readonly FieldError[] {
  return byteLength(text) > most ? [invalid(field, '', `can have at most ${most} characters`)] : noErrors;
}
