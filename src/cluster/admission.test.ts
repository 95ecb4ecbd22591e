import { describe, expect, test } from 'vitest';
import { configmaps, namespaces, pods, serviceaccounts, services } from '../api/generated/resources.ts';
import { createTestCluster } from '../apiserver/registry/testing.ts';
import { startApiServer } from '../apiserver/testing-api-server.ts';
import { systemClock } from '../platform/clock.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { readAdmission } from './admission.ts';

const files = new MemoryFiles();
const means = { files, clock: systemClock };
const put = async (path: string, text: string) => {
  await files.makeDir('/etc');
  await files.write(path, text);
  return path;
};
const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error.message,
  );

describe('the plugins', () => {
  test('are the usual ones, but for those that are left out', async () => {
    const { admission = [], disabledPlugins } = await readAdmission({ disable: ['LimitRanger'] }, means);
    expect(admission.map(({ name }) => name)).not.toContain('DenyServiceExternalIPs');
    expect(disabledPlugins).toEqual(['LimitRanger']);
  });

  test.each([
    [{ enable: ['Nonsense'] }, 'enable-admission-plugins plugin "Nonsense" is unknown'],
    [{ disable: ['RBACEscalation'] }, 'disable-admission-plugins plugin "RBACEscalation" is unknown'],
    [
      { enable: ['Priority'], disable: ['Priority'] },
      '[Priority] in enable-admission-plugins and disable-admission-plugins overlapped',
    ],
    [{ enable: ['AlwaysDeny'] }, 'the admission plugin "AlwaysDeny" is not offered'],
    [{ enable: ['EventRateLimit'] }, 'the admission plugin "EventRateLimit" needs limits'],
  ])('of %j cannot be had', async (settings, why) => {
    await expect(readAdmission(settings, means)).rejects.toThrow(why);
  });

  test('let pods stay on bad nodes for as long as is said', async () => {
    const { admission } = await readAdmission({ notReadyTolerationSeconds: 10 }, means);
    const api = await createTestCluster({ admission });
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const { spec } = await api.object('create', pods, { body });
    expect(spec.tolerations).toMatchObject([
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute', tolerationSeconds: 10 },
      { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute', tolerationSeconds: 300 },
    ]);
  });

  test('that are left out have no say, those of the server neither', async () => {
    const t = await startApiServer(
      await readAdmission({ disable: ['ServiceAccount', 'NodeRestriction'] }, means),
    );
    const api = t.api.transportFor({ name: 'system:node:n1', groups: ['system:masters', 'system:nodes'] });
    const send = (path: string, body: object) => api.request({ method: 'POST', path, body });
    const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const made = (await send('/api/v1/namespaces/default/pods', body)) as { spec: object };
    expect(made.spec).not.toHaveProperty('serviceAccountName');
    expect(await failure(send('/api/v1/nodes', { metadata: { name: 'n2' } }))).toBeUndefined();
    await t.stop();
  });

  test('DenyServiceExternalIPs lets services keep external addresses, and get none', async () => {
    const { admission } = await readAdmission({ enable: ['DenyServiceExternalIPs'] }, means);
    const spec = { ports: [{ port: 80 }], selector: { app: 'x' } };
    const named = { metadata: { name: 's' } };
    const denied = 'services "s" is forbidden: Use of external IPs is denied by admission control';
    const api = await createTestCluster({ admission });
    const body = { ...named, spec: { ...spec, externalIPs: ['192.0.2.1'] } };
    expect(await failure(api.send('create', services, { body }))).toBe(denied);
    const made = await api.object('create', services, { body: { ...named, spec } });
    const more = { ...made, spec: { ...made.spec, externalIPs: ['192.0.2.1'] } };
    expect(await failure(api.send('update', services, { name: 's', body: more }))).toBe(denied);
  });
});

describe('PodSecurity', () => {
  const configuration = (defaults: object, exemptions: object = {}) =>
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name: 'PodSecurity',
          configuration: {
            apiVersion: 'pod-security.admission.config.k8s.io/v1',
            kind: 'PodSecurityConfiguration',
            defaults,
            exemptions,
          },
        },
      ],
    });
  const clusterWith = async (defaults: object, exemptions?: object) => {
    const configFile = await put('/etc/admission', configuration(defaults, exemptions));
    const { admission } = await readAdmission({ configFile }, means);
    return createTestCluster({ admission });
  };
  const pod = (name: string, more: object = {}) => ({
    metadata: { name },
    spec: {
      containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }],
      ...more,
    },
  });
  const refused = /^pods "a" is forbidden: violates PodSecurity "baseline:latest": privileged/;

  test('holds pods to the defaults where the namespace does not say', async () => {
    const api = await clusterWith({ enforce: 'baseline', 'enforce-version': 'latest' });
    expect(await failure(api.send('create', pods, { body: pod('a') }))).toMatch(refused);
    const mediaType = 'application/merge-patch+json' as const;
    const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
    await api.send('patch', namespaces, { name: 'default', mediaType, body: { metadata: { labels } } });
    expect(await failure(api.send('create', pods, { body: pod('a') }))).toBeUndefined();
  });

  test('asks nothing of namespaces and runtime classes that are exempt', async () => {
    const exempt = await clusterWith({ enforce: 'baseline' }, { namespaces: ['default'] });
    expect(await failure(exempt.send('create', pods, { body: pod('a') }))).toBeUndefined();
    const other = await clusterWith({ enforce: 'baseline' }, { namespaces: ['x'], usernames: ['x'] });
    expect(await failure(other.send('create', pods, { body: pod('a') }))).toMatch(refused);
  });

  test.each([
    ['{}', "Object 'Kind' is missing in '{}'"],
    ['', "Object 'Kind' is missing in 'null'"],
    ['{ kind: AdmissionConfiguration }', "Object 'apiVersion' is missing in"],
    ['{ kind: Pod, apiVersion: v1 }', 'no kind "Pod" is registered for version "v1"'],
    [
      configuration({ enforce: 'loud' }),
      'defaults.enforce: Invalid value: "loud": must be one of privileged',
    ],
    [
      configuration({ 'audit-version': 'x' }),
      'defaults.audit-version: Invalid value: "x": must be "latest" or "v1.x"',
    ],
    [configuration({}, { namespaces: 'x' }), 'exemptions.namespaces must be a list of strings'],
    [configuration({}).replace('"PodSecurity"', '"Other"'), 'the plugin "Other" cannot be configured'],
  ])('cannot be set by %s', async (text, why) => {
    const configFile = await put('/etc/admission', text);
    await expect(readAdmission({ configFile }, means)).rejects.toThrow(why);
  });

  test('can be set in a file beside', async () => {
    const { configuration: inner } = JSON.parse(configuration({ enforce: 'baseline' })).plugins[0];
    await put('/etc/pods', JSON.stringify(inner));
    const outer = { ...JSON.parse(configuration({})), plugins: [{ name: 'PodSecurity', path: 'pods' }] };
    const configFile = await put('/etc/admission', JSON.stringify(outer));
    const { admission } = await readAdmission({ configFile }, means);
    const api = await createTestCluster({ admission });
    expect(await failure(api.send('create', pods, { body: pod('a') }))).toMatch(refused);
  });
});

