// What is measured: each case sets up a cluster, then does one thing and says what is left to come of it.
import type { Deployment } from '../../src/api/apps/v1.ts';
import type { Node, Pod } from '../../src/api/core/v1.ts';
import {
  configmaps,
  deployments,
  endpointslices,
  namespaces,
  nodes,
  poddisruptionbudgets,
  pods,
  resourcequotas,
  secrets,
  services,
} from '../../src/api/generated/resources.ts';
import type { Stored } from '../../src/api/resource.ts';
import { quantityValue } from '../../src/machinery/quantity.ts';
import { hasReason } from '../../src/machinery/status-error.ts';
import type { BenchCluster } from './cluster.ts';

/** Undefined where all has come about, else what stands instead. */
type Missing = string | undefined;

export interface Case {
  name: string;
  /** What happens, for people; `n` objects are concerned. */
  what(n: number): string;
  /** Objects that writes are counted for, and nodes that stand before; a tenth of each with `--small`. */
  objects: number;
  nodes: number;
  /** What stands before, beside the nodes. */
  prepare?(cluster: BenchCluster, n: number): Promise<void>;
  /** Makes it happen, as a user does. */
  act(cluster: BenchCluster, n: number): Promise<void>;
  /** Asked again and again; must be cheap while there is much missing. */
  missing(cluster: BenchCluster, n: number): Promise<Missing>;
  /** What must be true in the end, and is too dear to be asked for again and again. */
  wrong?(cluster: BenchCluster, n: number): Promise<Missing>;
  /** What else there is to say of it. */
  more?(cluster: BenchCluster): Promise<string>;
}

const cause = { reason: 'a benchmark' };
const inFlight = 64;

/** Calls `fn` for 0 to `count` - 1, some at a time. */
async function times(count: number, fn: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await fn(next++);
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

function deployment(
  name: string,
  replicas: number,
  { namespace = 'default', image = 'shop:1' } = {},
): Deployment {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'web',
              image,
              ports: [{ name: 'http', containerPort: 8080 }],
              resources: { requests: { cpu: '10m', memory: '16Mi' } },
            },
          ],
        },
      },
    },
  };
}

const service = (name: string, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: 'http' }] },
});

async function createShop(cluster: BenchCluster, replicas: number, namespace = 'default'): Promise<void> {
  await cluster.user.of(services).create(service('shop', namespace), { cause });
  await cluster.user.of(deployments).create(deployment('shop', replicas, { namespace }), { cause });
}

/** What a Deployment lacks until `kubectl rollout status` would say that it is done. */
async function unfinished(cluster: BenchCluster, name: string, namespace = 'default'): Promise<Missing> {
  const { metadata, spec, status = {} } = await cluster.user.of(deployments).get({ name, namespace });
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec.replicas ?? 0;
  const isSeen = status.observedGeneration === metadata.generation;
  if (isSeen && [replicas, updatedReplicas, availableReplicas].every((count) => count === wanted))
    return undefined;
  return `of ${wanted} replicas ${updatedReplicas} are new, ${availableReplicas} available, ${replicas} there`;
}

async function waitFor(what: () => Promise<Missing>): Promise<void> {
  while ((await what().catch(String)) !== undefined) await new Promise((resolve) => setTimeout(resolve, 250));
}

const isReady = (pod: Pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');

const listed = async (cluster: BenchCluster, namespace: string): Promise<Stored<Pod>[]> =>
  (await cluster.onlooker.of(pods).list({ namespace, withoutManagedFields: true })).items;

/** The pods and endpoints of a Deployment with a Service are as many as they should be, each once. */
async function miscounted(cluster: BenchCluster, n: number, namespace = 'default'): Promise<Missing> {
  const there = await listed(cluster, namespace);
  const ready = there.filter(isReady);
  const slices = await cluster.onlooker.of(endpointslices).list({ namespace });
  const targets = slices.items
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'shop')
    .flatMap(({ endpoints }) => (endpoints ?? []).filter((e) => e.conditions?.ready))
    .flatMap((endpoint) => endpoint.targetRef?.uid ?? []);
  const addresses = new Set(there.map((pod) => pod.status?.podIP));
  const counts = { pods: there.length, ready: ready.length, addresses: addresses.size };
  const all = { ...counts, endpoints: targets.length, 'endpoints that differ': new Set(targets).size };
  const off = Object.entries(all).filter(([, count]) => count !== n);
  return off.length > 0 ? off.map(([what, count]) => `${count} ${what}`).join(', ') : undefined;
}

