import type {
  PersistentVolumeClaim,
  Pod,
  PodSpec,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
} from '../../api/core/v1.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { nothing } from '../joined.ts';
import { qosClassOf } from '../qos.ts';

type Requirement = ScopedResourceSelectorRequirement;
type ResourceName = Pick<Resource, 'group' | 'plural'>;

/** Whether a quota is about this object: one with scopes is about the pods, or the claims, in all of them. */
export const inScope = (quota: ResourceQuota, resource: ResourceName, object: KubernetesObject): boolean =>
  requirementsOf(quota).every((requirement) => meets(resource, object, requirement));

/** What a quota asks of the objects that it is about. */
export function requirementsOf({ spec }: ResourceQuota): readonly Requirement[] {
  if (!spec?.scopes && !spec?.scopeSelector) return nothing;
  return [
    ...(spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' })),
    ...(spec.scopeSelector?.matchExpressions ?? []),
  ];
}

/** Whether an object is in a scope; objects that are neither pods nor claims are in none. */
export function meets(resource: ResourceName, object: KubernetesObject, requirement: Requirement): boolean {
  if (resource.group !== '') return false;
  if (resource.plural === 'pods') return podMeets(object as Pod, requirement);
  return (
    resource.plural === 'persistentvolumeclaims' &&
    requirement.scopeName === 'VolumeAttributesClass' &&
    isAnyNamed(classesOf(object as PersistentVolumeClaim), requirement)
  );
}

/** The classes of attributes that a claim has, wants, or is on its way to. */
function classesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return names.flatMap((name) => name || []);
}

const isAnyNamed = (names: readonly string[], requirement: Requirement) =>
  names.length === 0 ? isNamed('', requirement) : names.some((name) => isNamed(name, requirement));

function podMeets(pod: Pod, requirement: Requirement): boolean {
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
      return isNamed(spec.priorityClassName ?? '', requirement);
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(spec);
    default:
      return false;
  }
}

function isNamed(name: string, { operator, values = [] }: Requirement): boolean {
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
