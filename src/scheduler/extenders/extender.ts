import type { Node, Pod } from '../../api/core/v1.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { HttpPoster } from '../../platform/http-post.ts';
import { networkText } from '../../platform/network-text.ts';
import type { NodeInfo, PodInfo } from '../cache/node-info.ts';
import type { NodeList } from '../cache/node-list.ts';
import type { ExtenderConfiguration } from '../configuration/extenders.ts';
import { maxScore, type Victims } from '../framework/framework.ts';
import {
  listIn,
  objectIn,
  objectOf,
  textIn,
  textOf,
  textsIn,
  type Untyped,
  wholeNumberIn,
} from './answers.ts';

/** What an extender leaves of the nodes, and why it does not leave the others. */
export interface Filtered {
  nodes: readonly NodeInfo[];
  failed: ReadonlyMap<string, string>;
  /** Of these, no eviction could change it. */
  unresolvable: ReadonlyMap<string, string>;
}

/** The highest score that an extender gives. */
const maxExtenderScore = 10;
/** Whole nodes, thousands of them, may come back. */
const maxAnswerBytes = 256 * 1024 * 1024;

/** A server that has a word in decisions. (`kube-scheduler/extender/v1`) */
export class Extender {
  readonly configuration: ExtenderConfiguration;
  readonly #poster: HttpPoster;
  readonly #signal: AbortSignal;
  readonly #managed: ReadonlySet<string>;

  constructor(configuration: ExtenderConfiguration, poster: HttpPoster, signal: AbortSignal) {
    this.configuration = configuration;
    this.#poster = poster;
    this.#signal = signal;
    this.#managed = new Set(configuration.managedResources.map(({ name }) => name));
  }

  /** Its address. */
  get name(): string {
    return this.configuration.urlPrefix;
  }

