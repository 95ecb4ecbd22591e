import type { Pod } from '../api/core/v1.ts';
import { pods } from '../api/generated/resources.ts';
import type { Stored } from '../api/resource.ts';
import type { Client } from '../client/client.ts';
import type { Recorder } from '../client/event-recorder.ts';
import { causedBy } from '../client/transport.ts';
import { hasReason } from '../machinery/status-error.ts';
import { type Clock, timestamp } from '../platform/clock.ts';

export interface RefusalNote {
  message: string;
  reason: 'Unschedulable' | 'SchedulerError';
  /** The node that is kept for the pod from now on; empty for none, undefined for no change. */
  nominate?: string;
}

interface Writers {
  client: Client;
  events: Recorder;
  clock: Clock;
}

/** Says why a pod has no node: as an event, and as its condition where that says something else. */
export async function noteRefusal(
  { client, events, clock }: Writers,
  pod: Stored<Pod>,
  note: RefusalNote,
): Promise<void> {
  const { message, reason } = note;
  events.record(pod, {
    type: 'Warning',
    reason: 'FailedScheduling',
    action: 'Scheduling',
    message: cutShort(message),
    reporter: pod.spec.schedulerName,
  });
  const patch = refusalPatch(pod, note, timestamp(clock));
  if (!patch) return;
  await client
    .of(pods)
    .patch(pod.metadata, patch, {
      type: 'application/strategic-merge-patch+json',
      subresource: 'status',
      withoutAnswer: true,
      cause: causedBy({ ...pod, apiVersion: 'v1', kind: 'Pod' }, message || reason),
    })
    .catch((error) => {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error;
    });
}

/** In bytes. */
const longestNote = 1024;
const more = ' ...';

/** A note that is too long for an event says that there is more. */
function cutShort(message: string): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= longestNote) return message;
  // No half of a character is left.
  const start = bytes.toString('utf8', 0, longestNote - more.length).replace(/\uFFFD$/, '');
  return `${start}${more}`;
}

/** What is to change in the pod's status, or nothing. */
export function refusalPatch(pod: Pod, note: RefusalNote, time: string): object | undefined {
  const { message, reason, nominate } = note;
  const type = 'PodScheduled';
  const old = pod.status?.conditions?.find((c) => c.type === type);
  const isKnown = old?.status === 'False' && old.reason === reason && old.message === message;
  const isKept = nominate === undefined || nominate === (pod.status?.nominatedNodeName ?? '');
  if (isKnown && isKept) return undefined;
  const lastTransitionTime = old?.status === 'False' ? old.lastTransitionTime : time;
  const condition = {
    type,
    status: 'False',
    reason,
    message,
    observedGeneration: pod.metadata.generation,
    lastTransitionTime,
  };
  return {
    status: {
      ...(!isKnown && { conditions: [condition] }),
      ...(!isKept && { nominatedNodeName: nominate === '' ? null : nominate }),
    },
  };
}