describe('webhooks', () => {
  const configuration = (name: string, more: object) =>
    JSON.stringify({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [
        {
          name,
          configuration: {
            apiVersion: 'apiserver.config.k8s.io/v1',
            kind: 'WebhookAdmissionConfiguration',
            ...more,
          },
        },
      ],
    });

  test('are shown who asks by the longest name that a kubeconfig has of them', async () => {
    const tokens = ['a.x.svc:8443', '*.x.svc', 'b.y.svc', '*.z.svc:443', '*'];
    const users = tokens.map((name) => ({ name, user: { token: name } }));
    await put('/etc/kubeconfig', JSON.stringify({ users }));
    const name = 'ValidatingAdmissionWebhook';
    const configFile = await put(
      '/etc/admission',
      configuration(name, { kubeConfigFile: '/etc/kubeconfig' }),
    );
    const { webhookCredentials = {} } = await readAdmission({ configFile }, means);
    expect(Object.keys(webhookCredentials)).toEqual([name]);
    const shown = (target: string) =>
      webhookCredentials[name]?.(target)?.headers.authorization?.replace('Bearer ', '');
    expect(shown('a.x.svc:8443')).toBe('a.x.svc:8443');
    expect(shown('a.x.svc:443')).toBe('*.x.svc');
    expect(shown('a.x.svc:9443')).toBe('*');
    expect(shown('b.y.svc:443')).toBe('b.y.svc');
    expect(shown('c.z.svc:443')).toBe('*.z.svc:443');
    expect(shown('127.0.0.1:1')).toBe('*');
  });

  test('are shown who asks by the context of a kubeconfig where it has no name of theirs', async () => {
    const users = [{ name: 'me', user: { username: 'jane', password: 'p' } }];
    const contexts = [{ name: 'x', context: { user: 'me' } }];
    await put('/etc/kubeconfig', JSON.stringify({ users, contexts, 'current-context': 'x' }));
    const name = 'MutatingAdmissionWebhook';
    const configFile = await put(
      '/etc/admission',
      configuration(name, { kubeConfigFile: '/etc/kubeconfig' }),
    );
    const { webhookCredentials } = await readAdmission({ configFile }, means);
    expect(webhookCredentials?.[name]?.('a:443')?.headers.authorization).toMatch(/^Basic /);
  });

  test.each([
    [{}, 'kubeConfigFile: Required value'],
    [{ kubeConfigFile: '/etc/none' }, 'ENOENT'],
    [{ kubeConfigFile: 'none' }, 'kubeConfigFile: Invalid value: "none": must be an absolute file path'],
    [{ kind: 'Other' }, 'no kind "Other" is registered'],
  ])('cannot be set by %j', async (more, why) => {
    const configFile = await put('/etc/admission', configuration('MutatingAdmissionWebhook', more));
    await expect(readAdmission({ configFile }, means)).rejects.toThrow(why);
  });
});

