// How fast pods find their nodes, by the cases of upstream's scheduler_perf: `npm run bench:scheduler`.
//   --nodes 5000 --pods 1000 --case PodAffinity,Basic --seconds 10 --api --one-thread
// Without --api: decisions alone. With it: from creating pods to seeing them bound, on the durable store. API server and scheduler
// are one process and two threads, as in a cluster where there are processors for that, or one; this process creates the pods and watches
// them over HTTPS, all the while.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { parseArgs } from 'node:util';
import { numbers, refuse } from './arguments.mjs';
import { cases } from './scheduler/cases.ts';
import { type Result, runPure } from './scheduler/pure.ts';
import { serve } from './scheduler/server.ts';
import { runThroughApi } from './scheduler/through-api.ts';

const usage =
  'npm run bench:scheduler -- [--nodes 5000] [--pods 1000] [--case NAME,NAME] [--seconds 10] [--api [--one-thread]]';

const whatRunsWhere =
  'API server, durable store and scheduler are one process; another creates the pods over HTTPS and sees them bound in a watch';

function given() {
  try {
    const { values } = parseArgs({
      options: {
        nodes: { type: 'string', default: '5000' },
        pods: { type: 'string', default: '1000' },
        case: { type: 'string' },
        seconds: { type: 'string', default: '10' },
        api: { type: 'boolean', default: false },
        'one-thread': { type: 'boolean', default: availableParallelism() < 2 },
        help: { type: 'boolean' },
      },
    });
    return values.help ? refuse(usage, undefined) : values;
  } catch (error) {
    return refuse(usage, (error as Error).message);
  }
}

function say(name: string, { placed, seconds, decisionsMs, cpuUs, peakMb = 0 }: Result): void {
  const sorted = [...decisionsMs].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  const what = cpuUs === undefined ? 'decision' : 'created to bound';
  // On a machine that does other things as well, this says more than the rate.
  const used =
    cpuUs === undefined ? '' : `, server: ${cpuUs.toFixed(0)} us of CPU each, peak ${peakMb.toFixed(0)} MB`;
  const rate = (placed / seconds).toFixed(0);
  console.log(
    `${name.padEnd(28)} ${rate.padStart(7)} pods/s   ${what} p50 ${at(0.5)} p99 ${at(0.99)} ms   (${placed} placed${used})`,
  );
}

async function main(): Promise<void> {
  const values = given();
  const { nodes, pods, seconds } = numbers(usage, { nodes: 0, pods: 0, seconds: 0 }, [
    values.nodes,
    values.pods,
    values.seconds,
  ]);
  const wanted = values.case?.split(',');
  const unknown = wanted?.find((name) => !cases.some((one) => one.name === name));
  if (unknown !== undefined) refuse(usage, unknown);
  // Nothing else keeps the process alive while the scheduler waits.
  const alive = setInterval(() => {}, 1000);
  console.log(`${nodes} nodes, up to ${pods} pods a case${values.api ? `; ${whatRunsWhere}` : ''}`);
  const program = fileURLToPath(import.meta.url);
  const options = { mostMs: seconds * 1000, program, thread: !values['one-thread'] };
  for (const one of cases) {
    if (wanted && !wanted.includes(one.name)) continue;
    say(one.name, await (values.api ? runThroughApi : runPure)(one, { nodes, pods }, options));
  }
  clearInterval(alive);
}

const [, , order, path, thread] = process.argv;
if (!isMainThread) await import('../src/cluster/scheduler-thread/thread.ts');
else if (process.send && order === 'serve' && path)
  await serve(path, thread ? new URL(import.meta.url) : undefined);
else await main();
