import type { Pod, PodCondition } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { Cause } from '../../client/transport.ts';
import { formatTime } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';
import { conditionOf } from './pods.ts';

export interface Disruption {
  /** Why the pod goes though nothing is wrong with it; leave it out where that needs no telling. */
  condition?: { reason: string; message: string };
  /** Sets the phase as well, for pods that no kubelet speaks for any more. */
  phase?: 'Failed';
}

/** Notes on a pod's status that somebody else's trouble ends it, before it is deleted. */
export async function noteDisruption(
  where: { client: Client; clock: Clock },
  pod: Stored<Pod>,
  { condition, phase, cause }: Disruption & { cause: Cause },
): Promise<void> {
  const conditions = condition && [targetOf(pod, condition, where.clock.now())];
  const status = { ...(phase && { phase }), ...(conditions && { conditions }) };
  const patch = { metadata: { uid: pod.metadata.uid }, status };
  const type = 'application/strategic-merge-patch+json';
  await where.client.of(pods).patch(pod.metadata, patch, { type, subresource: 'status', cause });
}

/** The condition that says so; when it began to hold stays where it holds already. */
function targetOf(pod: Pod, why: { reason: string; message: string }, nowMs: number): PodCondition {
  const type = 'DisruptionTarget';
  const old = conditionOf(pod, type);
  const lastTransitionTime = old?.status === 'True' ? old.lastTransitionTime : formatTime(nowMs);
  const { generation } = pod.metadata;
  return {
    type,
    status: 'True',
    ...(generation !== undefined && { observedGeneration: generation }),
    ...(lastTransitionTime && { lastTransitionTime }),
    ...why,
  };
}
