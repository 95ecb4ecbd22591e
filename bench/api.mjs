// What the API server carries on the durable store, over real HTTPS, with the load made by another process.
// Usage: npm run bench:api [-- SECONDS]. Reports; asserts nothing.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { numbers } from './arguments.mjs';
import { Connection } from './http2.mjs';
import { inspectable, inspectorOf } from './resting.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'bin', 'k8ts');
const usage = 'npm run bench:api [-- SECONDS (a measurement, 4) [PODS (that are listed, 100000)]]';
const { seconds, listed } = numbers(usage, { seconds: 4, listed: 100_000 });
const sessions = 4;
/** How many pods are made, at least, to see what one takes. */
const leastMore = 40_000;
/** Creates are measured at first, and again after these: V8 goes on compiling for some ten thousand requests. */
const warmSeconds = 12;

const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function up(dataDir) {
  const child = spawn(program, ['up', '--nodes', '0', '--port', '0', '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...inspectable },
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('ready ') && resolve(child));
    child.on('exit', (code) => reject(new Error(`the cluster ended with ${code}`)));
  });
}

function clients(dataDir, count = sessions) {
  const config = JSON.parse(readFileSync(`${dataDir}/kubeconfig`, 'utf8'));
  const decode = (text) => Buffer.from(text, 'base64');
  const { server, 'certificate-authority-data': ca } = config.clusters[0].cluster;
  const user = config.users[0].user;
  const tls = {
    ca: decode(ca),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  };
  return Array.from({ length: count }, () => new Connection(new URL(server), tls));
}

/** One request; gives status and body length. */
function call(connection, { accept = 'application/json', ...request }) {
  return new Promise((resolve, reject) => {
    connection.request({ ...request, accept }, (error, status, bytes) =>
      error ? reject(error) : resolve({ status, bytes }),
    );
  });
}

/** Keeps `inFlight` requests under way for the time, and reports rate and latencies. */
async function load(
  what,
  pool,
  { inFlight, make, forSeconds = seconds, count = Number.POSITIVE_INFINITY, quiet = false },
) {
  const times = [];
  let made = 0;
  let failed = 0;
  const startMs = performance.now();
  const isOver = () => performance.now() - startMs > forSeconds * 1000 || made >= count;
  const worker = async (index) => {
    while (!isOver()) {
      const number = made++;
      const beforeMs = performance.now();
      const { status } = await call(pool[index % pool.length], make(number));
      if (status >= 300) failed++;
      times.push(performance.now() - beforeMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, (_, i) => worker(i)));
  const elapsed = (performance.now() - startMs) / 1000;
  times.sort((a, b) => a - b);
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)];
  const label = `${what}, ${inFlight} in flight`.padEnd(44);
  if (!quiet)
    console.log(
      `${label} ${(times.length / elapsed).toFixed(0)}/s  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms${failed ? `  ${failed} FAILED` : ''}`,
    );
}

let serial = 0;
const configMap = () => {
  const name = `c-${serial++}`;
  const body = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name },
    data: { text: 'x'.repeat(200) },
  });
  return { method: 'POST', path: '/api/v1/namespaces/default/configmaps', body };
};
let podsMade = 0;
const pod = () => {
  const name = `p-${podsMade++}`;
  const containers = [
    { name: 'web', image: 'web:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } },
  ];
  const metadata = { name, labels: { app: 'web', number: String(podsMade % 100) } };
  const spec = { containers, schedulerName: 'none' };
  return {
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    body: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }),
  };
};

async function revisionOf(session, path) {
  let text = '';
  await call(session, { path, onData: (chunk) => (text += chunk) });
  return JSON.parse(text).metadata.resourceVersion;
}

