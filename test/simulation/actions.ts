import type { HorizontalPodAutoscaler } from '../../src/api/autoscaling/v2.ts';
import type { Node, Pod } from '../../src/api/core/v1.ts';
import {
  configmaps,
  horizontalpodautoscalers,
  namespaces,
  nodes,
  pods,
  secrets,
} from '../../src/api/generated/resources.ts';
import type { Resource, Stored } from '../../src/api/resource.ts';
import type { VirtualCluster } from '../../src/cluster/simulation/virtual-cluster.ts';
import type { Random } from '../../src/platform/random.ts';
import type { Loads } from './metrics.ts';
import { namespace, passing, peakLoad, pick, type Workload } from './workloads.ts';

/** What an action works on. */
export interface Stage {
  cluster: VirtualCluster;
  random: Random;
  workloads: Workload[];
  /** Machines that there are. */
  machines: Set<string>;
  /** Images that no registry has, such as `app:1`. */
  missingImages: Set<string>;
  loads: Loads;
}

/** Something that a user or an accident does; gives what it was. */
type Action = (stage: Stage) => Promise<string>;

const images = ['app:1', 'app:2', 'app:3', 'app:4'];
const merge = 'application/merge-patch+json';
const cause = { reason: 'a user does something' };

async function patch(stage: Stage, { resource, object }: Workload, body: object): Promise<void> {
  await stage.cluster.client.of(resource).patch(object.metadata, body, { type: merge, cause });
}

const named = ({ object }: Workload) => `${object.kind} ${object.metadata.name}`;
const having = (stage: Stage, ...kinds: string[]) =>
  stage.workloads.filter(({ object }) => kinds.includes(object.kind ?? ''));
const nothing = async () => 'nothing';

/** Whether an autoscaler goes by what the pods of a workload use. */
const isMeasured = ({ workloads }: Stage, { object: { metadata } }: Workload): boolean =>
  workloads.some(
    ({ resource, object }) =>
      resource === (horizontalpodautoscalers as Resource) &&
      object.metadata.name === metadata.name &&
      object.metadata.namespace === metadata.namespace &&
      (object as HorizontalPodAutoscaler).spec.metrics !== undefined,
  );

function shiftLoad({ random, loads }: Stage, workload: Workload, load = random.int(peakLoad)): string {
  loads.set(workload.object.metadata.name as string, load);
  return `there is ${load}m to do for ${named(workload)}`;
}

/** There is as much to do as is said, or any amount, for everything that is scaled by it. */
export function shiftLoads(stage: Stage, load?: number): string[] {
  const scaled = having(stage, 'Deployment', 'StatefulSet').filter((workload) => isMeasured(stage, workload));
  return scaled.map((workload) => shiftLoad(stage, workload, load));
}

const scale: Action = async (stage) => {
  const workload = pick(stage.random, having(stage, 'Deployment', 'StatefulSet'));
  if (!workload) return 'nothing';
  if (isMeasured(stage, workload)) return shiftLoad(stage, workload);
  const replicas = stage.random.int(6);
  await patch(stage, workload, { spec: { replicas } });
  return `${named(workload)} is scaled to ${replicas}`;
};

const newImage: Action = async (stage) => {
  const workload = pick(stage.random, having(stage, 'Deployment', 'StatefulSet', 'DaemonSet'));
  if (!workload) return 'nothing';
  const image = pick(stage.random, images);
  const spec = { template: { spec: { containers: [{ name: 'main', image }] } } };
  const type = 'application/strategic-merge-patch+json';
  const { resource, object } = workload;
  await stage.cluster.client.of(resource).patch(object.metadata, { spec }, { type, cause });
  return `${named(workload)} gets ${image}`;
};

/** What machines have already they keep. */
const loseImage: Action = async ({ random, missingImages }) => {
  const image = pick(random, images);
  if (missingImages.delete(image)) return `there is ${image} again`;
  missingImages.add(image);
  return `there is no ${image} any more`;
};

const deleteNamespace: Action = async (stage) => {
  await stage.cluster.client.of(namespaces).delete({ name: passing }, { cause });
  stage.workloads = stage.workloads.filter(({ object }) => object.metadata.namespace !== passing);
  return `namespace ${passing} is deleted`;
};

const remove: Action = async (stage) => {
  const workload = pick(stage.random, stage.workloads);
  if (!workload || stage.random.int(2) === 0) return 'nothing';
  const propagationPolicy = pick(stage.random, ['Background', 'Foreground', 'Orphan'] as const);
  await stage.cluster.client
    .of(workload.resource)
    .delete(workload.object.metadata, { cause, propagationPolicy });
  stage.workloads = stage.workloads.filter((w) => w !== workload);
  return `${named(workload)} is deleted (${propagationPolicy})`;
};

const killPod: Action = async (stage) => {
  const { items } = await stage.cluster.client.of(pods).list();
  const pod = pick(stage.random, items);
  if (!pod) return 'nothing';
  await stage.cluster.client.of(pods).delete(pod.metadata, { cause });
  return `pod ${pod.metadata.name} is deleted`;
};

/** A user's operator does so: what it makes is owned by what it has just made. */
const makePair: Action = async (stage) => {
  const name = `pair-${stage.random.suffix(3)}`;
  const metadata = { name, namespace };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  const { uid } = (await stage.cluster.client.of(configmaps).create(object, { cause })).metadata;
  const ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid }];
  const owned = { apiVersion: 'v1', kind: 'Secret', metadata: { ...metadata, ownerReferences } };
  await stage.cluster.client.of(secrets).create(owned, { cause });
  return `${name} is made, and owns something`;
};

const someNode = (stage: Stage) => pick(stage.random, [...stage.machines]);

