import { describe, expect, test } from 'vitest';
import type { Container, Pod, Service } from '../../api/core/v1.ts';
import { readSums } from '../../machinery/resource-sums.ts';
import type { Image } from '../runtimes/types.ts';
import { containerSpec } from './container-spec.ts';
import { parseResolvConf, podDns } from './dns.ts';
import { ContainerConfigError, containerEnv, type EnvInput } from './env.ts';
import { expand, expandStrictly, expandWords } from './expand.ts';
import { podFieldValue, resourceFieldValue } from './field-ref.ts';
import { hostsFile, kernelHostname, podNames } from './hostname.ts';
import { sandboxSpec } from './sandbox-spec.ts';
import { checkNonRoot, containerSecurity } from './security.ts';
import { serviceEnv, visibleServices } from './service-env.ts';

const defaults = { seccompDefault: false, seccompDir: '/seccomp' };

function podOf(spec: Partial<Pod['spec']> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { app: 'web' }, ...metadata },
    spec: { containers: [{ name: 'c' }], nodeName: 'n1', ...spec },
  };
}

describe('expanding variables', () => {
  const of = (name: string) => ({ A: 'a', B: '$(A)' })[name];

  test.each([
    ['$(A)-$(B)', 'a-$(A)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$a'],
    ['$(MISSING)', '$(MISSING)'],
    ['$A $ ${A}', '$A $ ${A}'],
    ['$(A', '$(A'],
    ['', ''],
  ])('%s becomes %s', (text, expected) => {
    expect(expand(text, of)).toBe(expected);
  });

  test('a parenthesis that is never closed is looked for once', () => {
    const text = '$('.repeat(200_000);
    expect(expand(text, of)).toBe(text);
    expect(expand('$(A $$ $(', of)).toBe('$(A $ $(');
  });

  test('words do not become larger than a process may have them', () => {
    const large = (name: string) => (name === 'A' ? 'x'.repeat(2 ** 20) : undefined);
    expect(expand('$(A)', large)).toHaveLength(2 ** 20);
    expect(() => expand('$(A)'.repeat(9), large)).toThrow('larger than a process may have it');
    expect(() => expandWords(Array(9).fill('$(A)'), large)).toThrow('larger than a process may have it');
  });

  test('strictly, nothing may be missing', () => {
    expect(expandStrictly('x-$(A)', of)).toBe('x-a');
    expect(() => expandStrictly('$(C)$(D)', of)).toThrow('missing value for "C", "D"');
  });
});

describe('fields of the pod', () => {
  const addresses = { podIps: ['10.0.0.1', 'fd00::1'], hostIps: ['192.0.2.1'] };
  const pod = podOf(
    { serviceAccountName: 'sa' },
    { labels: { b: '2', a: 'x"y' }, annotations: { 'k.io/z': 'v' } },
  );

  test.each([
    ['metadata.name', 'web'],
    ['metadata.namespace', 'shop'],
    ['metadata.uid', 'u1'],
    ['metadata.labels', 'a="x\\"y"\nb="2"'],
    ["metadata.labels['b']", '2'],
    ["metadata.labels['none']", ''],
    ["metadata.labels['constructor']", ''],
    ["metadata.annotations['__proto__']", ''],
    ["metadata.annotations['k.io/z']", 'v'],
    ['spec.nodeName', 'n1'],
    ['spec.serviceAccountName', 'sa'],
    ['status.hostIP', '192.0.2.1'],
    ['status.podIP', '10.0.0.1'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
  ])('%s', (path, expected) => {
    expect(podFieldValue(pod, path, addresses)).toBe(expected);
  });

  test('that the downward API does not know are refused', () => {
    for (const path of ['spec.secret', 'constructor'])
      expect(() => podFieldValue(pod, path, addresses)).toThrow(`unsupported fieldPath: ${path}`);
  });
});

describe('resources of a container as values', () => {
  const container: Container = {
    name: 'c',
    resources: { limits: { cpu: '1250m', memory: '64Mi' }, requests: { cpu: '250m' } },
  };
  const allocatable = readSums({ cpu: '4', memory: '8Gi' });
  const value = (resource: string, divisor?: string, from: Container = container) =>
    resourceFieldValue(
      podOf({ containers: [from] }),
      { resource, divisor },
      { container: from, allocatable },
    );

  test('are rounded up to the divisor', () => {
    expect(value('limits.cpu')).toBe('2');
    expect(value('limits.cpu', '1m')).toBe('1250');
    expect(value('requests.cpu')).toBe('1');
    expect(value('limits.memory')).toBe(String(64 * 2 ** 20));
    expect(value('limits.memory', '1Mi')).toBe('64');
    expect(value('limits.memory', '0')).toBe(String(64 * 2 ** 20));
  });

  test('without a limit are what the node has, without a request nothing', () => {
    const free: Container = { name: 'c' };
    expect(value('limits.cpu', undefined, free)).toBe('4');
    expect(value('limits.memory', '1Gi', free)).toBe('8');
    expect(value('requests.memory', undefined, free)).toBe('0');
  });
});

const service = (name: string, namespace: string, spec: Partial<Service['spec']>): Service => ({
  metadata: { name, namespace },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, name: 'https' }], ...spec },
});

