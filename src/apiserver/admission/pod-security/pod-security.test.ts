import { beforeEach, describe, expect, test } from 'vitest';
import type { Pod } from '../../../api/core/v1.ts';
import { deployments, namespaces, pods } from '../../../api/generated/resources.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { allKinds } from '../../kinds/kinds.ts';
import { createTestApi, createTestCluster, type TestApi } from '../../registry/testing.ts';
import { noPolicy } from './levels.ts';
import { type PodSecurityConfiguration, podSecurityAs } from './pod-security.ts';
import { PodSecurityCounts } from './pod-security-counts.ts';

const label = (name: string) => `pod-security.kubernetes.io/${name}`;
const labels = (asked: Record<string, string>) =>
  Object.fromEntries(Object.entries(asked).map(([name, value]) => [label(name), value]));

const container = (name: string, securityContext: object = {}, more: object = {}) => ({
  name,
  image: 'i',
  securityContext,
  ...more,
});
const pod = (spec: object, metadata: object = {}) => ({ metadata: { name: 'p', ...metadata }, spec });

const careful = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

let api: TestApi;
beforeEach(async () => {
  api = await createTestCluster();
});

const ask = async (asked: Record<string, string>) => {
  const patch = { metadata: { labels: labels(asked) } };
  const mediaType = 'application/merge-patch+json';
  return api.send('patch', namespaces, { name: 'default', mediaType, body: patch });
};
const answer = (body: object) =>
  api.send('create', pods, { body }).then(
    () => undefined,
    (error: StatusError) => error.status,
  );
const refusal = async (body: object) => (await answer(body))?.message;

describe('a namespace that enforces', () => {
  test('nothing lets every pod in', async () => {
    expect(await answer(pod({ hostNetwork: true, containers: [container('a', { privileged: true })] }))).toBe(
      undefined,
    );
  });

  test('restricted refuses a plain pod, and says all that it lacks', async () => {
    await ask({ enforce: 'restricted' });
    expect(await answer(pod({ containers: [container('a'), container('b', careful)] }))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'pods "p" is forbidden: violates PodSecurity "restricted:latest": ' +
        'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    });
    expect(await answer(pod({ containers: [container('a', careful)] }))).toBe(undefined);
  });

  const volumes = [
    { name: 'v', hostPath: { path: '/' } },
    { name: 'w', emptyDir: {} },
  ];
  test.each<[what: string, spec: object, said: string]>([
    [
      'privileged',
      { containers: [container('a', { privileged: true })] },
      'privileged (container "a" must not set securityContext.privileged=true)',
    ],
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true, containers: [container('a')] },
      'host namespaces (hostNetwork=true, hostPID=true)',
    ],
    ['a path of the host', { volumes, containers: [container('a')] }, 'hostPath volumes (volume "v")'],
    [
      'ports of the host',
      {
        initContainers: [container('i', {}, { ports: [{ containerPort: 2, hostPort: 82 }] })],
        containers: [container('a', {}, { ports: [{ containerPort: 1, hostPort: 81 }] })],
      },
      'hostPort (containers "i", "a" use hostPorts 81, 82)',
    ],
    [
      'capabilities',
      { containers: [container('a', { capabilities: { add: ['NET_ADMIN', 'CHOWN'] } })] },
      'non-default capabilities (container "a" must not include "NET_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'SELinux',
      { securityContext: { seLinuxOptions: { type: 'x', user: 'u' } }, containers: [container('a')] },
      'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)',
    ],
    [
      'seccomp',
      {
        securityContext: { seccompProfile: { type: 'Unconfined' } },
        containers: [container('a', { seccompProfile: { type: 'Unconfined' } })],
      },
      'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'AppArmor',
      { containers: [container('a', { appArmorProfile: { type: 'Unconfined' } })] },
      'forbidden AppArmor profile (container "a" must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'sysctls',
      {
        securityContext: {
          sysctls: [
            { name: 'kernel.msgmax', value: '1' },
            { name: 'net.ipv4.tcp_rmem', value: '1' },
          ],
        },
        containers: [container('a')],
      },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'hosts of probes',
      { containers: [container('a', {}, { livenessProbe: { tcpSocket: { host: '1.2.3.4', port: 1 } } })] },
      'probe or lifecycle host (container "a" uses probe or lifecycle host "1.2.3.4")',
    ],
  ])('baseline refuses %s', async (_, spec, said) => {
    await ask({ enforce: 'baseline' });
    expect(await refusal(pod(spec))).toBe(
      `pods "p" is forbidden: violates PodSecurity "baseline:latest": ${said}`,
    );
  });

  test('restricted refuses volumes by their kinds, and root; users of its own may be anybody', async () => {
    await ask({ enforce: 'restricted' });
    const body = pod({ volumes, securityContext: { runAsUser: 0 }, containers: [container('a', careful)] });
    expect(await refusal(body)).toContain(
      '"restricted:latest": restricted volume types (volume "v" uses restricted volume type "hostPath"), runAsUser=0 (pod must not set runAsUser=0)',
    );
    const own = { hostUsers: false, securityContext: { runAsUser: 0 } };
    expect(
      await refusal(pod({ ...own, containers: [container('a', { ...careful, runAsNonRoot: false })] })),
    ).toBe(undefined);
  });

  test('a standard of a version asks what that version did', async () => {
    await ask({ enforce: 'baseline', 'enforce-version': 'v1.28' });
    const sysctls = [{ name: 'net.ipv4.tcp_rmem', value: '1' }];
    const body = pod({ securityContext: { sysctls }, containers: [container('a')] });
    expect(await refusal(body)).toContain('"baseline:v1.28": forbidden sysctls (net.ipv4.tcp_rmem)');
  });

  test('lets pods that were there be changed where that is no matter, and warns of them', async () => {
    for (const name of ['p', 'q']) {
      await api.send('create', pods, {
        body: pod({ containers: [container('a', { privileged: true })] }, { name }),
      });
    }
    await ask({ enforce: 'baseline' });
    expect(api.warnings).toEqual([
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      'p (and 1 other pod): privileged',
    ]);
    const change = async (body: object) =>
      api.send('patch', pods, { name: 'p', mediaType: 'application/merge-patch+json', body });
    await change({ metadata: { annotations: { a: 'b' } } });
    const { spec } = await api.object<Pod>('get', pods, { name: 'p' });
    const containers = spec.containers.map((c) => ({ ...c, image: 'other' }));
    await expect(change({ spec: { containers } })).rejects.toThrow('violates PodSecurity "baseline:latest"');
  });
});

