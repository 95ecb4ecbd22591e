import { afterEach, describe, expect, test } from 'vitest';
import { deferred } from '../../../platform/deferred.ts';
import { createLog } from '../../../platform/log.ts';
import { systemRandom } from '../../../platform/random.ts';
import { textHash } from '../../../platform/text-hash.ts';
import { VirtualClock } from '../../../platform/virtual-clock.ts';
import { TransformError } from '../transform-error.ts';
import type { SealedSource } from './envelope.ts';
import { KeyProvider } from './key-provider.ts';
import { KmsCounts } from './kms-counts.ts';
import { KmsTransformer } from './kms-transformer.ts';
import { TestKeyPlugin } from './testing.ts';

const place = { key: '/registry/secrets/default/a', resource: 'secrets' };
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
const open: KeyProvider[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** A server's side of a plugin, as after a start. */
async function startOn(plugin: TestKeyPlugin, { timeoutMs = 3000 } = {}) {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const counts = new KmsCounts(clock, 'server');
  const log = createLog({ clock, level: 'info', write: ({ message }) => void logged.push(message) });
  const means = { service: plugin.service, clock, random: systemRandom, log, counts };
  const provider = new KeyProvider({ name: 'vault', socketPath: '', timeoutMs }, means);
  open.push(provider);
  await provider.start();
  const transformer = new KmsTransformer(provider, { clock, random: systemRandom });
  const seal = (value: string) => transformer.seal(Buffer.from(value), place);
  const read = async (stored: Uint8Array) => {
    await transformer.prepare(stored, { again: true });
    const { value, stale } = transformer.open(stored, place);
    return { value: text(value), stale };
  };
  const metric = (name: string) => {
    const found = counts.metrics.find((one) => one.name.endsWith(name));
    return found?.values().map(({ labels, value }) => [...Object.values(labels), value]);
  };
  const calls = () => plugin.calls.splice(0).join(' ');
  return { clock, provider, transformer, seal, read, metric, calls, logged };
}

const asked = (plugin: TestKeyPlugin) => plugin.calls.splice(0).join(' ');

describe('a plugin that is well', () => {
  test('encrypts one seed, with which all is written until it names another key', async () => {
    const plugin = new TestKeyPlugin();
    const { clock, seal, read, calls } = await startOn(plugin);
    expect(calls()).toBe('Status Encrypt');
    const first = [seal('a'), seal('b')];
    expect(await Promise.all(first.map(read))).toEqual([
      { value: 'a', stale: false },
      { value: 'b', stale: false },
    ]);
    await clock.advance(59_999);
    expect(calls()).toBe('');
    await clock.advance(1);
    expect(calls()).toBe('Status');
    plugin.keyId = 'key-2';
    await clock.advance(60_000);
    expect(calls()).toBe('Status Encrypt');
    expect(await read(first[0] as Uint8Array)).toEqual({ value: 'a', stale: true });
    expect(await read(seal('c'))).toEqual({ value: 'c', stale: false });
    expect(calls()).toBe('');
  });

  test('is asked once for what another server has written, be it much', async () => {
    const plugin = new TestKeyPlugin();
    plugin.annotations = { 'version.example.com': Buffer.from('7') };
    const { seal } = await startOn(plugin);
    const stored = Array.from({ length: 20 }, (_, i) => seal(String(i)));
    const other = await startOn(plugin);
    asked(plugin);
    const values = await Promise.all(stored.map(other.read));
    expect(values.map(({ value }) => value)).toEqual(stored.map((_, i) => String(i)));
    // The key is the same, though the seed is another.
    expect(values.some(({ stale }) => stale)).toBe(false);
    expect(asked(plugin)).toBe('Decrypt');
    expect(other.metric('cache_misses_total')).toEqual([[1]]);
    expect(other.metric('dek_source_cache_size')).toEqual([['vault', 1]]);
  });

  test('is told of by hashes alone', async () => {
    const { seal, read, metric } = await startOn(new TestKeyPlugin());
    await read(seal('a'));
    const [key, server] = [textHash('key-1'), textHash('server')];
    expect(metric('key_id_hash_total')).toEqual([
      ['to_storage', 'vault', key, server, 1],
      ['from_storage', 'vault', key, server, 1],
    ]);
    expect(metric('key_id_hash_last_timestamp_seconds')?.[0]?.at(-1)).toBe(1_767_225_600);
    expect(metric('status_last_timestamp_seconds')).toEqual([['vault', key, server, 1_767_225_600]]);
  });

  test('whose earlier values had keys for seeds is read, and that is stale', async () => {
    const plugin = new TestKeyPlugin();
    const { read, provider } = await startOn(plugin);
    const { aesgcm } = await import('../ciphers.ts');
    const { encodeEnvelope } = await import('./envelope.ts');
    const storedUnder = async (key: Uint8Array) => {
      const sealed = await provider.service.encrypt('', key);
      const source: SealedSource = { ...sealed, encryptedDEKSourceType: 0 };
      const data = aesgcm(key.length === 32 ? key : Buffer.alloc(32), systemRandom).seal(
        Buffer.from('old'),
        place,
      );
      return encodeEnvelope(source, data);
    };
    expect(await read(await storedUnder(systemRandom.bytes(32)))).toEqual({ value: 'old', stale: true });
    await expect(storedUnder(systemRandom.bytes(31)).then(read)).rejects.toThrow(
      'crypto/aes: invalid key size 31',
    );
  });
});

describe('a plugin that fails', () => {
  test('is asked every ten seconds, and written with for three minutes after it was last well', async () => {
    const plugin = new TestKeyPlugin();
    const { clock, seal, read, provider, calls, logged } = await startOn(plugin);
    const stored = seal('a');
    plugin.failure = 'gone';
    calls();
    await clock.advance(60_000);
    expect(calls()).toBe('Status');
    await clock.advance(30_000);
    expect(calls()).toBe('Status Status Status');
    expect(logged).toEqual(['kms plugin failed health check probe']);
    await clock.advance(90_000);
    seal('still');
    await clock.advance(1);
    expect(() => seal('b')).toThrow(
      `encryptedDEKSource with keyID hash "${textHash('key-1')}" expired at 2026-01-01T00:03:00Z (current time is 2026-01-01T00:03:00Z)`,
    );
    expect(await read(stored)).toEqual({ value: 'a', stale: false });
    plugin.failure = undefined;
    await clock.advance(10_000);
    expect(await provider.check()).toBeUndefined();
    expect(await read(seal('b'))).toEqual({ value: 'b', stale: false });
    // The key is the same: so is the seed.
    expect(calls()).not.toContain('Encrypt');
    expect(logged.at(-1)).toBe('the kms plugin is well again');
  });

  test('at the start lets nothing be read or written until it is there', async () => {
    const plugin = new TestKeyPlugin();
    const earlier = await startOn(plugin);
    const stored = earlier.seal('a');
    plugin.failure = 'not yet';
    const { clock, seal, read } = await startOn(plugin);
    const nothing = 'got unexpected nil transformer';
    expect(() => seal('b')).toThrow(new TransformError(nothing, { mayPass: true }));
    await expect(read(stored)).rejects.toThrow(nothing);
    plugin.failure = undefined;
    await clock.advance(10_000);
    expect(await read(stored)).toEqual({ value: 'a', stale: false });
    expect(await read(seal('b'))).toEqual({ value: 'b', stale: false });
  });

  test('to decrypt is said of the value, and asked again only of those who want that', async () => {
    const plugin = new TestKeyPlugin();
    const { seal } = await startOn(plugin);
    const stored = seal('a');
    const { transformer, read } = await startOn(plugin);
    plugin.failure = 'gone';
    asked(plugin);
    const failed = 'failed to decrypt DEK, error: rpc error: code = Unavailable desc = gone';
    const error = await read(stored).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'TransformError',
      message: failed,
      status: 'Unavailable',
      mayPass: true,
    });
    expect(transformer.prepare(stored, { again: false })).toBeUndefined();
    expect(asked(plugin)).toBe('Decrypt');
    plugin.failure = undefined;
    expect(await read(stored)).toEqual({ value: 'a', stale: false });
  });

  test('to answer for long holds nobody up who does not have to have the value', async () => {
    const plugin = new TestKeyPlugin();
    const stored = (await startOn(plugin)).seal('a');
    const { clock, transformer, read } = await startOn(plugin, { timeoutMs: 60_000 });
    const { promise, resolve } = deferred();
    plugin.hold = promise;
    const over: string[] = [];
    void transformer.prepare(stored, { again: false })?.then(() => over.push('patience'));
    const reading = read(stored);
    await clock.advance(2999);
    expect(over).toEqual([]);
    await clock.advance(1);
    expect(over).toEqual(['patience']);
    expect(() => transformer.open(stored, place)).toThrow('the KMS plugin has not answered yet');
    expect(transformer.prepare(stored, { again: false })).toBeUndefined();
    resolve();
    expect(await reading).toEqual({ value: 'a', stale: false });
  });

  const cases: [string, (plugin: TestKeyPlugin) => void, string][] = [
    ['says so', (plugin) => (plugin.healthz = 'tired'), 'got unexpected healthz status: tired'],
    ['speaks another version', (plugin) => (plugin.version = 'v3'), 'expected KMSv2 API version v2, got v3'],
    [
      'speaks another version than before',
      (plugin) => (plugin.version = 'v2beta1'),
      'KMSv2 API version should not change after the initial status response version v2, got v2beta1',
    ],
    ['names no key', (plugin) => (plugin.keyId = ''), 'got invalid KMSv2 KeyID hash "": keyID is empty'],
    [
      'names too long a key',
      (plugin) => (plugin.keyId = 'k'.repeat(1025)),
      `got invalid KMSv2 KeyID hash "${textHash('k'.repeat(1025))}": keyID is 1025 bytes, which exceeds the max size of 1024`,
    ],
  ];
  test.each(cases)('since it %s is unhealthy, and written with', async (_, change, error) => {
    const plugin = new TestKeyPlugin();
    const { clock, provider, seal, read } = await startOn(plugin);
    change(plugin);
    expect(await provider.check()).toBeUndefined();
    await clock.advance(20_000);
    expect(await provider.check()).toBe(`kmsv2 Provider vault is not healthy, error: ${error}`);
    expect(await read(seal('a'))).toEqual({ value: 'a', stale: false });
  });

  test('counts what cannot be a key', async () => {
    const plugin = new TestKeyPlugin('');
    const { metric } = await startOn(plugin);
    expect(metric('invalid_key_id_from_status_total')).toEqual([['vault', 'empty', 1]]);
  });

  test('to encrypt with the key that it names keeps the seed that there is', async () => {
    const plugin = new TestKeyPlugin();
    const { clock, provider, seal, read } = await startOn(plugin);
    const rotation = (told: RegExp) => expect.stringMatching(told);
    plugin.keyId = 'key-2';
    plugin.encryptsAs = 'key-1';
    await clock.advance(20_000);
    const hashes = ['statusKeyIDHash', 'encryptKeyIDHash', 'stateKeyIDHash'];
    const named = (...ids: string[]) =>
      hashes.map((name, i) => `${name}="${textHash(ids[i] as string)}"`).join(', ');
    expect(await provider.check()).toEqual(
      rotation(
        new RegExp(
          `^kmsv2 Provider vault is not healthy, error: failed to rotate DEK uid="[0-9a-f-]{36}", useSeed=true, errState=<nil>, errGen=<nil>, ${named('key-2', 'key-1', 'key-1')}, expirationTimestamp=2026-01-01T00:03:00Z$`,
        ),
      ),
    );
    expect(await read(seal('a'))).toEqual({ value: 'a', stale: false });
    plugin.encryptsAs = undefined;
    plugin.annotations = { nowhere: Buffer.from('x') };
    await clock.advance(3000);
    expect(await provider.check()).toContain(
      'errGen=failed to validate annotations: annotations: Invalid value: "nowhere": should be a domain with at least two segments separated by dots',
    );
  });

  test('is told to health checks as it was found, for three seconds', async () => {
    const plugin = new TestKeyPlugin();
    plugin.failure = 'gone';
    const { clock, provider, calls } = await startOn(plugin);
    calls();
    expect(await provider.check()).toBe('rpc error: code = Unavailable desc = gone');
    expect(calls()).toBe('');
    await clock.advance(3000);
    expect(await Promise.all([provider.check(), provider.check()])).toEqual(
      Array.from(
        { length: 2 },
        () =>
          'failed to perform status section of the healthz check for KMS Provider vault, error: rpc error: code = Unavailable desc = gone',
      ),
    );
    expect(calls()).toBe('Status');
  });

  test('is asked nothing once it is closed', async () => {
    const plugin = new TestKeyPlugin();
    const { clock, provider, calls } = await startOn(plugin);
    provider.close();
    calls();
    await clock.advance(600_000);
    expect(calls()).toBe('');
  });
});

