import type {
  Container,
  ContainerStatus,
  EphemeralContainer,
  PodSpec,
  PodStatus,
} from '../../../api/core/v1.ts';
import { type AnyContainer, someContainer } from './validation/context.ts';

/** Projections behind gates that are shut: ClusterTrustBundleProjection and PodCertificateRequest. */
const gatedProjections = ['clusterTrustBundle', 'podCertificate'] as const;
type Gated = (typeof gatedProjections)[number];

/**
 * Takes out of a spec what upstream 1.36 has behind gates that are shut unless somebody opens them. What the spec had
 * before it keeps: a server whose gates are open may have written it.
 */
export function dropGatedFields(spec: PodSpec, old?: PodSpec): void {
  if (spec.schedulingGroup !== undefined && !old?.schedulingGroup) delete spec.schedulingGroup;
  for (const name of gatedProjections) dropProjection(spec, old, name);
  if (!someContainer(spec, hasStopSignal) || (old && someContainer(old, hasStopSignal))) return;
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers])
    list?.forEach(dropStopSignal);
}

function dropProjection(spec: PodSpec, old: PodSpec | undefined, name: Gated): void {
  if (!projects(spec, name) || (old && projects(old, name))) return;
  for (const { projected } of spec.volumes ?? [])
    for (const source of projected?.sources ?? []) delete source[name];
}

function projects({ volumes = [] }: PodSpec, name: Gated): boolean {
  for (const { projected } of volumes) if (projected?.sources?.some((source) => source[name])) return true;
  return false;
}

const hasStopSignal = ({ lifecycle }: AnyContainer): boolean => lifecycle?.stopSignal !== undefined;

function dropStopSignal(container: Container | EphemeralContainer): void {
  const { lifecycle } = container;
  if (!lifecycle) return;
  delete lifecycle.stopSignal;
  if (!lifecycle.postStart && !lifecycle.preStop) delete container.lifecycle;
}

/** The same of what is reported of a pod: ImageVolumeWithDigest and DRANodeAllocatableResources. */
export function dropGatedReports(status: PodStatus, old: PodStatus = {}): void {
  if (!old.nodeAllocatableResourceClaimStatuses?.length) delete status.nodeAllocatableResourceClaimStatuses;
  if (hasVolumeStatus(status) && !hasVolumeStatus(old)) dropVolumeStatus(status);
}

const lists = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'] as const;

function hasVolumeStatus(status: PodStatus): boolean {
  for (const name of lists)
    for (const { volumeMounts } of status[name] ?? noStatuses)
      if (volumeMounts?.some(({ volumeStatus }) => volumeStatus)) return true;
  return false;
}

const noStatuses: readonly ContainerStatus[] = [];

function dropVolumeStatus(status: PodStatus): void {
  for (const name of lists)
    for (const { volumeMounts } of status[name] ?? noStatuses)
      for (const mount of volumeMounts ?? []) delete mount.volumeStatus;
}