describe('a namespace that warns', () => {
  const template = {
    metadata: { labels: { a: 'b' } },
    spec: { containers: [container('a', { privileged: true })] },
  };
  const body = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
  const warning =
    'would violate PodSecurity "baseline:latest": privileged (container "a" must not set securityContext.privileged=true)';

  test.each<Record<string, string>>([{ warn: 'baseline' }, { enforce: 'baseline' }])(
    'by %j warns of what makes pods',
    async (asked) => {
      await ask(asked);
      await api.send('create', deployments, { body });
      expect(api.warnings).toEqual([warning]);
    },
  );

  test('is heeded where it asks less than it enforces', async () => {
    await ask({ enforce: 'baseline', warn: 'privileged' });
    await api.send('create', deployments, { body });
    expect(api.warnings).toEqual([]);
  });
});

const nobody: ReadonlySet<string> = new Set();
const clusterWith = async (
  configuration: Partial<PodSecurityConfiguration['exemptions']>,
  {
    counts,
    defaults = noPolicy,
  }: { counts?: PodSecurityCounts; defaults?: PodSecurityConfiguration['defaults'] } = {},
) => {
  const exemptions = { usernames: nobody, namespaces: nobody, runtimeClasses: nobody, ...configuration };
  return createTestCluster({ admission: [podSecurityAs({ defaults, exemptions }, counts)] });
};

