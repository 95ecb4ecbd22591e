import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configmaps, namespaces, secrets } from '../../../api/generated/resources.ts';
import { systemClock } from '../../../platform/clock.ts';
import { silentLog } from '../../../platform/log.ts';
import { systemRandom } from '../../../platform/random.ts';
import { createMemoryStore } from '../../../store/memory-store.ts';
import type { Store } from '../../../store/store.ts';
import { allKinds } from '../../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../../registry/testing.ts';
import type { ProviderConfiguration } from '../configuration.ts';
import { ResourceTransformers } from '../resource-transformers.ts';
import { TestKeyPlugin } from './testing.ts';

const hidden = 'what-nobody-may-read';
const hiddenBase64 = Buffer.from(hidden).toString('base64');
const aescbc: ProviderConfiguration = {
  aescbc: { keys: [{ name: 'old', secret: Buffer.alloc(32, 7).toString('base64') }] },
};

const patiently = { timeout: 15_000, interval: 20 };

let dir: string;
let plugin: TestKeyPlugin;
const closers: (() => Promise<void> | void)[] = [];
const socketOf = (name: string) => join(dir, `${name}.sock`);
interface PluginOptions {
  endpoint?: string;
  timeout?: string;
}

const kms = (
  name = 'vault',
  { endpoint = `unix://${socketOf(name)}`, timeout = '30s' }: PluginOptions = {},
) => ({
  kms: { apiVersion: 'v2', name, endpoint, timeout },
});
/** One that is waited for no longer than takes to tell. */
const brief = () => kms('vault', { timeout: '1s' });

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'k8ts-kms-'));
  plugin = new TestKeyPlugin();
  await plugin.listen(socketOf('vault'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  await plugin.close();
  rmSync(dir, { recursive: true });
});

/** A server on a store, as after a start. Its own times pass only when told to; those of plugins are real. */
async function startOn(store: Store, ...providers: ProviderConfiguration[]) {
  const encryption = new ResourceTransformers({ random: systemRandom, clock: systemClock, log: silentLog });
  closers.push(() => encryption.close());
  const resources = [{ resources: ['secrets'], providers }];
  encryption.use(await encryption.make({ resources }));
  const api = await createTestApi(allKinds, { store, encryption });
  closers.push(() => api.dispatcher.close());
  return { api, encryption };
}

