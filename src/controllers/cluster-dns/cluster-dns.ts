import type { Node, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { endpointslices, nodes, services } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { causedBy } from '../../client/transport.ts';
import { familyOf } from '../../machinery/address-family.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { type ControllerContext, createController, done } from '../controller.ts';

const namespace = 'kube-system';
const serviceName = 'kube-dns';
const key = `${namespace}/${serviceName}`;
const sliceName = 'kube-dns-nodes';

const ports = [
  { name: 'dns', port: 53, protocol: 'UDP' },
  { name: 'dns-tcp', port: 53, protocol: 'TCP' },
];

/** Every node answers for itself: pods of a node without an answering server would wait for another's in vain. */
function wantedService(clusterIP: string): Service {
  const labels = {
    'k8s-app': serviceName,
    'kubernetes.io/cluster-service': 'true',
    'kubernetes.io/name': 'CoreDNS',
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: serviceName, namespace, labels },
    spec: {
      clusterIP,
      internalTrafficPolicy: 'Local',
      ports: ports.map((port) => ({ ...port, targetPort: 53 })),
    },
  };
}

/** An address that means another machine to everybody is none: a slice may not have it (nodes that are simulated do). */
const isReachable = (address: string) => !address.startsWith('127.') && address !== '::1';

/** The nodes' addresses of the family in which names are asked for. */
function endpointsOf(all: readonly Stored<Node>[], family: string): EndpointSlice['endpoints'] {
  return all
    .flatMap((node) => {
      const own = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP');
      const address = own.map((a) => a.address).find((ip) => familyOf(ip).name === family);
      const conditions = { ready: true, serving: true, terminating: false };
      return address && isReachable(address)
        ? [{ addresses: [address], conditions, nodeName: node.metadata.name }]
        : [];
    })
    .sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1));
}

/** Keeps the Service of cluster DNS, whose endpoints are the nodes themselves. */
export function createClusterDnsController(
  context: ControllerContext,
  options: { address: string },
): Component {
  const serviceInformer = context.informers.of(services);
  const nodeInformer = context.informers.of(nodes);
  const slices = context.informers.of(endpointslices);
  return createController({
    name: 'cluster-dns-controller',
    queueName: 'cluster_dns',
    context,
    setup: ({ queue, writes }) => {
      queue.add(key);
      const again = () => queue.add(key);
      nodeInformer.onChange({
        added: again,
        deleted: again,
        updated: (node, old) => deepEqual(node.status?.addresses, old.status?.addresses) || again(),
      });
      serviceInformer.onChange({ deleted: (service) => service.metadata.name === serviceName && again() });
      return async () => {
        const service =
          serviceInformer.get(key) ??
          (await context.client
            .of(services)
            .create(wantedService(options.address), { cause: { reason: 'a cluster has a name service' } }));
        writes.wrote(key, serviceInformer, service);
        const addressType = familyOf(service.spec.clusterIP ?? options.address).name;
        const endpoints = endpointsOf(nodeInformer.list(), addressType);
        const there = slices.get(`${namespace}/${sliceName}`);
        if (there && deepEqual(there.endpoints ?? [], endpoints)) return done;
        const labels = {
          'kubernetes.io/service-name': serviceName,
          'endpointslice.kubernetes.io/managed-by': 'cluster-dns.k8ts.dev',
        };
        const metadata = { name: sliceName, namespace, labels };
        const base = {
          apiVersion: 'discovery.k8s.io/v1',
          kind: 'EndpointSlice',
          metadata,
          addressType,
          ports,
        };
        const api = context.client.of(endpointslices);
        const cause = causedBy(service, `${endpoints?.length ?? 0} nodes answer names`);
        const slice = there
          ? await api.update({ ...there, endpoints, ports }, { cause })
          : await api.create({ ...base, endpoints }, { cause });
        writes.wrote(key, slices, slice);
        return done;
      };
    },
  });
}
