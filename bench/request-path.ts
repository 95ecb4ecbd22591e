// What one request costs between decoding and encoding, without a connection and without a disk: for looking into it.
// Usage: npm run bench:request [-- ROUNDS]. Reports the least and the median of its rounds; asserts nothing.
import { defaultAdmission } from '../src/apiserver/admission/plugins.ts';
import { parseRequestInfo } from '../src/apiserver/corridor/request-info.ts';
import { allKinds } from '../src/apiserver/kinds/kinds.ts';
import type { ResourceRequest } from '../src/apiserver/request.ts';
import { createApiServer } from '../src/apiserver/server.ts';
import { createTokenKey } from '../src/cluster/pki.ts';
import { systemClock } from '../src/platform/clock.ts';
import { silentLog } from '../src/platform/log.ts';
import { systemRandom } from '../src/platform/random.ts';
import { createMemoryStore } from '../src/store/memory-store.ts';
import { numbers } from './arguments.mjs';

const [count, wanted, ...more] = process.argv.slice(2);
const usage = 'npm run bench:request [-- ROUNDS (12) [CASE (the beginning of its name)]]';
const { rounds } = numbers(
  usage,
  { rounds: 12 },
  more.length > 0 ? more : count === undefined ? [] : [count],
);
const perRound = 2000;
const inFlight = 64;
const platform = { clock: systemClock, random: systemRandom, log: silentLog };
const api = await createApiServer({
  platform,
  store: createMemoryStore({ clock: systemClock }),
  kinds: allKinds,
  admission: defaultAdmission,
  serviceAccounts: { issuer: 'https://kubernetes.default.svc', keys: [await createTokenKey()] },
  version: '0.1.0',
});
const user = { name: 'bench', groups: ['system:masters', 'system:authenticated'] };
const none = new URLSearchParams();
const { signal } = new AbortController();

interface Write {
  method: string;
  path: string;
  mediaType?: string;
  body?: object;
}

function requestOf({ method, path, body, mediaType = 'application/json' }: Write): ResourceRequest {
  return {
    info: parseRequestInfo(method, path, none),
    user,
    query: none,
    ...(body && { body: { mediaType, bytes: Buffer.from(JSON.stringify(body)) } }),
    userAgent: 'bench/1.0',
    signal,
    warn: () => {},
  };
}

let serial = 0;
const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { text: 'x'.repeat(200) },
});
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web', number: String(serial % 100) } },
  spec: {
    containers: [{ name: 'web', image: 'web:1', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
    schedulerName: 'none',
  },
});
const configMaps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';

await api.dispatcher.handle(
  requestOf({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } },
  }),
);

const cases: Record<string, () => Write> = {
  'create ConfigMap': () => ({ method: 'POST', path: configMaps, body: configMap(`c-${serial++}`) }),
  'create Pod': () => ({ method: 'POST', path: pods, body: pod(`p-${serial++}`) }),
  'bind Pod': () => {
    const name = `p-${serial++}`;
    const target = { apiVersion: 'v1', kind: 'Node', name: 'node' };
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target };
    return { method: 'POST', path: `${pods}/${name}/binding`, body };
  },
  'patch Pod status': () => ({
    method: 'PATCH',
    path: `${pods}/p-${perRound + (serial++ % 1000)}/status`,
    mediaType: 'application/strategic-merge-patch+json',
    body: { status: { phase: serial % 2 ? 'Running' : 'Pending' } },
  }),
  'apply ConfigMap': () => ({
    method: 'PATCH',
    path: `${configMaps}/c-${serial++ % 1000}`,
    mediaType: 'application/apply-patch+yaml',
    body: { ...configMap(`c-${(serial - 1) % 1000}`), data: { text: String(serial) } },
  }),
  'get Pod': () => ({ method: 'GET', path: `${pods}/p-${perRound + (serial++ % 1000)}` }),
};

async function round(make: () => Write): Promise<number> {
  const requests = Array.from({ length: perRound }, () => {
    const write = make();
    const request = requestOf(write);
    if (write.mediaType?.includes('apply'))
      request.query = new URLSearchParams('fieldManager=bench&force=true');
    return request;
  });
  let next = 0;
  const worker = async () => {
    for (let request = requests[next++]; request; request = requests[next++])
      await api.dispatcher.handle(request);
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: inFlight }, worker));
  return ((performance.now() - startMs) * 1000) / perRound;
}

/** What can be done once to each object. */
const goesOn = /^(create|bind)/;

for (const [name, make] of Object.entries(cases)) {
  const isWanted = !wanted || name.startsWith(wanted);
  // What the others are about is created first.
  if (!isWanted && !name.startsWith('create')) continue;
  serial = 0;
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    if (!goesOn.test(name)) serial = 0;
    times.push(await round(make));
  }
  if (!isWanted) continue;
  times.sort((a, b) => a - b);
  const [least, median] = [times[0] as number, times[times.length >> 1] as number];
  console.log(`${name.padEnd(20)} least ${least.toFixed(1)} us, median ${median.toFixed(1)} us a request`);
}
await api.stop();
