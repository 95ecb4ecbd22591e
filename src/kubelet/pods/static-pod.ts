import { createHash } from 'node:crypto';
import type { Container, Pod, Probe, Volume } from '../../api/core/v1.ts';
import { namesIn } from '../../machinery/pod-references.ts';
import { configHashAnnotation, configMirrorAnnotation, configSourceAnnotation } from './pod-kinds.ts';

const seenAnnotation = 'kubernetes.io/config.seen';

/** What the API server would fill in; a static pod never passes through it. */
function withProbeDefaults(probe: Probe | undefined): Probe | undefined {
  if (!probe) return undefined;
  const httpGet = probe.httpGet && { path: '/', scheme: 'HTTP', ...probe.httpGet };
  return {
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
    ...probe,
    ...(httpGet && { httpGet }),
  };
}

function withContainerDefaults(container: Container): Container {
  const { livenessProbe, readinessProbe, startupProbe, resources } = container;
  return {
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
    ...container,
    ...(resources?.limits && {
      resources: { ...resources, requests: { ...resources.limits, ...resources.requests } },
    }),
    ...(livenessProbe && { livenessProbe: withProbeDefaults(livenessProbe) }),
    ...(readinessProbe && { readinessProbe: withProbeDefaults(readinessProbe) }),
    ...(startupProbe && { startupProbe: withProbeDefaults(startupProbe) }),
  };
}

/** Why a manifest is no static pod; undefined for one that is. */
export function manifestTrouble(value: unknown): string | undefined {
  const pod = value as Partial<Pod> | undefined;
  if (typeof pod !== 'object' || pod === null) return 'it holds no object';
  if (pod.kind !== 'Pod' || pod.apiVersion !== 'v1')
    return `it holds ${pod.apiVersion} ${pod.kind}, not v1 Pod`;
  if (!pod.metadata?.name) return 'the pod has no name';
  if (!Array.isArray(pod.spec?.containers) || pod.spec.containers.length === 0)
    return 'the pod has no containers';
  const referred = apiObjectsOf(pod as Pod);
  return referred && `static pods may not reference ${referred}`;
}

/**
 * Objects of the API that a pod refers to, in upstream's words: nobody has asked who may read them, and it is to run
 * without an API server.
 */
function apiObjectsOf(pod: Pod): string | undefined {
  if (pod.spec.serviceAccountName) return 'serviceaccounts';
  if (namesIn(pod, 'secret').some((name) => name !== undefined)) return 'secrets';
  if (namesIn(pod, 'configMap').some((name) => name !== undefined)) return 'configmaps';
  if (pod.spec.resourceClaims?.length) return 'resourceclaims';
  return firstOf((pod.spec.volumes ?? []).map(apiObjectsOfVolume));
}

const firstOf = (found: (string | undefined)[]) => found.find((one) => one !== undefined);

function apiObjectsOfVolume(volume: Volume): string | undefined {
  if (volume.csi) return 'csidrivers (via CSI volumes)';
  if (volume.glusterfs) return 'endpoints (via glusterFS volumes)';
  if (volume.persistentVolumeClaim) return 'persistentvolumeclaims';
  if (volume.ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)';
  return firstOf(
    (volume.projected?.sources ?? []).map((source) => {
      if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)';
      if (source.clusterTrustBundle) return 'clustertrustbundles';
      return source.podCertificate && 'podcertificates';
    }),
  );
}

/** The pod that a manifest stands for on this node. The same manifest always gives the same uid. */
export function staticPod(manifest: Pod, nodeName: string, seenAt: string): Pod {
  const { metadata, spec } = manifest;
  const hash = createHash('md5')
    .update(JSON.stringify([nodeName, manifest]))
    .digest('hex');
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name: `${metadata.name}-${nodeName.toLowerCase()}`,
      namespace: metadata.namespace || 'default',
      uid: hash,
      creationTimestamp: undefined,
      annotations: {
        ...metadata.annotations,
        [configHashAnnotation]: hash,
        [configSourceAnnotation]: 'file',
        [seenAnnotation]: seenAt,
      },
    },
    spec: {
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
      enableServiceLinks: true,
      schedulerName: 'default-scheduler',
      securityContext: {},
      ...spec,
      nodeName,
      containers: spec.containers.map(withContainerDefaults),
      ...(spec.initContainers && { initContainers: spec.initContainers.map(withContainerDefaults) }),
      tolerations: [...(spec.tolerations ?? []), { operator: 'Exists', effect: 'NoExecute' }],
    },
    status: { phase: 'Pending' },
  };
}

/** The image of a static pod that the API is to show. */
export function mirrorOf(pod: Pod, nodeUid: string): Pod {
  const { uid = '', annotations, name, namespace, labels } = pod.metadata;
  const owner = {
    apiVersion: 'v1',
    kind: 'Node',
    name: pod.spec.nodeName ?? '',
    uid: nodeUid,
    controller: true,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ...(labels && { labels }),
      annotations: { ...annotations, [configMirrorAnnotation]: uid },
      ownerReferences: [owner],
    },
    spec: pod.spec,
  };
}

/** Whether the API's image shows this very pod. */
export function mirrors(mirror: Pod, pod: Pod): boolean {
  return mirror.metadata.annotations?.[configMirrorAnnotation] === pod.metadata.uid;
}
