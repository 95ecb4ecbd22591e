import type { Pod, Volume } from '../../../api/core/v1.ts';
import { nodes, persistentvolumeclaims, pods } from '../../../api/generated/resources.ts';
import type { NodeInfo } from '../../cache/node-info.ts';
import { interestIn } from '../../framework/events.ts';
import type { Plugin } from '../../framework/framework.ts';
import { refusalsOf } from '../../framework/refusals.ts';
import { mountedClaims, mounts, noSuchClaim, type StorageListers } from './claims.ts';

const name = 'VolumeRestrictions';
const refusalFor = refusalsOf(name);
const diskTaken = refusalFor(['node(s) had no available disk'], false);
const claimTaken = refusalFor(
  ['node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode'],
  false,
);

const overlap = (a: readonly string[] = [], b: readonly string[] = []) => a.some((item) => b.includes(item));

/** Disks that only one pod of a node may mount, or only for reading. */
function conflicts(a: Volume, b: Volume): boolean {
  const [gceA, gceB] = [a.gcePersistentDisk, b.gcePersistentDisk];
  if (gceA && gceB && gceA.pdName === gceB.pdName && !(gceA.readOnly && gceB.readOnly)) return true;
  const [ebsA, ebsB] = [a.awsElasticBlockStore, b.awsElasticBlockStore];
  if (ebsA && ebsB && ebsA.volumeID === ebsB.volumeID) return true;
  if (a.iscsi && b.iscsi && a.iscsi.iqn === b.iscsi.iqn && !(a.iscsi.readOnly && b.iscsi.readOnly))
    return true;
  const [rbdA, rbdB] = [a.rbd, b.rbd];
  if (!rbdA || !rbdB || (rbdA.readOnly && rbdB.readOnly)) return false;
  return overlap(rbdA.monitors, rbdB.monitors) && rbdA.pool === rbdB.pool && rbdA.image === rbdB.image;
}

const isDisk = ({ gcePersistentDisk, awsElasticBlockStore, iscsi, rbd }: Volume) =>
  gcePersistentDisk ?? awsElasticBlockStore ?? iscsi ?? rbd;

const disksOf = (pod: Pod) => (pod.spec.volumes ?? []).filter(isDisk);

function hasConflict(disks: readonly Volume[], { pods: others }: NodeInfo): boolean {
  return disks.some((disk) => others.some(({ pod }) => disksOf(pod).some((other) => conflicts(disk, other))));
}

/** How many placed pods hold a claim that this one wants for itself. */
class State {
  readonly disks: readonly Volume[];
  readonly exclusive: readonly string[];
  users: number;

  constructor({ disks, exclusive, users }: Pick<State, 'disks' | 'exclusive' | 'users'>) {
    this.disks = disks;
    this.exclusive = exclusive;
    this.users = users;
  }

  clone(): State {
    return new State(this);
  }
}

/** Volumes that can only be mounted once are. */
export function volumeRestrictions({ claims }: StorageListers): Plugin {
  const claimOf = ({ metadata }: Pod, claim: string) => claims.get(`${metadata.namespace}/${claim}`);
  const exclusiveClaims = (pod: Pod) =>
    mountedClaims(pod)
      .map(({ name: claim }) => claim)
      .filter((claim) => claimOf(pod, claim)?.spec?.accessModes?.includes('ReadWriteOncePod'));
  return {
    name,
    changeHelps: () => false,
    events: [
      interestIn(pods, ['Delete'], (pod, gone) => {
        const held = mountedClaims(gone).map((claim) => claim.name);
        const sameClaims = mountedClaims(pod).some((claim) => held.includes(claim.name));
        return disksOf(pod).length > 0 || (sameClaims && gone.metadata.namespace === pod.metadata.namespace);
      }),
      interestIn(nodes, ['Add']),
      interestIn(persistentvolumeclaims, ['Add', 'Update'], mounts),
    ],
    preFilter({ pod, snapshot, state }) {
      // Those that are made for the pod are not looked for here.
      const missing = mountedClaims(pod.pod).find(
        ({ name: claim, isEphemeral }) => !isEphemeral && !claimOf(pod.pod, claim),
      );
      if (missing) return { refusal: refusalFor([noSuchClaim(missing.name)], true) };
      const disks = disksOf(pod.pod);
      const exclusive = pod.claims.length > 0 ? exclusiveClaims(pod.pod) : [];
      if (disks.length + exclusive.length === 0) return { skip: true };
      const namespace = pod.pod.metadata.namespace ?? '';
      const users = exclusive.reduce((sum, claim) => sum + snapshot.pods.claimUsers(namespace, claim), 0);
      state.set(name, new State({ disks, exclusive, users }));
      return undefined;
    },
    filter({ state }, node) {
      const { disks, users } = state.get<State>(name) as State;
      if (hasConflict(disks, node)) return diskTaken;
      return users > 0 ? claimTaken : undefined;
    },
    changePod({ state, pod }, change) {
      const s = state.get<State>(name);
      if (!s || change.pod.pod.metadata.namespace !== pod.pod.metadata.namespace) return;
      s.users += change.by * s.exclusive.filter((claim) => change.pod.claims.includes(claim)).length;
    },
  };
}
