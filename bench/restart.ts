// How long a server takes to serve what is there already: `npm run bench:restart -- [OBJECTS (100000)] [RUNS (3)]`.
// Half of the objects are pods as kubelets leave them, half ConfigMaps of a kilobyte. Reports; asserts nothing.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { systemClock } from '../src/platform/clock.ts';
import { systemFiles } from '../src/platform/files.ts';
import { openEmbeddedStore } from '../src/store/embedded-store.ts';
import type { Store, Write } from '../src/store/store.ts';
import { numbers } from './arguments.mjs';

const { objects, runs } = numbers('npm run bench:restart -- [OBJECTS (100000)] [RUNS (3)]', {
  objects: 100_000,
  runs: 3,
});
const program = join(process.cwd(), 'bin', 'k8ts');
const dir = mkdtempSync(join(process.cwd(), '.bench-restart-'));
const commitsInFlight = 1000;

/** What is to be ended where something fails. */
let running: ChildProcess | undefined;

interface Server {
  child: ChildProcess;
  url: string;
  /** Milliseconds from the start of the process. */
  readyMs: number;
  sinceMs: number;
}

function start(): Promise<Server> {
  const sinceMs = performance.now();
  const args = [program, 'up', '--nodes', '0', '--port', '0', '--data-dir', dir];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: undefined };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  running = child;
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      const url = /ready (\S+)/.exec(String(chunk))?.[1];
      if (url) resolve({ child, url, readyMs: performance.now() - sinceMs, sinceMs });
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
}

function stop({ child }: Server): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

/** One request; gives the body of its answer. */
async function call(url: string, path: string, body?: { type: string; value: object }): Promise<string> {
  const config = JSON.parse(readFileSync(join(dir, 'kubeconfig'), 'utf8')) as Kubeconfig;
  const decode = (text: string | undefined) => Buffer.from(text ?? '', 'base64');
  const session = connect(url, {
    ca: decode(config.clusters[0]?.cluster['certificate-authority-data']),
    cert: decode(config.users[0]?.user['client-certificate-data']),
    key: decode(config.users[0]?.user['client-key-data']),
    // As wide as those of Go's client: with less, every part of an answer waits for the one before.
    settings: { initialWindowSize: 4 << 20 },
  });
  session.once('connect', () => session.setLocalWindowSize(1 << 30));
  const method = body ? (body.type === 'application/json' ? 'POST' : 'PATCH') : 'GET';
  const stream = session.request({
    ':method': method,
    ':path': path,
    ...(body && { 'content-type': body.type }),
  });
  stream.end(body && JSON.stringify(body.value));
  let text = '';
  for await (const chunk of stream) text += chunk;
  session.close();
  return text;
}

const container = (name: string) => ({
  name,
  image: `registry.example.com/shop/${name}:1.14.3`,
  args: ['--port=8080', '--log-level=info'],
  ports: [{ name: 'http', containerPort: 8080 }],
  env: [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'DATABASE_URL', value: 'postgres://shop.example.com:5432/shop' },
  ],
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
  volumeMounts: [{ name: 'config', mountPath: '/etc/shop' }],
});

const metadata = {
  name: 'template',
  labels: { app: 'shop', tier: 'web', 'pod-template-hash': '6d4b75cb6d' },
};
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec: {
    schedulerName: 'none',
    containers: [container('web'), container('proxy')],
    volumes: [{ name: 'config', configMap: { name: 'shop' } }],
  },
};
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'shop.yaml': 'x'.repeat(1000) } };
const now = new Date().toISOString().replace(/\.\d+/, '');
const status = {
  phase: 'Running',
  hostIP: '10.0.0.1',
  podIP: '10.244.1.7',
  podIPs: [{ ip: '10.244.1.7' }],
  startTime: now,
  conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(
    (type) => ({ type, status: 'True', lastProbeTime: null, lastTransitionTime: now }),
  ),
  containerStatuses: ['web', 'proxy'].map((name) => ({
    name,
    image: `registry.example.com/shop/${name}:1.14.3`,
    imageID: `registry.example.com/shop/${name}@sha256:${'5f'.repeat(32)}`,
    containerID: `containerd://${'a'.repeat(64)}`,
    ready: true,
    started: true,
    restartCount: 0,
    state: { running: { startedAt: now } },
  })),
};

/** Makes one object of each kind as clients do. */
async function makeTemplates(): Promise<void> {
  const server = await start();
  const base = '/api/v1/namespaces/default';
  const answers = [
    await call(server.url, `${base}/pods`, { type: 'application/json', value: pod }),
    await call(server.url, `${base}/configmaps`, { type: 'application/json', value: configMap }),
    await call(server.url, `${base}/pods/template/status`, {
      type: 'application/merge-patch+json',
      value: { status },
    }),
  ];
  const failed = answers.find((text) => JSON.parse(text).kind === 'Status');
  if (failed) throw new Error(failed);
  await stop(server);
}

