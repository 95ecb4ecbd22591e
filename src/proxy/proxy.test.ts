import { expect, test, vi } from 'vitest';
import type { Written } from '../client/testing-lists.ts';
import type { Processes } from '../platform/processes.ts';
import { nftablesBackend } from './nftables.ts';
import { Ruleset } from './ruleset.ts';
import { NftTable } from './testing-table.ts';
import { running, service, slice } from './testing-proxy.ts';

test('a load balancer learns how many endpoints are here, and that the proxy works, for as long as it runs', async () => {
  const balanced = service('web', '01', {
    clusterIP: '10.96.0.1',
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31_000,
  });
  const endpoints = [
    { addresses: ['10.244.1.1'], nodeName: 'node-1' },
    { addresses: ['10.244.2.1'], nodeName: 'node-2' },
  ];
  const node = { metadata: { name: 'node-1', resourceVersion: '1' }, spec: {} };
  const here = { ...slice('web', ''), ...{ endpoints } };
  const { server, step, stop, open } = await running({
    services: [balanced],
    endpointslices: [here],
    nodes: [node],
  });
  const ask = async (port: number, path: string) => {
    await vi.waitFor(() => expect(open.has(port)).toBe(true));
    const answer = await fetch(`http://127.0.0.1:${open.get(port)}${path}`);
    return [answer.status, await answer.json()];
  };
  await step();
  expect(await ask(31_000, '/')).toMatchObject([200, { localEndpoints: 1, serviceProxyHealthy: true }]);
  expect(await ask(10_256, '/healthz')).toMatchObject([200, { nodeEligible: true, healthy: true }]);
  await server.tell('MODIFIED', 'endpointslices', {
    ...here,
    metadata: { ...here.metadata, resourceVersion: '2' },
    ...{ endpoints: endpoints.slice(1) },
  });
  await step();
  expect(await ask(31_000, '/')).toMatchObject([503, { localEndpoints: 0 }]);
  await server.tell('DELETED', 'services', balanced);
  await step();
  await vi.waitFor(() => expect([...open.keys()].sort()).toEqual([10_249, 10_256]));
  await stop();
  expect(open.size).toBe(0);
});

