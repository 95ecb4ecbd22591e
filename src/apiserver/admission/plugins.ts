import type { AdmissionPlugin } from './admission.ts';
import { certificateSubject } from './certificate-subject.ts';
import { defaultIngressClass } from './default-ingress-class.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { denyServiceExternalIps } from './deny-service-external-ips.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeDeclaredFeatures } from './node-declared-features.ts';
import { podResize } from './pod-resize.ts';
import { podSecurity } from './pod-security/pod-security.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { defaultStorageClass, persistentVolumeClaimResize, storageObjectInUseProtection } from './storage.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

/** The plugins of a server, in upstream's order; the quota comes last, when everything else has been said. */
export const defaultAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  storageObjectInUseProtection,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateSubject,
  defaultIngressClass,
  podTopologyLabels,
  nodeDeclaredFeatures,
  podResize,
  resourceQuota,
];

/** Those that are there for who asks for them, before the quota. */
export const optionalAdmission: readonly AdmissionPlugin[] = [denyServiceExternalIps];
