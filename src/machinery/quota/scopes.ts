import type { Pod, PodSpec, ResourceQuota, ScopedResourceSelectorRequirement } from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';

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

function podMatches({ spec }: Pod, requirement: ScopedResourceSelectorRequirement): boolean {
  switch (requirement.scopeName) {
    case 'Terminating':
      return spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return isBestEffort(spec);
    case 'NotBestEffort':
      return !isBestEffort(spec);
    case 'PriorityClass':
      return classMatches(spec.priorityClassName ?? '', requirement);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

/** Whether nothing in the pod asks for cpu or memory, or is limited in them. */
function isBestEffort(spec: PodSpec): boolean {
  const parts = [spec, ...spec.containers, ...(spec.initContainers ?? [])];
  return !parts.some(({ resources }) =>
    [resources?.requests, resources?.limits].some((list) =>
      ['cpu', 'memory'].some((name) => Number.parseFloat(list?.[name] ?? '0') > 0),
    ),
  );
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
