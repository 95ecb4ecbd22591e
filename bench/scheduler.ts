// How fast pods find their nodes, by the cases of upstream's scheduler_perf: `npm run bench:scheduler`.
//   --nodes 5000 --pods 1000 --case PodAffinity,Basic --seconds 10 --api
// Without --api: decisions alone. With it: from creating pods to seeing them bound, on the durable store.
import { parseArgs } from 'node:util';
import { numbers, refuse } from './arguments.mjs';
import { cases } from './scheduler/cases.ts';
import { type Result, runPure } from './scheduler/pure.ts';
import { runThroughApi } from './scheduler/through-api.ts';

const usage =
  'npm run bench:scheduler -- [--nodes 5000] [--pods 1000] [--case NAME,NAME] [--seconds 10] [--api]';

function given() {
  try {
    const { values } = parseArgs({
      options: {
        nodes: { type: 'string', default: '5000' },
        pods: { type: 'string', default: '1000' },
        case: { type: 'string' },
        seconds: { type: 'string', default: '10' },
        api: { type: 'boolean', default: false },
        help: { type: 'boolean' },
      },
    });
    return values.help ? refuse(usage, undefined) : values;
  } catch (error) {
    return refuse(usage, (error as Error).message);
  }
}

const values = given();
const { nodes, pods, seconds } = numbers(usage, { nodes: 0, pods: 0, seconds: 0 }, [
  values.nodes,
  values.pods,
  values.seconds,
]);
const sizes = { nodes, pods };
const wanted = values.case?.split(',');
const unknown = wanted?.find((name) => !cases.some((one) => one.name === name));
if (unknown !== undefined) refuse(usage, unknown);
const run = values.api ? runThroughApi : runPure;

function say(name: string, { placed, seconds, decisionsMs, cpuUs }: Result): void {
  const sorted = [...decisionsMs].sort((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  const what = values.api ? 'created to bound' : 'decision';
  // On a machine that does other things as well, this says more than the rate.
  const cpu = cpuUs === undefined ? '' : `, ${cpuUs.toFixed(0)} us of CPU each`;
  const rate = (placed / seconds).toFixed(0);
  console.log(
    `${name.padEnd(28)} ${rate.padStart(7)} pods/s   ${what} p50 ${at(0.5)} p99 ${at(0.99)} ms   (${placed} placed${cpu})`,
  );
}

// Nothing else keeps the process alive while the scheduler waits.
const alive = setInterval(() => {}, 1000);
console.log(`${sizes.nodes} nodes, up to ${sizes.pods} pods a case`);
for (const one of cases) {
  if (wanted && !wanted.includes(one.name)) continue;
  say(one.name, await run(one, sizes, seconds * 1000));
}
clearInterval(alive);
