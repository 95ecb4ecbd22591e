import type { Pod } from '../../api/core/v1.ts';
import { pods } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import { causedBy } from '../../client/transport.ts';
import { hasReason } from '../../machinery/status-error.ts';
import type { ControllerContext, OwnWrites } from '../controller.ts';

/** Makes and removes pods for an owner; its key waits until the informer shows it. */
export class PodWriter {
  readonly #context: ControllerContext;
  readonly #writes: OwnWrites;

  constructor(context: ControllerContext, writes: OwnWrites) {
    this.#context = context;
    this.#writes = writes;
  }

  async create(
    owner: Stored<KubernetesObject>,
    pod: Pod,
    { key, why }: { key: string; why: string },
  ): Promise<Stored<Pod>> {
    const { client, informers } = this.#context;
    const informer = informers.of(pods);
    try {
      const written = await client.of(pods).create(pod, { cause: causedBy(owner, why) });
      this.#writes.wrote(key, informer, written);
      return written;
    } catch (error) {
      this.#writes.failed(key, informer, error);
      throw error;
    }
  }

  /** Removes a pod and tells how that went. */
  async removeTold(
    owner: Stored<KubernetesObject>,
    pod: Stored<Pod>,
    options: { key: string; why: string },
  ): Promise<void> {
    try {
      const removed = await this.remove(owner, pod, options);
      if (removed) this.tell(owner, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
    } catch (error) {
      this.tell(owner, 'FailedDelete', `Error deleting: ${(error as Error).message}`, 'Warning');
      throw error;
    }
  }

  /** A pod that is gone already counts as removed; gives false for it. */
  async remove(
    owner: Stored<KubernetesObject>,
    pod: Stored<Pod>,
    { key, why }: { key: string; why: string },
  ): Promise<boolean> {
    const { client, informers } = this.#context;
    const preconditions = { uid: pod.metadata.uid };
    try {
      await client.of(pods).delete(pod.metadata, { cause: causedBy(owner, why), preconditions });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
    this.#writes.deleted(key, informers.of(pods), pod);
    return true;
  }

  /** Tells people what was done for `owner`. */
  tell(
    owner: Stored<KubernetesObject>,
    reason: string,
    message: string,
    type: 'Normal' | 'Warning' = 'Normal',
  ) {
    this.#context.events.record(owner, { type, reason, message });
  }
}
