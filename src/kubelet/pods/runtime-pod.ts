import type { ContainerStatus, LinuxResources, SandboxState } from '../runtimes/types.ts';

/** A container of a pod as the runtime has it, with what the kubelet wrote on it. */
export interface RuntimeContainer {
  id: string;
  sandboxId: string;
  name: string;
  state: ContainerStatus['state'];
  createdAtMs: number;
  startedAtMs?: number;
  finishedAtMs?: number;
  exitCode?: number;
  reason: string;
  /** What the container left as its termination message, or what the runtime says. */
  message: string;
  /** The image's name as the runtime resolved it. */
  image: string;
  /** A digest reference of the image. */
  imageRef: string;
  hash: string;
  restartCount: number;
  /** The limits in force, where the runtime tells them. */
  resources?: LinuxResources;
  /** The limits that it was made with. */
  madeWith?: LinuxResources;
  user?: ContainerStatus['user'];
}

export interface RuntimeSandbox {
  id: string;
  attempt: number;
  state: SandboxState;
  createdAtMs: number;
  ips: string[];
  hostNetwork: boolean;
}

/** What the runtime has of one pod. Both lists have the last attempt first, since clocks may be set back between two. */
export interface RuntimePod {
  uid: string;
  name: string;
  namespace: string;
  sandboxes: RuntimeSandbox[];
  containers: RuntimeContainer[];
}

/** The newest container under a name. */
export function newestOf(pod: RuntimePod, name: string): RuntimeContainer | undefined {
  return pod.containers.find((c) => c.name === name);
}

/** Containers whose process runs, or may run. */
export function runningContainers(pod: RuntimePod): RuntimeContainer[] {
  return pod.containers.filter((c) => c.state === 'running' || c.state === 'unknown');
}

/** Whether anything of the pod still runs: a process, or the sandbox that holds its network. */
export function isAlive(pod: RuntimePod): boolean {
  return runningContainers(pod).length > 0 || pod.sandboxes.some((s) => s.state === 'ready');
}

/** The addresses of the sandbox in use. */
export function podIpsOf(pod: RuntimePod): string[] {
  const newest = pod.sandboxes[0];
  return newest?.state === 'ready' ? newest.ips : [];
}