/** Opens watchers, makes changes, and reports events a second with how late they were. */
async function watch(pool, dataDir, watchers) {
  // A connection carries a limited number of streams.
  const own = clients(dataDir, Math.ceil(watchers / 100));
  // As an informer does: from a list's revision on, so that only what happens from now on is counted.
  const revision = await revisionOf(own[0], '/api/v1/namespaces/watched/configmaps?limit=1');
  let events = 0;
  const late = [];
  const ends = [];
  const begun = [];
  for (let i = 0; i < watchers; i++) {
    const connection = own[i % own.length];
    const onData = (chunk) => {
      for (const line of chunk.toString().split('\n')) {
        const sent = /"sent":"(\d+\.\d+)"/.exec(line);
        if (!sent) continue;
        events++;
        late.push(performance.now() - Number(sent[1]));
      }
    };
    const path = `/api/v1/namespaces/watched/configmaps?watch=true&resourceVersion=${revision}`;
    begun.push(
      new Promise((resolve) => {
        const request = { path, accept: 'application/json', onData, onStatus: resolve };
        ends.push(connection.request(request, () => {}));
      }),
    );
  }
  await Promise.all(begun);
  const startMs = performance.now();
  const make = () => {
    const data = { sent: performance.now().toFixed(3).padEnd(12, '0') };
    const body = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `w-${serial++}` },
      data,
    });
    return { method: 'POST', path: '/api/v1/namespaces/watched/configmaps', body };
  };
  await load('', pool, { inFlight: 16, make, quiet: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const elapsed = (performance.now() - startMs) / 1000;
  late.sort((a, b) => a - b);
  console.log(
    `${`watch events delivered, ${watchers} watchers`.padEnd(44)} ${(events / elapsed).toFixed(0)}/s  late p50 ${percentile(late, 0.5).toFixed(1)} ms  p99 ${percentile(late, 0.99).toFixed(1)} ms`,
  );
  for (const end of ends) end();
  for (const connection of own) connection.close();
}

/** Pages through all pods: once, which makes what is made once, then again and again. */
async function pages(what, accept, readers = 4) {
  const path = '/api/v1/namespaces/default/pods?limit=500';
  const json = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';
  // The places where pages begin, found beforehand: a reader of protobuf alone would have to decode them.
  const begins = [''];
  for (let next = ''; ; ) {
    let text = '';
    await call(pool[0], {
      path: `${path}&continue=${next}`,
      accept: json,
      onData: (chunk) => (text += chunk),
    });
    next = encodeURIComponent(JSON.parse(text).metadata.continue ?? '');
    if (!next) break;
    begins.push(next);
  }
  const make = (number) => ({ path: `${path}&continue=${begins[number % begins.length]}`, accept });
  await load(`${what}, the first time`, pool, {
    inFlight: readers,
    make,
    count: begins.length,
    forSeconds: 60,
  });
  await load(`${what}, again`, pool, { inFlight: readers, make });
}

const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
process.on('exit', () => rmSync(dataDir, { recursive: true, force: true }));
const child = await up(dataDir);
child.removeAllListeners('exit');
const resting = inspectorOf(child);
process.on('exit', () => child.kill('SIGKILL'));
const pool = clients(dataDir);
await call(pool[0], {
  method: 'POST',
  path: '/api/v1/namespaces',
  body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'watched' } }),
});
await new Promise((resolve) => setTimeout(resolve, 1000));
for (const [what, make] of [
  ['create ConfigMap', configMap],
  ['create Pod', pod],
]) {
  await load(`${what}, at first`, pool, { inFlight: 64, make });
  await load('', pool, { inFlight: 64, make, forSeconds: warmSeconds, quiet: true });
  for (const inFlight of [1, 16, 64, 256]) await load(what, pool, { inFlight, make });
}
const get = () => ({ path: '/api/v1/namespaces/default/configmaps/c-1' });
for (const inFlight of [1, 64]) await load('get ConfigMap', pool, { inFlight, make: get });
for (const watchers of [1, 100, 1000]) await watch(pool, dataDir, watchers);
const before = await resting();
const more = Math.max(leastMore, listed - podsMade);
await load('', pool, { inFlight: 64, make: pod, forSeconds: 600, count: more, quiet: true });
const after = await resting();
const { bytes } = await call(pool[0], { path: '/api/v1/namespaces/default/pods?limit=500' });
const json = bytes / 500;
const share = (now, then) => `${((now - then) / more / json).toFixed(2)} x`;
console.log(
  `${`memory a pod at rest, of ${more} more`.padEnd(44)} its JSON ${json.toFixed(0)} bytes, own ${share(after.own, before.own)}, files ${share(after.files, before.files)}`,
);
await pages('page of 500 pods, JSON', 'application/json');
await pages('page of 500 pods, protobuf', 'application/vnd.kubernetes.protobuf');
for (const connection of pool) connection.close();
await new Promise((resolve) => {
  child.on('exit', resolve);
  child.kill('SIGTERM');
});
