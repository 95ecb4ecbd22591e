import type { Component } from '../client/component.ts';
import { createAttachDetachController } from './attach-detach/attach-detach.ts';
import { createHorizontalPodAutoscaler } from './autoscaling/horizontal.ts';
import { createBootstrapSigner, createTokenCleaner } from './bootstrap/bootstrap.ts';
import { createCertificateController } from './certificates/certificates.ts';
import { createClusterRoleAggregationController } from './clusterrole-aggregation/clusterrole-aggregation.ts';
import { createEndpointSliceMirroringController } from './endpointslice-mirroring/endpointslice-mirroring.ts';
import { createCronJobController } from './cronjob/cronjob.ts';
import { createJobController } from './job/job.ts';
import { createGarbageCollector } from './garbage/garbage.ts';
import { createLegacyTokenCleaner } from './legacy-token-cleaner/legacy-token-cleaner.ts';
import { createNamespaceController } from './namespace/namespace.ts';
import { createNodeLifecycleController, type NodeLifecycleOptions } from './node-lifecycle/node-lifecycle.ts';
import { createPodGarbageCollector } from './pod-gc/pod-gc.ts';
import { createStatefulSetController } from './statefulset/statefulset.ts';
import { createTaintEvictionController } from './taint-eviction/taint-eviction.ts';
import { createTokensController } from './tokens/tokens.ts';
import { createPersistentVolumeBinder } from './volumes/binder.ts';
import { createEphemeralVolumeController } from './volumes/ephemeral.ts';
import { createVolumeExpander } from './volumes/expand.ts';
import { createTtlController } from './ttl/ttl.ts';
import type { LocalVolumes } from './volumes/local.ts';
import {
  createClaimProtection,
  createVolumeAttributesClassProtection,
  createVolumeProtection,
} from './volumes/protection.ts';
import { createTtlAfterFinishedController } from './ttl-after-finished/ttl-after-finished.ts';
import { createClusterDnsController } from './cluster-dns/cluster-dns.ts';
import type { ControllerContext } from './controller.ts';
import { createDaemonSetController } from './daemonset/daemonset.ts';
import { createDeploymentController } from './deployment/deployment.ts';
import type { Discover } from './discovery.ts';
import { createDeviceTaintEvictionController } from './device-taint-eviction/device-taint-eviction.ts';
import { createDisruptionController } from './disruption/disruption.ts';
import { createStaleDisruptionController } from './disruption/stale.ts';
import { createResourceClaimController } from './resourceclaim/resourceclaim.ts';
import { createResourceQuotaController } from './resourcequota/resourcequota.ts';
import { createEndpointsController } from './endpoints/endpoints.ts';
import { createEndpointSliceController } from './endpointslice/endpointslice.ts';
import { createNodeIpamController, type PodRange } from './node-ipam/node-ipam.ts';
import { createReplicaSetController } from './replicaset/replicaset.ts';
import { createReplicationController } from './replicaset/replicationcontroller.ts';
import { createRootCaPublisher } from './root-ca/root-ca.ts';
import { createServiceAccountController } from './serviceaccount/serviceaccount.ts';

export interface ControllersOptions {
  /**
   * What a controller works with: a client that acts as `system:serviceaccount:kube-system:NAME`, shared informers. Its events
   * name the reporter as their source, or the same name where upstream's does.
   */
  contextFor(name: string, reporter?: string): ControllerContext;
  /** What is served, for the controllers that deal with whatever there is. */
  discover: Discover;
  /** PEM of the authority that signs the API server's certificate. */
  authority: string;
  /** PEM of what clients are to believe the API server by; that authority unless given. */
  serverAuthorities?: string;
  /** Its private key, PKCS 8 PEM; without it nobody's certificates are signed. */
  authorityKey?: string;
  /** Addresses of all pods: one range, or two of different families. */
  podRanges: readonly PodRange[];
  /** Address of the Service that answers names. */
  dnsAddress: string;
  /** How soon a silent node is given up, and the like; upstream's figures unless given. */
  nodeLifecycle?: Partial<NodeLifecycleOptions>;
  /** Makes directories of the nodes into volumes for claims that name no class; without it there is no such class. */
  localVolumes?: LocalVolumes;
}

