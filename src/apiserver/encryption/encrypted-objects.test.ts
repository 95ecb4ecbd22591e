import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { configmaps, namespaces, secrets } from '../../api/generated/resources.ts';
import { encodeProtobuf } from '../../machinery/protobuf.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import { openEmbeddedStore } from '../../store/embedded-store.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { Store } from '../../store/store.ts';
import { createCustomCluster } from '../extensions/testing.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, createTestCluster, type TestApi } from '../registry/testing.ts';
import type { ProviderConfiguration, ResourceConfiguration } from './configuration.ts';
import { ResourceTransformers } from './resource-transformers.ts';

const hidden = 'what-nobody-may-read';
const hiddenBase64 = Buffer.from(hidden).toString('base64');

type Cipher = 'aescbc' | 'aesgcm' | 'secretbox';
const keyed = (cipher: Cipher, ...names: string[]): ProviderConfiguration => ({
  [cipher]: {
    keys: names.map((name) => ({ name, secret: Buffer.from(name.padEnd(32, '-')).toString('base64') })),
  },
});
const plain: ProviderConfiguration = { identity: {} };
const of = (...providers: ProviderConfiguration[]): ResourceConfiguration => ({
  resources: ['secrets'],
  providers,
});

async function transformersOf(...resources: ResourceConfiguration[]): Promise<ResourceTransformers> {
  const made = new ResourceTransformers({ random: systemRandom, clock: systemClock, log: silentLog });
  made.use(await made.make({ resources }));
  return made;
}

const open: TestApi[] = [];
afterEach(() => {
  for (const api of open.splice(0)) api.dispatcher.close();
});
/** A server on a store, as after a start. */
async function startOn(store: Store, ...resources: ResourceConfiguration[]): Promise<TestApi> {
  const encryption = resources.length > 0 ? await transformersOf(...resources) : undefined;
  const api = await createTestApi(allKinds, { store, encryption });
  open.push(api);
  return api;
}