const scale: Case = {
  name: 'scale',
  what: (n) => `a Deployment from 0 to ${n} replicas`,
  objects: 10_000,
  nodes: 200,
  prepare: (cluster) => createShop(cluster, 0),
  async act(cluster, n) {
    const type = 'application/merge-patch+json';
    const where = { name: 'shop', namespace: 'default' };
    await cluster.user.of(deployments).patch(where, { spec: { replicas: n } }, { type, cause });
  },
  missing: (cluster) => unfinished(cluster, 'shop'),
  wrong: miscounted,
};

const guarded: Case = {
  name: 'guarded',
  what: (n) => `the same to ${n} replicas beneath a ResourceQuota and a PodDisruptionBudget`,
  objects: 2000,
  nodes: 50,
  async prepare(cluster, n) {
    const metadata = { name: 'shop', namespace: 'default' };
    const hard = { pods: String(2 * n), 'requests.cpu': String(n) };
    await cluster.user.of(resourcequotas).create({ metadata, spec: { hard } }, { cause });
    const selector = { matchLabels: { app: 'shop' } };
    const spec = { minAvailable: '50%', selector };
    await cluster.user.of(poddisruptionbudgets).create({ metadata, spec }, { cause });
    await createShop(cluster, 0);
  },
  act: scale.act,
  missing: scale.missing,
  async wrong(cluster, n) {
    const where = { name: 'shop', namespace: 'default' };
    const budget = await cluster.onlooker.of(poddisruptionbudgets).get(where);
    const quota = await cluster.onlooker.of(resourcequotas).get(where);
    const used = quantityValue(quota.status?.used?.pods ?? '0');
    const { currentHealthy } = budget.status ?? {};
    if (used !== n || currentHealthy !== n) return `${used} pods counted, ${currentHealthy} of them healthy`;
    return miscounted(cluster, n);
  },
};

const rollout: Case = {
  name: 'rollout',
  what: (n) => `a rollout of ${n} replicas`,
  objects: 1000,
  nodes: 50,
  async prepare(cluster, n) {
    await createShop(cluster, n);
    await waitFor(() => unfinished(cluster, 'shop'));
  },
  async act(cluster, n) {
    const { spec } = deployment('shop', n, { image: 'shop:2' });
    const type = 'application/strategic-merge-patch+json';
    await cluster.user
      .of(deployments)
      .patch({ name: 'shop', namespace: 'default' }, { spec }, { type, cause });
  },
  async missing(cluster, n) {
    const rest = await unfinished(cluster, 'shop');
    if (rest) return rest;
    const there = (await listed(cluster, 'default')).length;
    return there === n ? undefined : `${there} pods`;
  },
  wrong: miscounted,
};

const many: Case = {
  name: 'deployments',
  what: (n) => `${n} Deployments at once`,
  objects: 1000,
  nodes: 50,
  act: (cluster, n) =>
    times(n, (i) => cluster.user.of(deployments).create(deployment(`shop-${i}`, 1), { cause })),
  async missing(cluster, n) {
    const { items } = await cluster.onlooker.of(deployments).list({ namespace: 'default' });
    const available = items.filter(({ status }) => status?.availableReplicas === 1).length;
    return available === n ? undefined : `${available} of ${n} are available`;
  },
  async wrong(cluster, n) {
    const there = (await listed(cluster, 'default')).length;
    return there === n ? undefined : `${there} pods`;
  },
};

