import { clusterrolebindings, clusterroles } from '../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import type { Cause } from '../client/transport.ts';
import { ignoring } from '../machinery/status-error.ts';

/** An object that a cluster is to have, and what it is one of. */
export type Made = [Resource, object];

export const apiGroup = 'rbac.authorization.k8s.io';

export interface Subject {
  kind: string;
  name: string;
  apiGroup?: string;
  namespace?: string;
}

export const group = (name: string): Subject => ({ kind: 'Group', apiGroup, name });

export const clusterRole = (name: string, rules: object[]): Made => [
  clusterroles,
  { apiVersion: `${apiGroup}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
];

export const clusterBinding = (name: string, role: string, ...subjects: Subject[]): Made => [
  clusterrolebindings,
  {
    apiVersion: `${apiGroup}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects,
  },
];

/** Makes what is missing of some objects. What stands is left as its owner has made it. */
export async function ensureObjects(client: Client, objects: readonly Made[], cause: Cause): Promise<void> {
  const create = ([resource, object]: Made) =>
    client
      .of(resource)
      .create(object as KubernetesObject, { cause })
      .catch(ignoring('AlreadyExists'));
  await Promise.all(objects.map(create));
}
