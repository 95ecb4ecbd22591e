import type { PersistentVolume, PersistentVolumeClaim, Pod } from '../../api/core/v1.ts';
import {
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  volumeattributesclasses,
} from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { isControlledBy } from '../shared/owners.ts';
import { byClaim, claimKeysOf, indexByClaim, isFinished } from '../shared/pods.ts';

interface Protection<T extends KubernetesObject> {
  name: string;
  queueName: string;
  finalizer: string;
  resource: Resource<T>;
  isUsed(object: Stored<T>): Promise<boolean> | boolean;
}

/** Puts a finalizer on all objects of a resource, and takes it off those that are deleted and not used. */
function createProtection<T extends KubernetesObject>(
  context: ControllerContext,
  {
    name,
    queueName,
    finalizer,
    resource,
    isUsed,
    ...rest
  }: Protection<T> & { subscribe?(add: (key: string) => void): void },
): Component {
  const informer = context.informers.of(resource);
  return createController({
    name,
    queueName,
    context,
    setup: ({ queue, writes }) => {
      const add = (object: Stored<T>) => queue.add(keyOf(object));
      informer.onChange({ added: add, updated: add });
      rest.subscribe?.((key) => queue.add(key));
      return async (key) => {
        const object = informer.get(key);
        if (!object) return done;
        const { finalizers = [], deletionTimestamp } = object.metadata;
        const has = finalizers.includes(finalizer);
        const goes = deletionTimestamp !== undefined;
        if (goes ? !has || (await isUsed(object)) : has) return done;
        const next = goes ? finalizers.filter((f) => f !== finalizer) : [...finalizers, finalizer];
        const cause = causedBy(object, goes ? 'nothing uses it' : 'it must not go while it is used');
        const updated = { ...object, metadata: { ...object.metadata, finalizers: next } };
        try {
          const written = await context.client.of(resource).update(updated, { cause });
          if (!goes) writes.wrote(key, informer, written);
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
        return done;
      };
    },
  });
}

/** Its kubelet is done with the pod, or it was deleted by force: whatever still holds it must not hold its volumes too. */
const isShutDown = ({ metadata }: Pod): boolean =>
  metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0;

/**
 * Whether a pod uses a claim. One without a node does not, since no kubelet starts a pod whose claim is on its way out; one that has
 * finished does until it is deleted.
 */
export function usesClaim(pod: Pod, claim: Stored<PersistentVolumeClaim>): boolean {
  if (!pod.spec.nodeName) return false;
  const { name } = claim.metadata;
  return (pod.spec.volumes ?? []).some((volume) => {
    if (volume.persistentVolumeClaim?.claimName === name) return true;
    const isMadeForIt = volume.ephemeral && `${pod.metadata.name}-${volume.name}` === name;
    return isMadeForIt && !isShutDown(pod) && isControlledBy(claim, pod as Stored<Pod>);
  });
}

/** Claims stay while a pod uses them. */
export function createClaimProtection(context: ControllerContext): Component {
  const informer = context.informers.of(pods);
  indexByClaim(informer);
  return createProtection(context, {
    name: 'pvc-protection-controller',
    queueName: 'pvcprotection',
    finalizer: 'kubernetes.io/pvc-protection',
    resource: persistentvolumeclaims,
    subscribe: (add) => {
      const addClaims = (pod: Pod) => claimKeysOf(pod).forEach(add);
      informer.onChange({
        deleted: addClaims,
        updated: (pod, old) => {
          if (pod.metadata.uid !== old.metadata.uid) addClaims(old);
          if (isFinished(pod) || isShutDown(pod) || !pod.spec.nodeName) addClaims(pod);
        },
      });
    },
    isUsed: async (claim) => {
      const known = informer.byIndex(byClaim, keyOf(claim));
      if (known.some((pod) => usesClaim(pod, claim))) return true;
      // Asked of the server too: a pod that the informer has not seen yet must not lose its claim.
      const { items } = await context.client.of(pods).list({ namespace: claim.metadata.namespace });
      return items.some((pod) => usesClaim(pod, claim));
    },
  });
}

/** Volumes stay while a claim has them. */
export function createVolumeProtection(context: ControllerContext): Component {
  return createProtection(context, {
    name: 'pv-protection-controller',
    queueName: 'pvprotection',
    finalizer: 'kubernetes.io/pv-protection',
    resource: persistentvolumes,
    isUsed: (volume) => volume.status?.phase === 'Bound',
  });
}

const byAttributes = 'by volume attributes class';

const attributesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] => {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return [...new Set(names.flatMap((name) => name || []))];
};

const attributesOfVolume = ({ spec }: PersistentVolume): string[] =>
  spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];

/** Classes of volume attributes stay while a claim or a volume has them, or is on its way to them. */
export function createVolumeAttributesClassProtection(context: ControllerContext): Component {
  const claims = context.informers.of(persistentvolumeclaims);
  const volumes = context.informers.of(persistentvolumes);
  claims.addIndex(byAttributes, attributesOfClaim);
  volumes.addIndex(byAttributes, attributesOfVolume);
  return createProtection(context, {
    name: 'volumeattributesclass-protection-controller',
    queueName: 'vacprotection',
    finalizer: 'kubernetes.io/vac-protection',
    resource: volumeattributesclasses,
    subscribe: (add) => {
      claims.onChange({
        updated: (_, old) => attributesOfClaim(old).forEach(add),
        deleted: (claim) => attributesOfClaim(claim).forEach(add),
      });
      volumes.onChange({
        updated: (_, old) => attributesOfVolume(old).forEach(add),
        deleted: (volume) => attributesOfVolume(volume).forEach(add),
      });
    },
    isUsed: ({ metadata }) =>
      [claims, volumes].some((informer) => informer.byIndex(byAttributes, metadata.name).length > 0),
  });
}
