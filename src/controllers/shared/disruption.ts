import type { Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { Client } from '../../client/client.ts';
import type { Cause } from '../../client/transport.ts';
import { formatTime } from '../../platform/clock.ts';
import type { Clock } from '../../platform/clock.ts';

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
  const lastTransitionTime = formatTime(where.clock.now());
  const target = { type: 'DisruptionTarget', status: 'True', lastTransitionTime, ...condition };
  const status = { ...(phase && { phase }), ...(condition && { conditions: [target] }) };
  const patch = { metadata: { uid: pod.metadata.uid }, status };
  const type = 'application/strategic-merge-patch+json';
  await where.client.of(pods).patch(pod.metadata, patch, { type, subresource: 'status', cause });
}
