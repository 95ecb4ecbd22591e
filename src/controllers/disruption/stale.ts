import type { Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { formatTime } from '../../platform/clock.ts';
import { type ControllerContext, createController, done } from '../controller.ts';
import { conditionOf, isFinished } from '../shared/pods.ts';

/** A pod that was said to be disrupted and is not deleted by then goes on as if nothing had been. */
const staleMs = 120_000;

/** When what a pod's status says of its disruption has proved wrong, milliseconds since the epoch; undefined where nothing is said. */
function staleAtMs(pod: Pod): number | undefined {
  if (pod.metadata.deletionTimestamp || isFinished(pod)) return undefined;
  const condition = conditionOf(pod, 'DisruptionTarget');
  // A kubelet may take as long as it likes to end what it has said it ends.
  if (condition?.status !== 'True' || condition.reason === 'TerminationByKubelet') return undefined;
  return condition.lastTransitionTime ? Date.parse(condition.lastTransitionTime) + staleMs : 0;
}

/**
 * Takes back the condition `DisruptionTarget` of pods that were not disrupted after all, such as by an eviction that broke off.
 * Part of upstream's disruption controller (`pkg/controller/disruption`, syncStalePodDisruption).
 */
export function createStaleDisruptionController(context: ControllerContext): Component {
  const informer = context.informers.of(pods);
  return createController({
    name: 'stale-pod-disruption',
    queueName: 'stale_pod_disruption',
    context,
    setup: ({ queue }) => {
      const look = (pod: Stored<Pod>) => {
        if (staleAtMs(pod) !== undefined) queue.add(keyOf(pod));
      };
      informer.onChange({ added: look, updated: look });
      return async (key) => {
        const pod = informer.get(key);
        const atMs = pod && staleAtMs(pod);
        if (!pod || atMs === undefined) return done;
        const nowMs = context.clock.now();
        if (atMs > nowMs) return { type: 'again', afterMs: atMs - nowMs };
        const { uid, resourceVersion, generation } = pod.metadata;
        const condition = {
          type: 'DisruptionTarget',
          status: 'False',
          ...(generation && { observedGeneration: generation }),
          lastTransitionTime: formatTime(nowMs),
          reason: null,
          message: null,
        };
        const patch = { metadata: { uid, resourceVersion }, status: { conditions: [condition] } };
        const type = 'application/strategic-merge-patch+json';
        const cause = causedBy(pod, 'it was to be disrupted, and is still there');
        await context.client
          .of(pods)
          .patch(pod.metadata, patch, { type, subresource: 'status', cause })
          .catch(ignoring('NotFound'));
        return done;
      };
    },
  });
}
