import type { HTTPIngressPath, Ingress, IngressRule, IngressTLS } from '../../../api/networking/v1.ts';
import {
  type FieldError,
  invalid,
  invalids,
  notSupported,
  required,
} from '../../../machinery/field-error.ts';
import { legacyIpErrors, looseIp } from '../../../machinery/ip.ts';
import { dns1123SubdomainErrors, wildcardDns1123SubdomainErrors } from '../../../machinery/names.ts';
import { dnsSubdomain, each } from '../shared/validate.ts';
import { backendErrors } from './backend-validation.ts';

const classAnnotation = 'kubernetes.io/ingress.class';
const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];

const isIp = (text: string) => looseIp(text) !== undefined;

/** What holds for an ingress at any time. */
export function ingressErrors({ spec }: Ingress): readonly FieldError[] {
  const { rules = [], defaultBackend, ingressClassName } = spec;
  const nothing = rules.length === 0 && !defaultBackend;
  return [
    ...(nothing
      ? [invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(defaultBackend ? backendErrors('spec.defaultBackend', defaultBackend) : []),
    ...each('spec.rules', rules, (rule, field) => ruleErrors(field, rule)),
    ...each('spec.tls', spec.tls, (tls, field) => tlsErrors(field, tls)),
    ...(ingressClassName === undefined ? [] : dnsSubdomain('spec.ingressClassName', ingressClassName)),
  ];
}

/** The class can be said in two places, for a while; on creation they may not contradict each other. */
export function classContradiction({ metadata, spec }: Ingress): readonly FieldError[] {
  const annotated = metadata.annotations?.[classAnnotation];
  const { ingressClassName: named } = spec;
  if (annotated === undefined || named === undefined || annotated === named) return [];
  const why = 'must match `ingressClassName` when both are specified';
  return [invalid(`annotations.${classAnnotation}`, annotated, why)];
}

/** The annotation is the older of the two places. */
export function classAdvice({ metadata, spec }: Ingress): readonly string[] {
  if (metadata.annotations?.[classAnnotation] === undefined || spec.ingressClassName !== undefined) return [];
  return [`annotation "${classAnnotation}" is deprecated, please use 'spec.ingressClassName' instead`];
}

/** What a report of where an ingress can be reached may say. */
export function ingressStatusErrors({ status }: Ingress): readonly FieldError[] {
  const field = 'status.loadBalancer.ingress';
  return each(field, status?.loadBalancer?.ingress, ({ ip, hostname }, path) => [
    ...(ip ? invalids(`${path}.ip`, ip, legacyIpErrors(ip)) : []),
    ...(hostname ? dnsSubdomain(`${path}.hostname`, hostname) : []),
    ...(hostname && isIp(hostname)
      ? [invalid(`${path}.hostname`, hostname, 'must be a DNS name, not an IP address')]
      : []),
  ]);
}

function hostName(field: string, host: string): readonly FieldError[] {
  const rule = host.includes('*') ? wildcardDns1123SubdomainErrors : dns1123SubdomainErrors;
  return invalids(field, host, rule(host));
}

function ruleErrors(field: string, { host, http }: IngressRule): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (host) {
    if (isIp(host)) {
      errors.push(invalid(`${field}.host`, host, 'must be a DNS name, not an IP address'));
    }
    errors.push(...hostName(`${field}.host`, host));
  }
  if (!http) return errors;
  if (!http.paths?.length) return [...errors, required(`${field}.http.paths`)];
  return [...errors, ...each(`${field}.http.paths`, http.paths, (path, p) => pathErrors(p, path))];
}

function pathErrors(field: string, { path = '', pathType, backend }: HTTPIngressPath): readonly FieldError[] {
  if (pathType === undefined) return [required(`${field}.pathType`, 'pathType must be specified')];
  const types = ['Exact', 'ImplementationSpecific', 'Prefix'];
  const errors: FieldError[] = [];
  const isFree = pathType === 'ImplementationSpecific';
  if (!types.includes(pathType)) errors.push(notSupported(`${field}.pathType`, pathType, types));
  else if (!path.startsWith('/') && !(isFree && path === '')) {
    errors.push(invalid(`${field}.path`, path, 'must be an absolute path'));
  }
  if (pathType === 'Exact' || pathType === 'Prefix') errors.push(...ambiguous(`${field}.path`, path));
  return [...errors, ...backendErrors(`${field}.backend`, backend ?? {})];
}

/** Parts of a path that servers read in different ways. */
function ambiguous(field: string, path: string): readonly FieldError[] {
  const inside = badSequences.filter((text) => path.includes(text));
  const atEnd = badEnds.filter((text) => path.endsWith(text));
  return [
    ...inside.map((text) => invalid(field, path, `must not contain '${text}'`)),
    ...atEnd.map((text) => invalid(field, path, `cannot end with '${text}'`)),
  ];
}

function tlsErrors(field: string, { hosts, secretName }: IngressTLS): readonly FieldError[] {
  return [
    ...each(`${field}.hosts`, hosts, (host, path) => hostName(path, host)),
    ...(secretName ? dnsSubdomain(`${field}.secretName`, secretName) : []),
  ];
}
