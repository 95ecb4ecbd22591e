import { customResourceDefinitionKind } from '../extensions/definition/custom-resource-definition.ts';
import type { Kind } from '../registry/kind.ts';
import {
  mutatingAdmissionPolicyBindingKind,
  mutatingAdmissionPolicyKind,
  validatingAdmissionPolicyBindingKind,
  validatingAdmissionPolicyKind,
} from './admissionregistration/policies.ts';
import {
  mutatingWebhookConfigurationKind,
  validatingWebhookConfigurationKind,
} from './admissionregistration/webhooks.ts';
import { apiServiceKind } from './apiregistration/api-service.ts';
import { controllerRevisionKind } from './apps/controller-revision.ts';
import { daemonSetKind } from './apps/daemon-set.ts';
import { deploymentKind } from './apps/deployment.ts';
import { replicaSetKind } from './apps/replica-set.ts';
import { statefulSetKind } from './apps/stateful-set.ts';
import { horizontalPodAutoscalerV1Kind } from './autoscaling/horizontal-pod-autoscaler-v1.ts';
import { horizontalPodAutoscalerKind } from './autoscaling/horizontal-pod-autoscaler.ts';
import { cronJobKind } from './batch/cron-job.ts';
import { jobKind } from './batch/job.ts';
import { certificateSigningRequestKind } from './certificates/certificate-signing-request.ts';
import { leaseKind } from './coordination/lease.ts';
import { bindingKind } from './core/binding.ts';
import { componentStatusKind } from './core/component-status.ts';
import { configMapKind } from './core/config-map.ts';
import { endpointsKind } from './core/endpoints.ts';
import { eventKind } from './core/event/event.ts';
import { limitRangeKind } from './core/quota/limit-range.ts';
import { namespaceKind } from './core/namespace.ts';
import { nodeKind } from './core/node/node.ts';
import { podTemplateKind } from './core/pod-template.ts';
import { podKind } from './core/pod/pod.ts';
import { replicationControllerKind } from './core/replication-controller.ts';
import { resourceQuotaKind } from './core/quota/resource-quota.ts';
import { secretKind } from './core/secret.ts';
import { serviceAccountKind } from './core/service-account.ts';
import { allottingFrom, serviceKind, type ServiceSettings } from './core/service/service.ts';
import { persistentVolumeClaimKind } from './core/volumes/persistent-volume-claim.ts';
import { persistentVolumeKind } from './core/volumes/persistent-volume.ts';
import { endpointSliceKind } from './discovery/endpoint-slice.ts';
import { newEventKind } from './events/event.ts';
import { flowSchemaKind, priorityLevelConfigurationKind } from './flowcontrol/flowcontrol.ts';
import { ipAddressKind, serviceCidrKind } from './networking/addresses.ts';
import { ingressClassKind } from './networking/ingress-class.ts';
import { ingressKind } from './networking/ingress.ts';
import { networkPolicyKind } from './networking/network-policy.ts';
import { runtimeClassKind } from './node/runtime-class.ts';
import { podDisruptionBudgetKind } from './policy/pod-disruption-budget.ts';
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from './rbac/rbac.ts';
import { deviceClassKind } from './resource/device-class.ts';
import { resourceClaimKind, resourceClaimTemplateKind } from './resource/resource-claim.ts';
import { resourceSliceKind } from './resource/resource-slice.ts';
import { priorityClassKind } from './scheduling/priority-class.ts';
import { withStandardFinalizers } from './shared/finalizers.ts';
import { withZeroes } from './shared/zero-values.ts';
import { csiDriverKind, csiNodeKind, csiStorageCapacityKind, volumeAttachmentKind } from './storage/csi.ts';
import { storageClassKind, volumeAttributesClassKind } from './storage/storage-class.ts';

const kinds: readonly Kind[] = [
  apiServiceKind,
  bindingKind,
  clusterRoleBindingKind,
  clusterRoleKind,
  certificateSigningRequestKind,
  componentStatusKind,
  configMapKind,
  controllerRevisionKind,
  cronJobKind,
  csiDriverKind,
  csiNodeKind,
  csiStorageCapacityKind,
  daemonSetKind,
  deploymentKind,
  deviceClassKind,
  endpointSliceKind,
  endpointsKind,
  eventKind,
  flowSchemaKind,
  horizontalPodAutoscalerKind,
  horizontalPodAutoscalerV1Kind,
  ingressClassKind,
  ingressKind,
  ipAddressKind,
  jobKind,
  leaseKind,
  limitRangeKind,
  namespaceKind,
  networkPolicyKind,
  newEventKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podDisruptionBudgetKind,
  podKind,
  podTemplateKind,
  priorityClassKind,
  priorityLevelConfigurationKind,
  replicaSetKind,
  replicationControllerKind,
  resourceClaimKind,
  resourceClaimTemplateKind,
  resourceQuotaKind,
  resourceSliceKind,
  roleBindingKind,
  roleKind,
  runtimeClassKind,
  secretKind,
  serviceAccountKind,
  serviceCidrKind,
  serviceKind,
  statefulSetKind,
  storageClassKind,
  volumeAttachmentKind,
  volumeAttributesClassKind,
];

/** Kinds whose finalizers may have any name, as those of custom resources. */
const kindsWithAnyFinalizers: readonly Kind[] = [
  customResourceDefinitionKind,
  mutatingAdmissionPolicyBindingKind,
  mutatingAdmissionPolicyKind,
  mutatingWebhookConfigurationKind,
  validatingAdmissionPolicyBindingKind,
  validatingAdmissionPolicyKind,
  validatingWebhookConfigurationKind,
];

/** Every kind that is stored and served, in no particular order. */
export const allKinds: readonly Kind[] = [
  ...kinds.map(withStandardFinalizers),
  ...kindsWithAnyFinalizers,
].map(withZeroes);

/** What an administrator may say of kinds. */
export interface KindSettings {
  /** How long events are kept; 0 is for ever. */
  eventSeconds?: number | undefined;
  /** What services are allotted. */
  services?: ServiceSettings | undefined;
}

/** All kinds, as an administrator wants them. */
export function kindsAs({ eventSeconds, services }: KindSettings): readonly Kind[] {
  return allKinds.map((kind) => {
    if (kind.resource === eventKind.resource && eventSeconds !== undefined)
      return { ...kind, ttlSeconds: () => eventSeconds };
    if (kind.resource === serviceKind.resource && services)
      return { ...kind, ...(allottingFrom(services) as Partial<Kind>) };
    return kind;
  });
}