const open = () => openEmbeddedStore({ path: join(dir, 'store'), clock: systemClock, files: systemFiles });

/** Copies the templates; gives the mean size of what is stored. */
async function fill(): Promise<number> {
  const store = await open();
  const kinds: { prefix: string; text: string; uid: string }[] = [];
  for (const kind of ['pods', 'configmaps']) {
    const prefix = `/registry/${kind}/default/`;
    const entry = await store.get(`${prefix}template`);
    const text = Buffer.from(entry?.value ?? []).toString();
    kinds.push({
      prefix,
      text,
      uid: (JSON.parse(text) as typeof pod & { metadata: { uid: string } }).metadata.uid,
    });
  }
  let bytes = 0;
  const writeOf = (i: number): Write => {
    const { prefix, text, uid } = kinds[i % 2] as { prefix: string; text: string; uid: string };
    const name = `shop-6d4b75cb6d-${String(i).padStart(6, '0')}`;
    const own = text.replace('"name":"template"', `"name":"${name}"`).replace(uid, crypto.randomUUID());
    bytes += own.length;
    return { type: 'put', key: prefix + name, value: Buffer.from(own), expected: 0 };
  };
  let next = 0;
  // One after the other has a revision of its own, as it is where clients create them.
  const worker = async () => {
    while (next < objects) await store.commit({ writes: [writeOf(next++)] });
  };
  await Promise.all(Array.from({ length: commitsInFlight }, worker));
  await store.close();
  return bytes / objects;
}

const ticksMs = 10;
/** Processor time that a process has used so far, in all its threads. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * ticksMs;
}

function residentMb(pid: number): { own: number; files: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]) / 1024;
  return { own: of('RssAnon'), files: of('RssFile') };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const quietShare = 0.1;

/** Waits until the process does next to nothing; gives the processor time that it had used by then. */
async function settled(pid: number): Promise<number> {
  for (let before = cpuMs(pid), quiet = 0; ; ) {
    await sleep(500);
    const after = cpuMs(pid);
    quiet = (after - before) / 500 < quietShare ? quiet + 1 : 0;
    if (quiet === 4) return after;
    before = after;
  }
}

const figures: Record<string, number[]> = {};
function note(what: string, value: number): void {
  (figures[what] ??= []).push(value);
}

async function readAll(store: Store): Promise<void> {
  for (let from = '/registry/'; ; ) {
    const page = await store.list('/registry/', { from, limit: 1000 });
    const last = page.entries.at(-1);
    if (!page.more || !last) return;
    from = `${last.key}\0`;
  }
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const [startMs, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const used = process.cpuUsage(cpu);
  note(`${what}, ms`, performance.now() - startMs);
  note(`${what}, ms of CPU`, (used.user + used.system) / 1000);
  return result;
}

/** Starts the server, asks for a page at once, and lets it come to rest. */
async function measure(pods: number): Promise<void> {
  const server = await start();
  const pid = server.child.pid as number;
  note('exec to the ready line, ms', server.readyMs);
  note('exec to the ready line, ms of CPU', cpuMs(pid));
  const page = await call(server.url, '/api/v1/namespaces/default/pods?limit=500');
  note('exec to the first page of 500 pods, ms', performance.now() - server.sinceMs);
  note('exec to the first page of 500 pods, ms of CPU', cpuMs(pid));
  const found = (JSON.parse(page) as { items: unknown[] }).items.length;
  if (found !== Math.min(500, pods)) throw new Error(`${found} pods`);
  note('exec to rest, ms of CPU', await settled(pid));
  const { own, files } = residentMb(pid);
  note('resident at rest, MB of its own', own);
  note('resident at rest, MB of files', files);
  await stop(server);
}

try {
  await makeTemplates();
  await measure(1);
  const empty = figures;
  const meanBytes = await fill();
  const sizeMb = statSync(join(dir, 'store', 'store.mdb')).size / 2 ** 20;
  console.log(
    `${objects} objects of ${meanBytes.toFixed(0)} bytes on average, a file of ${sizeMb.toFixed(0)} MB`,
  );
  const base = Object.fromEntries(Object.entries(empty).map(([what, values]) => [what, values[0]]));
  for (const what of Object.keys(figures)) delete figures[what];
  for (let run = 0; run < runs; run++) {
    const store = await timed('store alone: open', open);
    await timed('store alone: read all', () => readAll(store));
    await store.close();
    await measure(1 + Math.ceil(objects / 2));
  }
  for (const [what, values] of Object.entries(figures)) {
    const sorted = [...values].sort((a, b) => a - b);
    const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map(
      (value) => (value as number).toFixed(0),
    );
    const without = base[what] === undefined ? '' : `, without them ${base[what].toFixed(0)}`;
    console.log(`${what.padEnd(46)} ${middle} (${low} to ${high}${without})`);
  }
} finally {
  running?.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
