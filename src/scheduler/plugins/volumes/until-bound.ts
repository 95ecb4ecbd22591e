import type { Node, PersistentVolume } from '../../../api/core/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { type Claim, isBound, noSuchClaim, type StorageListers } from './claims.ts';
import { reachesServed } from './volume-match.ts';

export const selectedNode = 'volume.kubernetes.io/selected-node';

/** A volume that is promised to a claim. */
export interface BindStep {
  claim: Claim;
  volume: Stored<PersistentVolume>;
}

/** What was written so that a pod's claims get their volumes. */
export interface Written {
  promised: readonly BindStep[];
  /** Claims that a volume is to be made for. */
  asked: readonly Claim[];
}

type Storage = Pick<StorageListers, 'claims' | 'volumes' | 'csiNodes'>;

/** Whether all claims have their volumes; throws where they will not have them on this node. */
export function areBound(storage: Storage, { promised, asked }: Written, node: Stored<Node>): boolean {
  return (
    promised.every((step) => isGiven(storage, step, node)) &&
    asked.every((claim) => isMade(storage, claim, node))
  );
}

const keyOf = ({ metadata }: Claim) => `${metadata.namespace}/${metadata.name}`;

function isGiven(storage: Storage, { claim, volume }: BindStep, node: Stored<Node>): boolean {
  const { claims, volumes } = storage;
  const { name, resourceVersion } = volume.metadata;
  const now = volumes.get(name);
  if (!now) throw new Error(`failed to check binding: persistentvolume ${goQuote(name)} not found`);
  const owner = claims.get(keyOf(claim));
  if (!owner) throw new Error(`failed to check binding: ${noSuchClaim(claim.metadata.name)}`);
  if (!volumes.hasReached(resourceVersion)) return false;
  mustReach(now, node, storage);
  if (!now.spec?.claimRef?.uid) throw new Error(`ClaimRef got reset for pv ${goQuote(name)}`);
  return isBound(owner);
}

function isMade(storage: Storage, claim: Claim, node: Stored<Node>): boolean {
  const { claims, volumes } = storage;
  const { name, resourceVersion } = claim.metadata;
  const now = claims.get(keyOf(claim));
  if (!now) throw new Error(`failed to check provisioning pvc: ${noSuchClaim(name)}`);
  if (!claims.hasReached(resourceVersion)) return false;
  const { annotations } = now.metadata;
  if (!annotations) throw new Error(`selectedNode annotation reset for PVC ${goQuote(name)}`);
  // A provisioner that cannot serve the node takes the mark away, so that another is chosen.
  if (annotations[selectedNode] !== node.metadata.name)
    throw new Error(`provisioning failed for PVC ${goQuote(name)}`);
  if (!now.spec?.volumeName) return false;
  const volume = volumes.get(now.spec.volumeName);
  if (!volume) return false;
  mustReach(volume, node, storage);
  return isBound(now);
}

function mustReach(volume: Stored<PersistentVolume>, node: Stored<Node>, { csiNodes }: Storage): void {
  if (reachesServed(volume, node, csiNodes.get(node.metadata.name))) return;
  const [name, place] = [goQuote(volume.metadata.name), goQuote(node.metadata.name)];
  throw new Error(`pv ${name} node affinity doesn't match node ${place}: no matching NodeSelectorTerms`);
}
