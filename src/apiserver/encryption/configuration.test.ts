import { describe, expect, test } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import {
  checkEncryption,
  decodeEncryption,
  type NamedKey,
  type ProviderConfiguration,
  type ResourceConfiguration,
} from './configuration.ts';
import { type KmsConfiguration, keyProviderSettings } from './kms/configuration.ts';
import { ResourceTransformers } from './resource-transformers.ts';

const key = { name: 'foo', secret: 'A/j5CnrWGB83ylcPkuUhm/6TSyrQtsNJtDPwPHNOj4Q=' };
const aescbc: ProviderConfiguration = { aescbc: { keys: [key] } };
const of = (resources: string[], ...providers: ProviderConfiguration[]): ResourceConfiguration => ({
  resources,
  providers: providers.length > 0 ? providers : [aescbc],
});
const wrong = (...resources: ResourceConfiguration[]) => {
  try {
    checkEncryption({ resources });
    return 'nothing';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the structure', () => {
  const duplicated = 'the same resource cannot be specified multiple times';
  const overlapping =
    "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
  const listed = (names: string[], why: string) =>
    `resources[0].resources: Invalid value: ${JSON.stringify(names)}: ${why}`;
  const named = (name: string, why: string, at = 0) =>
    `resources[0].resources[${at}]: Invalid value: "${name}": ${why}`;
  const events =
    "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  const extensions = "'extensions' group has been removed and cannot be used for encryption";
  const unserved = 'resources which do not have REST API/s cannot be encrypted';
  const cases: [string, string[], string][] = [
    ['valid config', ['secrets'], 'nothing'],
    ['events.k8s.io', ['events.events.k8s.io'], named('events.events.k8s.io', events)],
    ['*.events.k8s.io', ['*.events.k8s.io'], named('*.events.k8s.io', events)],
    ['*.extensions', ['*.extensions'], named('*.extensions', extensions)],
    ['foo.extensions', ['foo.extensions'], named('foo.extensions', extensions)],
    [
      '*',
      ['*'],
      named('*', "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"),
    ],
    [
      'capital letters',
      ['apiServerIPInfo'],
      named('apiServerIPInfo', 'resource name should not contain capital letters'),
    ],
    ['apiserveripinfo', ['apiserveripinfo'], named('apiserveripinfo', unserved)],
    ['serviceipallocations', ['serviceipallocations'], named('serviceipallocations', unserved)],
    [
      'servicenodeportallocations',
      ['servicenodeportallocations'],
      named('servicenodeportallocations', unserved),
    ],
    ['*.apps and *.', ['*.apps', '*.'], 'nothing'],
    [
      'the same resource across groups',
      ['*.', 'foo.*'],
      named('foo.*', 'encrypting the same resource across groups is not supported', 1),
    ],
    ['secrets twice', ['secrets', 'secrets'], listed(['secrets', 'secrets'], duplicated)],
    [
      'secrets many times',
      ['secrets', 'secrets', 'secrets', 'secrets'],
      listed(['secrets', 'secrets', 'secrets', 'secrets'], duplicated),
    ],
    ['secrets twice, via dot', ['secrets', 'secrets.'], listed(['secrets', 'secrets.'], duplicated)],
    ['*.apps, *. and *.*', ['*.apps', '*.', '*.*'], listed(['*.apps', '*.', '*.*'], overlapping)],
    ['deployments.apps with *.', ['deployments.apps', '*.'], 'nothing'],
    [
      'deployments.apps with *.apps',
      ['deployments.apps', '*.apps'],
      listed(['deployments.apps', '*.apps'], overlapping),
    ],
    ['secrets with *.', ['secrets', '*.'], listed(['secrets', '*.'], overlapping)],
    ['pods with *.', ['pods', '*.'], listed(['pods', '*.'], overlapping)],
    ['others with *.*', ['pods', '*.*'], listed(['pods', '*.*'], overlapping)],
    ['*. and *.*', ['*.', '*.*'], listed(['*.', '*.*'], overlapping)],
    [
      '*.* twice',
      ['*.*', '*.*'],
      `[${listed(['*.*', '*.*'], duplicated)}, ${listed(['*.*', '*.*'], overlapping)}]`,
    ],
  ];
  test.each(cases)('%s', (_, names, message) => {
    expect(wrong(of(names))).toBe(message);
  });

  test('needs resources, their names, and providers', () => {
    expect(wrong()).toBe('resources: Required value: at least one resources is required');
    expect(wrong(of([]))).toBe(
      'resources[0].resources: Required value: at least one resources[0].resources is required',
    );
    expect(wrong({ resources: ['secrets'], providers: [] })).toBe(
      'resources[0].providers: Required value: at least one resources[0].providers is required',
    );
  });

  test('has one provider in each element, and says nothing of its keys', () => {
    expect(wrong(of(['secrets'], { ...aescbc, secretbox: { keys: [key] } }))).toBe(
      'resources[0].providers[0]: Invalid value: more than one provider specified in a single element, should split into different list elements',
    );
    expect(wrong(of(['secrets'], {}))).toBe(
      'resources[0].providers[0]: Invalid value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity',
    );
  });
});