describe('variables about services', () => {
  test('as Docker links once made them', () => {
    const ports = [
      { port: 8765, targetPort: 8080 },
      { port: 53, name: 'dns-udp', protocol: 'UDP' },
    ];
    const env = serviceEnv([service('foo-service', 'shop', { clusterIP: '10.96.0.9', ports })]);
    expect(Object.fromEntries(env)).toMatchObject({
      FOO_SERVICE_SERVICE_HOST: '10.96.0.9',
      FOO_SERVICE_SERVICE_PORT: '8765',
      FOO_SERVICE_SERVICE_PORT_DNS_UDP: '53',
      FOO_SERVICE_PORT: 'tcp://10.96.0.9:8765',
      FOO_SERVICE_PORT_8765_TCP: 'tcp://10.96.0.9:8765',
      FOO_SERVICE_PORT_8765_TCP_PROTO: 'tcp',
      FOO_SERVICE_PORT_8765_TCP_PORT: '8765',
      FOO_SERVICE_PORT_8765_TCP_ADDR: '10.96.0.9',
      FOO_SERVICE_PORT_53_UDP: 'udp://10.96.0.9:53',
    });
  });

  test('leave out those without an address', () => {
    expect(
      serviceEnv([service('a', 'shop', { clusterIP: 'None' }), service('b', 'shop', { clusterIP: '' })]).size,
    ).toBe(0);
  });

  test('are those of the namespace, and the API server always', () => {
    const services = [
      service('kubernetes', 'default', {}),
      service('mine', 'shop', {}),
      service('theirs', 'other', {}),
    ];
    const names = (links: boolean) => visibleServices(services, 'shop', links).map((s) => s.metadata.name);
    expect(names(true)).toEqual(['kubernetes', 'mine']);
    expect(names(false)).toEqual(['kubernetes']);
  });
});

