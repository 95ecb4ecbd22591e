import type { Container, Pod } from '../../api/core/v1.ts';
import { restartsAfter } from '../../machinery/restart-rules.ts';
import { newestOf, type RuntimePod } from './runtime-pod.ts';

/** Whether the container is to be started, first or again, given what the runtime has of it. */
export function wantsStart(pod: Pod, container: Container, runtime: RuntimePod): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  const last = newestOf(runtime, container.name);
  if (!last || last.state === 'created' || last.state === 'unknown') return true;
  if (last.state === 'running') return false;
  return restartsAfter(pod, container, last.exitCode ?? 0);
}