/** All controllers of a cluster, ready to run. */
export function createControllers(options: ControllersOptions): Component[] {
  const { contextFor, discover, podRanges, dnsAddress } = options;
  const { serverAuthorities: authority = options.authority } = options;
  return [
    createReplicaSetController(contextFor('replicaset-controller')),
    createReplicationController(contextFor('replication-controller')),
    createDeploymentController(contextFor('deployment-controller')),
    createStatefulSetController(contextFor('statefulset-controller')),
    createDaemonSetController(contextFor('daemon-set-controller', 'daemonset-controller')),
    createJobController(contextFor('job-controller')),
    createCronJobController(contextFor('cronjob-controller')),
    createEndpointsController(contextFor('endpoint-controller')),
    createEndpointSliceController(contextFor('endpointslice-controller', 'endpoint-slice-controller')),
    createServiceAccountController(contextFor('service-account-controller')),
    createRootCaPublisher(contextFor('root-ca-cert-publisher'), { authority }),
    createNodeIpamController(contextFor('node-ipam-controller', 'cidrAllocator'), { podRanges }),
    createHorizontalPodAutoscaler(contextFor('horizontal-pod-autoscaler'), { discover }),
    createDisruptionController(contextFor('disruption-controller', 'controllermanager'), { discover }),
    createStaleDisruptionController(contextFor('disruption-controller')),
    createResourceClaimController(contextFor('resource-claim-controller', 'resource_claim')),
    createResourceQuotaController(contextFor('resourcequota-controller'), { discover }),
    createPersistentVolumeBinder(contextFor('persistent-volume-binder', 'persistentvolume-controller'), {
      local: options.localVolumes,
    }),
    createVolumeExpander(contextFor('expand-controller', 'volume_expand')),
    createAttachDetachController(contextFor('attachdetach-controller')),
    createClaimProtection(contextFor('pvc-protection-controller')),
    createVolumeProtection(contextFor('pv-protection-controller')),
    createVolumeAttributesClassProtection(contextFor('volumeattributesclass-protection-controller')),
    createEphemeralVolumeController(contextFor('ephemeral-volume-controller', 'ephemeral_volume')),
    createGarbageCollector(contextFor('generic-garbage-collector', 'garbage-collector-controller'), {
      discover,
    }),
    createNamespaceController(contextFor('namespace-controller'), { discover }),
    createNodeLifecycleController(contextFor('node-controller'), options.nodeLifecycle),
    createTaintEvictionController(contextFor('node-controller', 'taint-eviction-controller')),
    createDeviceTaintEvictionController(contextFor('device-taint-eviction-controller')),
    createPodGarbageCollector(contextFor('pod-garbage-collector')),
    createEndpointSliceMirroringController(
      contextFor('endpointslicemirroring-controller', 'endpoint-slice-mirroring-controller'),
    ),
    createTtlController(contextFor('ttl-controller')),
    createTtlAfterFinishedController(contextFor('ttl-after-finished-controller')),
    createClusterRoleAggregationController(contextFor('clusterrole-aggregation-controller')),
    createTokensController(contextFor('tokens-controller'), { authority }),
    createLegacyTokenCleaner(contextFor('legacy-service-account-token-cleaner')),
    ...certificates(options),
    createTokenCleaner(contextFor('token-cleaner')),
    createBootstrapSigner(contextFor('bootstrap-signer')),
    createClusterDnsController(contextFor('cluster-dns-controller'), { address: dnsAddress }),
  ];
}

function certificates({ contextFor, authority, authorityKey }: ControllersOptions): Component[] {
  if (!authorityKey) return [];
  const signer = { certificate: authority, key: authorityKey };
  return [createCertificateController(contextFor('certificate-controller'), { authority: signer })];
}
