import type { AdmissionPlugin } from './admission.ts';
import { alwaysAdmit } from './always-admit.ts';
import { alwaysPullImages } from './always-pull-images.ts';
import { certificateSubject } from './certificate-subject.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { denyServiceExternalIps } from './deny-service-external-ips.ts';
import { eventRateLimitUnset } from './event-rate-limit.ts';
import { extendedResourceToleration } from './extended-resource-toleration.ts';
import { limitPodHardAntiAffinityTopology } from './limit-anti-affinity.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceExists } from './namespace-exists.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeDeclaredFeatures } from './node-declared-features.ts';
import { podNodeSelector } from './pod-node-selector.ts';
import { podResize } from './pod-resize.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTolerationRestriction } from './pod-toleration-restriction.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

/** Those that are there for who asks for them. */
const offByDefault = new Set([
  'AlwaysAdmit',
  'AlwaysPullImages',
  'DenyServiceExternalIPs',
  'EventRateLimit',
  'ExtendedResourceToleration',
  'LimitPodHardAntiAffinityTopology',
  'NamespaceExists',
  'PodNodeSelector',
  'PodTolerationRestriction',
]);

/** The plugins that are offered, in upstream's order; the quota comes last, when everything else has been said. */
export const offeredAdmission: readonly AdmissionPlugin[] = [
  alwaysAdmit,
  namespaceLifecycle,
  namespaceExists,
  limitPodHardAntiAffinityTopology,
  limitRanger,
  serviceAccount,
  taintNodesByCondition,
  alwaysPullImages,
  podSecurity,
  podNodeSelector(),
  priority,
  defaultTolerationSeconds,
  podTolerationRestriction(),
  eventRateLimitUnset,
  extendedResourceToleration,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateSubject,
  defaultIngressClass,
  denyServiceExternalIps,
  podTopologyLabels,
  nodeDeclaredFeatures,
  podResize,
  resourceQuota,
];

/** Whether a plugin is among those of a server that was told nothing but which to turn on. */
export const isOn = ({ name }: AdmissionPlugin, enabled: readonly string[] = []): boolean =>
  !offByDefault.has(name) || enabled.includes(name);

/** The plugins of a server that was told nothing. */
export const defaultAdmission: readonly AdmissionPlugin[] = offeredAdmission.filter((plugin) => isOn(plugin));
