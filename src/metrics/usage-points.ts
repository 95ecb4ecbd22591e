import type { PodMetrics } from '../api/metrics/v1beta1.ts';
import type { Scrape } from './read-points.ts';
import { nextOfContainer, nextOfNode, type Used, usedByPod, usedIn, type Window } from './window.ts';

/** One pod on one node. */
interface PodPoints {
  key: string;
  containers: Map<string, Window>;
}

interface NodePoints {
  own?: Window;
  pods: Map<string, PodPoints>;
}

/** Of texts cut out of what a kubelet said: the cutting would keep all of that. */
const copyOf = (text: string) => Buffer.from(text).toString();

/** The last two points of every node and every container. */
export class UsagePoints {
  readonly #resolutionMs: number;
  readonly #nodes = new Map<string, NodePoints>();
  /** Pods of all nodes. */
  readonly #pods = new Map<string, PodPoints>();

  /** `resolutionMs`: from one look to the next. */
  constructor(resolutionMs: number) {
    this.#resolutionMs = resolutionMs;
  }

  /** Takes in what a node's kubelet has told. */
  take(name: string, { node, pods }: Scrape): void {
    const before = this.#nodes.get(name);
    const now: NodePoints = { pods: new Map() };
    if (node) now.own = nextOfNode(before?.own, node);
    for (const [key, containers] of pods) {
      const known = before?.pods.get(key);
      const pod: PodPoints = { key: known?.key ?? copyOf(key), containers: new Map() };
      for (const [container, point] of containers) {
        const window = nextOfContainer(known?.containers.get(container), point, this.#resolutionMs);
        pod.containers.set(known?.containers.has(container) ? container : copyOf(container), window);
      }
      now.pods.set(pod.key, pod);
    }
    this.#forget(before);
    this.#nodes.set(name, now);
    for (const pod of now.pods.values()) this.#pods.set(pod.key, pod);
  }

  /** Forgets all nodes but these. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#nodes.keys()) if (!names.has(name)) this.forget(name);
  }

  /** What a node used of late is no longer known. */
  forget(name: string): void {
    this.#forget(this.#nodes.get(name));
    this.#nodes.delete(name);
  }

  node(name: string): Used | undefined {
    const own = this.#nodes.get(name)?.own;
    return own && usedIn(own);
  }

  pod(namespace: string, name: string): Pick<PodMetrics, 'timestamp' | 'window' | 'containers'> | undefined {
    const pod = this.#pods.get(`${namespace}/${name}`);
    return pod && usedByPod(pod.containers);
  }

  /** A pod of the same name may be on another node by now. */
  #forget(node: NodePoints | undefined): void {
    for (const pod of node?.pods.values() ?? [])
      if (this.#pods.get(pod.key) === pod) this.#pods.delete(pod.key);
  }
}