describe('the environment of a container', () => {
  const configMaps: Record<string, Record<string, string>> = { cm: { color: 'red', 'odd=key': 'x' } };
  const input = (container: Partial<Container>): EnvInput => ({
    pod: podOf(),
    container: { name: 'c', ...container },
    services: new Map([
      ['SVC_PORT', 'tcp://1'],
      ['COLOR', 'from a service'],
    ]),
    addresses: { podIps: ['10.0.0.1'], hostIps: [] },
    allocatable: readSums({}),
    config: {
      configMap: async (name) =>
        configMaps[name] ? { metadata: { name }, data: configMaps[name] } : undefined,
      secret: async (name) =>
        name === 'sec'
          ? { metadata: { name }, data: { key: Buffer.from('hush').toString('base64') } }
          : undefined,
    },
  });
  const env = async (container: Partial<Container>) =>
    Object.fromEntries(await containerEnv(input(container)));

  test('does not grow without end by variables that hold each other', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `V${i}`);
    const values = names.map((name, i) => ({
      name,
      value: i === 0 ? 'x'.repeat(1000) : `$(V${i - 1})`.repeat(10),
    }));
    await expect(env({ env: values })).rejects.toThrow(ContainerConfigError);
    const many = Array.from({ length: 9 }, (_, i) => ({ name: `W${i}`, value: '$(BIG)' }));
    await expect(env({ env: [{ name: 'BIG', value: 'x'.repeat(2 ** 20) }, ...many] })).rejects.toThrow(
      'larger than a process may have it',
    );
  });

  test('knows what came before', async () => {
    const found = await env({
      envFrom: [{ configMapRef: { name: 'cm' }, prefix: 'CM_' }],
      env: [
        { name: 'A', value: '$(CM_color)/$(SVC_PORT)' },
        { name: 'B', value: '$(A)!' },
        { name: 'A', value: 'again' },
        { name: 'S', valueFrom: { secretKeyRef: { name: 'sec', key: 'key' } } },
        { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
      ],
    });
    expect(found).toEqual({
      CM_color: 'red',
      A: 'again',
      B: 'red/tcp://1!',
      S: 'hush',
      IP: '10.0.0.1',
      SVC_PORT: 'tcp://1',
      COLOR: 'from a service',
    });
  });

  test.each([
    [{ envFrom: [{ configMapRef: { name: 'none' } }] }, 'configmap "none" not found'],
    [{ envFrom: [{ secretRef: { name: 'none' } }] }, 'secret "none" not found'],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'none', key: 'k' } } }] },
      'configmap "none" not found',
    ],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }] },
      "couldn't find key k in ConfigMap shop/cm",
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'sec', key: 'k' } } }] },
      "couldn't find key k in Secret shop/sec",
    ],
    [
      { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'constructor' } } }] },
      "couldn't find key constructor in ConfigMap shop/cm",
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'sec', key: '__proto__' } } }] },
      "couldn't find key __proto__ in Secret shop/sec",
    ],
    [{ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'nope' } } }] }, 'unsupported fieldPath: nope'],
  ])('%j is an error', async (container, message) => {
    await expect(env(container)).rejects.toThrow(message);
  });

  test('does without what is optional', async () => {
    const found = await env({
      envFrom: [{ secretRef: { name: 'none', optional: true } }],
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k', optional: true } } }],
    });
    expect(found).not.toHaveProperty('A');
  });
});

