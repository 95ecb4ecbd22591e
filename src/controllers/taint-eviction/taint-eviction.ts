import type { Node, Pod } from '../../api/core/v1.ts';
import { nodes, pods } from '../../api/generated/resources.ts';
import type { KubernetesObject, Stored } from '../../api/resource.ts';
import type { Component } from '../../client/component.ts';
import { type Informer, keyOf } from '../../client/informer.ts';
import { causedBy } from '../../client/transport.ts';
import type { WorkQueue } from '../../client/work-queue.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { hasReason } from '../../machinery/status-error.ts';
import { type ControllerContext, createController, done, type Outcome } from '../controller.ts';
import { noteDisruption } from '../shared/disruption.ts';
import { EvictionMetrics } from '../shared/eviction-metrics.ts';
import { byNode, indexByNode } from '../shared/pods.ts';
import { noExecute, staySeconds } from './plan.ts';

/** Sends pods away from nodes whose NoExecute taints they do not tolerate, or no longer. */
export function createTaintEvictionController(context: ControllerContext): Component {
  return createController({
    name: 'taint-eviction-controller',
    queueName: 'noexec_taint_pod',
    context,
    workers: 8,
    setup: ({ queue }) => {
      const evictor = new Evictor(context);
      evictor.subscribe(queue);
      return (key) => evictor.reconcile(key);
    },
  });
}

/** A pod that has to go, and when, on the monotonic clock. */
interface Running {
  uid: string;
  dueMs: number;
  isTimed: boolean;
}

class Evictor {
  readonly #context: ControllerContext;
  readonly #metrics: EvictionMetrics;
  readonly #nodes: Informer<Node>;
  readonly #pods: Informer<Pod>;
  /** Pods whose time runs, by their keys. */
  readonly #running = new Map<string, Running>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#metrics = new EvictionMetrics(context.meter, 'taint_eviction_controller');
    this.#nodes = context.informers.of(nodes);
    this.#pods = context.informers.of(pods);
    indexByNode(this.#pods);
  }

  subscribe(queue: WorkQueue): void {
    const addPod = (pod: Stored<Pod>) => queue.add(keyOf(pod));
    this.#pods.onChange({
      added: (pod) => this.#taintsFor(pod).length > 0 && addPod(pod),
      updated: (pod, old) => {
        const isSame =
          pod.spec.nodeName === old.spec.nodeName &&
          deepEqual(pod.spec.tolerations, old.spec.tolerations) &&
          pod.metadata.deletionTimestamp === old.metadata.deletionTimestamp;
        if (!isSame) addPod(pod);
      },
      deleted: addPod,
    });
    const addPods = (node: Stored<Node>) => {
      for (const pod of this.#pods.byIndex(byNode, node.metadata.name)) addPod(pod);
    };
    this.#nodes.onChange({
      added: (node) => noExecute(node.spec?.taints).length > 0 && addPods(node),
      updated: (node, old) => {
        if (!deepEqual(noExecute(node.spec?.taints), noExecute(old.spec?.taints))) addPods(node);
      },
    });
  }

  #taintsFor(pod: Pod) {
    return noExecute(this.#nodes.get(pod.spec.nodeName ?? '')?.spec?.taints);
  }

  async reconcile(key: string): Promise<Outcome> {
    const pod = this.#pods.get(key);
    if (!pod) {
      const [namespace, name] = key.split('/');
      const gone = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name } };
      if (this.#running.delete(key)) this.#tell(gone, `Cancelling deletion of Pod ${key}`);
      return done;
    }
    if (pod.metadata.deletionTimestamp) return done;
    const running = this.#runningOf(pod, key);
    const node = this.#nodes.get(pod.spec.nodeName ?? '');
    // Nobody takes back what a node that is gone has set in motion.
    if (!node) return running ? this.#goOn(key, pod, running) : done;
    const seconds = staySeconds(noExecute(node.spec?.taints), pod.spec.tolerations ?? []);
    if (seconds === undefined) {
      if (this.#running.delete(key)) this.#tell(pod, `Cancelling deletion of Pod ${key}`);
      return done;
    }
    return this.#goOn(key, pod, this.#started(pod, { key, running, seconds }));
  }

  #runningOf({ metadata }: Stored<Pod>, key: string): Running | undefined {
    const running = this.#running.get(key);
    return running?.uid === metadata.uid ? running : undefined;
  }

  /** The time that was set first stands, whatever taints and tolerations say later, but for what is not tolerated at all. */
  #started(
    pod: Stored<Pod>,
    { key, running, seconds }: { key: string; running: Running | undefined; seconds: number },
  ): Running {
    if (running && (seconds > 0 || !running.isTimed)) return running;
    if (running) this.#tell(pod, `Cancelling deletion of Pod ${key}`);
    const dueMs = this.#context.clock.monotonic() + seconds * 1000;
    const started = { uid: pod.metadata.uid, dueMs, isTimed: seconds > 0 };
    this.#running.set(key, started);
    return started;
  }

  async #goOn(key: string, pod: Stored<Pod>, { dueMs }: Running): Promise<Outcome> {
    const leftMs = dueMs - this.#context.clock.monotonic();
    if (leftMs > 0) return { type: 'again', afterMs: leftMs };
    await this.#evict(key, pod, dueMs);
    return done;
  }

  /** `dueMs` is when its time was up. */
  async #evict(key: string, pod: Stored<Pod>, dueMs: number): Promise<void> {
    const { client, clock } = this.#context;
    this.#tell(pod, `Marking for deletion Pod ${key}`);
    const cause = causedBy(pod, `it does not tolerate the taints of ${pod.spec.nodeName}`);
    const message = 'Taint manager: deleting due to NoExecute taint';
    const condition = { reason: 'DeletionByTaintManager', message };
    try {
      await noteDisruption(this.#context, pod, { condition, cause });
      await client.of(pods).delete(pod.metadata, { cause, preconditions: { uid: pod.metadata.uid } });
      this.#metrics.sentAway(clock.monotonic() - dueMs);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
    this.#running.delete(key);
  }

  #tell(pod: KubernetesObject, message: string): void {
    this.#context.events.record(pod, { type: 'Normal', reason: 'TaintManagerEviction', message });
  }
}
