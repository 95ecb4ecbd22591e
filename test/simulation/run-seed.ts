import type { Namespace } from '../../src/api/core/v1.ts';
import { namespaces } from '../../src/api/generated/resources.ts';
import type { Kind } from '../../src/apiserver/registry/kind.ts';
import type { Faults } from '../../src/cluster/simulation/faults.ts';
import type { ControllerReplacements } from '../../src/cluster/simulation/control-plane.ts';
import { formatWrite, type TracedWrite } from '../../src/cluster/simulation/trace.ts';
import { VirtualCluster } from '../../src/cluster/simulation/virtual-cluster.ts';
import type { LogLine } from '../../src/platform/log.ts';
import { type Random, seededRandom } from '../../src/platform/random.ts';
import type { StoreEvent } from '../../src/store/store.ts';
import { act, changeWorkload, putRight, shiftLoads, type Stage } from './actions.ts';
import { InvariantChecker } from './invariants/checker.ts';
import type { Violation } from './invariants/rule.ts';
import { calmStaleMs, faultyStaleMs } from './invariants/world.ts';
import { type Loads, usageBy } from './metrics.ts';
import { makeWorkloads, passing, peakLoad } from './workloads.ts';

export interface SeedResult {
  seed: number;
  hash: string;
  writes: number;
  violations: Violation[];
  /** What was done to the cluster, and the last writes: for people. */
  story: string[];
  lastWrites: readonly TracedWrite[];
}

export interface RunOptions {
  seed: number;
  /** Controllers with mistakes, which the rules have to find. */
  controllers?: ControllerReplacements;
  /** What the API server serves in place of its own kinds, with mistakes. */
  kinds?: readonly Kind[];
  /** Whether the first thing that is wrong ends the life. */
  untilFirst?: boolean;
  onLog?(line: LogLine): void;
}

const share = (random: Random, most: number) => (random.int(2) === 0 ? 0 : random.next() * most);

function makeFaults(random: Random): Faults {
  return {
    requestDelayMs: random.int(2) === 0 ? 0 : random.int(200),
    refusals: share(random, 0.1),
    lostAnswers: share(random, 0.05),
    conflicts: share(random, 0.3),
    eventDelayMs: random.int(2) === 0 ? 0 : random.int(3000),
    brokenWatches: share(random, 0.05),
    expiredWatches: random.next(),
    repeatedEvents: random.next(),
    crashes: share(random, 0.01),
    crashMs: 20_000,
  };
}

const passingNamespace: Namespace = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: passing },
  spec: {},
};

/** How long everything may take to come to rest: refused work is tried again after up to 1000 s. */
const restMinutes = 45;
const mostCalmActions = 2;
const fewActions = 3;
const moreActions = 5;

/** One life of one cluster: workloads, changes and accidents at random, then quiet; and all that is wrong with it. */
export async function runSeed({
  seed,
  controllers,
  kinds,
  untilFirst,
  onLog,
}: RunOptions): Promise<SeedResult> {
  const random = seededRandom(seed);
  const machineCount = 2 + random.int(2);
  const latencies = { sandboxMs: 100, startMs: 300, pullMs: random.int(2000) };
  // No rule asks for Events: that they are written changes only what else comes when.
  const events = random.int(16) === 0;
  const missingImages = new Set<string>();
  const loads: Loads = new Map();
  const hasImage = (name: string) => !missingImages.has(name.slice(name.lastIndexOf('/') + 1));
  const checker = new InvariantChecker(loads);
  const cluster: VirtualCluster = await VirtualCluster.start({
    nodes: machineCount,
    seed,
    heartbeat: '40s',
    events,
    latencies,
    hasImage,
    kinds,
    controllers,
    usage: async () => usageBy(checker.world, cluster.now()),
    onLog,
  });
  const machines = new Set(Array.from({ length: machineCount }, (_, i) => `node-${i + 1}`));
  await cluster.follow((batch) => {
    checker.take(batch, cluster.now());
    if (batch.events.some(isOfPod)) void checker.look(cluster, machines);
    if (untilFirst && checker.violations.length > 0) void cluster.stop();
  });
  const stage: Stage = { cluster, random, workloads: [], machines, missingImages, loads };
  const story: string[] = [];
  try {
    await unrest(stage, { checker, story });
    await putRight(stage);
    checker.world.isQuiet = true;
    await rushHour(stage, story);
    await comeToRest(stage, checker);
  } catch (error) {
    const what = `the simulation failed: ${(error as Error).stack}`;
    checker.violations.push({ rule: 'simulation', what, timeMs: cluster.now(), revision: 0 });
  }
  const { hash, count: writes, writes: lastWrites } = cluster.trace();
  await cluster.stop();
  return { seed, hash, writes, violations: checker.violations, story, lastWrites };
}