describe('names', () => {
  const conf = { nameserver: '1.1.1.1' };
  const settings = {
    clusterServers: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    node: parseResolvConf(`nameserver ${conf.nameserver}\nsearch example.org.\noptions timeout:1\n# end`),
  };

  test('are asked of the cluster, then of the node', () => {
    expect(podDns(podOf(), settings).config).toEqual({
      servers: ['10.96.0.10'],
      searches: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
      options: ['ndots:5'],
    });
    expect(podDns(podOf({ hostNetwork: true }), settings).config.servers).toEqual(['1.1.1.1']);
    expect(
      podDns(podOf({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), settings).config.servers,
    ).toEqual(['10.96.0.10']);
    expect(podDns(podOf({ dnsPolicy: 'Default' }), settings).config).toEqual({
      servers: ['1.1.1.1'],
      searches: ['example.org'],
      options: ['timeout:1'],
    });
  });

  test('as the pod says', () => {
    const dnsConfig = {
      nameservers: ['9.9.9.9'],
      searches: ['a.b'],
      options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
    };
    expect(podDns(podOf({ dnsPolicy: 'None', dnsConfig }), settings).config).toEqual({
      servers: ['9.9.9.9'],
      searches: ['a.b'],
      options: ['ndots:2', 'edns0'],
    });
    expect(podDns(podOf({ dnsConfig }), settings).config.options).toEqual(['ndots:2', 'edns0']);
  });

  test('no more than resolvers take, which is told', () => {
    const searches = Array.from({ length: 40 }, (_, i) => `s${i}.example.org`);
    const nameservers = ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'];
    const dnsConfig = { nameservers, searches };
    const few = podDns(podOf({ dnsConfig }), settings);
    expect(few.config.servers).toEqual(['10.96.0.10', '1.1.1.1', '2.2.2.2']);
    expect(few.config.searches).toHaveLength(32);
    expect(few.warnings).toEqual([
      'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 10.96.0.10 1.1.1.1 2.2.2.2',
      `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${few.config.searches.join(' ')}`,
    ]);
    const long = (length: number) => 'a'.repeat(length);
    const of = (...own: string[]) =>
      podDns(podOf({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: own } }), settings);
    expect(of(long(254), 'b', long(253)).config.searches).toEqual(['b', long(253)]);
    const line = Array.from({ length: 9 }, (_, i) => `${i}${long(249)}`);
    expect(of(...line, 'last').config.searches).toEqual(line.slice(0, 8));
    expect(of('a', 'b').warnings).toEqual([]);
  });

  test('of the pod itself', () => {
    expect(podNames(podOf({}, { name: 'x'.repeat(70) }), 'd').hostname).toHaveLength(63);
    const named = podOf({ hostname: 'h', subdomain: 'sub', setHostnameAsFQDN: true });
    expect(podNames(named, 'cluster.local')).toEqual({ hostname: 'h', domain: 'sub.shop.svc.cluster.local' });
    expect(kernelHostname(named, podNames(named, 'cluster.local'))).toBe('h.sub.shop.svc.cluster.local');
    expect(() => kernelHostname(named, { hostname: 'h', domain: 'd'.repeat(64) })).toThrow(
      /is too long \(64 characters is the max, 66 characters requested\)/,
    );
    expect(podNames(podOf({ hostnameOverride: 'o.p' }), 'd')).toEqual({ hostname: 'o.p', domain: '' });
  });

  test('in the hosts file', () => {
    const names = { hostname: 'h', domain: 'sub.x' };
    const hostAliases = [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }];
    const text = hostsFile(podOf({ hostAliases }), names, { podIps: ['10.0.0.1'], nodeHosts: '' });
    expect(text).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
    expect(text).toContain('\n10.0.0.1\th.sub.x\th\n');
    expect(text).toContain('\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n');
    const shared = hostsFile(podOf({ hostNetwork: true }), names, {
      podIps: [],
      nodeHosts: '127.0.0.1 localhost\n',
    });
    expect(shared).toBe('# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n');
  });
});

