import type { Node, NodeConfigSource, Taint } from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { legacyCidrErrors } from '../../../../machinery/ip.ts';
import { configMapKeyErrors, labelValueErrors } from '../../../../machinery/names.ts';
import { resourceAmount } from '../../pod-spec/validation/resources.ts';
import { taintEffect } from '../../pod-spec/validation/scheduling.ts';
import { dnsLabel, dnsSubdomain, each, qualifiedName, repeats } from '../../shared/validate.ts';

/** What holds for a new node. */
export function nodeErrors({ spec, status }: Node): readonly FieldError[] {
  return allErrors(taints('metadata.taints', spec.taints), amounts(status), podRanges(spec.podCIDRs));
}

/** What an update may do, of the node and of its status alike. */
export function nodeUpdateErrors(node: Node, { spec: old }: Node): readonly FieldError[] {
  const { spec, status } = node;
  const once = (name: string, shown: string) =>
    forbiddenField(`spec.${name}`, `node updates may not change ${shown} except from "" to valid`);
  const moved = changedRanges(spec.podCIDRs ?? [], old.podCIDRs ?? []);
  return allErrors(
    amounts(status),
    addresses(status),
    Array.from({ length: moved }, () => once('podCIDRs', 'podCIDR')),
    old.providerID && old.providerID !== spec.providerID ? [once('providerID', 'providerID')] : noErrors,
    spec.configSource ? configSource('spec.configSource', spec.configSource, 'spec') : noErrors,
    reportedConfig(status),
    taints('metadata.taints', spec.taints),
    (spec.externalID ?? '') === (old.externalID ?? '')
      ? noErrors
      : [forbiddenField('spec.externalID', 'may not be updated')],
  );
}

/** How many ranges are others than they were, once a node has any; a list of another length counts once. */
function changedRanges(now: readonly string[], before: readonly string[]): number {
  if (before.length === 0) return 0;
  return now.length === before.length ? before.filter((range, i) => range !== now[i]).length : 1;
}

function reportedConfig(status: Node['status']): readonly FieldError[] {
  return (['assigned', 'active', 'lastKnownGood'] as const).flatMap((name) => {
    const source = status?.config?.[name];
    return source ? configSource(`status.config.${name}`, source, 'status') : noErrors;
  });
}

/** Where a kubelet was once configured from; the field is out of use, its rules are not. */
function configSource(
  field: string,
  { configMap }: NodeConfigSource,
  place: 'spec' | 'status',
): readonly FieldError[] {
  if (!configMap)
    return [invalid(field, { ConfigMap: null }, 'exactly one reference subfield must be non-nil')];
  const path = `${field}.configMap`;
  const identity = (['uid', 'resourceVersion'] as const).flatMap((name) => {
    const given = Boolean(configMap[name]);
    if (place === 'spec')
      return given ? [forbiddenField(`${path}.${name}`, `${name} must not be set in spec`)] : noErrors;
    return given ? noErrors : [required(`${path}.${name}`, `${name} must be set in status`)];
  });
  const { namespace, name, kubeletConfigKey: key } = configMap;
  const must = (what: string) => [required(`${path}.${what}`, `${what} must be set`)];
  return allErrors(
    identity,
    namespace ? dnsLabel(`${path}.namespace`, namespace) : must('namespace'),
    name ? dnsSubdomain(`${path}.name`, name) : must('name'),
    key ? invalids(`${path}.kubeletConfigKey`, key, configMapKeyErrors(key)) : must('kubeletConfigKey'),
  );
}

/** Upstream reports taints under the metadata, where they were once annotations. */
function taints(field: string, list: readonly Taint[] | undefined): readonly FieldError[] {
  const repeated = repeats();
  return each(field, list, (taint, path) => {
    const { key, value = '', effect } = taint;
    const wrong = labelValueErrors(value).join(';');
    const errors = [
      ...qualifiedName(`${path}.key`, key),
      ...(wrong ? [invalid(`${path}.value`, value, wrong)] : noErrors),
      ...taintEffect(`${path}.effect`, effect),
    ];
    if (!repeated(`${effect} ${key}`)) return errors;
    const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
    const error = duplicate(path, shown);
    return [...errors, { ...error, body: `${error.body}: taints must be unique by key and effect pair` }];
  });
}

function amounts(status: Node['status']): readonly FieldError[] {
  const lists = { capacity: status?.capacity, allocatable: status?.allocatable };
  return Object.entries(lists).flatMap(([list, resources]) =>
    Object.entries(resources ?? {}).flatMap(([name, amount]) =>
      resourceAmount(`status.${list}.${name}`, name, amount),
    ),
  );
}

function podRanges(ranges: readonly string[] = []): readonly FieldError[] {
  const errors = [
    ...each('spec.podCIDRs', ranges, (range, path) => invalids(path, range, legacyCidrErrors(range))),
  ];
  if (ranges.length <= 1) return errors;
  const families = new Set(ranges.map((range) => range.includes(':')));
  const why = 'may specify no more than one CIDR for each IP family';
  if (ranges.length > 2 || families.size < 2) errors.push(invalid('spec.podCIDRs', ranges, why));
  const repeated = repeats();
  return allErrors(
    errors,
    each('spec.podCIDRs', ranges, (range, path) => (repeated(range) ? [duplicate(path, range)] : noErrors)),
  );
}

function addresses(status: Node['status']): readonly FieldError[] {
  const repeated = repeats();
  return each('status.addresses', status?.addresses, (address, path) =>
    repeated(`${address.type} ${address.address}`)
      ? [duplicate(path, { Type: address.type, Address: address.address })]
      : noErrors,
  );
}