const newStore = () => createMemoryStore({ clock: systemClock });
const secret = (name: string) => ({ metadata: { name }, stringData: { password: hidden } });
const key = (name: string) => `/registry/secrets/default/${name}`;
const bytesOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('latin1');
const stored = async (store: Store, name: string) => bytesOf((await store.get(key(name)))?.value);
const beginning = async (store: Store, name: string) =>
  /^(k8s:enc:(.*?:){3}|\{)/.exec(await stored(store, name))?.[0];
const password = async (api: TestApi, name: string) =>
  ((await api.object('get', secrets, { name })) as { data?: Record<string, string> }).data?.password;

async function storeWith(names: string[], ...providers: ProviderConfiguration[]): Promise<Store> {
  const store = newStore();
  const { api } = await startOn(store, ...providers);
  await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
  for (const name of names) await api.send('create', secrets, { body: secret(name) });
  api.dispatcher.close();
  return store;
}

const rewrite = async (api: TestApi, name: string) => {
  const body = await api.object('get', secrets, { name });
  return (await api.object('update', secrets, { name, body })).metadata.resourceVersion;
};

/** A call of the plugin that waits for what the function gives an end to. */
function held(): () => void {
  let release = () => {};
  plugin.hold = new Promise((resolve) => {
    release = resolve;
  });
  return release;
}

describe('Secrets whose keys a plugin holds', () => {
  test('stand in the store under its name, and are read after a start, with one question for all', async () => {
    const store = await storeWith(['a', 'b', 'c'], kms());
    expect(await beginning(store, 'a')).toBe('k8s:enc:kms:v2:vault:');
    expect(await stored(store, 'a')).not.toContain(hiddenBase64);
    expect(await stored(store, 'a')).toContain('key-1');
    plugin.calls.length = 0;
    const { api } = await startOn(store, kms());
    expect((await api.list(secrets)).items).toHaveLength(3);
    expect(await password(api, 'b')).toBe(hiddenBase64);
    expect(plugin.calls).toEqual(['Status', 'Encrypt', 'Decrypt']);
  });

  test('are encrypted anew by updates that change nothing, once the key is another', async () => {
    const store = await storeWith(['a'], kms());
    plugin.keyId = 'key-2';
    const { api } = await startOn(store, kms());
    const before = (await api.object('get', secrets, { name: 'a' })).metadata.resourceVersion;
    const after = await rewrite(api, 'a');
    expect(Number(after)).toBeGreaterThan(Number(before));
    expect(await stored(store, 'a')).toContain('key-2');
    expect(await rewrite(api, 'a')).toBe(after);
    plugin.lost.add('key-1');
    const later = await startOn(store, kms());
    expect(await password(later.api, 'a')).toBe(hiddenBase64);
  });

  test('come from other providers, and go to them, by updates', async () => {
    const other = new TestKeyPlugin('another-key');
    await other.listen(socketOf('safe'));
    closers.push(() => other.close());
    const ways = [
      [{ identity: {} }],
      [aescbc, { identity: {} }],
      [kms(), aescbc],
      [kms('safe'), kms()],
      [aescbc, kms('safe')],
    ];
    const beginnings = [
      '{',
      'k8s:enc:aescbc:v1:',
      'k8s:enc:kms:v2:vault:',
      'k8s:enc:kms:v2:safe:',
      'k8s:enc:aescbc:v1:',
    ];
    const store = await storeWith(['a'], { identity: {} });
    for (const [i, providers] of ways.entries()) {
      const { api } = await startOn(store, ...providers);
      await rewrite(api, 'a');
      expect((await beginning(store, 'a'))?.startsWith(beginnings[i] as string)).toBe(true);
      expect(await password(api, 'a')).toBe(hiddenBase64);
    }
  });

  test('are read in the past, and in their history', async () => {
    const store = await storeWith(['a'], kms());
    const { api } = await startOn(store, kms());
    const resourceVersion = (await api.object('get', secrets, { name: 'a' })).metadata.resourceVersion;
    await api.send('update', secrets, {
      name: 'a',
      body: { metadata: { name: 'a' }, stringData: { n: '2' } },
    });
    await api.send('create', configmaps, { body: { metadata: { name: 'c' } } });
    const later = await startOn(store, kms());
    const query = { resourceVersion, resourceVersionMatch: 'Exact' };
    const { items } = await later.api.list(secrets, { query });
    expect(items.map(({ object }) => object)).toMatchObject([{ data: { password: hiddenBase64 } }]);
  });

  test('may have their plugin at a name that is no file', async () => {
    const name = `@k8ts-kms-test-${process.pid}-${systemRandom.suffix(8)}`;
    const abstract = new TestKeyPlugin();
    await abstract.listen(name);
    closers.push(() => abstract.close());
    const endpoint = kms('vault', { endpoint: `unix:///${name}` });
    const store = await storeWith(['a'], endpoint);
    expect(await beginning(store, 'a')).toBe('k8s:enc:kms:v2:vault:');
  });
});

describe('another server’s Secrets', () => {
  test('are told to watches once the plugin has decrypted their seed, and what follows after them', async () => {
    const store = await storeWith([], kms());
    const { api } = await startOn(store, kms());
    const other = await startOn(store, kms());
    const watch = await api.watch(secrets);
    const release = held();
    plugin.calls.length = 0;
    await other.api.send('create', secrets, { body: secret('a') });
    await expect.poll(() => plugin.calls, patiently).toEqual(['Decrypt']);
    const mine = api.send('create', secrets, { body: secret('b') });
    expect(watch.said).toEqual([]);
    // All else is answered meanwhile.
    expect((await api.list(namespaces)).items).toHaveLength(1);
    release();
    await mine;
    await expect
      .poll(() => watch.said.map((frame) => frame.split('@')[0]), patiently)
      .toEqual(['ADDED a', 'ADDED b']);
    // Each server has asked for the seed of the other.
    await expect.poll(() => plugin.calls, patiently).toEqual(['Decrypt', 'Decrypt']);
    expect(watch.ended).toBeUndefined();
  });

  test('that cannot be decrypted hold nothing up for longer than one call may take', async () => {
    const store = await storeWith([], kms());
    const { api } = await startOn(store, brief());
    const other = await startOn(store, kms());
    const release = held();
    await other.api.send('create', secrets, { body: secret('a') });
    await other.api.send('create', configmaps, { body: { metadata: { name: 'c' } } });
    await expect.poll(async () => (await api.list(configmaps)).items, patiently).toHaveLength(1);
    await other.api.send('create', secrets, { body: secret('b') });
    await expect(api.list(secrets)).rejects.toThrow(
      /unable to transform key "\/registry\/secrets\/default\/a": failed to decrypt DEK, error: rpc error: code = DeadlineExceeded/,
    );
    release();
    plugin.hold = undefined;
    await expect
      .poll(async () => {
        await api.clock.advance(1000);
        return (await api.list(secrets).catch(() => undefined))?.items;
      }, patiently)
      .toHaveLength(2);
  });
});

describe('while the plugin is gone', () => {
  const gone =
    /failed to decrypt DEK, error: rpc error: code = DeadlineExceeded desc = context deadline exceeded/;

  test('at a start lists say so, and all is there once it is back', async () => {
    const store = await storeWith(['a', 'b'], kms());
    await plugin.close();
    const { api, encryption } = await startOn(store, brief());
    const nothing = 'unable to transform key "/registry/secrets/default/a": got unexpected nil transformer';
    await expect(api.list(secrets)).rejects.toThrow(nothing);
    await expect(api.send('create', secrets, { body: secret('c') })).rejects.toThrow(
      'Internal error occurred: got unexpected nil transformer',
    );
    expect((await api.list(namespaces)).items).toHaveLength(1);
    expect(await encryption.keyHealth()).toMatch(
      /^kms-provider-0: (failed to perform status section of the healthz check for KMS Provider vault, error: )?rpc error: code = DeadlineExceeded desc = context deadline exceeded$/,
    );
    await plugin.listen(socketOf('vault'));
    await expect.poll(() => encryption.keyHealth(), patiently).toBeUndefined();
    // At once, whenever the next try would have been.
    await expect
      .poll(async () => (await api.list(secrets).catch(() => undefined))?.items, patiently)
      .toHaveLength(2);
    const watch = await api.watch(secrets);
    await api.send('create', secrets, { body: secret('c') });
    await expect
      .poll(() => watch.said.map((frame) => frame.split('@')[0]), patiently)
      .toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
  }, 30_000);

  test('what is known is read and written all the same', async () => {
    const store = await storeWith(['a'], kms());
    const { api } = await startOn(store, brief());
    await plugin.close();
    expect(await password(api, 'a')).toBe(hiddenBase64);
    await api.send('create', secrets, { body: secret('b') });
    expect((await api.list(secrets)).items).toHaveLength(2);
  });

  test('what it has not decrypted yet cannot be written', async () => {
    const store = await storeWith(['a'], kms());
    const { api } = await startOn(newStore(), brief());
    await plugin.close();
    const value = (await store.get(key('a')))?.value as Uint8Array;
    await api.store.commit({ writes: [{ type: 'put', key: key('a'), value }] });
    await expect(api.send('update', secrets, { name: 'a', body: secret('a') })).rejects.toThrow(gone);
    await expect(api.send('delete', secrets, { name: 'a' })).rejects.toThrow(gone);
    await plugin.listen(socketOf('vault'));
    await api.send('create', namespaces, { body: { metadata: { name: 'default' } } });
    await expect
      .poll(
        () => api.send('update', secrets, { name: 'a', body: secret('a') }).catch(() => undefined),
        patiently,
      )
      .toBeDefined();
  });
});

test('one Secret whose key is lost is named by every list, and the others are there', async () => {
  const store = await storeWith(['lost'], kms());
  plugin.keyId = 'key-2';
  const { api: second } = await startOn(store, kms());
  await second.send('create', secrets, { body: secret('kept') });
  plugin.lost.add('key-1');
  const { api, encryption } = await startOn(store, kms());
  const lost = 'failed to decrypt DEK, error: rpc error: code = NotFound desc = no key key-1';
  await expect(api.list(secrets)).rejects.toMatchObject({
    status: {
      code: 500,
      message: `Internal error occurred: unable to transform key "${key('lost')}": ${lost}`,
    },
  });
  expect(await password(api, 'kept')).toBe(hiddenBase64);
  const failed = encryption.metrics
    .find(({ name }) => name === 'apiserver_storage_transformation_operations_total')
    ?.values()
    .find(({ labels }) => labels.status === 'NotFound');
  expect(failed?.labels).toMatchObject({ resource: 'secrets', transformer_prefix: 'k8s:enc:kms:v2:vault:' });
  plugin.lost.clear();
  await expect
    .poll(async () => {
      await api.clock.advance(30_000);
      return (await api.list(secrets).catch(() => undefined))?.items;
    }, patiently)
    .toHaveLength(2);
});
