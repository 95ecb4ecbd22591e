import { setMaxListeners } from 'node:events';
import type { Node, Pod } from '../api/core/v1.ts';
import { events, nodes, pods, serviceaccounts } from '../api/generated/resources.ts';
import type { KubernetesObject, Resource, Stored } from '../api/resource.ts';
import { defaultAdmission } from '../apiserver/admission/plugins.ts';
import { servedResources } from '../apiserver/discovery/served-resources.ts';
import { allKinds, kindsAs } from '../apiserver/kinds/kinds.ts';
import { type ApiServer, type ApiServerOptions, createApiServer } from '../apiserver/server.ts';
import { Client } from '../client/client.ts';
import type { ApiRequest, Transport } from '../client/transport.ts';
import type { Component } from '../client/component.ts';
import { EventRecorder } from '../client/event-recorder.ts';
import { Informers } from '../client/informers.ts';
import { createTokenKey } from '../cluster/pki.ts';
import { formatMicroTime, formatTime } from '../platform/clock.ts';
import { ignoring } from '../machinery/status-error.ts';
import { createLog, type Log, type LogLine, silentLog } from '../platform/log.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import { MetricRegistry } from '../platform/metrics/registry.ts';
import type { Store } from '../store/store.ts';
import type { ControllerContext } from './controller.ts';
import type { ServedResource } from './discovery.ts';

let tokenKey: Promise<string> | undefined;

const cause = { reason: 'a test says so' };
const merge = 'application/merge-patch+json';

/** The shape of an object that a test gives: what is left out is the server's to fill in. */
export type Given<T extends KubernetesObject> = Omit<T, 'metadata'> & { metadata: Partial<T['metadata']> };

/**
 * Controllers before the real registries, with the real roles and a clock that the test moves. There is no
 * scheduler and no kubelet: `TestNodes` plays both where a test wants them.
 */
export class TestCluster {
  readonly clock: VirtualClock;
  readonly client: Client;
  readonly server: ApiServer;
  readonly informers: Informers;
  readonly meter = new MetricRegistry();
  readonly #store: Store;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>[] = [];
  readonly #random = seededRandom(7);

