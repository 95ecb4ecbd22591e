import type { Component } from '../client/component.ts';
import { createClusterDnsController } from './cluster-dns/cluster-dns.ts';
import type { ControllerContext } from './controller.ts';
import { createDeploymentController } from './deployment/deployment.ts';
import type { Discover } from './discovery.ts';
import { createEndpointsController } from './endpoints/endpoints.ts';
import { createEndpointSliceController } from './endpointslice/endpointslice.ts';
import { createNodeIpamController } from './node-ipam/node-ipam.ts';
import { createReplicaSetController } from './replicaset/replicaset.ts';
import { createReplicationController } from './replicaset/replicationcontroller.ts';
import { createRootCaPublisher } from './root-ca/root-ca.ts';
import { createServiceAccountController } from './serviceaccount/serviceaccount.ts';

export interface ControllersOptions {
  /** What a controller works with: a client that acts as `system:serviceaccount:kube-system:NAME`, shared informers. */
  contextFor(name: string): ControllerContext;
  /** What is served, for the controllers that deal with whatever there is. */
  discover: Discover;
  /** PEM of the authority that signs the API server's certificate. */
  authority: string;
  /** Addresses of all pods, such as `10.244.0.0/16`, and the bits of a node's part of them, such as 24. */
  podRange: string;
  nodeBits: number;
  /** Address of the Service that answers names. */
  dnsAddress: string;
}

/** All controllers of a cluster, ready to run. */
export function createControllers(options: ControllersOptions): Component[] {
  const { contextFor, authority, podRange, nodeBits, dnsAddress } = options;
  return [
    createReplicaSetController(contextFor('replicaset-controller')),
    createReplicationController(contextFor('replication-controller')),
    createDeploymentController(contextFor('deployment-controller')),
    createEndpointsController(contextFor('endpoint-controller')),
    createEndpointSliceController(contextFor('endpointslice-controller')),
    createServiceAccountController(contextFor('service-account-controller')),
    createRootCaPublisher(contextFor('root-ca-cert-publisher'), { authority }),
    createNodeIpamController(contextFor('node-ipam-controller'), { podRange, nodeBits }),
    createClusterDnsController(contextFor('cluster-dns-controller'), { address: dnsAddress }),
  ];
}
