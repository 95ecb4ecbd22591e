import type { PersistentVolumeClaim, Pod, Volume } from '../../api/core/v1.ts';
import { persistentvolumeclaims, pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { MetricOptions } from '../../platform/metrics/meter.ts';
import { type ControllerContext, createController, done, type OwnWrites } from '../controller.ts';
import { controllerReference, isControlledBy } from '../shared/owners.ts';
import { byClaim, indexByClaim } from '../shared/pods.ts';

const creations: MetricOptions = {
  name: 'ephemeral_volume_controller_create_total',
  help: 'Attempts to make a claim for a volume that lives as long as its pod.',
  stability: 'ALPHA',
};
const creationFailures: MetricOptions = {
  name: 'ephemeral_volume_controller_create_failures_total',
  help: 'Claims that could not be made.',
  stability: 'ALPHA',
};

/** The claim for a volume that lives as long as its pod. */
function claimFor(pod: Stored<Pod>, volume: Volume): PersistentVolumeClaim {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const { labels, annotations } = template?.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: `${pod.metadata.name}-${volume.name}`,
      namespace: pod.metadata.namespace,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(pod)],
    },
    spec: template?.spec ?? {},
  };
}

/** Makes the claims of volumes that live as long as their pod, again where somebody takes one away. */
export function createEphemeralVolumeController(context: ControllerContext): Component {
  const informer = context.informers.of(pods);
  const claims = context.informers.of(persistentvolumeclaims);
  indexByClaim(informer);
  const attempts = context.meter.counter(creations).with();
  const failures = context.meter.counter(creationFailures).with();
  const volumesOf = (pod: Pod) => (pod.spec.volumes ?? []).filter((volume) => volume.ephemeral);
  const ensure = async (pod: Stored<Pod>, volume: Volume, writes: OwnWrites) => {
    const claim = claimFor(pod, volume);
    const there = claims.get(keyOf(claim));
    if (there && isControlledBy(there, pod)) return;
    if (there)
      throw new Error(`PVC ${keyOf(claim)} was not created for pod ${keyOf(pod)} (pod is not owner)`);
    const cause = causedBy(pod, `its volume ${volume.name} needs a claim`);
    attempts.add();
    try {
      const made = await context.client.of(persistentvolumeclaims).create(claim, { cause });
      writes.wrote(keyOf(pod), claims, made);
    } catch (error) {
      failures.add();
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`create PVC ${claim.metadata.name}: ${text}`, { cause: error });
    }
  };
  const ensureOrTell = async (pod: Stored<Pod>, volume: Volume, writes: OwnWrites) => {
    try {
      await ensure(pod, volume, writes);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const message = `ephemeral volume ${volume.name}: ${text}`;
      context.events.record(pod, { type: 'Warning', reason: 'FailedBinding', message });
      throw error;
    }
  };
  return createController({
    name: 'ephemeral-volume-controller',
    queueName: 'ephemeral_volume',
    context,
    setup: ({ queue, writes }) => {
      informer.onChange({ added: (pod) => volumesOf(pod).length > 0 && queue.add(keyOf(pod)) });
      claims.onChange({
        deleted: (claim) => {
          for (const pod of informer.byIndex(byClaim, keyOf(claim)))
            if (volumesOf(pod).length > 0) queue.add(keyOf(pod));
        },
      });
      return async (key) => {
        const pod = informer.get(key);
        if (!pod || pod.metadata.deletionTimestamp) return done;
        for (const volume of volumesOf(pod)) await ensureOrTell(pod, volume, writes);
        return done;
      };
    },
  });
}
