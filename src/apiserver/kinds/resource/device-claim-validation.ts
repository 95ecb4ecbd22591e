import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceClaimSpec,
} from '../../../api/resource/v1.ts';
import { type FieldError, invalid, notSupported, required } from '../../../machinery/field-error.ts';
import { dnsLabel, dnsSubdomain, each } from '../shared/validate.ts';
import { eachOnce, eachUpTo } from './collections.ts';
import { deviceConfigurationErrors } from './configuration-validation.ts';
import { fullAttributeName } from './names.ts';
import { selectorErrors } from './selector.ts';
import { deviceTolerationErrors } from './taints-validation.ts';

export const maxRequests = 32;
export const maxConfigurations = 32;
const maxConstraints = 32;
const maxAlternatives = 8;

/** The requests of a claim by name, each with the names of its alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

export function requestNames({ requests }: DeviceClaim): RequestNames {
  return new Map(
    (requests ?? []).map(({ name, firstAvailable = [] }) => [
      name,
      new Set(firstAvailable.map((r) => r.name)),
    ]),
  );
}

/** What a claim asks for. */
export function claimSpecErrors(field: string, { devices = {} }: ResourceClaimSpec): readonly FieldError[] {
  const names = requestNames(devices);
  const path = `${field}.devices`;
  return [
    ...eachOnce(`${path}.requests`, devices.requests, {
      max: maxRequests,
      validate: requestErrors,
      key: (request) => request.name,
    }),
    ...eachUpTo(`${path}.constraints`, devices.constraints, {
      max: maxConstraints,
      validate: (constraint, at) => constraintErrors(constraint, at, names),
    }),
    ...eachUpTo(`${path}.config`, devices.config, {
      max: maxConfigurations,
      validate: (config, at) => configurationErrors(config, at, names),
    }),
  ];
}

function requestErrors(request: DeviceRequest, field: string): readonly FieldError[] {
  const { name, exactly, firstAvailable = [] } = request;
  const errors = dnsLabel(`${field}.name`, name);
  const why = 'exactly one of `exactly` or `firstAvailable` is required';
  if (!exactly && firstAvailable.length === 0) return [...errors, required(field, why)];
  if (exactly && firstAvailable.length > 0) {
    return [...errors, invalid(field, null, `${why}, but multiple fields are set`)];
  }
  if (exactly) return [...errors, ...wishErrors(exactly, `${field}.exactly`)];
  const alternatives = eachOnce(`${field}.firstAvailable`, firstAvailable, {
    max: maxAlternatives,
    validate: (wish, at) => [...dnsLabel(`${at}.name`, wish.name), ...wishErrors(wish, at)],
    key: (wish) => wish.name,
  });
  return [...errors, ...alternatives];
}

function wishErrors(wish: ExactDeviceRequest | DeviceSubRequest, field: string): readonly FieldError[] {
  const { deviceClassName: className, selectors, tolerations } = wish;
  const classField = `${field}.deviceClassName`;
  return [
    ...(className ? dnsSubdomain(classField, className) : [required(classField)]),
    ...selectorErrors(`${field}.selectors`, selectors),
    ...amountErrors(wish, field),
    ...each(`${field}.tolerations`, tolerations, deviceTolerationErrors),
  ];
}

function amountErrors(
  { allocationMode: mode = '', count = 0 }: ExactDeviceRequest | DeviceSubRequest,
  field: string,
): readonly FieldError[] {
  const at = `${field}.count`;
  switch (mode) {
    case 'All':
      return count ? [invalid(at, count, "must not be specified when allocationMode is 'All'")] : [];
    case 'ExactCount':
      return count <= 0 ? [invalid(at, count, 'must be greater than zero')] : [];
    default:
      return [notSupported(`${field}.allocationMode`, mode, ['All', 'ExactCount'])];
  }
}

function constraintErrors(
  constraint: DeviceConstraint,
  field: string,
  names: RequestNames,
): readonly FieldError[] {
  const { matchAttribute: same, distinctAttribute: distinct } = constraint;
  const errors = requestReferenceErrors(`${field}.requests`, constraint.requests, names);
  if (same !== undefined) return [...errors, ...fullAttributeName(`${field}.matchAttribute`, same)];
  if (distinct !== undefined) {
    return [...errors, ...fullAttributeName(`${field}.distinctAttribute`, distinct)];
  }
  const why =
    'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(field, why)];
}

function configurationErrors(
  config: DeviceClaimConfiguration,
  field: string,
  names: RequestNames,
): readonly FieldError[] {
  return [
    ...requestReferenceErrors(`${field}.requests`, config.requests, names),
    ...deviceConfigurationErrors(config, field, false),
  ];
}

/** Names of requests, each of them once. */
export function requestReferenceErrors(
  field: string,
  requests: readonly string[] | undefined,
  names: RequestNames,
): readonly FieldError[] {
  return eachOnce(field, requests, {
    max: maxRequests,
    validate: (name, path) => requestReference(path, name, names),
    key: (name) => name,
  });
}

/** The name of a request, or of one of its alternatives as `request/alternative`. */
export function requestReference(field: string, name: string, names: RequestNames): readonly FieldError[] {
  const why =
    "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const segments = name.split('/');
  if (segments.length > 2) return [invalid(field, name, why)];
  const [request = '', alternative] = segments;
  const alternatives = names.get(request);
  const isKnown = alternatives && (alternative === undefined || alternatives.has(alternative));
  const errors = segments.flatMap((segment) => dnsLabel(field, segment));
  return isKnown ? errors : [...errors, invalid(field, name, why)];
}