  /** Whether a container of the pod wants one of the resources that are its business. */
  isInterested({ spec }: Pod): boolean {
    if (this.#managed.size === 0) return true;
    return this.#manages(spec.containers) || this.#manages(spec.initContainers);
  }

  #manages(containers: Pod['spec']['containers'] | undefined): boolean {
    if (!containers) return false;
    for (const { resources } of containers) {
      for (const name in resources?.requests) if (this.#managed.has(name)) return true;
      for (const name in resources?.limits) if (this.#managed.has(name)) return true;
    }
    return false;
  }

  async filter(pod: Pod, nodes: readonly NodeInfo[]): Promise<Filtered> {
    const { filterVerb } = this.configuration;
    const answer = objectOf(await this.#send(filterVerb, this.#argsOf(pod, nodes)));
    throwErrorOf(answer);
    return {
      nodes: this.#nodesOf(answer, nodes),
      failed: textsIn(answer, 'FailedNodes'),
      unresolvable: textsIn(answer, 'FailedAndUnresolvableNodes'),
    };
  }

  /** Names count only where names were sent; without a word on nodes, none is left. */
  #nodesOf(answer: Untyped, sent: readonly NodeInfo[]): NodeInfo[] {
    const byName = new Map(sent.map((node) => [node.name, node]));
    const known = (name: string): NodeInfo => {
      const node = byName.get(name);
      if (node) return node;
      const claim = `extender ${goQuote(this.name)} claims a filtered node ${goQuote(name)}`;
      throw new Error(`${claim} which is not found in the input node list`);
    };
    const names = this.configuration.nodeCacheCapable ? listIn(answer, 'NodeNames') : undefined;
    if (names) return names.map((name) => known(textOf(name, 'NodeNames')));
    const list = objectIn(answer, 'Nodes');
    const items = list ? (listIn(list, 'items') ?? []) : [];
    return items.map((item) => known(textIn(objectIn(objectOf(item), 'metadata') ?? {}, 'name')));
  }

  /** What it adds to the scores of nodes, by name. */
  async prioritize(pod: Pod, nodes: readonly NodeInfo[]): Promise<ReadonlyMap<string, number>> {
    const { prioritizeVerb, weight } = this.configuration;
    const answer = listIn({ answer: await this.#send(prioritizeVerb, this.#argsOf(pod, nodes)) }, 'answer');
    const scores = new Map<string, number>();
    for (const entry of (answer ?? []).map((item) => objectOf(item))) {
      const host = textIn(entry, 'Host');
      const score = wholeNumberIn(entry, 'Score') * weight * (maxScore / maxExtenderScore);
      scores.set(host, (scores.get(host) ?? 0) + score);
    }
    return scores;
  }

  #argsOf(pod: Pod, nodes: readonly NodeInfo[]): object {
    return this.configuration.nodeCacheCapable
      ? { Pod: bare(pod), Nodes: null, NodeNames: nodes.map(({ name }) => name) }
      : {
          Pod: bare(pod),
          Nodes: { metadata: {}, items: nodes.map(({ node }) => bare(node)) },
          NodeNames: null,
        };
  }

  /** Lets it bind the pod. */
  async bind({ metadata }: Pod, node: string): Promise<void> {
    const { name: PodName, namespace: PodNamespace, uid: PodUID } = metadata;
    const args = { PodName, PodNamespace, PodUID, Node: node };
    throwErrorOf(objectOf(await this.#send(this.configuration.bindVerb, args)));
  }

  /** Which of the candidates it leaves, with whom to evict there. */
  async preempt(
    pod: Pod,
    candidates: ReadonlyMap<string, Victims>,
    nodes: NodeList,
  ): Promise<Map<string, Victims>> {
    const { preemptVerb, nodeCacheCapable } = this.configuration;
    const all = Object.fromEntries(
      [...candidates].map(([node, victims]) => [node, shown(victims, nodeCacheCapable)]),
    );
    const answer = objectOf(
      await this.#send(preemptVerb, {
        Pod: bare(pod),
        NodeNameToVictims: nodeCacheCapable ? null : all,
        NodeNameToMetaVictims: nodeCacheCapable ? all : null,
      }),
    );
    const left = Object.entries(objectIn(answer, 'NodeNameToMetaVictims') ?? {});
    return new Map(
      left.map(([name, victims]) => [name, this.#victimsOf(objectOf(victims), { name, nodes })]),
    );
  }

  #victimsOf(meta: Untyped, { name, nodes }: { name: string; nodes: NodeList }): Victims {
    const node = nodes.get(name);
    if (!node) throw new Error(`nodeinfo not found for node name ${goQuote(name)}`);
    const pods = (listIn(meta, 'Pods') ?? []).map((item): PodInfo => {
      const uid = textIn(objectOf(item), 'UID');
      const pod = node.pods.find((other) => other.pod.metadata.uid === uid);
      if (pod) return pod;
      const claim = `extender: ${this.name} claims to preempt pod (UID: &{${uid}}) on node: ${name}`;
      throw new Error(`${claim}, but the pod is not found on that node`);
    });
    return { pods, violations: wholeNumberIn(meta, 'NumPDBViolations') };
  }

  /** The JSON that is answered. */
  async #send(verb: string, args: object): Promise<unknown> {
    const address = `${this.name.replace(/\/+$/, '')}/${verb}`;
    const answer = await this.#post(address, Buffer.from(JSON.stringify(args)));
    if (answer.status !== 200)
      throw new Error(`failed ${verb} with extender at URL ${address}, code ${answer.status}`);
    return JSON.parse(answer.text);
  }

  async #post(address: string, body: Uint8Array): Promise<{ status: number; text: string }> {
    try {
      return await this.#poster.post({
        url: new URL(address),
        headers: { 'content-type': 'application/json' },
        body,
        timeoutMs: this.configuration.timeoutMs,
        limitBytes: maxAnswerBytes,
        signal: this.#signal,
      });
    } catch (error) {
      throw new Error(`Post ${goQuote(address)}: ${networkText(error as Error)}`, { cause: error });
    }
  }
}

function throwErrorOf(answer: Untyped): void {
  const text = textIn(answer, 'Error');
  if (text !== '') throw new Error(text);
}

/** An object as upstream's scheduler has it: without kind, and without who manages its fields. */
const bare = ({ metadata, spec, status = {} }: Pod | Node) => ({
  metadata: { ...metadata, managedFields: undefined },
  spec,
  status,
});

/** Whole pods, or their UIDs to those that know the pods. */
function shown({ pods, violations: NumPDBViolations }: Victims, isMeta: boolean): object {
  const Pods = pods.map(({ pod }) => (isMeta ? { UID: pod.metadata.uid } : bare(pod)));
  return { Pods, NumPDBViolations };
}