test('a configuration sets plugins that are asked for', async () => {
  const limits = [{ type: 'Server', qps: 1, burst: 1 }];
  const config = {
    apiVersion: 'apiserver.config.k8s.io/v1',
    kind: 'AdmissionConfiguration',
    plugins: [
      {
        name: 'EventRateLimit',
        configuration: {
          apiVersion: 'eventratelimit.admission.k8s.io/v1alpha1',
          kind: 'Configuration',
          limits,
        },
      },
      {
        name: 'PodNodeSelector',
        configuration: { podNodeSelectorPluginConfig: { clusterDefaultNodeSelector: 'a=b' } },
      },
      {
        name: 'ResourceQuota',
        configuration: {
          apiVersion: 'apiserver.config.k8s.io/v1',
          kind: 'ResourceQuotaConfiguration',
          limitedResources: [{ resource: 'configmaps', matchContains: ['count/'] }],
        },
      },
    ],
  };
  const configFile = await put('/etc/plugins', JSON.stringify(config));
  const enable = ['PodNodeSelector', 'EventRateLimit', 'NamespaceExists'];
  const { admission = [] } = await readAdmission({ enable, configFile }, means);
  const names = admission.map(({ name }) => name);
  expect(names.filter((name) => [...enable, 'NamespaceLifecycle', 'Priority'].includes(name))).toEqual([
    'NamespaceLifecycle',
    'NamespaceExists',
    'PodNodeSelector',
    'Priority',
    'EventRateLimit',
  ]);
  const api = await createTestCluster({ admission });
  const spec = { containers: [{ name: 'c', image: 'i' }], serviceAccountName: 'default' };
  await api.send('create', serviceaccounts, { body: { metadata: { name: 'default' } } }).catch(() => {});
  const made = await api.object('create', pods, { body: { metadata: { name: 'p' }, spec } });
  expect(made.spec.nodeSelector).toEqual({ a: 'b' });
  expect(await failure(api.send('create', configmaps, { body: { metadata: { name: 'm' } } }))).toBe(
    'configmaps "m" is forbidden: insufficient quota to consume: count/configmaps',
  );
});