test('what the proxy does is told on a port of its own, under upstream’s names', async () => {
  const local = { clusterIP: '10.96.0.1', internalTrafficPolicy: 'Local' };
  const far = { ...slice('web', ''), ...{ endpoints: [{ addresses: ['10.244.2.1'], nodeName: 'node-2' }] } };
  const { server, clock, step, stop, open, refuse } = await running({
    services: [service('web', '01', local)],
    endpointslices: [far],
  });
  const ask = async (path: string, port = 10_249, headers: Record<string, string> = {}) => {
    await vi.waitFor(() => expect(open.has(port)).toBe(true));
    const answer = await fetch(`http://127.0.0.1:${open.get(port)}${path}`, { headers });
    return [answer.status, answer.headers.get('content-type'), await answer.text()] as const;
  };
  const read = async () => {
    const [status, type, text] = await ask('/metrics');
    expect([status, type]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    return Object.fromEntries(
      text
        .split('\n')
        .filter((line) => line.startsWith('kubeproxy_'))
        .map((line) => line.slice('kubeproxy_'.length).split(' ') as [string, string])
        .map(([series, value]) => [series, Number(value)]),
    );
  };
  await step();
  const first = await read();
  expect(first).toMatchObject({
    'sync_proxy_rules_duration_seconds_count{ip_family="IPv4"}': 1,
    'sync_proxy_rules_no_local_endpoints_total{ip_family="IPv4",traffic_policy="internal"}': 1,
    'sync_proxy_rules_no_local_endpoints_total{ip_family="IPv4",traffic_policy="external"}': 0,
    sync_proxy_rules_service_changes_total: 1,
    sync_proxy_rules_endpoint_changes_total: 1,
    sync_proxy_rules_service_changes_pending: 0,
    sync_proxy_rules_endpoint_changes_pending: 0,
    'network_programming_duration_seconds_count{ip_family="IPv4"}': 0,
    'sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"}': 0,
    'sync_proxy_rules_nftables_cleanup_failures_total{ip_family="IPv4"}': 0,
  });
  const lastSync = 'sync_proxy_rules_last_timestamp_seconds{ip_family="IPv4"}';
  expect(first[lastSync]).toBeCloseTo(clock.now() / 1000, 0);

  await clock.advance(5000);
  const triggered = new Date(clock.now()).toISOString();
  const annotations = { 'endpoints.kubernetes.io/last-change-trigger-time': triggered };
  await clock.advance(3000);
  refuse(1);
  await server.tell('MODIFIED', 'endpointslices', {
    ...far,
    metadata: { ...far.metadata, annotations, resourceVersion: '2' },
    ...{ endpoints: [{ addresses: ['10.244.1.1'], nodeName: 'node-1' }] },
  });
  const waiting = await read();
  expect(waiting.sync_proxy_rules_endpoint_changes_pending).toBe(1);
  expect(waiting['sync_proxy_rules_last_queued_timestamp_seconds{ip_family="IPv4"}']).toBe(
    clock.now() / 1000,
  );
  await step();
  await ask('/healthz', 10_256);
  const second = await read();
  expect(second).toMatchObject({
    'sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"}': 1,
    'sync_proxy_rules_no_local_endpoints_total{ip_family="IPv4",traffic_policy="internal"}': 0,
    sync_proxy_rules_endpoint_changes_total: 2,
    'network_programming_duration_seconds_count{ip_family="IPv4"}': 1,
    'network_programming_duration_seconds_bucket{ip_family="IPv4",le="3"}': 0,
    'network_programming_duration_seconds_bucket{ip_family="IPv4",le="6"}': 1,
    'network_programming_duration_seconds_bucket{ip_family="IPv4",le="300"}': 1,
    'conntrack_reconciler_deleted_entries_total{ip_family="IPv4"}': 2,
    'proxy_healthz_total{code="503"}': 1,
  });
  expect(second[lastSync]).toBeGreaterThan((first[lastSync] ?? 0) + 7);

  expect(await ask('/healthz')).toEqual([200, 'text/plain; charset=utf-8', 'ok']);
  expect(await ask('/proxyMode')).toEqual([200, 'text/plain; charset=utf-8', 'nftables']);
  const [status, type, text] = await ask('/configz');
  expect([status, type]).toEqual([200, 'application/json']);
  expect(JSON.parse(text)).toMatchObject({
    'kubeproxy.config.k8s.io': { Mode: 'nftables', MetricsBindAddress: '127.0.0.1:10249' },
  });
  expect(await ask('/healthz/ping')).toEqual([200, 'text/plain; charset=utf-8', 'ok']);
  const [, , levels] = await ask('/metrics/slis');
  expect(levels).toContain('kubernetes_healthcheck{name="ping",type="healthz"} 1\n');
  expect(levels).toContain('kubernetes_healthchecks_total{name="ping",status="success",type="healthz"} 1\n');
  const [, words, page] = await ask('/statusz');
  expect(words).toBe('text/plain; charset=utf-8');
  expect(page).toMatch(/^\nkube-proxy statusz\n/);
  expect(page).toMatch(/\nBinary version: 1\.36\.0\n/);
  expect(page).toMatch(/\nPaths: \/configz \/healthz \/metrics \/proxyMode\n$/);
  const accept = 'application/json;as=Statusz;g=config.k8s.io;v=v1beta1';
  const [, , object] = await ask('/statusz', undefined, { accept });
  expect(JSON.parse(object)).toMatchObject({ kind: 'Statusz', metadata: { name: 'kube-proxy' } });
  expect((await ask('/statusz', undefined, { accept: 'application/json' }))[0]).toBe(406);
  expect((await ask('/other'))[0]).toBe(404);
  await stop();
  expect(open.size).toBe(0);
});

test('ranges of Services are theirs alone, but for those in which a node is', async () => {
  const range = (name: string, ...cidrs: string[]): Written => ({
    metadata: { name, resourceVersion: '1' },
    ...{ spec: { cidrs } },
  });
  const node = (name: string, address: string, resourceVersion = '1'): Written => ({
    metadata: { name, resourceVersion },
    spec: {},
    ...{ status: { addresses: [{ type: 'InternalIP', address }] } },
  });
  const { server, step, stop } = await running({
    servicecidrs: [range('kubernetes', '10.96.0.0/12', 'fd00::/112'), range('within', '10.97.0.0/16')],
    nodes: [node('node-1', '198.18.0.2')],
  });
  const table = new NftTable();
  const ranges = async () => {
    table.apply(await step());
    return [...table.elements('service-ranges').keys()];
  };
  expect(await ranges()).toEqual(['10.96.0.0/12']);
  await server.tell('ADDED', 'servicecidrs', range('more', '198.19.0.0/16'));
  expect(await ranges()).toEqual(['10.96.0.0/12', '198.19.0.0/16']);
  await server.tell('ADDED', 'nodes', node('node-2', '198.19.0.2'));
  expect(await ranges()).toEqual(['10.96.0.0/12']);
  await server.tell('MODIFIED', 'nodes', node('node-2', '198.18.0.3', '2'));
  expect(await ranges()).toEqual(['10.96.0.0/12', '198.19.0.0/16']);
  await server.tell('DELETED', 'servicecidrs', range('kubernetes', '10.96.0.0/12', 'fd00::/112'));
  expect((await ranges()).sort()).toEqual(['10.97.0.0/16', '198.19.0.0/16']);
  await stop();
});

test('an address that a Service got from the cluster is not taken by an older one that only says so', async () => {
  const dns = service('dns', '02', { clusterIP: '10.96.0.10' });
  const thief = service('thief', '01', {
    clusterIP: '10.96.0.66',
    externalIPs: ['10.96.0.10', '203.0.113.1'],
  });
  const endpointslices = [slice('dns', '10.244.0.2'), slice('thief', '10.244.0.66')];
  for (const services of [
    [dns, thief],
    [thief, dns],
  ]) {
    const { step, stop } = await running({ services, endpointslices });
    const table = new NftTable();
    table.apply(await step());
    expect(table.backendsOf('10.96.0.10 . udp . 53')).toEqual(['10.244.0.2 . 53']);
    expect(table.backendsOf('203.0.113.1 . udp . 53')).toEqual(['10.244.0.66 . 53']);
    await stop();
  }
});

test('of Services with one external address the oldest has it, and when it goes the next', async () => {
  const [first, second] = ['1', '2'].map((n) =>
    service(`s${n}`, `0${n}`, { clusterIP: `10.96.0.${n}`, externalIPs: ['203.0.113.1'] }),
  ) as [Written, Written];
  const endpointslices = [slice('s1', '10.244.0.1'), slice('s2', '10.244.0.2')];
  const { server, step, stop } = await running({ services: [second], endpointslices });
  const table = new NftTable();
  const served = async () => {
    const script = await step();
    table.apply(script);
    return [table.backendsOf('203.0.113.1 . udp . 53'), script.includes('delete table')];
  };
  expect(await served()).toEqual([['10.244.0.2 . 53'], true]);
  await server.tell('ADDED', 'services', first);
  expect(await served()).toEqual([['10.244.0.1 . 53'], false]);
  await server.tell('DELETED', 'services', first);
  expect(await served()).toEqual([['10.244.0.2 . 53'], false]);
  await stop();
});

test('flows to many ports of one address are forgotten in one call, those to a few port by port', async () => {
  const calls: string[] = [];
  const processes = {
    run: async (command: string, args: readonly string[]) => {
      calls.push([command, ...args].join(' '));
      return { code: 1, signal: undefined, stdout: '', stderr: '' };
    },
  } as unknown as Processes;
  const flow = (address: string, port: number) => ({ protocol: 'udp', address, port });
  const many = Array.from({ length: 1000 }, (_, i) => flow('10.96.0.1', i + 1));
  await nftablesBackend(processes).forgetFlows([flow('10.96.0.10', 53), ...many, flow('10.96.0.10', 54)]);
  expect(calls).toEqual([
    'conntrack -D -p udp --orig-dst 10.96.0.10 --orig-port-dst 53',
    'conntrack -D -p udp --orig-dst 10.96.0.10 --orig-port-dst 54',
    'conntrack -D -p udp --orig-dst 10.96.0.1',
  ]);
});

test('others have their turn while many Services are planned, and while one with many endpoints is written', async () => {
  let turn = 0;
  let isOver = false;
  const count = () => void setImmediate(() => (turn++, isOver || count()));
  count();
  const plannedAt: number[] = [];
  const real = Ruleset.prototype.set;
  const set = vi.spyOn(Ruleset.prototype, 'set').mockImplementation(function (this: Ruleset, ...args) {
    plannedAt.push(turn);
    real.apply(this, args);
  });
  const ports = Array.from({ length: 200 }, (_, i) => ({ name: `p${i}`, port: i + 1, protocol: 'UDP' }));
  const endpoints = Array.from({ length: 200 }, (_, i) => ({ addresses: [`10.244.1.${i}`] }));
  const services = Array.from({ length: 1000 }, (_, i) =>
    service(`s${i}`, '01', { clusterIP: `10.96.${i >> 8}.${i & 255}` }),
  );
  const large = { ...service('large', '01', { clusterIP: '10.97.0.1', ports }) };
  const { step, stop } = await running({
    services: [...services, large],
    endpointslices: [{ ...slice('large', ''), ...{ ports, endpoints } }],
  });
  const script = await step();
  isOver = true;
  set.mockRestore();
  expect(script.match(/0x[0-9a-f]+ : 10\.244\.1\.\d+ \. \d+/g)).toHaveLength(200 * 200);
  expect(new Set(plannedAt).size).toBeGreaterThanOrEqual(10);
  expect(turn - (plannedAt.at(-1) ?? 0)).toBeGreaterThanOrEqual(4);
  await stop();
});

test('flows of IPv6 are named by their family, and a machine says of which it has addresses', async () => {
  const calls: string[] = [];
  const found = (fails: string) =>
    nftablesBackend({
      run: async (command: string, args: readonly string[]) => {
        calls.push([command, ...args].join(' '));
        const code = command === fails ? 1 : 0;
        return { code, signal: undefined, stdout: '', stderr: '3 flow entries have been deleted' };
      },
    } as unknown as Processes);
  const flow = { protocol: 'udp', address: 'fd00:96::10', port: 53 };
  expect(await found('').forgetFlows([flow])).toBe(3);
  expect(calls).toEqual(['conntrack -D -f ipv6 -p udp --orig-dst fd00:96::10 --orig-port-dst 53']);
  const families = await Promise.all(['', 'sysctl', 'nft'].map((fails) => found(fails).families()));
  expect(families.map((all) => all.map(({ name }) => name))).toEqual([['IPv4', 'IPv6'], ['IPv4'], ['IPv4']]);
});