describe('a key', () => {
  const path = 'resources[0].providers[0].aescbc.keys';
  const cases: [string, Partial<NamedKey>, string][] = [
    ['valid', key, 'nothing'],
    [
      'without name',
      { ...key, name: '' },
      `${path}[0].name: Required value: name is a mandatory field for a key`,
    ],
    [
      'without secret',
      { name: 'foo' },
      `${path}[0].secret: Required value: secret is a mandatory field for a key`,
    ],
    [
      'that is not in base64',
      { ...key, secret: 'P@$$w0rd' },
      `${path}[0].secret: Invalid value: "REDACTED": secrets must be base64 encoded`,
    ],
    [
      'not of expected length',
      { ...key, secret: 'cGFzc3dvcmQK' },
      `${path}[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 9, expected one of [16 24 32]`,
    ],
  ];
  test.each(cases)('%s', (_, one, message) => {
    expect(wrong(of(['secrets'], { aescbc: { keys: [one as NamedKey] } }))).toBe(message);
  });

  test('of a secretbox has 32 bytes', () => {
    const short = { ...key, secret: Buffer.alloc(16).toString('base64') };
    expect(wrong(of(['secrets'], { secretbox: { keys: [short] } }))).toContain(
      'got 16, expected one of [32]',
    );
    expect(wrong(of(['secrets'], { aesgcm: { keys: [] } }))).toBe(
      'resources[0].providers[0].aesgcm.keys: Required value: at least one keys is required',
    );
  });
});

describe('what is read', () => {
  const head = { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'EncryptionConfiguration' };

  test('is an EncryptionConfiguration, under its old name too', () => {
    const resources = [of(['secrets'], { identity: {} })];
    expect(decodeEncryption({ ...head, resources })).toEqual({ resources });
    expect(decodeEncryption({ apiVersion: 'v1', kind: 'EncryptionConfig', resources })).toEqual({
      resources,
    });
    expect(() => decodeEncryption({ ...head, kind: 'Other' })).toThrow(
      'no kind "Other" is registered for version "apiserver.config.k8s.io/v1"',
    );
    expect(() => decodeEncryption(null)).toThrow('no kind "undefined" is registered');
  });

  test('has the fields that are known alone, each of its form', () => {
    const typo = [{ resources: ['secrets'], providers: [{ aescbc: { keys: [{ nam: 'a', secret: 1 }] } }] }];
    expect(() => decodeEncryption({ ...head, resources: typo })).toThrow(
      /^strict decoding error: unknown field "resources\[0\].providers\[0\].aescbc.keys\[0\].nam", resources\[0\].providers\[0\].aescbc.keys\[0\].secret must be a string$/,
    );
    expect(() => decodeEncryption({ ...head, resources: {} })).toThrow('resources must be a list');
    expect(() => decodeEncryption({ ...head, resources: ['a'] })).toThrow('resources[0] must be an object');
  });
});

const means = { random: systemRandom, clock: systemClock, log: silentLog };

