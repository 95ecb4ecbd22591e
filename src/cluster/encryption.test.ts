import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { seededRandom } from '../platform/random.ts';
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
    await after(configuration('third', 'secretbox'), () => counted('success') === 2);
    expect(keyOf(options)).toBe('third');
  });
});
