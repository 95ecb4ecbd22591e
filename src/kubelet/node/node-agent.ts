import type { Node, NodeStatus } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { EventNote } from '../../client/event-recorder.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { ignoring } from '../../machinery/status-error.ts';
import { timestamp } from '../../platform/clock.ts';
import { declaredFeatures, type KubeletIntervals, type NodeIdentity } from '../config.ts';
import type { DeviceCapacity } from '../devices/device-manager.ts';
import type { NodeContext } from '../pods/context.ts';
import type { RuntimeStatus } from '../runtimes/types.ts';
import {
  foreignCapacity,
  imageList,
  type NodeHealth,
  newNode,
  nodeAllocatable,
  nodeCapacity,
  nodeConditions,
  nodeLabels,
  runtimeTroubles,
  systemInfo,
} from './node-object.ts';
import { ensureCsiNode } from './csi-node.ts';
import { NodeLease } from './lease.ts';
import { schedulableEvents, statusEvents } from './node-events.ts';
import type { HostFacts, NodeHost } from './node-host.ts';
import { type Repetition, repeat } from './repeat.ts';

export interface NodeAgentOptions {
  context: NodeContext;
  host: NodeHost;
  facts: HostFacts;
  identity: NodeIdentity;
  rootDir: string;
  intervals: KubeletIntervals;
  /** Where the kubelet answers; 0 where it does not. */
  port(): number;
  /** Called when pods can run that could not before. */
  onReady(): void;
  /** The volumes that must not be detached from it, by the names that its status has for them; undefined where it has none of that kind. */
  volumesInUse(): string[] | undefined;
  /** What plugins have of devices; undefined where none are taken in, or not yet. */
  devices(): DeviceCapacity | undefined;
  /** What presses on the node now. */
  pressure(): Pick<NodeHealth, 'memoryPressure' | 'diskPressure' | 'pidPressure'>;
}

/** Upstream's: so much longer, by chance, is waited each time, so that kubelets that start together do not go on in step. */
const jitterFactor = 0.04;
/** The runtime counts as gone after this time without an answer. */
const runtimeGraceMs = 30_000;
const cause = { reason: 'the node tells how it stands' };

/** Keeps the Node object true: registers it, tells how the node stands, and that it is alive. */
export class NodeAgent {
  readonly #options: NodeAgentOptions;
  readonly #lease: NodeLease;
  #runtime: RuntimeStatus | undefined;
  #runtimeSeenMs = Number.NEGATIVE_INFINITY;
  #reportedMs = Number.NEGATIVE_INFINITY;
  /** How much later than its time the next report of an unchanged status comes. */
  #delayMs = 0;
  #wasReady: boolean | undefined;
  #wasUnschedulable = false;

  constructor(options: NodeAgentOptions) {
    this.#options = options;
    this.#lease = new NodeLease(options.context);
  }

  /** Why pods cannot have a network; undefined when they can. */
  networkTrouble(): string | undefined {
    return runtimeTroubles(this.#runtime).network;
  }

  /** Asks the runtime how it is. */
  async poll(): Promise<void> {
    const { runtime, platform } = this.#options.context;
    const nowMs = platform.clock.monotonic();
    try {
      this.#runtime = await runtime.status();
      this.#runtimeSeenMs = nowMs;
    } catch (error) {
      platform.log.warn('runtime does not answer', { error: (error as Error).message });
      if (nowMs - this.#runtimeSeenMs > runtimeGraceMs) this.#runtime = undefined;
    }
  }

  /** Makes the Node, or takes over the one that stands; with its CSINode. */
  async register(): Promise<void> {
    const node = await this.#registerNode();
    await ensureCsiNode(this.#options.context.client, node);
  }

  async #registerNode(): Promise<Stored<Node>> {
    const { context, facts, identity } = this.#options;
    const { nodeName, client } = context;
    const found = await client.of(nodes).get({ name: nodeName }).catch(ignoring('NotFound'));
    if (!found) {
      const status = await this.#status(undefined);
      const made = await client.of(nodes).create(newNode({ nodeName, facts, identity, status }), { cause });
      this.#tell(statusEvents(nodeName, undefined, status));
      return made;
    }
    const labels = nodeLabels(nodeName, facts, identity);
    if (Object.entries(labels).every(([key, value]) => found.metadata.labels?.[key] === value)) return found;
    const type = 'application/merge-patch+json';
    return client.of(nodes).patch({ name: nodeName }, { metadata: { labels } }, { type, cause });
  }

  /** Runs until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { intervals, context } = this.#options;
    const { clock, log, random } = context.platform;
    this.#tell([{ type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' }]);
    const jittered = (ms: number) => () => ms * (1 + random.next() * jitterFactor);
    const every = (intervalMs: Repetition['intervalMs'], what: string, task: () => Promise<void>) =>
      repeat({
        clock,
        intervalMs,
        signal,
        task,
        onError: (error) => log.warn(what, { error: error.message }),
      });
    await Promise.all([
      every(
        () => (this.#wasReady ? intervals.runtimePollMs : intervals.unreadyPollMs),
        'runtime not asked',
        () => this.look(),
      ),
      every(jittered(intervals.nodeStatusMs), 'node status not written', () => this.report()),
      every(jittered(intervals.leaseMs), 'lease not renewed', () => this.#lease.renew()),
    ]);
  }

  /**
   * Writes the node's status where it changed or was not written for long. Rejects where somebody has deleted the Node: it is not made
   * again before the kubelet starts again, as upstream, so that whoever takes a node away need not be quicker than its kubelet.
   */
  async report(): Promise<void> {
    const { context, intervals } = this.#options;
    const found = await context.client.of(nodes).get({ name: context.nodeName });
    this.#tell(schedulableEvents(context.nodeName, this.#wasUnschedulable, found));
    this.#wasUnschedulable = found.spec.unschedulable === true;
    const status = await this.#status(found.status);
    const nowMs = context.platform.clock.monotonic();
    const isDue = nowMs - this.#reportedMs >= intervals.nodeReportMs + this.#delayMs;
    const changes = changedParts(found.status ?? {}, status);
    const patch = isDue ? status : changes;
    if (!patch) return;
    const body = {
      status: {
        ...patch,
        ...(patch.addresses && { addresses: replaced(patch.addresses) }),
        ...(patch.allocatable && {
          allocatable: { ...gone(found.status?.allocatable), ...patch.allocatable },
        }),
      },
    };
    const options = { type: 'application/strategic-merge-patch+json', subresource: 'status', cause } as const;
    await context.client.of(nodes).patch({ name: context.nodeName }, body, options);
    this.#tell(statusEvents(context.nodeName, found.status, status));
    this.#reportedMs = nowMs;
    // What changes for many nodes at once must not have them all report together for ever: upstream's half a period, either way.
    this.#delayMs = changes ? intervals.nodeReportMs * (context.platform.random.next() - 0.5) : 0;
  }

  /** Asks the runtime how it is; where its readiness has changed, that is told at once. */
  async look(): Promise<void> {
    await this.poll();
    const ready = this.#troubles().length === 0;
    if (this.#wasReady === ready) return;
    const isFirst = this.#wasReady === undefined;
    this.#wasReady = ready;
    if (ready) this.#options.onReady();
    if (!isFirst) await this.report();
  }

  #tell(events: EventNote[]): void {
    const { recorder, nodeName } = this.#options.context;
    // Upstream's kubelet names the node where its UID stands, and `kubectl describe node` finds its events by that.
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName, uid: nodeName } };
    for (const event of events) recorder.record(node, event);
  }

