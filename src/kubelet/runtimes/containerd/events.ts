import { fromBinary } from '@bufbuild/protobuf';
import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import { TaskExitSchema, TaskOOMSchema, TaskStartSchema } from '../generated/containerd/events_pb.js';
import { type Envelope, Events } from '../generated/containerd/events-service_pb.js';
import {
  type ContainerEventResponse,
  ContainerEventType,
  RuntimeService,
} from '../generated/runtime/v1/runtime_pb.js';
import { isRuntimeError } from '../runtime-error.ts';
import type { RuntimeEvent } from '../runtime.ts';
import type { GrpcChannel } from '../../../platform/grpc-channel.ts';
import { kubernetesNamespace } from './cri-channel.ts';
import { milliseconds } from './from-cri.ts';

type Listener = (event: RuntimeEvent) => void;

const topics = ['/tasks/start', '/tasks/exit', '/tasks/oom'];
const filters = topics.map((topic) => `topic=="${topic}",namespace==${kubernetesNamespace}`);

const momentOf = (t: Timestamp | undefined) => (t ? timestampMs(t) : 0);

/** What an event of containerd means; undefined for the end of a command executed in a container. */
export function containerdEvent(envelope: Envelope): RuntimeEvent | undefined {
  const value = envelope.event?.value ?? new Uint8Array();
  if (envelope.topic === '/tasks/start') {
    return { type: 'started', id: fromBinary(TaskStartSchema, value).containerId };
  }
  if (envelope.topic === '/tasks/oom')
    return { type: 'outOfMemory', id: fromBinary(TaskOOMSchema, value).containerId };
  const exit = fromBinary(TaskExitSchema, value);
  if (exit.id !== exit.containerId) return undefined;
  return { type: 'exited', id: exit.containerId, exitCode: exit.exitStatus, atMs: momentOf(exit.exitedAt) };
}

/** What an event of the runtime interface means; only runtimes that have no events of their own are asked for it. */
function criEvent(event: ContainerEventResponse): RuntimeEvent | undefined {
  const id = event.containerId;
  if (event.containerEventType === ContainerEventType.CONTAINER_STARTED_EVENT) return { type: 'started', id };
  if (event.containerEventType !== ContainerEventType.CONTAINER_STOPPED_EVENT) return undefined;
  const exitCode = event.containersStatuses.find((status) => status.id === id)?.exitCode ?? 0;
  return { type: 'exited', id, exitCode, atMs: milliseconds(event.createdAt) };
}

async function followContainerd(
  channel: GrpcChannel,
  listener: Listener,
  signal: AbortSignal,
): Promise<void> {
  for await (const envelope of channel.stream(Events.method.subscribe, { filters }, signal)) {
    const event = containerdEvent(envelope);
    if (event) listener(event);
  }
}

async function followInterface(channel: GrpcChannel, listener: Listener, signal: AbortSignal): Promise<void> {
  for await (const message of channel.stream(RuntimeService.method.getContainerEvents, {}, signal)) {
    const event = criEvent(message);
    if (event) listener(event);
  }
}

const retryMs = 200;

/** Follows the runtime's events until the signal aborts, through its restarts. */
export async function followEvents(
  options: { channel: GrpcChannel; clock: Clock; log: Log; signal: AbortSignal },
  listener: Listener,
): Promise<void> {
  const { channel, clock, log, signal } = options;
  let follow = followContainerd;
  while (!signal.aborted) {
    try {
      await channel.connected(5_000);
      const over = follow(channel, listener, signal);
      listener({ type: 'resync' });
      await over;
    } catch (error) {
      if (isRuntimeError(error, 'Unimplemented') && follow === followContainerd) {
        follow = followInterface;
        continue;
      }
      if (!signal.aborted) log.debug('events of the runtime were lost', { error: String(error) });
    }
    await clock.sleep(retryMs, signal).catch(() => {});
  }
}
