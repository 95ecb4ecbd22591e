import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node, Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { EventNote } from '../client/event-recorder.ts';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { silentLog } from '../platform/log.ts';
import { listenPlainHttp, type PlainHttpListener } from '../platform/plain-http-server.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { HealthServers, serviceHealthOf } from './health-servers.ts';
import { isEligible, SyncHealth } from './sync-health.ts';

const service = (name: string, spec: Partial<Service['spec']> = {}): Service => ({
  metadata: { name, namespace: 'default' },
  spec: {
    type: 'LoadBalancer',
    clusterIP: '10.96.1.1',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31_000,
    ports: [{ name: 'http', port: 80 }],
    ...spec,
  },
});

const slice = (name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  metadata: { name, namespace: 'default' },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080 }],
  endpoints,
});

describe('what is told of a Service', () => {
  const here = { nodeName: 'node-1' };

  test('its ready endpoints on this node count, each address once', () => {
    const slices = [
      slice('a', [
        { ...here, addresses: ['10.244.1.2'] },
        { ...here, addresses: ['10.244.1.3'], conditions: { ready: true } },
        { nodeName: 'node-2', addresses: ['10.244.2.2'] },
        { addresses: ['10.244.3.2'] },
      ]),
      slice('b', [{ ...here, addresses: ['10.244.1.2'] }]),
    ];
    expect(serviceHealthOf(service('web'), slices, { name: 'node-1', family: ipv4 })).toMatchObject({
      port: 31_000,
      localEndpoints: 2,
    });
  });

  test('those of one family count for the port of that family alone', () => {
    const both = service('web', { clusterIPs: ['10.96.1.1', 'fd00::1:1'] });
    const slices = [
      slice('a', [{ ...here, addresses: ['10.244.1.2'] }]),
      {
        ...slice(
          'b',
          ['2', '3'].map((n) => ({ ...here, addresses: [`fd00::${n}`] })),
        ),
        addressType: 'IPv6',
      },
    ];
    const counts = [ipv4, ipv6].map(
      (family) => serviceHealthOf(both, slices, { name: 'node-1', family })?.localEndpoints,
    );
    expect(counts).toEqual([1, 2]);
    expect(serviceHealthOf(service('web'), slices, { name: 'node-1', family: ipv6 })).toBeUndefined();
  });

  test('those that end do not, though they may still serve', () => {
    const conditions = { ready: false, serving: true, terminating: true };
    const ending = [slice('a', [{ ...here, addresses: ['10.244.1.2'], conditions }])];
    expect(serviceHealthOf(service('web'), ending, { name: 'node-1', family: ipv4 })).toMatchObject({
      localEndpoints: 0,
    });
  });

  test.each([{ type: 'NodePort' }, { externalTrafficPolicy: 'Cluster' }, { healthCheckNodePort: undefined }])(
    'nothing of one that no load balancer asks for: %j',
    (spec) => {
      expect(serviceHealthOf(service('web', spec), [], { name: 'node-1', family: ipv4 })).toBeUndefined();
    },
  );
});

describe('the node stays or goes', () => {
  const node = (more: Partial<Node>): Node => ({ metadata: { name: 'node-1' }, spec: {}, ...more });
  const taint = (key: string) => node({ spec: { taints: [{ key, effect: 'NoSchedule' }] } });
  test.each([
    ['it is there', node({}), true],
    ['it has some taint', taint('node.kubernetes.io/unschedulable'), true],
    ['the autoscaler is about to take it', taint('ToBeDeletedByClusterAutoscaler'), false],
    ['it is being deleted', node({ metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }), false],
    ['it is not there', undefined, false],
  ])('%s', (_, of, expected) => expect(isEligible(of)).toBe(expected));
});