async function changeNode({ cluster }: Stage, name: string, spec: object): Promise<void> {
  await cluster.client.of(nodes as Resource<Node>).patch({ name }, { spec }, { type: merge, cause });
}

const cordon: Action = async (stage) => {
  const name = someNode(stage);
  const unschedulable = stage.random.int(2) === 0;
  await changeNode(stage, name, { unschedulable });
  return `${name} is ${unschedulable ? 'cordoned' : 'uncordoned'}`;
};

/** All at once, as kubectl does it. Gives how many of them were let go. */
async function evictAll({ cluster }: Stage, all: readonly Stored<Pod>[]): Promise<string> {
  const answers = await Promise.allSettled(
    all.map(({ metadata }) => {
      const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata.name } };
      return cluster.client.of(pods).postSubresource(metadata, 'eviction', body, { cause });
    }),
  );
  const evicted = answers.filter(({ status }) => status === 'fulfilled').length;
  return `${evicted} of ${all.length}`;
}

const drain: Action = async (stage) => {
  const name = someNode(stage);
  await changeNode(stage, name, { unschedulable: true });
  const { items } = await stage.cluster.client.of(pods as Resource<Pod>).list();
  const there = items.filter(
    ({ metadata, spec }) =>
      spec.nodeName === name && !metadata.ownerReferences?.some((o) => o.kind === 'DaemonSet'),
  );
  return `${name} is drained: ${await evictAll(stage, there)}`;
};

/** As somebody does who makes room: of a workload with a budget, where there is one. */
const evict: Action = async (stage) => {
  const budgeted = having(stage, 'PodDisruptionBudget');
  const workload = pick(stage.random, budgeted.length > 0 ? budgeted : stage.workloads);
  if (!workload) return 'nothing';
  const { name, namespace } = workload.object.metadata;
  const chosen = { namespace, labelSelector: `app=${name}` };
  const { items } = await stage.cluster.client.of(pods as Resource<Pod>).list(chosen);
  return `pods of ${name} are evicted: ${await evictAll(stage, items)}`;
};

const taint: Action = async (stage) => {
  const name = someNode(stage);
  const effect = pick(stage.random, ['NoExecute', 'NoSchedule']);
  const node = await stage.cluster.client.of(nodes as Resource<Node>).get({ name });
  const others = (node.spec?.taints ?? []).filter((t) => t.key !== 'simulation');
  await changeNode(stage, name, { taints: [...others, { key: 'simulation', effect }] });
  return `${name} is tainted ${effect}`;
};

const addNode: Action = async (stage) => {
  const name = `extra-${stage.random.suffix(3)}`;
  stage.machines.add(name);
  stage.cluster.addNode(name);
  return `${name} is added`;
};

/** The machine goes first: pods that still ran on one whose Node is gone would be nobody's. */
const removeNode: Action = async (stage) => {
  if (stage.machines.size < 3) return 'nothing';
  const name = someNode(stage);
  stage.cluster.switchOff(name);
  await stage.cluster.client.of(nodes).delete({ name }, { cause });
  stage.machines.delete(name);
  return `${name} is taken away`;
};

const cutNode: Action = async (stage) => {
  const name = someNode(stage);
  stage.cluster.cut(name);
  return `${name} is cut off`;
};

const mendNode: Action = async (stage) => {
  for (const name of stage.machines) stage.cluster.mend(name);
  return 'all nodes are mended';
};

const powerOff: Action = async (stage) => {
  const name = someNode(stage);
  stage.cluster.switchOff(name);
  return `${name} is switched off`;
};

const powerOn: Action = async (stage) => {
  for (const name of stage.machines) stage.cluster.switchOn(name);
  return 'all nodes are switched on';
};

const crash: Action = async (stage) => {
  const parts = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', ...stage.machines];
  const name = pick(stage.random, parts);
  stage.cluster.crash(name, { restartAfter: 1 + stage.random.int(20_000) });
  return `${name} crashes`;
};

const changes: readonly Action[] = [scale, scale, newImage, newImage, newImage];
const users: readonly Action[] = [
  ...changes,
  remove,
  killPod,
  cordon,
  drain,
  evict,
  evict,
  taint,
  addNode,
  removeNode,
  makePair,
  deleteNamespace,
  loseImage,
  loseImage,
];
const accidents: readonly Action[] = [cutNode, mendNode, powerOff, powerOn, crash, crash, nothing];

/** Something happens. */
export const act = (stage: Stage) =>
  attempt(stage, pick(stage.random, pick(stage.random, [users, users, accidents])));

/** A user asks something else of a workload. */
export const changeWorkload = (stage: Stage) => attempt(stage, pick(stage.random, changes));

/** Does something; what cannot be done is left. */
async function attempt(stage: Stage, action: Action): Promise<string> {
  try {
    return await action(stage);
  } catch (error) {
    return `refused: ${(error as Error).message}`;
  }
}

/** Everything is put back as it has to be for the workloads to have their way. */
export async function putRight(stage: Stage): Promise<void> {
  const { cluster } = stage;
  cluster.calm();
  stage.missingImages.clear();
  for (const name of stage.machines) cluster.switchOn(name);
  await cluster.advance('30s');
  for (const { metadata, spec } of (await cluster.client.of(nodes as Resource<Node>).list()).items) {
    if (!stage.machines.has(metadata.name)) continue;
    const taints = (spec?.taints ?? []).filter((t) => t.key !== 'simulation');
    await changeNode(stage, metadata.name, { unschedulable: null, taints });
  }
  for (const workload of having(stage, 'CronJob')) await patch(stage, workload, { spec: { suspend: true } });
}