const secret = (name: string) => ({ metadata: { name }, stringData: { password: hidden } });
const key = (name: string) => `/registry/secrets/default/${name}`;
const newStore = () => createMemoryStore({ clock: systemClock });
const bytesOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1');
const stored = async (store: Store, name: string) => bytesOf((await store.get(key(name)))?.value);
const beginning = async (store: Store, name: string) =>
  /^(k8s:enc:.*?:v1:.*?:|\{)/.exec(await stored(store, name))?.[0];

async function storeWith(name: string, ...resources: ResourceConfiguration[]): Promise<Store> {
  const store = newStore();
  const api = await startOn(store, ...resources);
  await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
  await api.send('create', secrets, { body: secret(name) });
  return store;
}

/** All that a store tells of what was ever in it. */
async function everythingIn(store: Store): Promise<string> {
  const told: string[] = [];
  const { entries, revision } = await store.list('/');
  for (const { key, value } of entries) {
    told.push(bytesOf(value));
    for (const { entry } of await store.history(key)) told.push(bytesOf(entry?.value));
  }
  await new Promise<void>((resolve) => {
    void store.watch('/', 0, {
      onBatch: ({ events }) => {
        for (const event of events) {
          told.push(
            bytesOf(event.type === 'put' ? event.entry.value : undefined),
            bytesOf(event.previous?.value),
          );
        }
      },
      onProgress: (reached) => reached >= revision && resolve(),
      onEnd: () => resolve(),
    });
  });
  return told.join('\n');
}

describe.each<Cipher>(['aescbc', 'aesgcm', 'secretbox'])('Secrets under %s', (cipher) => {
  test('stand nowhere in the store as they are, and are read as if they did', async () => {
    const store = newStore();
    const api = await startOn(store, of(keyed(cipher, 'key1')));
    await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
    const watch = await api.watch(secrets);
    const made = await api.object('create', secrets, { body: secret('a') });
    expect(made.data).toEqual({ password: hiddenBase64 });
    await api.send('patch', secrets, {
      name: 'a',
      mediaType: 'application/merge-patch+json',
      body: { metadata: { labels: { x: 'y' } } },
    });
    await api.send('create', secrets, { body: secret('gone') });
    await api.send('delete', secrets, { name: 'gone' });
    const read = await api.object('get', secrets, { name: 'a' });
    expect(read).toMatchObject({ data: { password: hiddenBase64 }, metadata: { labels: { x: 'y' } } });
    expect((await api.list(secrets)).items).toHaveLength(1);
    expect(watch.said.map((frame) => frame.split('@')[0])).toEqual([
      'ADDED a',
      'MODIFIED a',
      'ADDED gone',
      'DELETED gone',
    ]);
    const told = await everythingIn(store);
    expect(told).toContain(`k8s:enc:${cipher}:v1:key1:`);
    expect(told).not.toContain(hidden);
    expect(told).not.toContain(hiddenBase64);
    expect(told).not.toContain('password');
    expect(told).toContain('"kind":"Namespace"');
  });

  test('are there after a start, and as they were at an earlier revision', async () => {
    const store = await storeWith('a', of(keyed(cipher, 'key1')));
    const api = await startOn(store, of(keyed(cipher, 'key1')));
    const first = (await api.object('get', secrets, { name: 'a' })).metadata.resourceVersion;
    await api.send('update', secrets, {
      name: 'a',
      body: { metadata: { name: 'a' }, stringData: { n: '2' } },
    });
    await api.send('create', configmaps, { body: { metadata: { name: 'c' } } });
    const query = { resourceVersion: first, resourceVersionMatch: 'Exact' };
    const { items } = await api.list(secrets, { query });
    expect(items.map(({ object }) => object)).toMatchObject([{ data: { password: hiddenBase64 } }]);
  });
});

test('nothing of a Secret is in the files of the embedded store', async () => {
  const path = await mkdtemp(join(tmpdir(), 'k8ts-encrypted-'));
  const openStore = () => openEmbeddedStore({ path, clock: systemClock, files: systemFiles });
  const inFiles = async (text: string) => {
    for (const name of await readdir(path))
      if ((await readFile(join(path, name))).includes(text)) return true;
    return false;
  };
  try {
    let store = await openStore();
    let api = await startOn(store, of(keyed('aesgcm', 'key1')));
    await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
    for (let i = 0; i < 50; i++) await api.send('create', secrets, { body: secret(`s${i}`) });
    api.dispatcher.close();
    await store.close();
    expect(await inFiles('k8s:enc:aesgcm:v1:key1:')).toBe(true);
    expect(await inFiles(hiddenBase64)).toBe(false);
    expect(await inFiles(hidden)).toBe(false);

    store = await openStore();
    api = await startOn(store, of(keyed('secretbox', 'key2'), keyed('aesgcm', 'key1')));
    expect((await api.list(secrets)).items).toHaveLength(50);
    expect(await api.object('get', secrets, { name: 's7' })).toMatchObject({
      data: { password: hiddenBase64 },
    });
    const body = await api.object('get', secrets, { name: 's7' });
    await api.send('update', secrets, { name: 's7', body });
    api.dispatcher.close();
    await store.close();
    expect(await inFiles('k8s:enc:secretbox:v1:key2:')).toBe(true);
    expect(await inFiles(hiddenBase64)).toBe(false);
  } finally {
    await rm(path, { recursive: true });
  }
});

describe('when keys are changed', () => {
  const rewrite = async (api: TestApi, name: string) => {
    const body = await api.object('get', secrets, { name });
    return (await api.object('update', secrets, { name, body })).metadata.resourceVersion;
  };

  test('an update that changes nothing stores what was read with an older key, once', async () => {
    const store = await storeWith('a', of(keyed('aescbc', 'old')));
    const api = await startOn(store, of(keyed('aescbc', 'new', 'old')));
    const before = (await api.object('get', secrets, { name: 'a' })).metadata.resourceVersion;
    expect(await beginning(store, 'a')).toBe('k8s:enc:aescbc:v1:old:');
    const after = await rewrite(api, 'a');
    expect(Number(after)).toBeGreaterThan(Number(before));
    expect(await beginning(store, 'a')).toBe('k8s:enc:aescbc:v1:new:');
    expect(await rewrite(api, 'a')).toBe(after);
    const alone = await startOn(store, of(keyed('aescbc', 'new')));
    expect(await alone.object('get', secrets, { name: 'a' })).toMatchObject({
      data: { password: hiddenBase64 },
    });
  });

  test('an apply and a patch that change nothing do so too', async () => {
    for (const mediaType of ['application/merge-patch+json', 'application/apply-patch+yaml']) {
      const store = await storeWith('a', of(plain));
      const api = await startOn(store, of(keyed('aesgcm', 'key1'), plain));
      const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } };
      const query = { fieldManager: 'm' };
      await api.send('patch', secrets, { name: 'a', mediaType, query, body });
      expect(await beginning(store, 'a')).toBe('k8s:enc:aesgcm:v1:key1:');
    }
  });

  test('everything is encrypted, and decrypted again, by updates', async () => {
    const store = await storeWith('a');
    expect(await beginning(store, 'a')).toBe('{');
    const encrypting = await startOn(store, of(keyed('secretbox', 'key1'), plain));
    await rewrite(encrypting, 'a');
    expect(await beginning(store, 'a')).toBe('k8s:enc:secretbox:v1:key1:');
    const decrypting = await startOn(store, of(plain, keyed('secretbox', 'key1')));
    await rewrite(decrypting, 'a');
    expect(await beginning(store, 'a')).toBe('{');
    const none = await startOn(store);
    expect(await none.object('get', secrets, { name: 'a' })).toMatchObject({
      data: { password: hiddenBase64 },
    });
  });

  test('a running server writes with the new ones from then on', async () => {
    const store = newStore();
    const encryption = await transformersOf(of(keyed('aescbc', 'old')));
    const api = await createTestCluster({ store, encryption });
    open.push(api);
    await api.send('create', secrets, { body: secret('a') });
    encryption.use(await encryption.make({ resources: [of(keyed('aescbc', 'new', 'old'))] }));
    await api.send('create', secrets, { body: secret('b') });
    expect(await beginning(store, 'a')).toBe('k8s:enc:aescbc:v1:old:');
    expect(await beginning(store, 'b')).toBe('k8s:enc:aescbc:v1:new:');
    await rewrite(api, 'a');
    expect(await beginning(store, 'a')).toBe('k8s:enc:aescbc:v1:new:');
  });
});

