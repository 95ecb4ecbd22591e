// What the control plane makes of large changes: `npm run bench:controllers -- [--case scale,rollout] [--small] [--minutes 15] [--writes]`.
// Real time, the durable store, all controllers, the scheduler and simulated nodes in one process, whose processor time and memory are
// counted; a case has its own. Reports; asserts nothing.
import { spawnSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { numbers, refuse } from './arguments.mjs';
import { type Case, cases } from './controllers/cases.ts';
import { BenchCluster, type Writes } from './controllers/cluster.ts';

const names = cases.map(({ name }) => name);
const usage = `npm run bench:controllers -- [--case ${names.join(',')}] [--small] [--minutes 15] [--writes]
  --case     only these
  --small    a tenth of the objects and of the nodes
  --minutes  a case that takes longer is given up: what stands then is said
  --writes   says as well who wrote what`;

function given() {
  try {
    const { values } = parseArgs({
      options: {
        case: { type: 'string', default: names.join(',') },
        small: { type: 'boolean', default: false },
        minutes: { type: 'string', default: '15' },
        writes: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    if (values.help) return refuse(usage, undefined);
    const wanted = values.case.split(',');
    const unknown = wanted.find((name) => !names.includes(name));
    if (unknown !== undefined) return refuse(usage, unknown);
    return { ...values, wanted, ...numbers(usage, { minutes: 15 }, [values.minutes]) };
  } catch (error) {
    return refuse(usage, (error as Error).message);
  }
}

const options = given();
const pollMs = 250;

interface Usage {
  seconds: number;
  /** The longest time for which nobody was answered. */
  pauseSeconds: number;
  cpuSeconds: number;
  writes: Writes;
}

const copied = (writes: Writes): Writes => new Map([...writes].map(([key, map]) => [key, new Map(map)]));

/** What has been used since; writes are counted for all but nodes' leases, which come with time alone. */
function since(cluster: BenchCluster): () => Usage {
  const pauses = monitorEventLoopDelay({ resolution: 10 });
  pauses.enable();
  const [startMs, cpu, before] = [performance.now(), process.cpuUsage(), copied(cluster.writes)];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const writes = copied(cluster.writes);
    for (const [what, byActor] of before)
      for (const [actor, count] of byActor)
        writes.get(what)?.set(actor, (writes.get(what)?.get(actor) ?? 0) - count);
    const [seconds, cpuSeconds] = [(performance.now() - startMs) / 1000, (user + system) / 1e6];
    return { seconds, cpuSeconds, writes, pauseSeconds: pauses.max / 1e9 };
  };
}

const sum = (byActor: ReadonlyMap<string, number> = new Map()) =>
  [...byActor.values()].reduce((total, count) => total + count, 0);

const columns = [9, 15, 17, 15, 12, 18];
const row = (cells: readonly string[]) =>
  console.log(cells.map((cell, i) => cell.padStart(columns[i] ?? 0)).join(''));

function say(n: number, { seconds, cpuSeconds, pauseSeconds, writes }: Usage): void {
  const counted = [...writes].filter(([what]) => what !== 'leases');
  const total = counted.reduce((all, [, byActor]) => all + sum(byActor), 0);
  const peakMb = process.resourceUsage().maxRSS / 1024;
  row(['seconds', 'CPU seconds', 'writes/object', 'heartbeats', 'peak MB', 'longest pause s']);
  const figures = [seconds.toFixed(1), cpuSeconds.toFixed(1), (total / n).toFixed(2)];
  row([...figures, String(sum(writes.get('leases'))), peakMb.toFixed(0), pauseSeconds.toFixed(1)]);
  if (!options.writes) return;
  for (const [what, byActor] of counted.sort(([, a], [, b]) => sum(b) - sum(a))) {
    const actors = [...byActor].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
    const text = actors.map(([actor, count]) => `${actor} ${(count / n).toFixed(2)}`).join(', ');
    if (actors.length > 0) console.log(`    ${what} ${(sum(byActor) / n).toFixed(2)}: ${text}`);
  }
}

const timedOut = Symbol('timed out');

/** Undefined once nothing is missing; else what is, when the time is up. */
async function converge(missing: () => Promise<string | undefined>): Promise<string | undefined> {
  const untilMs = performance.now() + options.minutes * 60_000;
  for (;;) {
    const rest = await missing().catch((error: Error) => `not known: ${error.message}`);
    if (rest === undefined || performance.now() > untilMs) return rest;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | typeof timedOut> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(() => resolve(timedOut), ms);
  });
  return Promise.race([work, end]).finally(() => clearTimeout(timer));
}

async function run(one: Case): Promise<void> {
  const share = options.small ? 10 : 1;
  const n = one.objects / share;
  console.log(`${one.name}: ${one.what(n)}; ${one.nodes / share} nodes`);
  const cluster = await BenchCluster.start();
  try {
    const preparing = cluster.addNodes(one.nodes / share).then(() => one.prepare?.(cluster, n));
    const startMs = performance.now();
    if ((await within(options.minutes * 60_000, preparing)) === timedOut)
      return console.log(`    given up before it began: ${await cluster.readyNodes()} nodes are ready`);
    console.log(`    prepared in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
    const used = since(cluster);
    await one.act(cluster, n);
    const rest = await converge(() => one.missing(cluster, n));
    say(n, used());
    if (rest !== undefined) return console.log(`    not done after ${options.minutes} minutes: ${rest}`);
    const wrong = await converge(async () => one.wrong?.(cluster, n));
    if (wrong !== undefined) console.log(`    WRONG: ${wrong} where there should be ${n}`);
    if (one.more) console.log(`    ${await one.more(cluster)}`);
  } finally {
    await cluster.stop();
  }
}

/** Each case in a process of its own: memory that one has used must not count for the next. */
function runApart({ name }: Case): void {
  const args = process.argv.slice(1).filter((arg, i, all) => arg !== '--case' && all[i - 1] !== '--case');
  spawnSync(process.execPath, [...process.execArgv, ...args, '--case', name], { stdio: 'inherit' });
}

const wanted = cases.filter(({ name }) => options.wanted.includes(name));
if (wanted.length === 1) {
  await run(wanted[0] as Case);
  // A preparation that was given up goes on waiting.
  process.exit();
}
for (const one of wanted) runApart(one);
