import type { CSIPersistentVolumeSource, PersistentVolume, Pod } from '../../../api/core/v1.ts';
import {
  csinodes,
  persistentvolumeclaims,
  pods,
  volumeattachments,
} from '../../../api/generated/resources.ts';
import type { Stored } from '../../../api/resource.ts';
import type { CSINode } from '../../../api/storage/v1.ts';
import { driverSourceOf, oldProvisionerOf } from '../../../machinery/csi-translation/translate.ts';
import { driverBehind } from '../../../machinery/migrated-drivers.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import { interestIn, interestInChange } from '../../framework/events.ts';
import type { Plugin, Refusal } from '../../framework/framework.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { mountedClaims, mounts, noSuchClaim, type StorageListers } from './claims.ts';
import { storageClassOf } from '../../../machinery/volume-match.ts';

const name = 'NodeVolumeLimits';
const refusalFor = refusalsOf(name);
const refusal = refusalFor(['node(s) exceed max volume count'], false);

/** A volume that takes up one of a driver's places, by a name that is its own. */
interface Attached {
  driver: string;
  id: string;
}

function attachedOf({ driver, volumeHandle }: CSIPersistentVolumeSource): Attached {
  return { driver, id: `${driver}/${volumeHandle}` };
}

/** What a driver attaches for a volume. */
function attachedFor({ spec, metadata }: Stored<PersistentVolume>): Attached | undefined {
  if (spec?.csi) return attachedOf(spec.csi);
  const namespace = spec?.claimRef?.namespace ?? '';
  const migrated = spec && driverSourceOf(spec, { ...metadata, namespace });
  return migrated && attachedOf(migrated);
}

/** Volumes that stand in the pod itself and that a driver attaches. */
function inlineOf({ metadata: { namespace = '' }, spec: { volumes = [] } }: Pod): Attached[] {
  const found: Attached[] = [];
  for (const volume of volumes) {
    const migrated = oldProvisionerOf(volume) && driverSourceOf(volume, { name: volume.name, namespace });
    if (migrated) found.push(attachedOf(migrated));
  }
  return found;
}

/** The pod's volumes that drivers attach; of those that are not there the class says which would. */
function attachedBy(pod: Pod, { claims, volumes, classes }: StorageListers): Attached[] {
  const { namespace } = pod.metadata;
  const mounted = mountedClaims(pod).flatMap(({ name: claimName }): Attached[] => {
    const claim = claims.get(`${namespace}/${claimName}`);
    if (!claim) return [];
    const volume = volumes.get(claim.spec?.volumeName ?? '');
    const attached = volume && attachedFor(volume);
    if (volume) return attached ? [attached] : [];
    const { provisioner } = classes.get(storageClassOf(claim)) ?? {};
    const driver = provisioner && driverBehind(provisioner);
    return driver ? [{ driver, id: `${driver}/${namespace}/${claimName}` }] : [];
  });
  return [...mounted, ...inlineOf(pod)];
}

function missingClaim(pod: Pod, { claims }: StorageListers): Refusal | undefined {
  const { namespace } = pod.metadata;
  const missing = mountedClaims(pod).find((claim) => !claims.get(`${namespace}/${claim.name}`));
  if (!missing) return undefined;
  const why = `looking up PVC ${namespace}/${missing.name}: ${noSuchClaim(missing.name)}`;
  return refusalFor([why], true);
}

/** Whether `attachedBy` may find something. */
const mayAttach = (pod: Pod, claims: readonly unknown[]): boolean =>
  claims.length > 0 || (pod.spec.volumes ?? []).some(oldProvisionerOf);

/** Whether a driver of the node takes more volumes than before. */
function allowsMore(now: CSINode, old: CSINode): boolean {
  return (now.spec.drivers ?? []).some(({ name: driver, allocatable }) => {
    const before = old.spec.drivers?.find((one) => one.name === driver)?.allocatable?.count;
    return before !== undefined && (allocatable?.count === undefined || allocatable.count > before);
  });
}

type Attachments = ReadonlyMap<string, readonly Attached[]>;

/** What the attachments themselves say, by node. */
function attachmentsOf({ attachments, volumes }: StorageListers): Attachments {
  const byNode = new Map<string, Attached[]>();
  for (const { spec } of attachments.list()) {
    const volume = volumes.get(spec.source.persistentVolumeName ?? '');
    const attached = volume && attachedFor(volume);
    if (!attached) continue;
    const known = byNode.get(spec.nodeName) ?? [];
    known.push(attached);
    byNode.set(spec.nodeName, known);
  }
  return byNode;
}

interface State {
  wanted: readonly Attached[];
  attachments: Attachments;
  /** A claim that is not there: what its volume takes up is not known. */
  missing: Refusal | undefined;
}

/** What is attached to the node for whatever reason. */
function attachedTo(
  { pods: running, name: node }: NodeInfo,
  storage: StorageListers,
  attachments: Attachments,
): Map<string, string> {
  const ids = new Map<string, string>();
  for (const { pod, claims } of running) {
    if (!mayAttach(pod, claims)) continue;
    for (const { driver, id } of attachedBy(pod, storage)) ids.set(id, driver);
  }
  for (const { driver, id } of attachments.get(node) ?? []) ids.set(id, driver);
  return ids;
}

/** A node takes no more volumes of a driver than the driver says. */
export function nodeVolumeLimits(storage: StorageListers): Plugin {
  return {
    name,
    changeHelps: () => false,
    events: [
      interestInChange(csinodes, ['Add', 'Update'], (node, old) => !old || allowsMore(node, old)),
      interestInChange(pods, ['Delete'], (gone) => mayAttach(gone, mountedClaims(gone))),
      interestIn(persistentvolumeclaims, ['Add'], mounts),
      interestIn(volumeattachments, ['Delete'], (pod, { spec }) => {
        return mountedClaims(pod).length > 0 || inlineOf(pod).some(({ driver }) => driver === spec.attacher);
      }),
    ],
    preFilter({ pod, state }) {
      const wanted = mayAttach(pod.pod, pod.claims) ? attachedBy(pod.pod, storage) : [];
      const missing = missingClaim(pod.pod, storage);
      if (wanted.length === 0 && !missing) return { skip: true };
      state.set(name, { wanted, attachments: attachmentsOf(storage), missing } satisfies State);
      return undefined;
    },
    filter({ state }, node) {
      const limits = storage.csiNodes.get(node.name)?.spec.drivers ?? [];
      const limitOf = (driver: string) => limits.find((d) => d.name === driver)?.allocatable?.count;
      const { wanted, attachments, missing } = state.get<State>(name) as State;
      if (missing) return missing;
      const limited = wanted.filter(({ driver }) => limitOf(driver) !== undefined);
      if (limited.length === 0) return undefined;
      const there = attachedTo(node, storage, attachments);
      const fresh = limited.filter(({ id }) => !there.has(id));
      for (const { driver, id } of fresh) there.set(id, driver);
      const drivers = [...there.values()];
      const isTooMany = ({ driver }: Attached) =>
        drivers.filter((d) => d === driver).length > (limitOf(driver) as number);
      return fresh.some(isTooMany) ? refusal : undefined;
    },
  };
}
