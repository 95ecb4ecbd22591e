// What the API server carries on the durable store, over real HTTPS, with the load made by another process.
// Usage: npm run bench:api [-- SECONDS]. Reports; asserts nothing.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const program = join(root, 'bin', 'k8ts');
const seconds = Number(process.argv[2] ?? 4);
const listed = Number(process.argv[3] ?? 100_000);
const sessions = 4;

const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;

function up(dataDir) {
  const child = spawn(
    process.execPath,
    [program, 'up', '--nodes', '0', '--port', '0', '--data-dir', dataDir],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
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
  // As wide as those of Go's client: with less, a connection's rate is bounded by its round trip.
  const settings = { initialWindowSize: 4 << 20 };
  return Array.from({ length: count }, () => {
    const session = connect(server, { ...tls, settings });
    session.once('connect', () => session.setLocalWindowSize(1 << 30));
    return session;
  });
}

/** One request; gives status and body length. */
function call(session, { method = 'GET', path, body, accept = 'application/json', onData }) {
  return new Promise((resolve, reject) => {
    const headers = {
      ':method': method,
      ':path': path,
      accept,
      ...(body && { 'content-type': 'application/json' }),
    };
    const stream = session.request(headers);
    let status = 0;
    let bytes = 0;
    stream.on('response', (h) => {
      status = h[':status'];
    });
    stream.on('data', (chunk) => {
      bytes += chunk.length;
      onData?.(chunk);
    });
    stream.on('end', () => resolve({ status, bytes }));
    stream.on('error', reject);
    stream.end(body);
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
const pod = () => {
  const name = `p-${serial++}`;
  const containers = [
    { name: 'web', image: 'web:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } },
  ];
  const metadata = { name, labels: { app: 'web', number: String(serial % 100) } };
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
  const controllers = [];
  const begun = [];
  for (let i = 0; i < watchers; i++) {
    const session = own[i % own.length];
    const stream = session.request({
      ':path': `/api/v1/namespaces/watched/configmaps?watch=true&resourceVersion=${revision}`,
      accept: 'application/json',
    });
    stream.on('data', (chunk) => {
      for (const line of chunk.toString().split('\n')) {
        const sent = /"sent":"(\d+\.\d+)"/.exec(line);
        if (!sent) continue;
        events++;
        late.push(performance.now() - Number(sent[1]));
      }
    });
    stream.on('error', () => {});
    controllers.push(stream);
    begun.push(new Promise((resolve) => stream.once('response', resolve)));
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
  for (const stream of controllers) stream.close();
  for (const session of own) session.destroy();
}

const residentMb = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-bench-'));
const child = await up(dataDir);
child.removeAllListeners('exit');
const pool = clients(dataDir);
await call(pool[0], {
  method: 'POST',
  path: '/api/v1/namespaces',
  body: JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'watched' } }),
});
await new Promise((resolve) => setTimeout(resolve, 1000));
for (const inFlight of [1, 16, 64, 256]) await load('create ConfigMap', pool, { inFlight, make: configMap });
for (const inFlight of [1, 16, 64, 256]) await load('create Pod', pool, { inFlight, make: pod });
const get = () => ({ path: '/api/v1/namespaces/default/configmaps/c-1' });
for (const inFlight of [1, 64]) await load('get ConfigMap', pool, { inFlight, make: get });
for (const watchers of [1, 100, 1000]) await watch(pool, dataDir, watchers);
const before = residentMb(child.pid);
const missing = Math.max(0, listed - serial);
await load('', pool, { inFlight: 64, make: pod, forSeconds: 600, count: missing, quiet: true });
console.log(
  `${`resident for ${missing} more pods`.padEnd(44)} ${(residentMb(child.pid) - before).toFixed(0)} MB`,
);
const page = (accept) => () => ({ path: '/api/v1/namespaces/default/pods?limit=500', accept });
await load('page of 500 pods, JSON', pool, { inFlight: 4, make: page('application/json') });
await load('page of 500 pods, protobuf', pool, {
  inFlight: 4,
  make: page('application/vnd.kubernetes.protobuf'),
});
for (const session of pool) session.close();
await new Promise((resolve) => {
  child.on('exit', resolve);
  child.kill('SIGTERM');
});
rmSync(dataDir, { recursive: true, force: true });
