import type { Pod } from '../../api/core/v1.ts';
import { type NodeContext, podEvent } from '../pods/context.ts';

/** Tells, in upstream's words, why a pod cannot have a volume now. */
export function tellMountFailure(
  context: NodeContext,
  pod: Pod,
  volume: string,
  { message: why }: Error,
): void {
  const message = `MountVolume.SetUp failed for volume ${JSON.stringify(volume)} : ${why}`;
  podEvent(context, pod, { type: 'Warning', reason: 'FailedMount', message });
}