/** A fifth of the objects are pods. */
const podsOf = (n: number) => n / 5;

const namespace: Case = {
  name: 'namespace',
  what: (n) => `a namespace with ${n} objects deleted, ${podsOf(n)} of them pods`,
  objects: 10_000,
  nodes: 50,
  async prepare(cluster, n) {
    await cluster.user.of(namespaces).create({ metadata: { name: 'team' }, spec: {} }, { cause });
    await createShop(cluster, podsOf(n), 'team');
    await times((n - podsOf(n)) / 2, async (i) => {
      const metadata = { name: `c-${i}`, namespace: 'team' };
      await cluster.user.of(configmaps).create({ metadata, data: { text: 'x'.repeat(200) } }, { cause });
      await cluster.user.of(secrets).create({ metadata, stringData: { text: 'x'.repeat(200) } }, { cause });
    });
    await waitFor(() => unfinished(cluster, 'shop', 'team'));
  },
  act: (cluster) => cluster.user.of(namespaces).delete({ name: 'team' }, { cause }),
  async missing(cluster) {
    try {
      const { status } = await cluster.user.of(namespaces).get({ name: 'team' });
      const { message } = status?.conditions?.find((c) => c.type === 'NamespaceContentRemaining') ?? {};
      return message ?? 'nothing is said of it';
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  },
  async wrong(cluster) {
    const counts = await Promise.all(
      [pods, configmaps, secrets].map(async (resource) => {
        const { items } = await cluster.onlooker.of(resource).list({ namespace: 'team' });
        return items.length;
      }),
    );
    const left = counts.reduce((sum, count) => sum + count, 0);
    return left === 0 ? undefined : `${left} objects are left`;
  },
};

const unreachable = 'node.kubernetes.io/unreachable';
const tainted = (node: Node, effect: string) =>
  node.spec?.taints?.find((taint) => taint.key === unreachable && taint.effect === effect);

/** By upstream's rules one node in ten seconds is emptied while most of a zone is well: it is enough to see that begin. */
const emptiedSeen = 3;

async function failedNodes(cluster: BenchCluster): Promise<Stored<Node>[]> {
  const { items } = await cluster.onlooker.of(nodes).list({ withoutManagedFields: true });
  return items.filter(({ metadata }) => cluster.failed.has(metadata.name));
}

const failure: Case = {
  name: 'nodes',
  what: (n) => `${n} of ${10 * n} nodes fail at once, with a pod each`,
  objects: 500,
  nodes: 5000,
  async prepare(cluster, n) {
    await createShop(cluster, 10 * n);
    await waitFor(() => unfinished(cluster, 'shop'));
  },
  act: (cluster, n) => cluster.fail(n),
  async missing(cluster, n) {
    const failed = await failedNodes(cluster);
    const kept = failed.filter((node) => tainted(node, 'NoSchedule')).length;
    const emptied = failed.filter((node) => tainted(node, 'NoExecute')).length;
    const lost = (await listed(cluster, 'default')).filter((pod) =>
      cluster.failed.has(pod.spec.nodeName ?? ''),
    );
    const trusted = lost.filter(isReady).length;
    if (kept === n && trusted === 0 && emptied >= emptiedSeen) return undefined;
    return `${kept} of ${n} nodes are unreachable, ${trusted} of their pods count as ready, ${emptied} are being emptied`;
  },
  async more(cluster) {
    const taints = (await failedNodes(cluster)).map((node) => tainted(node, 'NoExecute')?.timeAdded);
    const added = taints.flatMap((time) => (time ? Date.parse(time) / 1000 : []));
    return `the first ${added.length} are emptied within ${Math.max(...added) - Math.min(...added)} s`;
  },
};

export const cases: readonly Case[] = [scale, guarded, rollout, many, namespace, failure];