  private constructor(parts: { clock: VirtualClock; store: Store; server: ApiServer; log: Log }) {
    setMaxListeners(0, this.#stop.signal);
    this.clock = parts.clock;
    this.server = parts.server;
    this.#store = parts.store;
    this.#log = parts.log;
    this.client = new Client(parts.server.transportFor({ name: 'admin', groups: ['system:masters'] }));
    const manager = { name: 'system:kube-controller-manager', groups: ['system:authenticated'] };
    const client = new Client(parts.server.transportFor(manager));
    this.informers = new Informers({ client, clock: parts.clock, random: this.#random, log: parts.log });
    this.informers.start(this.#stop.signal);
  }

  /** A server with what every server has, and the service account `default` of the namespace `default`. */
  static async start(
    options: {
      onLog?(line: LogLine): void;
      usage?: ApiServerOptions['usage'];
      serviceCidrs?: readonly string[];
    } = {},
  ): Promise<TestCluster> {
    const clock = new VirtualClock();
    const store = createMemoryStore({ clock });
    tokenKey ??= createTokenKey();
    const { onLog: write, serviceCidrs: cidrs } = options;
    const log = write ? createLog({ clock, level: 'debug', write }) : silentLog;
    const platform = { clock, random: seededRandom(1), log };
    const serviceAccounts = { issuer: 'https://test', keys: [await tokenKey] };
    const kinds = kindsAs({ services: { cidrs } });
    const server = await createApiServer({
      platform,
      store,
      kinds,
      services: { cidrs },
      admission: defaultAdmission,
      serviceAccounts,
      version: '0.0.0',
      usage: options.usage,
      freeze: true,
    });
    const cluster = new TestCluster({ clock, store, server, log });
    await cluster.create(serviceaccounts, { metadata: { name: 'default', namespace: 'default' } });
    return cluster;
  }

  /** What a controller of this name is given; it may do what its role says, and no more. Its events are the reporter's. */
  context(name: string, reporter = name): ControllerContext {
    const user = {
      name: `system:serviceaccount:kube-system:${name}`,
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    };
    const { clock, informers, meter } = this;
    const log = this.#log;
    const random = this.#random;
    const client = new Client(this.server.transportFor(user));
    const recorder = new EventRecorder({ client, clock, random, log, source: { component: reporter } });
    return { client, informers, clock, random, log, meter, events: recorder };
  }

  /** As `context`, but that some of its requests are refused with `no`. */
  refusing(name: string, refuse: (request: ApiRequest) => boolean): ControllerContext {
    return this.#contextAfter(name, (r) => (refuse(r) ? Promise.reject(new Error('no')) : undefined));
  }

  /** As `context`, but that somebody else is quicker than the first of its requests that is such a one. */
  overtaken(
    name: string,
    isSuch: (request: ApiRequest) => boolean,
    meanwhile: (request: ApiRequest) => Promise<unknown>,
  ): ControllerContext {
    let isDone = false;
    return this.#contextAfter(name, (r) => {
      if (isDone || !isSuch(r)) return undefined;
      isDone = true;
      return meanwhile(r);
    });
  }

  /** The same with informers of its own, which ask the server by the way that `through` gives. */
  seeingThrough(name: string, through: (transport: Transport) => Transport): ControllerContext {
    const context = this.context(name);
    const informers = new Informers({ ...context, client: new Client(through(this.client.transport)) });
    informers.start(this.#stop.signal);
    return { ...context, informers };
  }

  #contextAfter(
    name: string,
    before: (request: ApiRequest) => Promise<unknown> | undefined,
  ): ControllerContext {
    const context = this.context(name);
    const { transport } = context.client;
    const request = (r: ApiRequest) => before(r)?.then(() => transport.request(r)) ?? transport.request(r);
    return { ...context, client: new Client({ request, watch: transport.watch.bind(transport) }) };
  }

  /** The resources that are served, as discovery would say. */
  discover = async (): Promise<readonly ServedResource[]> =>
    allKinds
      .filter((kind) => !kind.review)
      .map((kind) => ({ ...kind.resource, verbs: servedResources(kind, kind)[0]?.verbs ?? [] }));

  /** Runs components until the cluster is stopped. */
  async run(...components: Component[]): Promise<void> {
    for (const component of components) this.#running.push(component.run(this.#stop.signal));
    await this.settle();
  }

  /** Lets time pass, and everything that it sets off run out. */
  async pass(spanMs: number): Promise<void> {
    const endMs = this.clock.now() + spanMs;
    await this.settle();
    for (let next = this.clock.untilNext(); next !== undefined; next = this.clock.untilNext()) {
      if (this.clock.now() + next > endMs) break;
      await this.clock.advance(next);
      await this.settle();
    }
    await this.clock.advance(endMs - this.clock.now());
    await this.settle();
  }

  /** Resolves when nothing more happens without time passing, but for retries within a few milliseconds. */
  async settle(): Promise<void> {
    for (let quiet = 0, last = -1; quiet < 12; quiet++) {
      await this.clock.advance(0);
      const { revision } = await this.#store.status();
      if (revision !== last) quiet = 0;
      last = revision;
      const next = this.clock.untilNext();
      if (next !== undefined && next <= 20) await this.clock.advance(next);
    }
  }

  /** The store's newest revision: it stands still while nobody writes. */
  async revision(): Promise<number> {
    return (await this.#store.status()).revision;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
    await this.server.stop();
  }

  create<T extends KubernetesObject>(resource: Resource<T>, object: Given<T> | object): Promise<Stored<T>> {
    const type = { apiVersion: versionOf(resource), kind: resource.kind };
    const { metadata } = object as KubernetesObject;
    const namespace = resource.namespaced ? (metadata.namespace ?? 'default') : undefined;
    const whole = { ...type, ...object, metadata: { ...metadata, ...(namespace && { namespace }) } };
    return this.client.of(resource).create(whole as unknown as T, { cause });
  }

  get<T extends KubernetesObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<Stored<T>> {
    return this.client.of(resource).get(this.#ref(resource, name, namespace));
  }

  /** The object, or undefined where there is none. */
  find<T extends KubernetesObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<Stored<T> | undefined> {
    return this.get(resource, name, namespace).catch(() => undefined);
  }

  async list<T extends KubernetesObject>(
    resource: Resource<T>,
    labelSelector?: string,
  ): Promise<Stored<T>[]> {
    return (await this.client.of(resource).list({ labelSelector })).items;
  }

  async names(resource: Resource, labelSelector?: string): Promise<string[]> {
    return (await this.list(resource, labelSelector)).map((object) => object.metadata.name).sort();
  }

  /** Merges `patch` into an object, then lets everything come to rest. */
  async patch<T extends KubernetesObject>(
    resource: Resource<T>,
    name: string,
    patch: object,
    options: { subresource?: string; namespace?: string } = {},
  ): Promise<Stored<T>> {
    const { subresource, namespace } = options;
    const ref = this.#ref(resource, name, namespace);
    const patched = await this.client.of(resource).patch(ref, patch, { type: merge, cause, subresource });
    await this.settle();
    return patched;
  }

  async delete(
    resource: Resource,
    name: string,
    options: {
      namespace?: string;
      propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
      gracePeriodSeconds?: number;
    } = {},
  ): Promise<void> {
    const { namespace, ...rest } = options;
    await this.client.of(resource).delete(this.#ref(resource, name, namespace), { cause, ...rest });
    await this.settle();
  }

  /** The events so far, as `Reason message`, in the order of their names within a millisecond. */
  async events(reason?: string): Promise<string[]> {
    const all = await this.list(events);
    const wanted = all.filter((event) => reason === undefined || event.reason === reason);
    return wanted.map((event) => `${event.reason} ${event.message}`);
  }

  #ref(resource: Resource, name: string, namespace = 'default') {
    return resource.namespaced ? { name, namespace } : { name };
  }
}

function versionOf({ group, version }: Resource): string {
  return group ? `${group}/${version}` : version;
}

/** What becomes of a pod that has a place: it runs and is ready unless a test says otherwise. */
export type Fate = 'ready' | 'unready' | 'pending' | 'Succeeded' | 'Failed';

/** Plays scheduler and kubelet: gives pods a node, lets them run, and lets them go when they are deleted. */
export class TestNodes {
  /** Decides on each pod when it is first seen. */
  fate: (pod: Stored<Pod>) => Fate = () => 'ready';
  /** The node a pod is given that has none. */
  place: (pod: Stored<Pod>) => string = () => 'node-1';
  /** Whether deleted pods go at once; otherwise they stay until `finish`. */
  lets = true;
  readonly #cluster: TestCluster;
  #lastAddress = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
    const act = (pod: Stored<Pod>) => void this.#act(pod).catch(() => {});
    cluster.informers.of(pods).onChange({ added: act, updated: act });
  }

  async #act(pod: Stored<Pod>): Promise<void> {
    if (pod.metadata.deletionTimestamp) {
      if (this.lets) await this.finish(pod);
      return;
    }
    if (!pod.spec.nodeName) return this.#bind(pod);
    if (pod.status?.phase !== 'Pending' || pod.status.podIP) return;
    const fate = this.fate(pod);
    if (fate !== 'pending') await this.become(pod, fate);
  }

  async #bind(pod: Stored<Pod>): Promise<void> {
    if (pod.spec.schedulingGates?.length) return;
    const target = { apiVersion: 'v1', kind: 'Node', name: this.place(pod) };
    const { name, namespace } = pod.metadata;
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    await this.#cluster.client.of(pods).postSubresource(pod.metadata, 'binding', body, { cause });
  }

  /** Sets a pod's status as a kubelet would. */
  async become({ metadata }: Stored<Pod>, fate: Exclude<Fate, 'pending'>): Promise<void> {
    const pod = await this.#cluster.client.of(pods).get(metadata);
    const isOver = fate === 'Succeeded' || fate === 'Failed';
    const ready = fate === 'ready';
    const podIP = pod.status?.podIP ?? `10.244.${++this.#lastAddress >> 8}.${this.#lastAddress & 255}`;
    const now = formatTime(this.#cluster.clock.now());
    const condition = (type: string, status: boolean) => ({
      type,
      status: status ? 'True' : 'False',
      lastTransitionTime: now,
    });
    const phase = isOver ? fate : 'Running';
    const conditions = [condition('Ready', ready), condition('ContainersReady', ready)];
    const status = { phase, podIP, podIPs: [{ ip: podIP }], startTime: now, conditions };
    const type = 'application/strategic-merge-patch+json';
    await this.#cluster.client
      .of(pods)
      .patch(pod.metadata, { status }, { type, cause, subresource: 'status' });
  }

  /** The containers have ended: the pod is taken away for good. */
  async finish(pod: Stored<Pod>): Promise<void> {
    await this.#cluster.client.of(pods).delete(pod.metadata, { cause, gracePeriodSeconds: 0 });
  }

  /** Makes all living pods of a selector ready, or not; what that sets off may take some of them away. */
  async all(labelSelector: string, fate: Exclude<Fate, 'pending'>): Promise<void> {
    for (const { metadata } of await this.#cluster.list(pods, labelSelector)) {
      const pod = await this.#cluster.find(pods, metadata.name, metadata.namespace);
      if (pod && !pod.metadata.deletionTimestamp) await this.become(pod, fate).catch(ignoring('NotFound'));
    }
    await this.#cluster.settle();
  }
}

/** A node whose kubelet has just said that all is well. */
export function readyNode(name: string, nowMs: number, more: Partial<Node['metadata']> = {}): Node {
  const time = formatTime(nowMs);
  const times = { lastHeartbeatTime: time, lastTransitionTime: time };
  const healthy = ['MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => {
    return { type, status: 'False', reason: `KubeletHasNo${type}`, message: '', ...times };
  });
  const ready = { type: 'Ready', status: 'True', reason: 'KubeletReady', message: '', ...times };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name }, ...more },
    spec: {},
    status: { conditions: [...healthy, ready] },
  };
}

/** A kubelet's sign of life. */
export function heartbeat(name: string, nowMs: number): KubernetesObject {
  const renewTime = formatMicroTime(nowMs);
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime };
  return { metadata: { name, namespace: 'kube-node-lease' }, spec } as KubernetesObject;
}

/** Creates a node with its status, which a plain create leaves empty, and without the taint that new nodes get. */
export async function addNode(cluster: TestCluster, node: Node): Promise<void> {
  const stored = await cluster.create(nodes, node);
  const api = cluster.client.of(nodes);
  const patch = (part: object, subresource?: string) =>
    api.patch(stored.metadata, part, { type: merge, cause, subresource });
  await patch({ status: node.status }, 'status');
  await patch({ spec: { taints: node.spec?.taints ?? null } });
}
