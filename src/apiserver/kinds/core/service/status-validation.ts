import type { Service } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { legacyIpErrors, looseIp } from '../../../../machinery/ip.ts';
import { dnsSubdomain, each, supported } from '../../shared/validate.ts';

/** What a report of a balancer may say. */
export function serviceStatusErrors({ spec, status }: Service, old?: Service): readonly FieldError[] {
  const field = 'status.loadBalancer.ingress';
  const ingress = status?.loadBalancer?.ingress ?? [];
  if (spec.type !== 'LoadBalancer' && ingress.length > 0) {
    return [forbiddenField(field, "may only be used when `spec.type` is 'LoadBalancer'")];
  }
  const before = old?.status?.loadBalancer?.ingress?.map(({ ip = '' }) => ip);
  return each(field, ingress, ({ ip, ipMode, hostname }, path) => {
    const errors = [...(ip ? invalids(`${path}.ip`, ip, legacyIpErrors(ip, before)) : noErrors)];
    if (ip && ipMode === undefined)
      errors.push(required(`${path}.ipMode`, 'must be specified when `ip` is set'));
    if (!ip && ipMode !== undefined) {
      errors.push(forbiddenField(`${path}.ipMode`, 'may not be specified when `ip` is not set'));
    } else if (ipMode !== undefined) errors.push(...supported(`${path}.ipMode`, ipMode, ['Proxy', 'VIP']));
    return hostname ? allErrors(errors, hostnameErrors(`${path}.hostname`, hostname)) : errors;
  });
}

function hostnameErrors(field: string, hostname: string): readonly FieldError[] {
  const errors = dnsSubdomain(field, hostname);
  return looseIp(hostname) !== undefined
    ? [...errors, invalid(field, hostname, 'must be a DNS name, not an IP address')]
    : errors;
}