test('a proxy is not healthy while a change waits for a minute, whatever the wall clock says', async () => {
  const clock = new VirtualClock();
  const health = new SyncHealth(clock);
  health.queued(ipv4);
  await clock.advance(100_000);
  expect(health.report).toMatchObject({ healthy: true, lastUpdated: '0001-01-01T00:00:00Z' });
  expect(health.report.status).toBeUndefined();
  health.updated(ipv4);
  const lastUpdated = new Date(clock.now()).toISOString();
  await clock.advance(100_000);
  health.queued(ipv4);
  await clock.advance(30_000);
  health.queued(ipv4);
  expect(health.report).toMatchObject({ healthy: true, status: { IPv4: { lastUpdated, healthy: true } } });
  await clock.advance(30_000);
  expect(health.report).toMatchObject({ healthy: false, lastUpdated, status: { IPv4: { healthy: false } } });
  health.updated(ipv4);
  expect(health.report.healthy).toBe(true);
});

test('a proxy of both families is healthy while each is, and as new as the newest', async () => {
  const clock = new VirtualClock();
  const health = new SyncHealth(clock);
  health.updated(ipv4);
  health.queued(ipv6);
  await clock.advance(61_000);
  // One that has not begun yet is healthy.
  expect(health.report.healthy).toBe(true);
  health.updated(ipv6);
  const newest = new Date(clock.now()).toISOString();
  health.queued(ipv4);
  await clock.advance(60_000);
  const { healthy, lastUpdated, status } = health.report;
  expect([healthy, lastUpdated]).toEqual([false, newest]);
  expect(status).toMatchObject({ IPv4: { healthy: false }, IPv6: { healthy: true, lastUpdated: newest } });
});

