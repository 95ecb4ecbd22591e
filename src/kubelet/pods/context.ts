import type { Pod } from '../../api/core/v1.ts';
import type { Client } from '../../client/client.ts';
import type { EventRecorder } from '../../client/event-recorder.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { containerFieldPath } from './pod-kinds.ts';

/** What every part of the kubelet works with. */
export interface NodeContext {
  nodeName: string;
  client: Client;
  runtime: Runtime;
  platform: Platform;
  recorder: EventRecorder;
}

/** Tells about a pod; pods out of an informer do not say their kind. */
export function podEvent(
  context: NodeContext,
  pod: Pod,
  note: { type?: 'Normal' | 'Warning'; reason: string; message: string; container?: string },
): void {
  const { type = 'Normal', reason, message, container } = note;
  const fieldPath = container === undefined ? undefined : containerFieldPath(pod, container);
  context.recorder.record({ ...pod, apiVersion: 'v1', kind: 'Pod' }, { type, reason, message, fieldPath });
}
