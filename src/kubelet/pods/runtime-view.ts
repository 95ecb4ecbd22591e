import type { Files } from '../../platform/files.ts';
import { readTail } from '../logs/tail.ts';
import type { Runtime } from '../runtimes/runtime.ts';
import { isRuntimeError } from '../runtimes/runtime-error.ts';
import type { Container, ContainerStatus, Sandbox, SandboxStatus } from '../runtimes/types.ts';
import { containerNameLabel, podNameLabel, podNamespaceLabel, podUidLabel, readMarks } from './labels.ts';
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from './runtime-pod.ts';

/** How much of a termination message is kept, and how much of a log stands in for one. */
const longestMessage = 4096;
const longestLogTail = 2048;
const logTailLines = 80;

export interface PodName {
  uid: string;
  name: string;
  namespace: string;
}

/** Pods as the runtime has them. What cannot change any more is asked for only once. */
export class RuntimeView {
  readonly #runtime: Runtime;
  readonly #files: Files;
  readonly #ended = new Map<string, RuntimeContainer>();
  readonly #owners = new Map<string, string>();
  #seen = new Map<string, string>();

  constructor(runtime: Runtime, files: Files) {
    this.#runtime = runtime;
    this.#files = files;
  }

  /** The uid of the pod that a container or sandbox belongs to, where it has been seen. */
  ownerOf(id: string): string | undefined {
    return this.#owners.get(id);
  }

  async load(pod: PodName): Promise<RuntimePod> {
    const filter = { labels: { [podUidLabel]: pod.uid } };
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.sandboxes.list(filter),
      this.#runtime.containers.list(filter),
    ]);
    const loaded = await Promise.all([
      Promise.all(sandboxes.map((s) => this.#sandbox(s))),
      Promise.all(containers.map((c) => this.#container(c))),
    ]);
    const found = loaded[0]
      .filter((s) => s !== undefined)
      .sort((a, b) => b.attempt - a.attempt || b.createdAtMs - a.createdAtMs);
    const runs = loaded[1]
      .filter((c) => c !== undefined)
      .sort((a, b) => b.restartCount - a.restartCount || b.createdAtMs - a.createdAtMs);
    return { ...pod, sandboxes: found, containers: runs };
  }

  /** Names of all pods that the runtime has anything of, and which of them changed since the last call. */
  async relist(): Promise<{ pods: PodName[]; changed: string[] }> {
    const [sandboxes, containers] = await Promise.all([
      this.#runtime.sandboxes.list(),
      this.#runtime.containers.list(),
    ]);
    const pods = new Map<string, PodName>();
    const states = new Map<string, string>();
    for (const { id, labels, state } of [...sandboxes, ...containers]) {
      const uid = labels[podUidLabel];
      if (!uid) continue;
      this.#owners.set(id, uid);
      pods.set(uid, { uid, name: labels[podNameLabel] ?? '', namespace: labels[podNamespaceLabel] ?? '' });
      states.set(uid, `${states.get(uid) ?? ''}${id}=${state};`);
    }
    this.#forget(new Set([...sandboxes, ...containers].map((c) => c.id)));
    const before = this.#seen;
    this.#seen = states;
    const all = new Set([...states.keys(), ...before.keys()]);
    return {
      pods: [...pods.values()],
      changed: [...all].filter((uid) => states.get(uid) !== before.get(uid)),
    };
  }

  #forget(alive: Set<string>): void {
    for (const id of this.#ended.keys()) if (!alive.has(id)) this.#ended.delete(id);
    for (const id of this.#owners.keys()) if (!alive.has(id)) this.#owners.delete(id);
  }

  async #sandbox(sandbox: Sandbox): Promise<RuntimeSandbox | undefined> {
    this.#owners.set(sandbox.id, sandbox.labels[podUidLabel] ?? '');
    const status = await orGone(this.#runtime.sandboxes.status(sandbox.id));
    return status && fromSandbox(status);
  }

  async #container(listed: Container): Promise<RuntimeContainer | undefined> {
    this.#owners.set(listed.id, listed.labels[podUidLabel] ?? '');
    const known = this.#ended.get(listed.id);
    if (known) return known;
    const status = await orGone(this.#runtime.containers.status(listed.id));
    if (!status) return undefined;
    const container = { ...(await this.#fromStatus(status)), sandboxId: listed.sandboxId };
    if (container.state === 'exited') this.#ended.set(container.id, container);
    return container;
  }

  async #fromStatus(status: ContainerStatus): Promise<Omit<RuntimeContainer, 'sandboxId'>> {
    const marks = readMarks(status.annotations);
    const { id, state, createdAtMs, startedAtMs, finishedAtMs, exitCode, reason, resources, user } = status;
    const name = status.labels[containerNameLabel] ?? status.container.name;
    const said = state === 'exited' ? await this.#terminationMessage(status) : '';
    return {
      id,
      name,
      state,
      createdAtMs,
      startedAtMs,
      finishedAtMs,
      exitCode,
      reason,
      resources,
      user,
      message: said || status.message,
      image: status.image,
      imageRef: status.imageRef,
      hash: marks.hash,
      restartCount: marks.restartCount,
      madeWith: marks.resources,
    };
  }

  /** What the container wrote where its pod said, or the end of its log where it failed without a word. */
  async #terminationMessage(status: ContainerStatus): Promise<string> {
    const marks = readMarks(status.annotations);
    const mount = status.mounts.findLast((m) => m.containerPath === marks.terminationMessagePath);
    const written = mount?.hostPath ? await this.#readStart(mount.hostPath) : '';
    const wantsLog =
      marks.terminationMessagePolicy === 'FallbackToLogsOnError' && (status.exitCode ?? 0) !== 0;
    if (written !== '' || !wantsLog || !status.logPath) return written;
    const limit = { lines: logTailLines, bytes: longestLogTail };
    return readTail(this.#files, status.logPath, limit).catch(() => '');
  }

  async #readStart(path: string): Promise<string> {
    const handle = await this.#files.open(path, 'r').catch(() => undefined);
    if (!handle) return '';
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(longestMessage), 0, longestMessage, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  }
}

async function orGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isRuntimeError(error, 'NotFound')) return undefined;
    throw error;
  }
}

const fromSandbox = (s: SandboxStatus): RuntimeSandbox => ({
  id: s.id,
  attempt: s.pod.attempt,
  state: s.state,
  createdAtMs: s.createdAtMs,
  ips: s.ips,
  hostNetwork: s.namespaces.network === 'node',
});
