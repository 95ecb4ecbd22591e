import type { Node, NodeConfigSource } from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  internalError,
  invalid,
  invalids,
  noErrors,
  required,
} from '../../../../machinery/field-error.ts';
import { byteLength, goQuote } from '../../../../machinery/go-text.ts';
import { badRange, legacyCidrErrors } from '../../../../machinery/ip.ts';
import { configMapKeyErrors } from '../../../../machinery/names.ts';
import { resourceAmount } from '../../pod-spec/validation/resources.ts';
import { dnsLabel, dnsSubdomain, each, repeats } from '../../shared/validate.ts';
import { nodeAnnotations } from './annotations.ts';
import { taints } from './taints.ts';

/** What holds for a new node. */
export function nodeErrors({ metadata, spec, status }: Node): readonly FieldError[] {
  const swap = status?.nodeInfo?.swap?.capacity;
  return allErrors(
    nodeAnnotations('metadata.annotations', metadata.annotations),
    taints('metadata.taints', spec.taints),
    amounts(status),
    swap === undefined || swap > 0
      ? noErrors
      : [invalid('metadata.nodeSwapStatus.capacity', swap, 'must be greater than zero')],
    declaredFeatures(status),
    podRanges(spec.podCIDRs),
  );
}

/** What an update may do, of the node and of its status alike. */
export function nodeUpdateErrors(node: Node, { spec: old }: Node): readonly FieldError[] {
  const { metadata, spec, status } = node;
  const once = (name: string, shown: string) =>
    forbiddenField(`spec.${name}`, `node updates may not change ${shown} except from "" to valid`);
  const moved = changedRanges(spec.podCIDRs ?? [], old.podCIDRs ?? []);
  return allErrors(
    nodeAnnotations('metadata.annotations', metadata.annotations),
    amounts(status),
    declaredFeatures(status),
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
    return given ? noErrors : [required(`${path}.${name}`)];
  });
  const { namespace, name, kubeletConfigKey: key } = configMap;
  const must = (what: string) => [required(`${path}.${what}`)];
  return allErrors(
    identity,
    namespace ? dnsLabel(`${path}.namespace`, namespace) : must('namespace'),
    name ? dnsSubdomain(`${path}.name`, name) : must('name'),
    key ? invalids(`${path}.kubeletConfigKey`, key, configMapKeyErrors(key)) : must('kubeletConfigKey'),
  );
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
  const bad = badRange(ranges);
  const unreadable = 'invalid PodCIDRs. failed to check with dual stack with error:';
  if (bad) errors.push(internalError('spec.podCIDRs', `${unreadable}${bad}`));
  const families = new Set(ranges.map((range) => range.includes(':')));
  const why = 'may specify no more than one CIDR for each IP family';
  if (bad || ranges.length > 2 || families.size < 2) errors.push(invalid('spec.podCIDRs', ranges, why));
  return errors;
}

const maxFeatureLength = 253;
const featureName = /^[A-Z][a-zA-Z0-9]*(\/[a-zA-Z][a-zA-Z0-9]*)*$/;

function featureFault(name: string): string | undefined {
  const what = `invalid feature name ${goQuote(name)}: must`;
  if (byteLength(name) > maxFeatureLength) return `${what} be no more than ${maxFeatureLength} characters`;
  if (featureName.test(name)) return undefined;
  return `${what} start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes`;
}

/** What the node says it can do: names in order, each once. */
function declaredFeatures(status: Node['status']): readonly FieldError[] {
  const field = 'status.declaredFeatures';
  const names = status?.declaredFeatures;
  return each(field, names, (name, path, i) => {
    const fault = featureFault(name);
    const errors = fault ? [invalid(path, name, fault)] : [];
    const next = names?.[i + 1];
    const nextPath = `${field}[${i + 1}]`;
    if (next === name) errors.push(duplicate(nextPath, next));
    else if (next !== undefined && name > next)
      errors.push(invalid(nextPath, next, 'list must be sorted alphabetically'));
    return errors;
  });
}

function addresses(status: Node['status']): readonly FieldError[] {
  const repeated = repeats();
  return each('status.addresses', status?.addresses, (address, path) =>
    repeated(`${address.type} ${address.address}`)
      ? [duplicate(path, { Type: address.type, Address: address.address })]
      : noErrors,
  );
}
