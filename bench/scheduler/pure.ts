// Decisions, cache and queue alone: no server, nothing is written.
import type { Pod } from '../../src/api/core/v1.ts';
import { namespaces, nodes, pods } from '../../src/api/generated/resources.ts';
import type { Stored } from '../../src/api/resource.ts';
import { Client } from '../../src/client/client.ts';
import type { ApiRequest } from '../../src/client/transport.ts';
import { seededRandom } from '../../src/platform/random.ts';
import { VirtualClock } from '../../src/platform/virtual-clock.ts';
import { SchedulerCache } from '../../src/scheduler/cache/cache.ts';
import { podInfo } from '../../src/scheduler/cache/node-info.ts';
import { defaultConfiguration } from '../../src/scheduler/configuration/configuration.ts';
import { buildProfiles } from '../../src/scheduler/configuration/profiles.ts';
import { builtInPlugins } from '../../src/scheduler/configuration/registry.ts';
import { decide } from '../../src/scheduler/decide.ts';
import { Memory } from '../../src/scheduler/framework/memory.ts';
import type { Profile } from '../../src/scheduler/framework/framework.ts';
import { SchedulingQueue } from '../../src/scheduler/queue/scheduling-queue.ts';
import { testHandle } from '../../src/scheduler/testing.ts';
import { type Case, hopeless, nodeOf, type PodShape, shapeOf, storedPodOf } from './cases.ts';

export interface Sizes {
  nodes: number;
  pods: number;
}

export interface Result {
  placed: number;
  seconds: number;
  decisionsMs: number[];
  /** Of the server's processor time a pod, with everything that happens until it is bound. */
  cpuUs?: number;
  /** The most memory the server has had. */
  peakMb?: number;
}

class World {
  readonly cache = new SchedulerCache();
  readonly memory = new Memory();
  readonly random = seededRandom(1);
  readonly profile: Profile;
  readonly queue: SchedulingQueue;
  readonly #running = new Map<string, Stored<Pod>>();
  #startAt = 0;

  constructor() {
    const client = new Client({
      request: async (request: ApiRequest) => {
        if (request.method === 'DELETE') this.remove(request.path.slice(request.path.lastIndexOf('/') + 1));
        return {};
      },
      watch: () => Promise.reject(new Error('nothing to watch')),
    });
    const bench = { metadata: { name: 'bench', uid: 'bench', resourceVersion: '1', creationTimestamp: '' } };
    const handle = { ...testHandle({ [namespaces.plural]: [bench] }), client };
    this.profile = buildProfiles(defaultConfiguration, builtInPlugins, handle)[0] as Profile;
    const profiles = new Map([[this.profile.schedulerName, this.profile]]);
    this.queue = new SchedulingQueue({ clock: new VirtualClock(), profiles });
  }

  put(pod: Stored<Pod>): void {
    this.#running.set(pod.metadata.name, pod);
    this.cache.setPod(pod);
    this.queue.happened({ resource: pods, action: 'Add', object: pod });
  }

  remove(name: string): void {
    const pod = this.#running.get(name);
    if (!pod || !this.#running.delete(name)) return;
    this.cache.removePod(pod);
    this.queue.happened({ resource: pods, action: 'Delete', object: pod });
  }

  /** One decision; what follows from it is done as the scheduler and a server would. */
  async place(pod: Stored<Pod>): Promise<boolean> {
    const { profile, random } = this;
    const options = { profile, random, memory: this.memory, startAt: this.#startAt };
    const verdict = decide(podInfo(pod), this.cache.snapshot(), options);
    if (verdict.type === 'placed') {
      this.#startAt += verdict.examined;
      this.cache.nominated.remove(pod.metadata.uid);
      this.cache.assume(verdict.decision.pod, verdict.node);
      this.put({ ...pod, spec: { ...pod.spec, nodeName: verdict.node } });
      return true;
    }
    const { nominate, act } = verdict.plan;
    if (!nominate || !act) return false;
    await act();
    return this.place({ ...pod, status: { nominatedNodeName: nominate } });
  }
}

function fill(world: World, { before, hopeless: share = 0, ...rest }: Case, sizes: Sizes): void {
  for (let i = 0; i < sizes.nodes; i++) world.cache.setNode(nodeOf(i, rest));
  const { perNode, pod } = before ?? { perNode: 0, pod: {} };
  for (let i = 0; i < perNode * sizes.nodes; i++) world.put(storedPodOf(pod, `node-${i % sizes.nodes}`));
  for (let i = 0; i < share * sizes.nodes; i++) {
    world.queue.set(storedPodOf(hopeless));
    const uid = world.queue.poll()?.pod.metadata.uid as string;
    world.queue.refused(uid, new Set(['NodeResourcesFit']));
  }
}

/** What happens beside: a node comes and goes, another pod comes and goes. */
function churn(world: World, i: number, shape: PodShape): void {
  const node = nodeOf(1_000_000 + (i % 10), {});
  if (i % 20 < 10) {
    world.cache.setNode(node);
    world.queue.happened({ resource: nodes, action: 'Add', object: node });
  } else world.cache.removeNode(node.metadata.name);
  const passing = storedPodOf(shape, `node-${i}`);
  world.put(passing);
  world.remove(passing.metadata.name);
}

export async function runPure(one: Case, sizes: Sizes, { mostMs }: { mostMs: number }): Promise<Result> {
  const world = new World();
  fill(world, one, sizes);
  const wanted = Math.min(sizes.pods, (one.mostPerNode ?? Number.POSITIVE_INFINITY) * sizes.nodes);
  const all = Array.from({ length: wanted }, (_, i) => storedPodOf(shapeOf(one, i, sizes.nodes)));
  const decisionsMs: number[] = [];
  const start = performance.now();
  let placed = 0;
  for (const pod of all) {
    const from = performance.now();
    if (await world.place(pod)) placed++;
    decisionsMs.push(performance.now() - from);
    if (one.churn && decisionsMs.length % 10 === 0) churn(world, decisionsMs.length, one.pod);
    if (performance.now() - start > mostMs) break;
  }
  return { placed, seconds: (performance.now() - start) / 1000, decisionsMs };
}
