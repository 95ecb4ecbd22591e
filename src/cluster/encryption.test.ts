import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { decodeEncryption } from '../apiserver/encryption/configuration.ts';
import { TestKeyPlugin } from '../apiserver/encryption/kms/testing.ts';
import type { EncryptionOptions } from '../apiserver/server.ts';
import { parseYaml } from '../machinery/yaml.ts';
import { createLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { seededRandom, systemRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { type EncryptionSettings, readEncryption } from './encryption.ts';
import { UserError } from './user-error.ts';

const files = new MemoryFiles();
const clock = new VirtualClock();
const logged: string[] = [];
const log = createLog({ clock, level: 'error', write: ({ message }) => void logged.push(message) });
const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const read = async (settings: EncryptionSettings) => {
  const encrypting = await readEncryption(settings, { files, clock, log, random: seededRandom(1) });
  open.push(encrypting);
  return encrypting.options;
};
const file = '/etc/encryption.yaml';
const put = async (text: string) => {
  await files.makeDir('/etc');
  await files.write(file, text);
};
const configuration = (name: string, provider = 'aescbc') => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers:
  - ${provider}: {keys: [{name: ${name}, secret: 'A/j5CnrWGB83ylcPkuUhm/6TSyrQtsNJtDPwPHNOj4Q='}]}
  - identity: {}
`;

describe('an encryption configuration', () => {
  test('that is not given leaves everything as it is', async () => {
    expect(await read({})).toBeUndefined();
    await expect(read({ automaticReload: true })).rejects.toThrow(
      '--encryption-provider-config-automatic-reload must be set with --encryption-provider-config',
    );
  });

  const parsing = 'error while parsing file: ';
  const cases: [string, string, string][] = [
    [
      'empty',
      '',
      `${parsing}error while loading file: encryption provider configuration file "${file}" is empty`,
    ],
    [
      'of another kind',
      configuration('a').replace('EncryptionConfiguration', 'EgressSelectorConfiguration'),
      `${parsing}error decoding encryption provider configuration file "${file}": no kind "EgressSelectorConfiguration" is registered for version "apiserver.config.k8s.io/v1"`,
    ],
    [
      'with a typo',
      configuration('a', 'aescbd'),
      `${parsing}error decoding encryption provider configuration file "${file}": strict decoding error: unknown field "resources[0].providers[0].aescbd"`,
    ],
    [
      'without sense',
      configuration('a').replace('[secrets]', "['*']"),
      `${parsing}resources[0].resources[0]: Invalid value: "*": use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources`,
    ],
    [
      'with a mask',
      configuration('a').replace('[secrets]', "['*.', deployments.apps]") +
        '- {resources: [pods], providers: [{identity: {}}]}\n',
      'error while building transformers: resource "pods" is masked by earlier rule "*."',
    ],
    [
      'with a KMS of version 1',
      configuration('a').replace('identity: {}', 'kms: {name: vault, endpoint: "unix:///x"}'),
      'error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.',
    ],
  ];
  test.each(cases)('%s is refused', async (_, text, message) => {
    await put(text);
    await expect(read({ configFile: file })).rejects.toThrow(new UserError(message));
  });

  test('that is missing is refused', async () => {
    await expect(read({ configFile: '/none' })).rejects.toThrow(
      /^error while parsing file: error while loading file: error reading encryption provider configuration file "\/none": /,
    );
  });

  test('is followed where that is wanted; what cannot be used changes nothing, and is said', async () => {
    await put(configuration('first'));
    const options = await read({ configFile: file, automaticReload: true });
    const still = await read({ configFile: file });
    expect([options?.isFollowed, still?.isFollowed]).toEqual([true, false]);
    const keyOf = (told: typeof options) => {
      const place = { key: '/registry/secrets/a/b', resource: 'secrets' };
      const sealed = told?.transformers
        .of({ resource: 'secrets', group: '' })
        ?.seal(Buffer.from('{}'), place);
      return Buffer.from(sealed ?? [])
        .toString('latin1')
        .split(':')[4];
    };
    const counted = (status: string) =>
      options?.metrics
        .find(({ name }) => name === 'apiserver_encryption_config_controller_automatic_reloads_total')
        ?.values()
        .find(({ labels }) => labels.status === status)?.value;
    const after = async (text: string, isSeen: () => boolean) => {
      await put(text);
      await vi.waitUntil(async () => {
        await clock.advance(60_000);
        return isSeen();
      });
    };
    expect(keyOf(options)).toBe('first');
    await after(configuration('second'), () => counted('success') === 1);
    expect(keyOf(options)).toBe('second');
    expect(keyOf(still)).toBe('first');
    await after(configuration('third', 'aescbd'), () => counted('failure') === 1);
    expect(keyOf(options)).toBe('second');
    expect(logged).toEqual([`error processing encryption config file ${file}`]);
    // What is in force already is not used anew.
    await put(configuration('second'));
    await clock.advance(120_000);
    expect([counted('success'), counted('failure')]).toEqual([1, 1]);
    await after(configuration('third', 'secretbox'), () => counted('success') === 2);
    expect(keyOf(options)).toBe('third');
  });
});

describe('a configuration with plugins that hold keys', () => {
  // Calls end by wall time.
  const clock = new VirtualClock(Date.now());
  const place = { key: '/registry/secrets/a/b', resource: 'secrets' };
  let dir: string;
  let plugins: TestKeyPlugin[];
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'k8ts-kms-'));
    plugins = [new TestKeyPlugin('first'), new TestKeyPlugin('second')];
    for (const plugin of plugins) await plugin.listen(join(dir, `${plugin.keyId}.sock`));
  });
  afterEach(async () => {
    for (const plugin of plugins) await plugin.close();
    await rm(dir, { recursive: true });
  });
  const provider = (name: string) =>
    `kms: {apiVersion: v2, name: ${name}, endpoint: 'unix://${join(dir, name)}.sock', timeout: 2s}`;
  const withPlugins = (...names: string[]) =>
    configuration('key').replace('identity: {}', names.map(provider).join('\n  - '));
  const start = async () => {
    const encrypting = await readEncryption(
      { configFile: file, automaticReload: true },
      { files, clock, log, random: systemRandom },
    );
    open.push(encrypting);
    return encrypting.options as EncryptionOptions;
  };

  test('is used once all of them are well, and those before are closed', async () => {
    const [first, second] = plugins as [TestKeyPlugin, TestKeyPlugin];
    const onlyFirst = withPlugins('first').replace(/ {2}- aescbc.*\n/, '');
    await put(onlyFirst);
    const options = await start();
    const prefixOf = () => {
      const sealed = options.transformers
        .of({ resource: 'secrets', group: '' })
        ?.seal(Buffer.from('{}'), place);
      return Buffer.from(sealed ?? [])
        .toString('latin1')
        .split(':')[4];
    };
    const counted = (status: string) =>
      options.metrics[0]?.values().find(({ labels }) => labels.status === status);
    const until = (isSeen: () => boolean) =>
      vi.waitUntil(
        async () => {
          await clock.advance(1000);
          return isSeen();
        },
        { timeout: 15_000, interval: 5 },
      );
    expect(prefixOf()).toBe('first');
    expect(await options.transformers.keyHealth()).toBeUndefined();
    second.healthz = 'tired';
    await put(onlyFirst.replaceAll('first', 'second'));
    await until(() => counted('failure')?.value === 1);
    expect(prefixOf()).toBe('first');
    expect(logged.at(-1)).toBe(`error processing encryption config file ${file}`);
    // The file stays as it is: that it can be used now is found all the same.
    second.healthz = 'ok';
    await until(() => counted('success')?.value === 1);
    expect(counted('success')?.labels.apiserver_id_hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(prefixOf()).toBe('second');
    await clock.advance(4000);
    first.calls.length = 0;
    second.calls.length = 0;
    await until(() => second.calls.length > 0);
    expect(first.calls).toEqual([]);
  });

  test('tells what is wrong with each of them, and nothing where all are well', async () => {
    await put(withPlugins('first', 'second'));
    const { transformers } = await start();
    expect(transformers.usesKms).toBe(true);
    expect(await transformers.keyHealth()).toBeUndefined();
    const unwell = (name: string) =>
      `kmsv2 Provider ${name} is not healthy, error: got unexpected healthz status: tired`;
    for (const plugin of plugins) plugin.healthz = 'tired';
    await clock.advance(20_000);
    expect(await transformers.keyHealth()).toBe(
      `[kms-provider-0: ${unwell('first')}, kms-provider-1: ${unwell('second')}]`,
    );
    (plugins[0] as TestKeyPlugin).healthz = 'ok';
    await clock.advance(3000);
    expect(await transformers.keyHealth()).toBe(`kms-provider-1: ${unwell('second')}`);
  });

  test('that nobody follows any more is not used, even when it is ready only then', async () => {
    await put(configuration('key'));
    const { transformers } = await start();
    open.splice(0).forEach((one) => one.close());
    const second = plugins[1] as TestKeyPlugin;
    const config = decodeEncryption(parseYaml(withPlugins('second')));
    transformers.use(await transformers.make(config));
    second.calls.length = 0;
    await clock.advance(300_000);
    expect(second.calls).toEqual([]);
  });
});