test.each([
  ['have another key', [of(keyed('aesgcm', 'key2'))]],
  ['are of something else', [{ resources: ['configmaps'], providers: [keyed('aesgcm', 'key1')] }]],
])(
  'a running server whose keys %s reads what it could not once it is given the right ones',
  async (_, wrong) => {
    const store = await storeWith('a', of(keyed('aesgcm', 'key1')));
    const encryption = await transformersOf(...wrong);
    const api = await createTestApi(allKinds, { store, encryption });
    open.push(api);
    await expect(api.list(secrets)).rejects.toThrow('unable to transform key');
    encryption.use(await encryption.make({ resources: [of(keyed('aesgcm', 'key1'))] }));
    await expect.poll(async () => (await api.list(secrets).catch(() => undefined))?.items).toHaveLength(1);
    expect(await api.object('get', secrets, { name: 'a' })).toMatchObject({
      data: { password: hiddenBase64 },
    });
  },
);

describe('what cannot be decrypted', () => {
  const other = of(keyed('aesgcm', 'key2'));
  const noKey = 'no matching key was found for the provided AES transformer';
  const listed = (why: string) => `Internal error occurred: unable to transform key "${key('a')}": ${why}`;
  const got = (why: string) => `Internal error occurred: ${why}`;

  const cases: [string, ResourceConfiguration[], string][] = [
    ['another key', [other], noKey],
    [
      'another key of the same name',
      [of({ aesgcm: { keys: [{ name: 'key1', secret: Buffer.alloc(32, 7).toString('base64') }] } })],
      'cipher: message authentication failed',
    ],
    ['another provider', [of(keyed('aescbc', 'key1'))], 'no matching prefix found'],
    ['no configuration', [], 'identity transformer tried to read encrypted data'],
    [
      'a configuration of something else',
      [{ ...other, resources: ['configmaps'] }],
      'identity transformer tried to read encrypted data',
    ],
  ];
  test.each(cases)(
    'since there is %s is said of it, and of every list with it',
    async (_, resources, why) => {
      const store = await storeWith('a', of(keyed('aesgcm', 'key1')));
      const api = await startOn(store, ...resources);
      await expect(api.list(secrets)).rejects.toThrow(listed(why));
      await expect(api.list(secrets, { query: { limit: '5' } })).rejects.toThrow(listed(why));
      await expect(api.send('get', secrets, { name: 'a' })).rejects.toMatchObject({
        status: { code: 500, reason: 'InternalError', message: got(why) },
      });
      const watch = await api.watch(secrets);
      expect(watch.ended?.error?.message).toBe(listed(why));
      await expect(api.send('update', secrets, { name: 'a', body: secret('a') })).rejects.toThrow(got(why));
      await expect(api.send('delete', secrets, { name: 'a' })).rejects.toThrow(got(why));
      await expect(api.send('create', secrets, { body: secret('a') })).rejects.toThrow('"a" already exists');
      // All else is as it was.
      expect((await api.list(namespaces)).items).toHaveLength(1);
      expect((await api.list(secrets, { namespace: 'other' })).items).toEqual([]);
    },
  );

  test('in the past alone is said of lists of the past', async () => {
    const store = await storeWith('a', of(keyed('aescbc', 'old')));
    const before = await startOn(store, of(keyed('aescbc', 'new', 'old')));
    const body = await before.object('get', secrets, { name: 'a' });
    const query = { resourceVersion: body.metadata.resourceVersion, resourceVersionMatch: 'Exact' };
    await before.send('update', secrets, { name: 'a', body });
    const api = await startOn(store, of(keyed('aescbc', 'new')));
    expect((await api.list(secrets)).items).toHaveLength(1);
    await expect(api.list(secrets, { query })).rejects.toThrow(listed(noKey));
  });

  test('and was put there meanwhile ends the watches: it was not deleted', async () => {
    const store = await storeWith('a', of(keyed('aescbc', 'old')));
    const api = await startOn(store, of(keyed('aescbc', 'old')));
    const watch = await api.watch(secrets);
    const ahead = await startOn(store, of(keyed('aescbc', 'new', 'old')));
    await ahead.send('update', secrets, { name: 'a', body: secret('a') });
    const body = { metadata: { name: 'a' }, stringData: { password: 'another' } };
    await ahead.send('update', secrets, { name: 'a', body });
    await expect.poll(() => watch.ended).toBeDefined();
    expect(watch.said.filter((frame) => frame.startsWith('DELETED'))).toEqual([]);
    await expect(api.list(secrets)).rejects.toThrow(listed(noKey));
    const back = await startOn(store, of(keyed('aescbc', 'old', 'new')));
    await back.send('update', secrets, {
      name: 'a',
      body: { metadata: { name: 'a' }, stringData: { x: 'y' } },
    });
    await expect.poll(async () => (await api.list(secrets).catch(() => undefined))?.items).toHaveLength(1);
  });
});

