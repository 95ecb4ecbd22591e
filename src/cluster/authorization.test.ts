import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConfiguredAuthorizer } from '../apiserver/auth/authorization/chain.ts';
import { silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { type AuthorizationSettings, readAuthorization } from './authorization.ts';

const files = new MemoryFiles();
const clock = new VirtualClock();
const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const read = async (settings: AuthorizationSettings) => {
  const authorizing = await readAuthorization(settings, { files, clock, log: silentLog });
  open.push(authorizing);
  return authorizing;
};
const put = async (path: string, text: string) => {
  await files.makeDir('/etc');
  await files.write(path, text);
  return path;
};
const kubeconfig = JSON.stringify({
  clusters: [{ name: 'c', cluster: { server: 'https://authz.test/x' } }],
  contexts: [{ name: 'x', context: { cluster: 'c' } }],
  'current-context': 'x',
});
const configuration = (...types: string[]) =>
  JSON.stringify({
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AuthorizationConfiguration',
    authorizers: types.map((type) => ({ type, name: type.toLowerCase() })),
  });

describe('the flags', () => {
  test('that are not given leave everything as it is', async () => {
    expect((await read({})).options).toBeUndefined();
  });

  test('make a chain', async () => {
    const policyFile = await put('/etc/abac', '{"user":"alice"}\n');
    const configFile = await put('/etc/kubeconfig', kubeconfig);
    const { options } = await read({
      modes: ['Node', 'RBAC', 'ABAC', 'Webhook', 'AlwaysDeny'],
      policyFile,
      webhook: { configFile, authorizedTtlMs: 1000 },
    });
    expect(options?.authorizers).toMatchObject([
      { type: 'Node', name: 'node' },
      { type: 'RBAC', name: 'rbac' },
      { type: 'ABAC', name: 'abac' },
      {
        type: 'Webhook',
        name: 'default',
        webhook: {
          timeoutMs: 30_000,
          failurePolicy: 'NoOpinion',
          authorizedTtlMs: 1000,
          unauthorizedTtlMs: 30_000,
          subjectAccessReviewVersion: 'v1beta1',
        },
        server: { url: new URL('https://authz.test/x') },
      },
      { type: 'AlwaysDeny', name: 'alwaysdeny' },
    ]);
    expect(options?.abacPolicies).toMatchObject([{ user: 'alice', namespace: '*' }]);
  });

  test.each<[string, AuthorizationSettings, string]>([
    ['no mode', { modes: [] }, 'at least one authorization-mode must be passed'],
    ['an unknown mode', { modes: ['DoesNotExist'] }, 'authorization-mode "DoesNotExist" is not a valid mode'],
    [
      'ABAC without policies',
      { modes: ['ABAC'] },
      "authorization-mode ABAC's authorization policy file not passed",
    ],
    [
      'policies without ABAC',
      { policyFile: '/etc/abac' },
      'cannot specify --authorization-policy-file without mode ABAC',
    ],
    [
      'a webhook that is nowhere',
      { modes: ['Webhook'] },
      "authorization-mode Webhook's authorization config file not passed",
    ],
    [
      'a webhook without its mode',
      { webhook: { configFile: '/etc/kubeconfig' } },
      'cannot specify --authorization-webhook-config-file without mode Webhook',
    ],
    ['a mode twice', { modes: ['RBAC', 'RBAC'] }, 'has mode specified more than once'],
    [
      'a version that there is not',
      { modes: ['Webhook'], webhook: { configFile: '/etc/kubeconfig', version: 'v2' } },
      'unsupported webhook authorizer version "v2"',
    ],
    [
      'a configuration and modes',
      { configFile: '/etc/authz', modes: ['RBAC'] },
      '--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined',
    ],
    [
      'a configuration and a webhook',
      { configFile: '/etc/authz', webhook: { unauthorizedTtlMs: 1 } },
      '--authorization-config can not be specified',
    ],
    [
      'a configuration that is missing',
      { configFile: '/etc/none' },
      'authorization configuration /etc/none: ENOENT',
    ],
  ])('are refused: %s', async (_, settings, why) => {
    await expect(read(settings)).rejects.toThrow(why);
  });
});

describe('a configuration', () => {
  const types = (chain: readonly ConfiguredAuthorizer[] = []) => chain.map(({ type }) => type);
  const counted = (
    metrics: NonNullable<Awaited<ReturnType<typeof read>>['options']>['metrics'],
    name: string,
  ) => metrics?.find((metric) => metric.name.endsWith(name))?.values();

  test('leads to the servers of its webhooks', async () => {
    const kubeConfigFile = await put('/etc/kubeconfig', kubeconfig);
    const webhook = {
      timeout: '3s',
      subjectAccessReviewVersion: 'v1',
      failurePolicy: 'Deny',
      connectionInfo: { type: 'KubeConfigFile', kubeConfigFile },
    };
    const text = { ...JSON.parse(configuration()), authorizers: [{ type: 'Webhook', name: 'w', webhook }] };
    const { options } = await read({ configFile: await put('/etc/authz', JSON.stringify(text)) });
    expect(options?.authorizers[0]?.server?.url.href).toBe('https://authz.test/x');
    webhook.connectionInfo = { type: 'InClusterConfig' } as typeof webhook.connectionInfo;
    const inside = read({ configFile: await put('/etc/authz', JSON.stringify(text)) });
    await expect(inside).rejects.toThrow('unable to load in-cluster configuration');
  });

  test('that names ABAC takes the policies of the flag', async () => {
    const configFile = await put('/etc/authz', configuration('ABAC'));
    await expect(read({ configFile })).rejects.toThrow('policy file not passed');
    const policyFile = await put('/etc/abac', '{"user":"alice"}');
    expect((await read({ configFile, policyFile })).options?.abacPolicies).toHaveLength(1);
  });

  test('is followed while it changes; what cannot be used changes nothing', async () => {
    const configFile = await put('/etc/authz', configuration('Node', 'RBAC'));
    const { options } = await read({ configFile });
    const metrics = options?.metrics;
    const hash = () => counted(metrics, 'last_config_info')?.[0]?.labels.hash;
    const first = hash();
    const used: string[][] = [];
    options?.follow?.((chain) => used.push(types(chain)));
    await clock.advance(2000);
    expect(used).toEqual([]);
    await put('/etc/authz', configuration('Node', 'RBAC', 'AlwaysAllow'));
    await vi.waitUntil(async () => {
      await clock.advance(1000);
      return used.length > 0;
    });
    expect(used).toEqual([['Node', 'RBAC', 'AlwaysAllow']]);
    const second = hash();
    expect(second).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
    const failures = () =>
      counted(metrics, 'automatic_reloads_total')?.find(({ labels }) => labels.status === 'failure')?.value;
    for (const [text, count] of [
      ['{', 1],
      [configuration('Node'), 2],
    ] as const) {
      await put('/etc/authz', text);
      await vi.waitUntil(async () => {
        await clock.advance(1000);
        return failures() === count;
      });
    }
    await files.remove('/etc/authz');
    await vi.waitUntil(async () => {
      await clock.advance(1000);
      return failures() === 3;
    });
    expect(used).toHaveLength(1);
    expect(hash()).toBe(second);
    expect(counted(metrics, 'automatic_reloads_total')).toEqual([
      { labels: { status: 'success', apiserver_id_hash: '' }, value: 1 },
      { labels: { status: 'failure', apiserver_id_hash: '' }, value: 3 },
    ]);
  });
});
