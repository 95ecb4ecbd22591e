import type { ContainerStatus, Pod, PodStatus } from '../../api/core/v1.ts';
import { allContainers } from '../pods/pod-kinds.ts';
import type { PodWorkers } from '../pods/pod-workers.ts';
import { newestOf, type RuntimeContainer, type RuntimePod } from '../pods/runtime-pod.ts';
import type { RuntimeView } from '../pods/runtime-view.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { HttpProblem } from './http-problem.ts';

export interface PodRef {
  namespace: string;
  pod: string;
  uid?: string;
}

export interface PodFinderOptions {
  workers: PodWorkers;
  view: RuntimeView;
  statuses: StatusManager;
}

/** Finds what requests name. Throws HttpProblem for what is not there, in upstream's words. */
export class PodFinder {
  readonly #workers: PodWorkers;
  readonly #view: RuntimeView;
  readonly #statuses: StatusManager;

  constructor({ workers, view, statuses }: PodFinderOptions) {
    this.#statuses = statuses;
    this.#workers = workers;
    this.#view = view;
  }

  pod(ref: PodRef): Pod {
    const found = this.#find(ref);
    if (!found) throw new HttpProblem(404, 'pod does not exist');
    return found;
  }

  #find({ namespace, pod: name, uid }: PodRef): Pod | undefined {
    return this.#workers
      .all()
      .map((work) => work.pod)
      .find(({ metadata: m }) => m.namespace === namespace && m.name === name && (!uid || m.uid === uid));
  }

  runtime(pod: Pod): Promise<RuntimePod> {
    const { uid = '', name = '', namespace = '' } = pod.metadata;
    return this.#view.load({ uid, name, namespace });
  }

  /** Whoever attaches is told in other words that nothing runs than whoever wants to run something. */
  async runningContainer(
    ref: PodRef & { kind: 'exec' | 'attach' | 'run' },
    container: string,
  ): Promise<{ pod: Pod; container: RuntimeContainer }> {
    const pod = this.pod(ref);
    const isKnown = allContainers(pod).some((c) => c.name === container);
    const found = isKnown ? newestOf(await this.runtime(pod), container) : undefined;
    if (found?.state === 'running') return { pod, container: found };
    if (ref.kind === 'attach')
      throw new HttpProblem(500, `container ${container} not found in pod ${ref.pod}_${ref.namespace}`);
    throw new HttpProblem(500, `container not found (${JSON.stringify(container)})`);
  }

  async sandboxId(ref: PodRef): Promise<string> {
    const [newest] = (await this.runtime(this.pod(ref))).sandboxes;
    if (newest?.state === 'ready') return newest.id;
    throw new HttpProblem(500, `pod not found (${JSON.stringify(`${ref.pod}_${ref.namespace}`)})`);
  }

  /** The run of a container whose log is wanted. */
  async logged(ref: PodRef, container: string, previous: boolean): Promise<RuntimeContainer> {
    const pod = this.#find(ref);
    if (!pod) throw new HttpProblem(404, `pod ${JSON.stringify(ref.pod)} does not exist`);
    if (!allContainers(pod).some((c) => c.name === container))
      throw new HttpProblem(
        404,
        `container ${JSON.stringify(container)} not found in pod ${JSON.stringify(ref.pod)}`,
      );
    const runs = (await this.runtime(pod)).containers.filter(
      (c) => c.name === container && c.state !== 'created',
    );
    const status = statusOf(this.#statuses.latest(pod), container);
    const words = `container ${JSON.stringify(container)} in pod ${JSON.stringify(ref.pod)}`;
    if (previous) return previousRun(runs, status, words);
    if (runs[0]) return runs[0];
    throw new HttpProblem(400, `${words} is waiting to start: ${waitingReason(status)}`);
  }
}

/**
 * The last run that has ended and been followed by another, or is about to be: which one that is follows from the status, as
 * upstream's kubelet has it. Of a container that waits for its next start it is the newest.
 */
function previousRun(
  runs: readonly RuntimeContainer[],
  status: ContainerStatus | undefined,
  words: string,
): RuntimeContainer {
  const { containerID } = status?.lastState?.terminated ?? {};
  if (!containerID) throw new HttpProblem(400, `previous terminated ${words} not found`);
  const run = runs.find(({ id }) => containerID.endsWith(`//${id}`));
  if (!run) throw new HttpProblem(400, `unable to retrieve container logs for ${containerID}`);
  return run;
}

/** Why there is nothing to start yet, where people know it under other words. */
const waitingWords: Record<string, string> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: 'trying and failing to pull image',
};

function statusOf(status: PodStatus, container: string): ContainerStatus | undefined {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status;
  return [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses].find(
    (s) => s.name === container,
  );
}

function waitingReason(status: ContainerStatus | undefined): string {
  const reason = status?.state?.waiting?.reason ?? 'ContainerCreating';
  return waitingWords[reason] ?? reason;
}