describe('security', () => {
  const image = (user: Partial<Image>): Image => ({
    id: 'i',
    tags: [],
    digests: [],
    sizeBytes: 1,
    pinned: false,
    ...user,
  });
  const of = (pod: Pod, container: Partial<Container> = {}, user: Partial<Image> = {}) =>
    containerSecurity(pod, { name: 'c', ...container }, { image: image(user), defaults });

  test('a container wins over its pod, its pod over the image', () => {
    const pod = podOf({
      securityContext: { runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [4] },
    });
    expect(of(pod, {}, { uid: 9 })).toMatchObject({
      runAsUser: 1,
      runAsGroup: 2,
      supplementalGroups: [4, 3],
    });
    expect(of(pod, { securityContext: { runAsUser: 5 } })).toMatchObject({ runAsUser: 5 });
    expect(of(podOf(), {}, { uid: 9 })).toMatchObject({ runAsUser: 9 });
    expect(of(podOf(), {}, { username: 'nginx' })).toMatchObject({ runAsUserName: 'nginx' });
  });

  test('nothing is masked from a privileged container', () => {
    expect(of(podOf()).maskedPaths).toContain('/proc/kcore');
    expect(of(podOf(), { securityContext: { privileged: true } })).toMatchObject({
      privileged: true,
      maskedPaths: [],
      seccomp: { type: 'Unconfined' },
    });
    expect(of(podOf(), { securityContext: { procMount: 'Unmasked' } }).maskedPaths).toEqual([]);
  });

  test('profiles', () => {
    const localhost = { type: 'Localhost', localhostProfile: 'p.json' };
    expect(of(podOf({ securityContext: { seccompProfile: localhost } })).seccomp).toEqual({
      type: 'Localhost',
      localhost: '/seccomp/p.json',
    });
    expect(of(podOf()).seccomp).toEqual({ type: 'Unconfined' });
  });

  test('namespaces', () => {
    expect(of(podOf()).namespaces).toEqual({ network: 'pod', ipc: 'pod', pid: 'container' });
    expect(of(podOf({ shareProcessNamespace: true, hostNetwork: true, hostIPC: true })).namespaces).toEqual({
      network: 'node',
      ipc: 'node',
      pid: 'pod',
    });
    const joined = containerSecurity(
      podOf(),
      { name: 'e' },
      { image: undefined, defaults, targetContainerId: 'x' },
    );
    expect(joined.namespaces.pid).toEqual({ containerId: 'x' });
  });

  test.each([
    [{ runAsNonRoot: true, runAsUser: 0 }, {}, "container's runAsUser breaks non-root policy"],
    [{ runAsNonRoot: true }, { uid: 0 }, 'container has runAsNonRoot and image will run as root'],
    [
      { runAsNonRoot: true },
      { username: 'app' },
      'container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root',
    ],
    [{ runAsNonRoot: true, runAsUser: 7 }, { uid: 0 }, undefined],
    [{ runAsNonRoot: true }, { uid: 7 }, undefined],
    [{}, { uid: 0 }, undefined],
  ])('%j with an image of %j', (securityContext, user, message) => {
    const check = () => checkNonRoot(podOf(), { name: 'c', securityContext }, image(user));
    if (message === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(`${message} (pod: "web_shop(u1)", container: c)`);
  });
});

test('a container that must not run as root does not run an image of which nothing is known', () => {
  const container = { name: 'c', securityContext: { runAsNonRoot: true } };
  const check = (more: object) => checkNonRoot(podOf({ securityContext: more }), container, undefined);
  expect(() => check({})).toThrow('container has runAsNonRoot and image will run as root');
  expect(() => check({ runAsUser: 1000 })).not.toThrow();
});

test('a container is told everything in one piece', () => {
  const container: Container = {
    name: 'c',
    image: 'nginx',
    command: ['run', '$(A)'],
    args: ['$(B)'],
    tty: true,
    workingDir: '/w',
  };
  const spec = containerSpec({
    pod: podOf(),
    container,
    restartCount: 2,
    imageId: 'sha256:1',
    image: undefined,
    env: new Map([['A', 'x']]),
    mounts: [],
    resources: {},
    defaults,
  });
  expect(spec).toMatchObject({
    container: { name: 'c', attempt: 2 },
    image: 'sha256:1',
    command: ['run', 'x'],
    args: ['$(B)'],
    workingDir: '/w',
    env: [{ name: 'A', value: 'x' }],
    logPath: 'c/2.log',
    tty: true,
    stdin: false,
    labels: { 'io.kubernetes.pod.uid': 'u1', 'io.kubernetes.container.name': 'c' },
    annotations: { 'io.kubernetes.container.restartCount': '2' },
  });
});

test('a sandbox has no hostname in the network of its node, and dots in the names of kernel settings', () => {
  const pod = podOf({
    hostNetwork: true,
    securityContext: { sysctls: [{ name: 'net/ipv4/tcp_rmem', value: '1' }] },
  });
  const spec = sandboxSpec({
    pod,
    attempt: 1,
    hostname: 'h',
    dns: { servers: [], searches: [], options: [] },
    logDirectory: '/l',
    cgroupParent: '/k',
    defaults,
  });
  expect(spec).toMatchObject({
    hostname: '',
    pod: { name: 'web', namespace: 'shop', uid: 'u1', attempt: 1 },
    sysctls: { 'net.ipv4.tcp_rmem': '1' },
    labels: { app: 'web', 'io.kubernetes.pod.name': 'web' },
    namespaces: { network: 'node' },
    seccomp: { type: 'RuntimeDefault' },
  });
});
