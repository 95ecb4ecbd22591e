import type { IngressBackend, IngressServiceBackend } from '../../../api/networking/v1.ts';
import type { TypedLocalObjectReference } from '../../../api/core/v1.ts';
import { type FieldError, invalid, invalids, required } from '../../../machinery/field-error.ts';
import { portNameErrors, portNumberErrors } from '../../../machinery/names.ts';
import { dnsLabel, dnsSubdomain, pathSegment } from '../shared/validate.ts';

/** What serves the requests of an ingress: a service, or something else. */
export function backendErrors(field: string, { resource, service }: IngressBackend): readonly FieldError[] {
  if (resource && service) return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource) return localReference(`${field}.resource`, resource);
  if (service) return serviceErrors(field, service);
  return [invalid(field, '', 'resource or service backend is required')];
}

/** An object in the same namespace, or of the cluster. */
export function localReference(
  field: string,
  { apiGroup, kind, name }: TypedLocalObjectReference,
): readonly FieldError[] {
  return [
    ...(typeof apiGroup === 'string' ? dnsSubdomain(`${field}.apiGroup`, apiGroup) : []),
    ...pathSegment(`${field}.kind`, kind, 'kind is required'),
    ...pathSegment(`${field}.name`, name, 'name is required'),
  ];
}

function serviceErrors(field: string, { name, port }: IngressServiceBackend): readonly FieldError[] {
  const path = `${field}.service`;
  const errors = name ? dnsLabel(`${path}.name`, name) : [required(`${path}.name`)];
  if (port?.name && port.number) {
    return [...errors, invalid(field, '', 'cannot set both port name & port number')];
  }
  if (port?.name) return [...errors, ...invalids(`${path}.port.name`, port.name, portNameErrors(port.name))];
  if (!port?.number) return [...errors, required(field, 'port name or number is required')];
  return [...errors, ...invalids(`${path}.port.number`, port.number, portNumberErrors(port.number))];
}
