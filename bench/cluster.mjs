// How long a cluster takes to come up, what it costs at rest, and how long a pod takes to run.
// Usage: npm run bench:cluster [-- RUNS]. Reports medians; asserts nothing. Nodes need root.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { numbers } from './arguments.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'bin', 'k8ts');
const { runs } = numbers('npm run bench:cluster [-- RUNS (5)]', { runs: 5 });
const restSeconds = 20;
const pods = 15;

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (what, values, unit) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  console.log(
    `${what.padEnd(52)} median ${median(values).toFixed(2)} ${unit}  (${low.toFixed(2)} to ${high.toFixed(2)}, ${values.length} runs)`,
  );
};
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Starts a cluster and gives the seconds from exec to the ready line. */
function start(dataDir, ...args) {
  const startMs = performance.now();
  const child = spawn(program, ['up', '--data-dir', dataDir, '--port', '0', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_EXTRA_CA_CERTS: undefined },
  });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stderr.on('data', (chunk) => (text += chunk));
    child.stdout.on('data', (chunk) => {
      if (!String(chunk).includes('ready ')) return;
      const url = /ready (\S+)/.exec(String(chunk))[1];
      resolve({ child, url, seconds: (performance.now() - startMs) / 1000 });
    });
    child.on('exit', (code) => reject(new Error(`exit code ${code}: ${text}`)));
  });
}

function stop({ child }) {
  child.removeAllListeners('exit');
  return new Promise((resolve) => {
    child.on('exit', resolve);
    child.kill('SIGTERM');
  });
}

const cpuTicks = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
};
const residentMb = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function timesOf(args) {
  const fresh = [];
  const again = [];
  for (let i = 0; i < runs; i++) {
    const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'));
    for (const list of [fresh, again]) {
      const cluster = await start(dataDir, ...args);
      list.push(cluster.seconds);
      await stop(cluster);
    }
    rmSync(dataDir, { recursive: true, force: true });
  }
  return { fresh, again };
}

async function rest() {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'));
  const cluster = await start(dataDir, '--nodes', '0');
  await sleep(3000);
  const before = cpuTicks(cluster.child.pid);
  await sleep(restSeconds * 1000);
  const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK']).stdout);
  const share = (cpuTicks(cluster.child.pid) - before) / ticksPerSecond / restSeconds;
  console.log(
    `${'control plane at rest: resident memory'.padEnd(52)} ${residentMb(cluster.child.pid).toFixed(0)} MB`,
  );
  console.log(
    `${`control plane at rest: cpu over ${restSeconds} s`.padEnd(52)} ${(share * 100).toFixed(2)} % of a core`,
  );
  await stop(cluster);
  rmSync(dataDir, { recursive: true, force: true });
}

function kubectl(dataDir, args, input) {
  const result = spawnSync('kubectl', ['--kubeconfig', `${dataDir}/kubeconfig`, ...args], {
    input,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

/** Seconds from a pod's creation to the moment its status says Running, by a watch that is open already. */
async function podTimes() {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'));
  const cluster = await start(dataDir, '--nodes', '1');
  const archives = spawnSync(process.execPath, [join(root, 'examples/guestbook/build-images.mjs')], {
    encoding: 'utf8',
  });
  const redis = archives.stdout.split('\n').find((line) => line.endsWith('guestbook-redis.tar'));
  spawnSync(process.execPath, [program, 'image', 'load', redis, '--data-dir', dataDir], { stdio: 'ignore' });
  const running = new Map();
  const watch = spawn('kubectl', [
    '--kubeconfig',
    `${dataDir}/kubeconfig`,
    'get',
    'pods',
    '-w',
    '--no-headers',
  ]);
  createInterface({ input: watch.stdout }).on('line', (line) => {
    const [name, , phase] = line.split(/\s+/);
    if (phase === 'Running' && !running.has(name)) running.set(name, performance.now());
  });
  await sleep(1000);
  const seconds = [];
  for (let i = 0; i < pods; i++) {
    const name = `bench-${i}`;
    const container = { name: 'c', image: 'k8ts.local/guestbook-redis:1', command: ['/bin/sleep', '600'] };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: { containers: [container], terminationGracePeriodSeconds: 0 },
    };
    kubectl(dataDir, ['create', '-f', '-'], JSON.stringify(pod));
    const createdMs = performance.now();
    while (!running.has(name)) await sleep(1);
    seconds.push((running.get(name) - createdMs) / 1000);
  }
  watch.kill();
  await stop(cluster);
  rmSync(dataDir, { recursive: true, force: true });
  return seconds;
}

const control = await timesOf(['--nodes', '0']);
show('up --nodes 0, exec to ready, new data directory', control.fresh, 's');
show('up --nodes 0, exec to ready, again', control.again, 's');
await rest();
if (process.getuid?.() === 0) {
  const node = await timesOf(['--nodes', '1']);
  show('up --nodes 1, exec to node Ready, new data directory', node.fresh, 's');
  show('up --nodes 1, exec to node Ready, again', node.again, 's');
  show('pod, kubectl create done to Running, image present', await podTimes(), 's');
} else console.log('nodes need root: not measured');