describe('wildcards', () => {
  const make = (...resources: ResourceConfiguration[]) => new ResourceTransformers(means).make({ resources });
  const masked: [string, string[][], string][] = [
    [
      'resources by *.',
      [['configmaps', '*.', 'secrets']],
      'resource "secrets" is masked by earlier rule "*."',
    ],
    ['*. by *.', [['*.', '*.']], 'resource "*." is masked by earlier rule "*."'],
    ['*.foo by *.foo', [['*.foo'], ['*.foo']], 'resource "*.foo" is masked by earlier rule "*.foo"'],
    ['*.* by *.*', [['*.*'], ['*.*']], 'resource "*.*" is masked by earlier rule "*.*"'],
    ['resources by *. before', [['*.'], ['secrets']], 'resource "secrets" is masked by earlier rule "*."'],
    ['resources by *.*', [['*.*', 'secrets']], 'resource "secrets" is masked by earlier rule "*.*"'],
    ['*. by *.* before', [['*.*'], ['*.']], 'resource "*." is masked by earlier rule "*.*"'],
    ['a.b by *.* before', [['*.*'], ['a.b']], 'resource "a.b" is masked by earlier rule "*.*"'],
  ];
  test.each(masked)('mask: %s', async (_, lists, message) => {
    await expect(make(...lists.map((list) => of(list)))).rejects.toThrow(message);
  });

  test('take what no earlier and narrower rule takes', async () => {
    const transformers = new ResourceTransformers(means);
    const named = (name: string) => ({ aescbc: { keys: [{ ...key, name }] } });
    const made = await transformers.make({
      resources: [
        of(['events'], { identity: {} }),
        of(['secrets', 'pandas.awesome.bears.example'], named('a')),
        of(['*.apps'], named('b')),
        of(['*.'], named('c')),
      ],
    });
    transformers.use(made);
    const sealedOf = (resource: string, group: string) => {
      const place = { key: '/k', resource };
      const sealed = transformers.of({ resource, group })?.seal(Buffer.from('{}'), place);
      return sealed && Buffer.from(sealed).toString('latin1').slice(0, 'k8s:enc:aescbc:v1:a'.length);
    };
    expect(sealedOf('events', '')).toBe('{}');
    expect(sealedOf('secrets', '')).toBe('k8s:enc:aescbc:v1:a');
    expect(sealedOf('pandas', 'awesome.bears.example')).toBe('k8s:enc:aescbc:v1:a');
    expect(sealedOf('deployments', 'apps')).toBe('k8s:enc:aescbc:v1:b');
    expect(sealedOf('pods', '')).toBe('k8s:enc:aescbc:v1:c');
    expect(sealedOf('leases', 'coordination.k8s.io')).toBeUndefined();
  });

  test('a resource that is named twice is read with the providers of both', async () => {
    const named = (name: string) => ({ aescbc: { keys: [{ ...key, name }] } });
    const place = { key: '/k', resource: 'secrets' };
    const old = (await make(of(['secrets'], named('old')))).byName.get('secrets.');
    const two = await make(of(['secrets'], named('new')), of(['secrets'], named('old')));
    const both = two.byName.get('secrets.');
    const sealed = old?.seal(Buffer.from('value'), place) as Uint8Array;
    const { value, stale } = both?.open(sealed, place) ?? {};
    expect([Buffer.from(value as Uint8Array).toString(), stale]).toEqual(['value', true]);
  });
});

