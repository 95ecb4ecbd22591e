import type { PersistentVolume, PersistentVolumeClaim } from '../../api/core/v1.ts';
import { persistentvolumeclaims, persistentvolumes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { oldProvisionerOf } from '../../machinery/csi-translation/translate.ts';
import { isLocalVolume } from '../../machinery/local-volumes.ts';
import { driverBehind } from '../../machinery/migrated-drivers.ts';
import { compareQuantities } from '../../machinery/quantity.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { annotations } from './match.ts';

type Claim = Stored<PersistentVolumeClaim>;
type Volume = Stored<PersistentVolume>;

const storageOf = (list: Record<string, string> | undefined) => list?.storage ?? '0';

/** Makes volumes as large as their claims have come to ask for. Directories of nodes can; others are their drivers' to expand. */
export function createVolumeExpander(context: ControllerContext): Component {
  const claims = context.informers.of(persistentvolumeclaims);
  const volumes = context.informers.of(persistentvolumes);

  async function expand(claim: Claim, volume: Volume): Promise<Outcome> {
    const storage = storageOf(claim.spec.resources?.requests);
    const cause = causedBy(claim, `it asks for ${storage} now`);
    if (compareQuantities(storageOf(volume.spec.capacity), storage) < 0) {
      const capacity = { ...volume.spec.capacity, storage };
      const next = { ...volume, spec: { ...volume.spec, capacity } };
      await context.client.of(persistentvolumes).update(next, { cause });
    }
    const status = { ...claim.status, capacity: { ...claim.status?.capacity, storage } };
    await context.client.of(persistentvolumeclaims).updateStatus({ ...claim, status }, { cause });
    const message = 'Resize volume succeeded';
    context.events.record(claim, { type: 'Normal', reason: 'VolumeResizeSuccessful', message });
    return done;
  }

  async function nameResizer(claim: Claim, driver: string): Promise<void> {
    if (claim.metadata.annotations?.[annotations.resizer] === driver) return;
    const cause = causedBy(claim, `${driver} shall expand its volume`);
    const patch = { metadata: { annotations: { [annotations.resizer]: driver } } };
    // The right to its status is all that the expander has.
    const options = { type: 'application/merge-patch+json', subresource: 'status', cause } as const;
    await context.client.of(persistentvolumeclaims).patch(claim.metadata, patch, options);
  }

  return createController({
    name: 'volume-expand',
    queueName: 'volume_expand',
    context,
    setup: ({ queue }) => {
      const add = (claim: Claim) => {
        if (claim.status?.phase === 'Bound') queue.add(keyOf(claim));
      };
      claims.onChange({
        added: add,
        // What whoever expands it writes about that is no news.
        updated: (claim, old) => {
          const isMore = (list: (c: Claim) => Record<string, string> | undefined) =>
            compareQuantities(storageOf(list(claim)), storageOf(list(old))) > 0;
          if (isMore((c) => c.spec.resources?.requests) || isMore((c) => c.status?.capacity)) add(claim);
        },
      });
      return async (key) => {
        const claim = claims.get(key);
        const volume = volumes.get(claim?.spec.volumeName ?? '');
        if (claim?.status?.phase !== 'Bound') return done;
        if (volume?.spec.claimRef?.uid !== claim.metadata.uid)
          throw new Error(`persistent Volume is not bound to PVC being updated : ${key}`);
        const wanted = storageOf(claim.spec.resources?.requests);
        if (compareQuantities(wanted, storageOf(claim.status.capacity)) <= 0) return done;
        if (isLocalVolume(volume)) return expand(claim, volume);
        const old = oldProvisionerOf(volume.spec);
        const message = old
          ? `CSI migration enabled for ${old}; waiting for external resizer to expand the pvc`
          : 'waiting for an external controller to expand this PVC';
        context.events.record(claim, { type: 'Normal', reason: 'ExternalExpanding', message });
        if (old) await nameResizer(claim, driverBehind(old));
        return done;
      };
    },
  });
}