describe('a namespace that is exempt', () => {
  const said = (policy: string) =>
    `namespace "free" is exempt from Pod Security, and the policy (${policy}) will be ignored`;

  test.each<[Record<string, string>, string[]]>([
    [{}, []],
    [{ enforce: 'privileged' }, []],
    [{ enforce: 'restricted' }, [said('enforce=restricted:latest')]],
    [{ enforce: 'baseline', 'enforce-version': 'v1.30' }, [said('enforce=baseline:v1.30')]],
    [{ audit: 'baseline', warn: 'restricted' }, [said('audit=baseline:latest, warn=restricted:latest')]],
    [{ 'warn-version': 'v1.30' }, []],
  ])('is warned where its labels %j ask something', async (asked, expected) => {
    api = await clusterWith({ namespaces: new Set(['free']) });
    await api.send('create', namespaces, { body: { metadata: { name: 'free', labels: labels(asked) } } });
    expect(api.warnings).toEqual(expected);
  });

  test('is warned of a change of what it enforces, and not of what all others are held to', async () => {
    const defaults = { ...noPolicy, enforce: { level: 'baseline' } } as const;
    api = await clusterWith({ namespaces: new Set(['default']) }, { defaults });
    await ask({ enforce: 'baseline', warn: 'privileged' });
    await ask({ enforce: 'privileged' });
    expect(api.warnings).toEqual([]);
    await ask({ enforce: 'restricted' });
    expect(api.warnings).toEqual([
      'namespace "default" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
    ]);
  });
});

test('labels that cannot be read are named where a pod is judged by something else', async () => {
  const { store } = await createTestCluster({ admission: [] }).then(async (unguarded) => {
    const metadata = { name: 'odd', labels: labels({ enforce: 'tight' }) };
    await unguarded.send('create', namespaces, { body: { metadata } });
    return unguarded;
  });
  const counts = new PodSecurityCounts();
  const configuration = { usernames: nobody, namespaces: nobody, runtimeClasses: nobody };
  const admission = [podSecurityAs({ defaults: noPolicy, exemptions: configuration }, counts)];
  api = await createTestApi(allKinds, { store, admission });
  await expect(
    api.send('create', pods, { namespace: 'odd', body: pod({ containers: [container('a')] }) }),
  ).rejects.toThrow('violates PodSecurity "restricted:latest"');
  expect(api.annotations.get(label('error'))).toBe(
    'Failed to parse policy: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "tight": must be one of privileged, baseline, restricted',
  );
  expect(countsOf(counts)).toContain('errors: false create pod  1');
});

/** The counts of one name after the other: what they are of, and how many. */
const countsOf = (counts: PodSecurityCounts) =>
  counts.metrics.flatMap(({ name, values }) =>
    [...values()].map(({ labels: of = {}, value }) => {
      const what = name.replace(/^pod_security_|_total$/g, '');
      return `${what}: ${Object.values(of).join(' ')} ${value}`;
    }),
  );

test('what is judged and what is exempt is counted', async () => {
  const counts = new PodSecurityCounts();
  api = await clusterWith({ usernames: new Set(['root']) }, { counts });
  const bad = pod({ containers: [container('a', { privileged: true })] }, { name: 'bad' });
  const template = { metadata: { labels: { a: 'b' } }, spec: bad.spec };
  const maker = { metadata: { name: 'd' }, spec: { selector: { matchLabels: { a: 'b' } }, template } };
  await api.send('create', pods, { body: bad });
  await ask({
    enforce: 'baseline',
    'enforce-version': 'v1.30',
    audit: 'restricted',
    'audit-version': 'v1.99',
  });
  expect(await refusal(pod({ containers: [container('a', { privileged: true })] }))).toContain('violates');
  await api.send('create', deployments, { body: maker });
  await api.send('create', deployments, { user: 'root', body: { ...maker, metadata: { name: 'e' } } });
  expect(countsOf(counts)).toEqual([
    'evaluations: allow privileged latest enforce create pod  1',
    'evaluations: deny baseline v1.30 enforce create pod  1',
    'evaluations: deny restricted future audit create pod  1',
    'evaluations: deny restricted future audit create controller  1',
    'evaluations: deny baseline v1.30 warn create controller  1',
    'exemptions: create controller  1',
  ]);
});

test('labels that say nothing are refused', async () => {
  await expect(ask({ enforce: 'tight', 'warn-version': '1.2' })).rejects.toThrow(
    'Namespace "default" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "tight": must be one of privileged, baseline, restricted, ' +
      'metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "1.2": must be "latest" or "v1.x"]',
  );
});