describe('a plugin that holds keys', () => {
  const plugin = { apiVersion: 'v2', name: 'foo', endpoint: 'unix:///run/kms.sock', timeout: '15s' };
  const kms = 'resources[0].providers[0].kms';
  const control = 'unix:///foo\n.socket';
  const cases: [string, KmsConfiguration, string][] = [
    ['valid', plugin, 'nothing'],
    ['valid, of v1', { name: 'foo:bar', endpoint: 'unix:///x', cachesize: -1 }, 'nothing'],
    ['without a timeout', { ...plugin, timeout: undefined }, 'nothing'],
    [
      'without a name',
      { ...plugin, name: '' },
      `${kms}.name: Required value: name is a mandatory field for a provider`,
    ],
    [
      'with a colon in its name',
      { ...plugin, name: 'foo:bar' },
      `${kms}.name: Invalid value: "foo:bar": invalid KMS provider name foo:bar, must not contain ':'`,
    ],
    [
      'that may take no time',
      { ...plugin, timeout: '0' },
      `${kms}.timeout: Invalid value: 0s: timeout should be a positive value`,
    ],
    [
      'that may take less than no time',
      { ...plugin, timeout: '-90s' },
      `${kms}.timeout: Invalid value: -1m30s: timeout should be a positive value`,
    ],
    [
      'without an endpoint',
      { ...plugin, endpoint: undefined },
      `${kms}.endpoint: Invalid value: "": endpoint is a mandatory field for a kms`,
    ],
    [
      'elsewhere',
      { ...plugin, endpoint: 'https://www.foo.com' },
      `${kms}.endpoint: Invalid value: "https://www.foo.com": unsupported scheme "https" for KMS provider, only unix is supported`,
    ],
    [
      'at a path',
      { ...plugin, endpoint: '/run/kms.sock' },
      `${kms}.endpoint: Invalid value: "/run/kms.sock": unsupported scheme "" for KMS provider, only unix is supported`,
    ],
    [
      'at no URL',
      { ...plugin, endpoint: control },
      `${kms}.endpoint: Invalid value: ${JSON.stringify(control)}: invalid endpoint for kms provider, error: parse ${JSON.stringify(control)}: net/url: invalid control character in URL`,
    ],
    [
      'without a scheme',
      { ...plugin, endpoint: '://x' },
      `${kms}.endpoint: Invalid value: "://x": invalid endpoint for kms provider, error: parse "://x": missing protocol scheme`,
    ],
    [
      'with a bad escape',
      { ...plugin, endpoint: 'unix:///a%zz' },
      `${kms}.endpoint: Invalid value: "unix:///a%zz": invalid endpoint for kms provider, error: parse "unix:///a%zz": invalid URL escape "%zz"`,
    ],
    [
      'of v2 with a cache',
      { ...plugin, cachesize: 10 },
      `${kms}.cachesize: Invalid value: 10: cachesize is not supported in v2`,
    ],
    [
      'of v1 without a cache',
      { ...plugin, apiVersion: 'v1', cachesize: 0 },
      `${kms}.cachesize: Invalid value: 0: cachesize should be a positive value, or negative to disable`,
    ],
    [
      'of another version',
      { ...plugin, apiVersion: 'v3' },
      `${kms}.apiVersion: Invalid value: "v3": unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported`,
    ],
  ];
  test.each(cases)('%s', (_, one, message) => {
    expect(wrong(of(['secrets'], { kms: one }))).toBe(message);
  });

  test('has a name that no other has, but for those of v1 in what is not followed', () => {
    const duplicate = (path: string) =>
      `${path}.name: Invalid value: "foo": duplicate KMS provider name foo, names must be unique`;
    const second = 'resources[0].providers[1].kms';
    expect(wrong(of(['secrets'], { kms: plugin }, { kms: plugin }))).toBe(duplicate(second));
    expect(wrong(of(['secrets'], { kms: plugin }), of(['pods'], { kms: plugin }))).toBe(
      duplicate('resources[1].providers[0].kms'),
    );
    const old = { ...plugin, apiVersion: 'v1' };
    expect(wrong(of(['secrets'], { kms: old }, { kms: plugin }))).toBe(duplicate(second));
    const resources = [of(['secrets'], { kms: old }, { kms: old })];
    expect(wrong(...resources)).toBe('nothing');
    expect(() => checkEncryption({ resources }, { isFollowed: true })).toThrow(duplicate(second));
  });

  test('of v1 is refused, as by an upstream that was not told otherwise', async () => {
    const make = (kms: KmsConfiguration) =>
      new ResourceTransformers(means).make({ resources: [of(['secrets'], aescbc, { kms })] });
    const message =
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.';
    await expect(make({ ...plugin, apiVersion: 'v1' })).rejects.toThrow(message);
    await expect(make({ ...plugin, apiVersion: undefined })).rejects.toThrow(message);
  });

  test('is read from a file strictly', () => {
    const decode = (kms: object) =>
      decodeEncryption({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'EncryptionConfiguration',
        resources: [{ resources: ['secrets'], providers: [{ kms }] }],
      });
    expect(decode(plugin).resources[0]?.providers).toEqual([{ kms: plugin }]);
    expect(() => decode({ ...plugin, endpont: '' })).toThrow(
      'unknown field "resources[0].providers[0].kms.endpont"',
    );
    expect(() => decode({ ...plugin, timeout: '3 seconds' })).toThrow('time: invalid duration "3 seconds"');
    expect(() => decode({ ...plugin, cachesize: '1' })).toThrow('cachesize must be an integer');
  });

  test.each([
    ['unix:///run/kms.sock', '/run/kms.sock'],
    ['unix:/run/kms.sock', '/run/kms.sock'],
    ['UNIX:///run/a%20b.sock?x#y', '/run/a b.sock'],
    ['unix:///@kms', '@kms'],
  ])('listens at %s', (endpoint, socketPath) => {
    expect(keyProviderSettings({ ...plugin, endpoint })).toEqual({
      name: 'foo',
      socketPath,
      timeoutMs: 15_000,
    });
    expect(keyProviderSettings({ ...plugin, timeout: undefined }).timeoutMs).toBe(3000);
  });
});