describe('over HTTP', () => {
  const clock = new VirtualClock();
  let health: SyncHealth;
  let stays: boolean;
  let notes: (EventNote & { of: string | undefined })[];
  let servers: HealthServers;
  /** Ports that are open, by those that were asked for. */
  let open: Map<number, number>;
  let taken: Set<number>;
  let answered: unknown[];

  const listen: PlainHttpListener = async (options) => {
    if (taken.has(options.port) || open.has(options.port)) throw new Error('bind: address already in use');
    const server = await listenPlainHttp({ ...options, port: 0 });
    open.set(options.port, server.port);
    return {
      ...server,
      close: async () => {
        open.delete(options.port);
        await server.close();
      },
    };
  };
  const ask = async (port: number, path = '/') => {
    const answer = await fetch(`http://127.0.0.1:${open.get(port)}${path}`);
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  };
  const about = (name: string, port: number, localEndpoints: number) => {
    servers.set(ipv4, `default/${name}`, { service: service(name), port, localEndpoints });
  };

  beforeEach(async () => {
    health = new SyncHealth(clock);
    [stays, notes, open, taken, answered] = [true, [], new Map(), new Set(), []];
    servers = new HealthServers({
      listen,
      hosts: { IPv4: '127.0.0.1', IPv6: '::1' },
      port: 10_256,
      nodeName: 'node-1',
      events: { record: (object, note) => void notes.push({ ...note, of: object.metadata.name }) },
      log: silentLog,
      health: () => health.report,
      isEligible: () => stays,
      onAnswer: (path, status) => void answered.push([path, status]),
    });
    servers.listenIn([ipv4]);
    await servers.sync();
  });
  afterEach(() => servers.close());

  test('a Service tells how many of its endpoints are here', async () => {
    about('web', 31_000, 2);
    await servers.sync();
    const some = await ask(31_000, '/anything');
    expect(some.status).toBe(200);
    expect(some.headers.get('content-type')).toBe('application/json');
    expect(some.headers.get('x-content-type-options')).toBe('nosniff');
    expect(some.headers.get('x-load-balancing-endpoint-weight')).toBe('2');
    expect(some.text).toBe(
      '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
    );
    about('web', 31_000, 0);
    const none = await ask(31_000);
    expect([none.status, none.headers.get('x-load-balancing-endpoint-weight')]).toEqual([503, '0']);
  });

  test('a Service is not well where its proxy is not, though endpoints are here', async () => {
    about('web', 31_000, 1);
    await servers.sync();
    health.updated(ipv4);
    health.queued(ipv4);
    await clock.advance(60_000);
    const { status, text } = await ask(31_000);
    expect([status, JSON.parse(text)]).toEqual([
      503,
      { service: { namespace: 'default', name: 'web' }, localEndpoints: 1, serviceProxyHealthy: false },
    ]);
  });

  test('ports open, move, change hands and close with their Services', async () => {
    about('a', 31_000, 1);
    about('b', 31_001, 1);
    await servers.sync();
    expect([...open.keys()]).toEqual([10_256, 31_000, 31_001]);
    about('a', 31_001, 3);
    about('b', 31_000, 4);
    await servers.sync();
    expect(JSON.parse((await ask(31_001)).text)).toMatchObject({ service: { name: 'a' }, localEndpoints: 3 });
    expect(JSON.parse((await ask(31_000)).text)).toMatchObject({ service: { name: 'b' }, localEndpoints: 4 });
    servers.set(ipv4, 'default/a', undefined);
    await servers.sync();
    expect([...open.keys()]).toEqual([10_256, 31_000]);
    await servers.close();
    expect(open.size).toBe(0);
  });

  test('each family has ports of its own, at which it tells its own number', async () => {
    await servers.close();
    const asked = new Map<string, number>();
    const both = new HealthServers({
      ...{ port: 10_256, nodeName: 'node-1', log: silentLog, events: { record: () => {} } },
      hosts: { IPv4: '0.0.0.0', IPv6: '::' },
      listen: async (options) => {
        const server = await listenPlainHttp({ ...options, host: '127.0.0.1', port: 0 });
        asked.set(`${options.host} ${options.port}`, server.port);
        return server;
      },
      health: () => health.report,
      isEligible: () => true,
      onAnswer: () => {},
    });
    try {
      both.listenIn([ipv4, ipv6]);
      for (const [family, localEndpoints] of [
        [ipv4, 1],
        [ipv6, 2],
      ] as const)
        both.set(family, 'default/web', { service: service('web'), port: 31_000, localEndpoints });
      await both.sync();
      expect([...asked.keys()].sort()).toEqual(['0.0.0.0 10256', '0.0.0.0 31000', ':: 10256', ':: 31000']);
      const counts = [];
      for (const host of ['0.0.0.0', '::']) {
        const answer = await fetch(`http://127.0.0.1:${asked.get(`${host} 31000`)}/`);
        counts.push((await answer.json()) as object);
      }
      expect(counts).toMatchObject([{ localEndpoints: 1 }, { localEndpoints: 2 }]);
    } finally {
      await both.close();
    }
  });

  test('a port that another has is told of at the Service, and had once it is free', async () => {
    taken.add(31_000);
    about('web', 31_000, 1);
    await servers.sync();
    expect(notes).toEqual([
      {
        of: 'web',
        type: 'Warning',
        reason: 'FailedToStartServiceHealthcheck',
        action: 'Listen',
        message:
          'node node-1 failed to start healthcheck "default/web" on port 31000: bind: address already in use',
      },
    ]);
    taken.clear();
    await servers.sync();
    expect((await ask(31_000)).status).toBe(200);
  });

  test('the proxy tells of itself, and of its node where that is asked', async () => {
    health.updated(ipv4);
    const wasMs = clock.now();
    const was = new Date(wasMs).toISOString();
    await clock.advance(5000);
    const now = new Date(wasMs + 5000).toISOString();
    const status = { IPv4: { lastUpdated: was, healthy: true } };
    const well = { lastUpdated: now, currentTime: now, nodeEligible: true, healthy: true, status };
    const answers = async (path: string) => {
      const answer = await ask(10_256, path);
      return [answer.status, JSON.parse(answer.text)];
    };
    expect((await ask(10_256, '/healthz')).text).toBe(JSON.stringify(well));
    const { nodeEligible: _, ...alive } = well;
    expect(await answers('/livez')).toEqual([200, alive]);
    stays = false;
    expect(await answers('/healthz')).toEqual([503, { ...well, lastUpdated: was, nodeEligible: false }]);
    expect(await answers('/livez?verbose')).toEqual([200, alive]);
    const other = await ask(10_256, '/metrics');
    expect([other.status, other.text]).toEqual([404, '404 page not found\n']);
    expect(answered).toEqual([
      ['healthz', 200],
      ['livez', 200],
      ['healthz', 503],
      ['livez', 200],
    ]);
  });
});
