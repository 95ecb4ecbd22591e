import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Endpoints } from '../../api/core/v1.ts';
import { endpoints, endpointslices } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { Transport } from '../../client/transport.ts';
import { createTokenKey } from '../../cluster/pki.ts';
import { silentLog } from '../../platform/log.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import { type Store, StoreError } from '../../store/store.ts';
import { defaultAdmission } from '../admission/plugins.ts';
import { allKinds } from '../kinds/kinds.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { ServerRegister } from './server-register.ts';

let clock: VirtualClock;
let store: Store;
let server: ApiServer;
let transport: Transport;
let client: Client;
const started: ServerRegister[] = [];

beforeEach(async () => {
  clock = new VirtualClock();
  store = createMemoryStore({ clock });
  server = await createApiServer({
    platform: { clock, random: seededRandom(1), log: silentLog },
    store,
    kinds: allKinds,
    admission: defaultAdmission,
    serviceAccounts: { issuer: 'https://test', keys: [await createTokenKey()] },
    version: '0.0.0',
    freeze: true,
  });
  transport = server.transportFor({ name: 'admin', groups: ['system:masters'] });
  client = new Client(transport);
});
afterEach(async () => {
  for (const register of started.splice(0)) void register.stop();
  await pass(3000);
  await server.stop();
});

async function pass(spanMs: number): Promise<void> {
  const turns = async () => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  };
  await turns();
  for (let left = spanMs; left > 0; left -= 500) {
    await clock.advance(Math.min(500, left));
    await turns();
  }
}

/** The store as one server reaches it: until the server is killed. */
function lifeline(): { store: Store; kill(): void } {
  let isDead = false;
  const own = new Proxy(store, {
    get: (target, name: keyof Store) =>
      name === 'commit' && isDead
        ? () => Promise.reject(new StoreError('Unavailable', 'the server is dead'))
        : (target[name] as (...args: unknown[]) => unknown).bind(target),
  });
  return { store: own, kill: () => void (isDead = true) };
}

async function join(address: string, options: { port?: number; store?: Store; isAlone?: boolean } = {}) {
  const { port = 6443, isAlone = false } = options;
  const register = new ServerRegister({
    platform: { clock, log: silentLog },
    transport,
    store: options.store ?? store,
    place: { address, port },
    isAlone,
  });
  started.push(register);
  await register.start();
  await pass(0);
  return register;
}

const ref = { namespace: 'default', name: 'kubernetes' };
const subset = ({ subsets = [] }: Endpoints) =>
  subsets.map(({ addresses, ports }) => [addresses?.map(({ ip }) => ip).join(), ports?.[0]?.port]);
async function published(): Promise<unknown> {
  return subset(await client.of(endpoints).get(ref));
}
async function slices(): Promise<unknown> {
  const { items } = await client.of(endpointslices).list({ namespace: 'default' });
  return items.map(({ metadata, endpoints: all, ports }) => [
    metadata.name,
    all?.map(({ addresses }) => addresses.join()).join(),
    ports?.[0]?.port,
  ]);
}

test('a server that is alone is published, and writes nothing more', async () => {
  await join('10.0.0.1', { isAlone: true });
  expect(await published()).toEqual([['10.0.0.1', 6443]]);
  expect(await slices()).toEqual([['kubernetes', '10.0.0.1', 6443]]);
  const { revision } = await store.status();
  await pass(60_000);
  expect((await store.status()).revision).toBe(revision);
});

test('servers that share a store are all published, as they come and go', async () => {
  await join('10.0.0.2');
  const other = await join('10.0.0.1');
  expect(await published()).toEqual([['10.0.0.1,10.0.0.2', 6443]]);
  expect(await slices()).toEqual([['kubernetes', '10.0.0.1,10.0.0.2', 6443]]);
  expect(await client.of(endpoints).get(ref)).toMatchObject({
    metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
  });
  await pass(60_000);
  expect(await published()).toEqual([['10.0.0.1,10.0.0.2', 6443]]);
  await other.stop();
  await pass(0);
  expect(await published()).toEqual([['10.0.0.2', 6443]]);
  expect(await slices()).toEqual([['kubernetes', '10.0.0.2', 6443]]);
});

test('one that is killed is published no longer than its lease lasts', async () => {
  const dying = lifeline();
  await join('10.0.0.1', { store: dying.store });
  await join('10.0.0.2');
  dying.kill();
  await pass(16_000);
  expect(await published()).toEqual([['10.0.0.2', 6443]]);
});

test('servers of one address and several ports have a slice for each port', async () => {
  await join('10.0.0.1', { port: 6443 });
  const second = await join('10.0.0.1', { port: 6444 });
  expect(await published()).toEqual([
    ['10.0.0.1', 6443],
    ['10.0.0.1', 6444],
  ]);
  expect(await slices()).toEqual([
    ['kubernetes', '10.0.0.1', 6443],
    ['kubernetes-6444', '10.0.0.1', 6444],
  ]);
  await second.stop();
  await pass(0);
  expect(await slices()).toEqual([['kubernetes', '10.0.0.1', 6443]]);
});

test('what somebody else makes of the service is put right again', async () => {
  await join('10.0.0.1');
  await client.of(endpoints).delete(ref, { cause: { reason: 'a test' } });
  await pass(11_000);
  expect(await published()).toEqual([['10.0.0.1', 6443]]);
});

test('the last one that stops leaves the service as it is', async () => {
  const last = await join('10.0.0.1');
  await last.stop();
  expect(await published()).toEqual([['10.0.0.1', 6443]]);
});
