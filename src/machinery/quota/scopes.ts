import type { Pod, PodSpec, ResourceQuota, ScopedResourceSelectorRequirement } from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { qosClassOf } from '../qos.ts';

/** Whether a quota is about this object: a quota with scopes is about the pods in all of them. */
export function inScope(
  { spec }: ResourceQuota,
  resource: Pick<Resource, 'group' | 'plural'>,
  object: KubernetesObject,
): boolean {
  const requirements = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  const isPod = resource.group === '' && resource.plural === 'pods';
  return isPod && requirements.every((requirement) => podMatches(object as Pod, requirement));
}

function podMatches(pod: Pod, requirement: ScopedResourceSelectorRequirement): boolean {
  const { spec } = pod;
  switch (requirement.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return qosClassOf(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosClassOf(pod) !== 'BestEffort';
    case 'PriorityClass':
      return classMatches(spec.priorityClassName ?? '', requirement);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function classMatches(name: string, { operator, values = [] }: ScopedResourceSelectorRequirement): boolean {
  switch (operator) {
    case 'Exists':
      return name !== '';
    case 'DoesNotExist':
      return name === '';
    case 'In':
      return values.includes(name);
    default:
      return !values.includes(name);
  }
}

function crossesNamespaces({ affinity }: PodSpec): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((kind) => [
    ...(kind?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(kind?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      (weighted) => weighted.podAffinityTerm,
    ),
  ]);
  return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
}
