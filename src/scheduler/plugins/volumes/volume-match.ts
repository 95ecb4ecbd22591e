import type { Node, PersistentVolume, PersistentVolumeClaim } from '../../../api/core/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import type { CSINode, CSIStorageCapacity, StorageClass } from '../../../api/storage/v1.ts';
import { csiVolumeOf, oldProvisionerOf } from '../../../machinery/csi-translation/translate.ts';
import { matchesLabels } from '../../../machinery/label-selector.ts';
import { fits, isKeptFor, storageClassOf } from '../../../machinery/volume-match.ts';
import { quantityValue } from '../../../machinery/quantity.ts';
import { compileOrNothing } from '../../cache/affinity-terms.ts';
import { matchesSelector } from '../../../machinery/node-selection.ts';
import type { Claim } from './claims.ts';
import { own } from '../../../machinery/own.ts';

type Volume = Stored<PersistentVolume>;

const bytes = (list: Readonly<Record<string, string>> | undefined) => quantityValue(list?.storage ?? '0');

/** What the claim asks for, in bytes. */
export function sizeOf({ spec }: PersistentVolumeClaim): number {
  return bytes(spec?.resources?.requests);
}

/** Whether the volume can be used on the node. */
export function reaches({ spec }: PersistentVolume, node: Node): boolean {
  return matchesSelector(node, spec?.nodeAffinity?.required);
}

/** Says on a CSINode which volumes that were part of Kubernetes once are served by drivers there. */
export const migratedPlugins = 'storage.alpha.kubernetes.io/migrated-plugins';

/** Volumes as the drivers know them that serve them now: the same for all nodes that are asked about. */
const served = new WeakMap<PersistentVolume, PersistentVolume>();

function asServed(volume: PersistentVolume): PersistentVolume {
  let translated = served.get(volume);
  if (!translated) {
    translated = csiVolumeOf(volume) ?? volume;
    served.set(volume, translated);
  }
  return translated;
}

/** Whether a bound volume can be used on the node, whose driver may go by labels of its own. */
export function reachesServed(volume: PersistentVolume, node: Node, csiNode: CSINode | undefined): boolean {
  const old = volume.spec && oldProvisionerOf(volume.spec);
  const isServed = old && csiNode?.metadata.annotations?.[migratedPlugins]?.split(',').includes(old);
  return reaches(isServed ? asServed(volume) : volume, node);
}

function isAvailable({ spec, status }: Volume): boolean {
  return !spec?.claimRef && status?.phase === 'Available';
}

/** Whether a volume is what the claim asks for, be it free or kept for it: the volume controller binds no other. */
const suits = (volume: Volume, claim: Claim) =>
  !volume.metadata.deletionTimestamp &&
  storageClassOf(volume) === storageClassOf(claim) &&
  fits(volume, claim);

function isSelected({ metadata }: Volume, { spec }: Claim): boolean {
  const { selector } = spec ?? {};
  return !selector || matchesLabels(compileOrNothing(selector), metadata.labels);
}

/** The smallest free volume that does for the claim on the node; one that is kept for it comes first. */
export function findVolume(
  claim: Claim,
  node: Node,
  options: {
    volumes: readonly Volume[];
    /** By the names of volumes for which claims they are kept that the API does not show yet. */
    promised: ReadonlyMap<string, string>;
  },
): Volume | undefined {
  let best: Volume | undefined;
  for (const volume of options.volumes) {
    const promisedTo = options.promised.get(volume.metadata.name);
    const isKept = promisedTo === undefined ? isKeptFor(volume, claim) : promisedTo === claim.metadata.uid;
    if (!isKept && (promisedTo !== undefined || !isAvailable(volume))) continue;
    if (!suits(volume, claim)) continue;
    if (isKept) return reaches(volume, node) ? volume : undefined;
    if (!isSelected(volume, claim) || !reaches(volume, node)) continue;
    if (!best || bytes(volume.spec?.capacity) < bytes(best.spec?.capacity)) best = volume;
  }
  return best;
}

/** Whether the class makes volumes for nodes like this one. */
export function allowsNode({ allowedTopologies = [] }: StorageClass, node: Node): boolean {
  if (allowedTopologies.length === 0) return true;
  return allowedTopologies.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values = [] }) =>
      values.includes(own(node.metadata.labels, key) ?? '\0'),
    ),
  );
}

/** Whether there is storage of the class for a volume of this size that the node reaches. */
export function hasCapacity(
  capacities: readonly CSIStorageCapacity[],
  wanted: { storageClass: string; size: number; node: Node },
): boolean {
  return capacities.some(({ storageClassName, maximumVolumeSize, capacity, nodeTopology }) => {
    if (storageClassName !== wanted.storageClass || !nodeTopology) return false;
    const limit = maximumVolumeSize ?? capacity;
    if (limit === undefined || quantityValue(limit) < wanted.size) return false;
    return matchesLabels(compileOrNothing(nodeTopology), wanted.node.metadata.labels);
  });
}

/** Whether a capacity has become larger; a new one has. */
export function isLarger(now: CSIStorageCapacity, old: CSIStorageCapacity | undefined): boolean {
  const sizeOf = ({ maximumVolumeSize, capacity }: CSIStorageCapacity) =>
    quantityValue(maximumVolumeSize ?? capacity ?? '0');
  return !old || sizeOf(now) > sizeOf(old);
}
