import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import { deepEqual } from '../../../../machinery/equal.ts';
import {
  allErrors,
  type FieldError,
  invalid,
  invalidObject,
  noErrors,
} from '../../../../machinery/field-error.ts';
import { ipFamily } from '../../../../machinery/ip.ts';
import { isHeadless } from './type-change.ts';
import { clusterIpErrors } from './validation.ts';

type Family = 'IPv4' | 'IPv6';

const other = (family: string | undefined): Family => (family === 'IPv4' ? 'IPv6' : 'IPv4');
const familyOf = (ip: string): Family => (ipFamily(ip) === 6 ? 'IPv6' : 'IPv4');
const policyField = 'spec.ipFamilyPolicy';

/**
 * Decides which families of addresses a service has, of those the cluster has (the first being the default). Throws an
 * Invalid error where the service asks for what cannot be.
 */
export function decideFamilies(
  service: Service,
  old: Service | undefined,
  families: readonly Family[],
): void {
  const { spec } = service;
  if (spec.type === 'ExternalName' || keepsPreference(spec, old?.spec)) return;
  spec.ipFamilyPolicy ??=
    old?.spec.ipFamilyPolicy ?? (isSelectorless(spec) ? 'RequireDualStack' : 'SingleStack');
  fail(service, clusterIpErrors(spec, old?.spec));
  fail(service, [...reductions(spec, old?.spec), ...tooMany(spec), ...inferFamilies(spec, families)]);
  if (isSelectorless(spec)) {
    spec.ipFamilies = complete(spec, families, true);
    return;
  }
  fail(service, unavailable(spec, families));
  spec.ipFamilies = complete(spec, families, families.length === 2);
}

function fail({ metadata }: Service, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: '', kind: 'Service' }, metadata.name ?? '', errors);
}

const isSelectorless = (spec: ServiceSpec) =>
  isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;

/** A service that prefers two families keeps what it got, whatever the cluster has by now. */
function keepsPreference(spec: ServiceSpec, old: ServiceSpec | undefined): boolean {
  if (!old || old.type === 'ExternalName') return false;
  const prefers = spec.ipFamilyPolicy === 'PreferDualStack' && old.ipFamilyPolicy === 'PreferDualStack';
  return prefers && deepEqual(spec.clusterIPs, old.clusterIPs) && deepEqual(spec.ipFamilies, old.ipFamilies);
}

/** With one family wanted the second goes; otherwise nobody may take it off in silence. */
function reductions(spec: ServiceSpec, old: ServiceSpec | undefined): readonly FieldError[] {
  if (!old) return noErrors;
  if (spec.ipFamilyPolicy === 'SingleStack') {
    if (deepEqual(spec.clusterIPs, old.clusterIPs)) spec.clusterIPs = spec.clusterIPs?.slice(0, 1);
    if (deepEqual(spec.ipFamilies, old.ipFamilies)) spec.ipFamilies = spec.ipFamilies?.slice(0, 1);
    return noErrors;
  }
  const errors: FieldError[] = [];
  const reduced = (now: string[] | undefined, before: string[] | undefined) =>
    now?.length === 1 && before?.length === 2 && now[0] === before[0];
  if (reduced(spec.clusterIPs, old.clusterIPs)) {
    errors.push(
      invalid(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary cluster IP"),
    );
  }
  if (reduced(spec.ipFamilies, old.ipFamilies)) {
    errors.push(
      invalid(policyField, spec.ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family"),
    );
  }
  return errors;
}

function tooMany({ ipFamilyPolicy, clusterIPs, ipFamilies }: ServiceSpec): readonly FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return noErrors;
  const why = (what: string) =>
    `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`;
  return allErrors(
    clusterIPs?.length === 2 ? [invalid(policyField, ipFamilyPolicy, why('cluster IPs'))] : noErrors,
    ipFamilies?.length === 2 ? [invalid(policyField, ipFamilyPolicy, why('IP families'))] : noErrors,
  );
}

/** Addresses that are given say which families they are of. */
function inferFamilies(spec: ServiceSpec, families: readonly Family[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [i, ip] of (spec.clusterIPs ?? []).entries()) {
    if (ip === 'None') break;
    const family = familyOf(ip);
    if (i < (spec.ipFamilies?.length ?? 0)) continue;
    if (families.includes(family)) spec.ipFamilies = [...(spec.ipFamilies ?? []), family];
    else
      errors.push(
        invalid(`spec.clusterIPs[${i}]`, spec.clusterIPs, `${family} is not configured on this cluster`),
      );
  }
  return errors;
}

function unavailable(spec: ServiceSpec, families: readonly Family[]): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2) {
    const why = 'this cluster is not configured for dual-stack services';
    errors.push(invalid(policyField, spec.ipFamilyPolicy, why));
  }
  for (const [i, family] of (spec.ipFamilies ?? []).entries()) {
    if (families.includes(family as Family)) continue;
    errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  }
  return errors;
}

function complete(spec: ServiceSpec, [first]: readonly Family[], mayAdd: boolean): string[] {
  const chosen = spec.ipFamilies?.length ? spec.ipFamilies : [first as string];
  const wantsTwo = spec.ipFamilyPolicy !== 'SingleStack';
  return wantsTwo && mayAdd && chosen.length === 1 ? [...chosen, other(chosen[0])] : [...chosen];
}
