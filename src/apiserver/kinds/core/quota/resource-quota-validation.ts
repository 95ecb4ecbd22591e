import type {
  ResourceQuota,
  ResourceQuotaSpec,
  ScopedResourceSelectorRequirement,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  invalid,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import type { ResourceList } from '../../pod-spec/resource-lists.ts';
import { isQuotaResource } from '../../pod-spec/validation/resource-names.ts';
import { resourceAmount, resourceName } from '../../pod-spec/validation/resources.ts';
import { immutableMessage } from '../../shared/validate.ts';

/** What holds for a quota at any time. */
export function quotaErrors({ spec }: ResourceQuota): readonly FieldError[] {
  return allErrors(
    hardLimits('spec.hard', spec.hard),
    scopes('spec.scopes', spec),
    scopeSelector('spec.scopeSelector.matchExpressions', spec),
  );
}

/** What a quota counts does not change. */
export function quotaUpdateErrors(quota: ResourceQuota, old: ResourceQuota): readonly FieldError[] {
  const sorted = ({ spec }: ResourceQuota) => [...new Set(spec.scopes)].sort().join();
  const errors = quotaErrors(quota);
  if (sorted(quota) === sorted(old)) return errors;
  return [...errors, invalid('spec.scopes', quota.spec.scopes ?? null, immutableMessage)];
}

/** What a report of what is used may say. */
export function quotaStatusErrors({ status }: ResourceQuota): readonly FieldError[] {
  return allErrors(hardLimits('status.hard', status?.hard), hardLimits('status.used', status?.used));
}

function hardLimits(field: string, list: ResourceList | undefined): readonly FieldError[] {
  return Object.entries(list ?? {}).flatMap(([name, amount]) => {
    const path = `${field}[${name}]`;
    const errors = [...resourceName(path, name)];
    if (!name.includes('/') && !isQuotaResource(name)) {
      errors.push(invalid(path, name, 'must be a standard resource for quota'));
    }
    return allErrors(errors, resourceAmount(path, name, amount));
  });
}

const computed = ['cpu', 'memory', 'ephemeral-storage'];
const computeResources = new Set([
  'pods',
  ...computed,
  ...computed.map((name) => `requests.${name}`),
  ...computed.map((name) => `limits.${name}`),
]);

/** Which of the names without a domain can be counted under a scope. */
const scopeCounts: Record<string, (name: string) => boolean> = {
  Terminating: (name) => computeResources.has(name),
  NotTerminating: (name) => computeResources.has(name),
  NotBestEffort: (name) => computeResources.has(name),
  PriorityClass: (name) => computeResources.has(name),
  CrossNamespacePodAffinity: (name) => computeResources.has(name),
  BestEffort: (name) => name === 'pods',
  VolumeAttributesClass: (name) => ['persistentvolumeclaims', 'requests.storage', 'storage'].includes(name),
};

const conflicts = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;

function scopes(field: string, { scopes = [], hard = {} }: ResourceQuotaSpec): readonly FieldError[] {
  const errors = scopes.flatMap((scope) => scopeErrors({ scope, field, shown: scopes, at: field }, hard));
  return allErrors(errors, conflicting(field, scopes, scopes));
}

/** A scope that is unknown is said `at` a path, one that does not fit to what is counted for the whole `field`. */
function scopeErrors(
  { scope, field, shown, at }: { scope: string; field: string; shown: unknown; at: string },
  hard: ResourceList,
): readonly FieldError[] {
  const counts = scopeCounts[scope];
  if (!counts) return [invalid(at, at === field ? shown : scope, 'unsupported scope')];
  const wrong = Object.keys(hard)
    .sort()
    .filter((name) => isQuotaResource(name) && !counts(name));
  return wrong.map(() => invalid(field, shown, 'unsupported scope applied to resource'));
}

function conflicting(field: string, scopes: readonly string[], shown: unknown): readonly FieldError[] {
  const both = conflicts.filter((pair) => pair.every((scope) => scopes.includes(scope)));
  return both.map(() => invalid(field, shown, 'conflicting scopes'));
}

/** Upstream reports all requirements under one path. */
function scopeSelector(
  field: string,
  { scopeSelector, scopes, hard = {} }: ResourceQuotaSpec,
): readonly FieldError[] {
  if (!scopeSelector) return noErrors;
  const requirements = scopeSelector.matchExpressions ?? [];
  const errors = requirements.flatMap((requirement) =>
    allErrors(
      scopeErrors(
        { scope: requirement.scopeName, field, shown: shownSelector(requirements), at: `${field}.scopeName` },
        hard,
      ),
      operatorErrors(field, requirement),
    ),
  );
  const named = requirements.map((r) => r.scopeName);
  return allErrors(errors, conflicting(field, named, scopes ?? null));
}

/** As errors of upstream show it: by the names that Go has for the fields. */
function shownSelector(requirements: readonly ScopedResourceSelectorRequirement[]): object {
  const shown = requirements.map(({ scopeName, operator, values }) => ({
    ScopeName: scopeName,
    Operator: operator,
    Values: values ?? null,
  }));
  return { MatchExpressions: shown };
}

const existOnly = new Set([
  'BestEffort',
  'NotBestEffort',
  'Terminating',
  'NotTerminating',
  'CrossNamespacePodAffinity',
]);

function operatorErrors(
  field: string,
  { scopeName, operator, values = [] }: ScopedResourceSelectorRequirement,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  if (existOnly.has(scopeName) && operator !== 'Exists') {
    const why =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(invalid(`${field}.operator`, operator, why));
  }
  if (operator === 'In' || operator === 'NotIn') {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(`${field}.values`, why));
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalid(`${field}.values`, values, why));
  } else {
    errors.push(invalid(`${field}.operator`, operator, 'not a valid selector operator'));
  }
  return errors;
}
