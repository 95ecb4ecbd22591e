import type { Node, NodeStatus } from '../../api/core/v1.ts';
import type { EventNote } from '../../client/event-recorder.ts';

/** The words for each condition of which every change is told, the first value as well. */
const pressureReasons: Record<string, { True: string; False: string }> = {
  MemoryPressure: { True: 'NodeHasInsufficientMemory', False: 'NodeHasSufficientMemory' },
  DiskPressure: { True: 'NodeHasDiskPressure', False: 'NodeHasNoDiskPressure' },
  PIDPressure: { True: 'NodeHasInsufficientPID', False: 'NodeHasSufficientPID' },
};

/**
 * What is to be told of a status that was just written over `old`, which is undefined for a node that is new. As upstream's
 * kubelet does: what presses on the node from the start, whether it is ready only when that changes.
 */
export function statusEvents(nodeName: string, old: NodeStatus | undefined, now: NodeStatus): EventNote[] {
  const events: EventNote[] = [];
  for (const { type, status } of now.conditions ?? []) {
    const before = old?.conditions?.find((c) => c.type === type)?.status;
    if (before === status) continue;
    const reasons = pressureReasons[type];
    if (reasons) events.push(isNow(nodeName, status === 'True' ? reasons.True : reasons.False));
    else if (before !== undefined)
      events.push(isNow(nodeName, status === 'True' ? 'NodeReady' : 'NodeNotReady'));
  }
  const [bootBefore, boot] = [old?.nodeInfo?.bootID, now.nodeInfo?.bootID];
  if (bootBefore && boot !== bootBefore) {
    const message = `Node ${nodeName} has been rebooted, boot id: ${boot}`;
    events.push({ type: 'Warning', reason: 'Rebooted', message });
  }
  return events;
}

/** What is to be told when pods are kept off the node, or let on it again. */
export function schedulableEvents(nodeName: string, wasOff: boolean, { spec }: Node): EventNote[] {
  const isOff = spec.unschedulable === true;
  return isOff === wasOff ? [] : [isNow(nodeName, isOff ? 'NodeNotSchedulable' : 'NodeSchedulable')];
}

const isNow = (nodeName: string, reason: string): EventNote => ({
  type: 'Normal',
  reason,
  message: `Node ${nodeName} status is now: ${reason}`,
});
