import { csinodes } from '../../api/generated/resources.ts';
import type { Node } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import { migratedProvisioners } from '../../machinery/migrated-drivers.ts';
import { ignoring } from '../../machinery/status-error.ts';

/** Says which volumes that were part of Kubernetes once are those of a driver on this node. */
const migratedPlugins = 'storage.alpha.kubernetes.io/migrated-plugins';
const annotations = { [migratedPlugins]: migratedProvisioners.join(',') };
const cause = { reason: 'the node tells whose volumes it can have' };

/** Makes the CSINode of a node, which goes with it, or brings the one that stands up to date. */
export async function ensureCsiNode(client: Client, node: Stored<Node>): Promise<void> {
  const { name, uid } = node.metadata;
  const metadata = { annotations, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] };
  const of = client.of(csinodes);
  const found = await of.get({ name }).catch(ignoring('NotFound'));
  if (!found) {
    const csiNode = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', spec: { drivers: [] } };
    await of.create({ ...csiNode, metadata: { name, ...metadata } }, { cause });
    return;
  }
  const isOwn = found.metadata.ownerReferences?.some((owner) => owner.uid === uid);
  if (isOwn && found.metadata.annotations?.[migratedPlugins] === annotations[migratedPlugins]) return;
  await of.patch({ name }, { metadata }, { type: 'application/merge-patch+json', cause });
}
