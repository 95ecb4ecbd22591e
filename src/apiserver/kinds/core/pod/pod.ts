import type { Pod } from '../../../../api/core/v1.ts';
import { pods } from '../../../../api/generated/resources.ts';
import type { Stored } from '../../../../api/resource.ts';
import { joined, nothing } from '../../../../machinery/joined.ts';
import { dns1123LabelErrors } from '../../../../machinery/names.ts';
import type { GracefulDeletion, Kind } from '../../../registry/kind.ts';
import { dropGatedFields, dropGatedReports } from '../../pod-spec/gated-fields.ts';
import { podWarnings } from '../../pod-spec/warnings.ts';
import { keepStatus } from '../../shared/status.ts';
import { bindingSubresource } from './binding.ts';
import { podColumns, podRowConditions } from './columns.ts';
import { defaultPod, defaultPodStatus } from './defaults.ts';
import { evictionSubresource } from './eviction.ts';
import { ephemeralContainersPart } from './ephemeral-containers.ts';
import { countGeneration } from './generation.ts';
import { prepareNewPod } from './new-pod.ts';
import { resizePart } from './resize.ts';
import { podStatusErrors } from './status-validation.ts';
import { podStatusWarnings } from './status-warnings.ts';
import { podUpdateErrors } from './update-validation.ts';
import { newPodErrors } from './validation.ts';

export const podKind: Kind<Pod> = {
  resource: pods,
  countsGeneration: false,
  returnsDeleted: true,
  defaults: defaultPod,
  prepareForCreate: prepareNewPod,
  prepareForUpdate(pod, old) {
    keepStatus(pod, old);
    dropGatedFields(pod.spec, old.spec);
    countGeneration(pod, old);
  },
  validate: newPodErrors,
  validateUpdate: podUpdateErrors,
  warnings,
  status: {
    resets: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'],
    defaults: defaultPodStatus,
    prepareForUpdate: prepareStatus,
    validateUpdate: podStatusErrors,
    warnings: podStatusWarnings,
  },
  parts: { ephemeralcontainers: ephemeralContainersPart, resize: resizePart },
  subresources: { binding: bindingSubresource, eviction: evictionSubresource },
  streams: {
    attach: { kind: 'PodAttachOptions', verbs: ['create', 'get'] },
    exec: { kind: 'PodExecOptions', verbs: ['create', 'get'] },
    log: { kind: 'Pod', verbs: ['get'] },
    portforward: { kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
    proxy: { kind: 'PodProxyOptions', verbs: ['create', 'delete', 'get', 'patch', 'update'] },
  },
  // The first is what the field was called in the beginning.
  fieldLabels: { renamed: { 'spec.host': 'spec.nodeName', 'status.podIPs': 'status.podIPs' } },
  selectableFields,
  // Kubelets ask for the pods of their nodes, proxies for the pod at an address.
  indexedFields: ['spec.nodeName', 'status.podIP'],
  columns: podColumns,
  rowConditions: podRowConditions,
  gracefulDeletion,
};

function warnings(pod: Pod, old: Stored<Pod> | undefined): readonly string[] {
  if (old) return nothing;
  const errors = dns1123LabelErrors(pod.metadata.name ?? '');
  const why =
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended";
  return joined(
    errors.length ? [`${why}: [${errors.join(' ')}]`] : nothing,
    podWarnings('', pod.metadata, pod.spec),
  );
}

/** Kubelets report state: who owns the pod, when it goes and how well it is served are not theirs to say. */
function prepareStatus(pod: Pod, old: Stored<Pod>): void {
  pod.metadata.ownerReferences = old.metadata.ownerReferences;
  pod.metadata.deletionTimestamp = old.metadata.deletionTimestamp;
  pod.status ??= {};
  dropGatedReports(pod.status, old.status);
  pod.status.qosClass ||= old.status?.qosClass;
  pod.status.observedGeneration ||= old.status?.observedGeneration;
  const before = [...(old.status?.conditions ?? [])];
  for (const condition of pod.status.conditions ?? []) {
    const index = before.findIndex((c) => c.type === condition.type);
    const [match] = index < 0 ? [] : before.splice(index, 1);
    condition.observedGeneration ||= match?.observedGeneration;
  }
}

function selectableFields({ spec, status }: Pod): Record<string, string> {
  return {
    'spec.nodeName': spec.nodeName ?? '',
    'spec.restartPolicy': spec.restartPolicy ?? '',
    'spec.schedulerName': spec.schedulerName ?? '',
    'spec.serviceAccountName': spec.serviceAccountName ?? '',
    'spec.hostNetwork': String(spec.hostNetwork ?? false),
    'status.phase': status?.phase ?? '',
    'status.podIP': status?.podIPs?.[0]?.ip ?? '',
    'status.nominatedNodeName': status?.nominatedNodeName ?? '',
  };
}

/** Pods that no node has and pods that have ended go at once. */
function gracefulDeletion({ spec, status }: Pod, requestedSeconds: number | undefined): GracefulDeletion {
  const ended = status?.phase === 'Failed' || status?.phase === 'Succeeded';
  const seconds = !spec.nodeName || ended ? 0 : (requestedSeconds ?? spec.terminationGracePeriodSeconds ?? 0);
  return { gracePeriodSeconds: seconds < 0 ? 1 : seconds };
}