test('a seed is forgotten a day after it was last used, once another comes', async () => {
  const plugin = new TestKeyPlugin();
  const earlier = await startOn(plugin);
  const stored = earlier.seal('a');
  const { clock, read, seal, metric } = await startOn(plugin);
  await read(stored);
  seal('b');
  expect(metric('dek_source_cache_size')).toEqual([['vault', 2]]);
  await clock.advance(24 * 3_600_000);
  asked(plugin);
  await read(stored);
  expect(asked(plugin)).toBe('');
  seal('c');
  expect(metric('dek_source_cache_size')).toEqual([['vault', 1]]);
  await read(stored);
  expect(asked(plugin)).toBe('Decrypt');
});

test('so many keys are told of as upstream tells of', async () => {
  const counts = new KmsCounts(new VirtualClock());
  const use = (keyId: string) => counts.noteUse({ type: 'to_storage', provider: 'p', keyId });
  use('first');
  for (let i = 0; i < 99; i++) use(String(i));
  use('first');
  use('another');
  const told = counts.metrics
    .find(({ name }) => name.endsWith('key_id_hash_total'))
    ?.values()
    .map(({ labels, value }) => [labels.key_id_hash, value]);
  expect(told).toHaveLength(100);
  expect(told).toContainEqual([textHash('first'), 2]);
  expect(told).not.toContainEqual([textHash('0'), 1]);
});