const isOfPod = (event: StoreEvent) =>
  (event.type === 'put' ? event.entry.key : event.key).startsWith('/registry/pods/');

async function unrest(
  stage: Stage,
  { checker: { world }, story }: { checker: InvariantChecker; story: string[] },
): Promise<void> {
  const { cluster, random } = stage;
  const tell = (what: string) => story.push(`${new Date(cluster.now()).toISOString().slice(11, 23)} ${what}`);
  const cause = { reason: 'a user begins something' };
  await cluster.client.of(namespaces).create(passingNamespace, { cause });
  for (const workload of makeWorkloads(random)) {
    await cluster.client.of(workload.resource).create(workload.object, { cause });
    stage.workloads.push(workload);
    tell(`${workload.object.kind} ${workload.object.metadata.name} is made`);
  }
  world.staleMs = calmStaleMs;
  world.isQuiet = true;
  for (const what of shiftLoads(stage)) tell(what);
  await cluster.advance('10s');
  for (let left = random.int(mostCalmActions + 1); left > 0; left--) {
    tell(await changeWorkload(stage));
    await cluster.advance(random.int(15_000));
  }
  world.staleMs = faultyStaleMs;
  world.isQuiet = false;
  const faults = makeFaults(random);
  tell(`faults: ${JSON.stringify(faults)}`);
  cluster.setFaults(faults);
  for (let left = fewActions + random.int(moreActions); left > 0; left--) {
    tell(await act(stage));
    await cluster.advance(random.int(random.int(5) === 0 ? 120_000 : 15_000));
  }
  tell('all is put right');
}

/** For a moment there is as much to do as there ever is. */
async function rushHour(stage: Stage, story: string[]): Promise<void> {
  const peak = shiftLoads(stage, peakLoad);
  if (peak.length === 0) return;
  await stage.cluster.advance('40s');
  story.push(...peak, ...shiftLoads(stage));
}

/** Waits until everything is as it should be, and looks whether it then stays as it is. */
async function comeToRest(stage: Stage, checker: InvariantChecker): Promise<void> {
  const { cluster } = stage;
  let wrong: Violation[] = [];
  for (let minute = 0; minute < restMinutes; minute++) {
    await cluster.advance('1m');
    wrong = checker.atRest(cluster.now());
    if (wrong.length === 0) break;
  }
  checker.violations.push(...wrong);
  if (wrong.length === 0) checker.violations.push(...(await restless(cluster)));
}

/** Nodes tell that they live; nobody else has anything to say. */
const isHeartbeat = ({ key }: TracedWrite) => /^\/registry\/(leases|minions|events)\//.test(key);

async function restless(cluster: VirtualCluster): Promise<Violation[]> {
  // An autoscaler has looked back over what was before for the last time.
  await cluster.advance('90s');
  const { count } = cluster.trace();
  await cluster.advance('1m');
  const trace = cluster.trace();
  const news = trace.writes.slice(-(trace.count - count) || trace.writes.length);
  const writes = trace.count === count ? [] : news.filter((write) => !isHeartbeat(write));
  const what = `writes though nothing happens: ${writes.slice(-3).map(formatWrite).join('; ')}`;
  if (writes.length === 0) return [];
  return [{ rule: 'a cluster at rest is quiet', what, timeMs: cluster.now(), revision: 0 }];
}

/** What went wrong with a seed, for people. */
export function describe({ seed, violations, story, lastWrites }: SeedResult): string {
  const found = violations
    .slice(0, 8)
    .map((v) => `  ${new Date(v.timeMs).toISOString()} [${v.rule}] ${v.what}`);
  const until = violations.find((v) => v.revision > 0)?.revision ?? Number.POSITIVE_INFINITY;
  const writes = lastWrites.filter((w) => w.revision <= until && !isHeartbeat(w)).slice(-25);
  return [
    `seed ${seed}:`,
    ...found,
    ...story.map((s) => `  ${s}`),
    ...writes.map((w) => `    ${formatWrite(w)}`),
  ].join('\n');
}