  #troubles(): string[] {
    const { runtime, network } = runtimeTroubles(this.#runtime);
    return [runtime, network].filter((t) => t !== undefined);
  }

  async #status(old: NodeStatus | undefined): Promise<NodeStatus> {
    const { context, host, facts, identity, rootDir, port, pressure, volumesInUse } = this.#options;
    const inUse = volumesInUse();
    const devices = this.#options.devices();
    const { runtime, platform } = context;
    const [disk, version, images] = await Promise.all([
      host.disk(rootDir),
      runtime.version().catch(() => ({ name: 'unknown', version: 'unknown', apiVersion: '' })),
      runtime.images.list().catch(() => []),
    ]);
    const own = nodeCapacity(facts, disk, identity);
    const capacity = { ...foreignCapacity(old?.capacity), ...own, ...devices?.capacity };
    const health = { troubles: this.#troubles(), ...pressure() };
    return {
      capacity,
      allocatable: { ...nodeAllocatable(capacity, identity.reserved), ...devices?.allocatable },
      conditions: nodeConditions(health, old?.conditions, timestamp(platform.clock)),
      addresses: identity.addresses,
      daemonEndpoints: { kubeletEndpoint: { Port: port() } },
      nodeInfo: systemInfo(facts, version),
      images: imageList(images),
      ...(inUse && { volumesInUse: inUse }),
      features: { supplementalGroupsPolicy: false },
      declaredFeatures,
      runtimeHandlers: (this.#runtime?.handlers ?? []).map(
        ({ name, recursiveReadOnlyMounts, userNamespaces }) => ({
          name,
          features: { recursiveReadOnlyMounts, userNamespaces },
        }),
      ),
    };
  }
}

/** What is not named anew is taken away. */
const gone = (resources: NodeStatus['allocatable'] = {}) =>
  Object.fromEntries(Object.keys(resources).map((name) => [name, null]));

/** Addresses are merged by their type otherwise, and one that is gone would stay. */
const replaced = (addresses: NonNullable<NodeStatus['addresses']>) => [{ $patch: 'replace' }, ...addresses];

/** The parts of the status that changed; conditions by what they say, not by when. */
function changedParts(from: NodeStatus, to: NodeStatus): NodeStatus | undefined {
  const said = (status: NodeStatus) =>
    status.conditions?.map(({ type, status: is, reason, message }) => ({ type, is, reason, message })) ?? [];
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(to)) {
    const before = (from as Record<string, unknown>)[key];
    if (key === 'conditions') {
      const others = said(from);
      if (!said(to).every((c) => others.some((o) => deepEqual(o, c)))) patch[key] = value;
    } else if (!deepEqual(before ?? emptyLike(value), value)) patch[key] = value;
  }
  return Object.keys(patch).length > 0 ? (patch as NodeStatus) : undefined;
}

const emptyLike = (value: unknown) => (Array.isArray(value) ? [] : {});