test('a value is bound to its key where the cipher can do that', async () => {
  const store = await storeWith('a', of(keyed('aesgcm', 'key1')));
  const value = (await store.get(key('a')))?.value as Uint8Array;
  await store.commit({ writes: [{ type: 'put', key: key('copy'), value }] });
  const api = await startOn(store, of(keyed('aesgcm', 'key1')));
  await expect(api.send('get', secrets, { name: 'copy' })).rejects.toThrow('message authentication failed');
});

test('what upstream has stored, protobuf under a cipher, is read', async () => {
  const store = await storeWith('a', of(keyed('secretbox', 'key1')));
  const resources = of(keyed('secretbox', 'key1'));
  const transformers = await transformersOf(resources);
  const object = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'b', namespace: 'default', uid: 'u' },
    data: { password: hiddenBase64 },
  };
  const place = { key: key('b'), resource: 'secrets' };
  const value = transformers.of({ resource: 'secrets', group: '' })?.seal(encodeProtobuf(object), place);
  await store.commit({ writes: [{ type: 'put', key: place.key, value: value as Uint8Array }] });
  const api = await startOn(store, resources);
  expect(await api.object('get', secrets, { name: 'b' })).toMatchObject(object);
});

test('by wildcards objects of every group are encrypted, and custom ones', async () => {
  const store = newStore();
  const everything = { resources: ['*.*'], providers: [keyed('aescbc', 'all')] };
  const exempt = { resources: ['configmaps', 'deployments.apps'], providers: [plain] };
  const encryption = await transformersOf(exempt, everything);
  const { api, define } = await createCustomCluster({ store, encryption });
  open.push(api);
  const { v1 } = await define({
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  } as never);
  if (!v1) throw new Error('the definition is not served');
  await api.send('create', v1, { body: { metadata: { name: 'w' }, spec: { text: hidden } } });
  await api.send('create', configmaps, { body: { metadata: { name: 'c' }, data: { text: hidden } } });
  expect(await api.object('get', v1, { name: 'w' })).toMatchObject({ spec: { text: hidden } });
  const at = async (path: string) => bytesOf((await store.get(`/registry/${path}`))?.value).slice(0, 22);
  expect(await at('example.com/widgets/default/w')).toBe('k8s:enc:aescbc:v1:all:');
  expect(await at('namespaces/default')).toBe('k8s:enc:aescbc:v1:all:');
  expect(await at('apiextensions.k8s.io/customresourcedefinitions/widgets.example.com')).toBe(
    'k8s:enc:aescbc:v1:all:',
  );
  expect(await at('configmaps/default/c')).toMatch(/^\{/);
});
