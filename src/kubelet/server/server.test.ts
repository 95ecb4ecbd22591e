import { describe, expect, test } from 'vitest';
import type { Pod, PodStatus } from '../../api/core/v1.ts';
import { subjectaccessreviews, tokenreviews } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest, Transport } from '../../client/transport.ts';
import type { HttpListener, HttpRequest, HttpServer, ReplyHeaders } from '../../platform/http.ts';
import { MetricRegistry } from '../../platform/metrics/registry.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import type { NodeContext } from '../pods/context.ts';
import { type Caller, Gatekeeper, nodeAction } from './authenticate.ts';
import { KubeletServer, type KubeletServerParts } from './kubelet-server.ts';
import type { ContainerStats } from '../runtimes/types.ts';
import { NodeCpu } from './node-cpu.ts';
import { nodeLog } from './node-logs.ts';
import { ownMetrics } from './own-metrics.ts';
import { ServingTls } from './serving-tls.ts';
import { resourceMetrics } from './resource-metrics.ts';
import { parseRoute } from './routes.ts';
import { type Measured, summaryDocument } from './stats.ts';
import { volumeMetrics } from './volume-metrics.ts';

test.each([
  ['/containerLogs/ns/pod/c', { kind: 'containerLogs', namespace: 'ns', pod: 'pod', container: 'c' }],
  ['/exec/ns/pod/c', { kind: 'exec', namespace: 'ns', pod: 'pod', container: 'c' }],
  ['/attach/ns/pod/uid/c', { kind: 'attach', namespace: 'ns', pod: 'pod', uid: 'uid', container: 'c' }],
  ['/portForward/ns/pod', { kind: 'portForward', namespace: 'ns', pod: 'pod' }],
  ['/pods/', { kind: 'pods' }],
  ['/logs/', { kind: 'nodeLogs', path: '' }],
  ['/logs/a/b.log', { kind: 'nodeLogs', path: 'a/b.log' }],
  ['/logs/../etc', undefined],
  ['/logs/..%2f..%2fetc%2fshadow', undefined],
  ['/logs/pods%2F..%2F..%2F..%2Fetc/shadow', undefined],
  ['/logs/a..b/..c', { kind: 'nodeLogs', path: 'a..b/..c' }],
  ['/exec/ns/pod', undefined],
  ['/exec/ns/%zz/c', undefined],
  ['/containerLogs/ns//c', undefined],
  ['/nothing', undefined],
])('%s', (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

test('what the kubelet measures of itself is told as text, where there is anything', () => {
  const meter = new MetricRegistry();
  const about = { help: 'Things.', stability: 'ALPHA', labels: ['of'] } as const;
  meter
    .counter({ name: 'things_total', ...about })
    .with('a "b"')
    .add(2);
  meter
    .histogram({ name: 'spans', ...about, bounds: [1] })
    .with('x')
    .observe(0.5);
  meter.counter({ name: 'nothing_total', ...about });
  const text = ownMetrics({ nodeName: 'n1', running: 0, measured: meter.metrics(), volumes: '' });
  expect(text).not.toContain('nothing_total');
  expect(text).toContain(
    [
      '# HELP things_total [ALPHA] Things.',
      '# TYPE things_total counter',
      'things_total{of="a \\"b\\""} 2',
      '# HELP spans [ALPHA] Things.',
      '# TYPE spans histogram',
      'spans_bucket{of="x",le="1"} 1',
      'spans_bucket{of="x",le="+Inf"} 1',
      'spans_sum{of="x"} 0.5',
      'spans_count{of="x"} 1',
      '',
    ].join('\n'),
  );
});

test.each([
  ['GET', '/metrics/resource', { verb: 'get', subresource: 'metrics' }],
  ['GET', '/stats/summary', { verb: 'get', subresource: 'stats' }],
  ['POST', '/exec/a/b/c', { verb: 'create', subresource: 'proxy' }],
  ['GET', '/logs/x', { verb: 'get', subresource: 'log' }],
  ['GET', '/pods', { verb: 'get', subresource: 'pods' }],
  ['GET', '/statusz', { verb: 'get', subresource: 'statusz' }],
])('%s %s is access to nodes', (method, path, action) => {
  expect(nodeAction(method, path)).toEqual(action);
});

describe('who may call', () => {
  interface ReviewBody {
    spec: { token?: string; extra?: object; resourceAttributes?: { subresource: string } };
  }
  const extra = { 'authentication.kubernetes.io/node-name': ['n1'] };

  function gatekeeper(allowed: (subresource: string) => boolean) {
    const asked: string[] = [];
    const reviewed: unknown[] = [];
    const transport: Pick<Transport, 'request'> = {
      request: async ({ path, body }: ApiRequest) => {
        asked.push(path);
        const { spec } = body as ReviewBody;
        if (path.endsWith(tokenreviews.plural))
          return {
            status: { authenticated: spec.token === 'good', user: { username: 'ann', groups: ['g'], extra } },
          };
        if (!path.endsWith(subjectaccessreviews.plural)) throw new Error(path);
        reviewed.push(spec.extra);
        return { status: { allowed: allowed(spec.resourceAttributes?.subresource ?? '') } };
      },
    };
    const clock = new VirtualClock();
    const context = {
      nodeName: 'n1',
      client: new Client(transport as Transport),
      platform: { clock },
    } as unknown as NodeContext;
    return { asked, reviewed, clock, gate: new Gatekeeper(context) };
  }

  test('is who shows a certificate or a good token', async () => {
    const { gate } = gatekeeper(() => true);
    const peer = {
      trusted: true,
      commonName: 'apiserver',
      organizations: ['masters'],
      sha256: '',
      untilMs: Infinity,
    };
    expect(await gate.identify(peer, undefined)).toEqual({
      username: 'apiserver',
      groups: ['masters', 'system:authenticated'],
    });
    expect(await gate.identify({ ...peer, trusted: false }, undefined)).toBeUndefined();
    expect(await gate.identify({ ...peer, untilMs: 0 }, undefined)).toBeUndefined();
    expect(await gate.identify(undefined, 'Bearer good')).toMatchObject({ username: 'ann' });
    expect(await gate.identify(undefined, 'Bearer bad')).toBeUndefined();
    expect(await gate.identify(undefined, 'Basic good')).toBeUndefined();
  });

  test('is asked about with all that is known of him', async () => {
    const { gate, reviewed } = gatekeeper(() => true);
    const caller = await gate.identify(undefined, 'Bearer good');
    await gate.allows(caller as Caller, { verb: 'get', subresource: 'pods' });
    expect(reviewed).toEqual([extra]);
  });

  test('is asked of the API server, and remembered for a while', async () => {
    const { gate, asked, clock } = gatekeeper((subresource) => subresource === 'proxy');
    const caller = { username: 'ann', groups: [] };
    expect(await gate.allows(caller, { verb: 'get', subresource: 'pods' })).toBe(true);
    expect(await gate.allows(caller, { verb: 'get', subresource: 'statusz' })).toBe(true);
    expect(await gate.allows(caller, { verb: 'get', subresource: 'metrics' })).toBe(false);
    const before = asked.length;
    await gate.allows(caller, { verb: 'get', subresource: 'metrics' });
    expect(asked.length).toBe(before);
    await clock.advance(31_000);
    await gate.allows(caller, { verb: 'get', subresource: 'metrics' });
    expect(asked.length).toBe(before + 1);
  });
});

interface Sent {
  status: number;
  headers: ReplyHeaders;
  text: string;
}

/** A server on a node with one container, asked by whoever may do all; and the commands that were run in it. */
function serving() {
  const pod = { metadata: { name: 'p', namespace: 'n', uid: 'u' }, spec: { containers: [{ name: 'c' }] } };
  const container = { id: 'i', name: 'c', state: 'running' };
  const nothing = Buffer.alloc(0);
  const commands: string[][] = [];
  const execSync = async (_: string, command: string[]) => {
    commands.push(command);
    return { stdout: nothing, stderr: nothing };
  };
  const client = new Client({ request: async () => ({ status: { allowed: true } }) } as unknown as Transport);
  const parts = {
    context: { platform: { clock: new VirtualClock() }, runtime: { containers: { execSync } }, client },
    workers: { all: () => [{ pod }] },
    view: { load: async () => ({ containers: [container], sandboxes: [] }) },
  } as unknown as KubeletServerParts;
  const server = new KubeletServer(parts);
  const ask = (method: string, target: string, headers: Record<string, string> = {}) =>
    new Promise<Sent>((resolve) => {
      const listen: HttpListener = async ({ onRequest }) => {
        const peer = { trusted: true, commonName: 'ann', organizations: [], sha256: '', untilMs: Infinity };
        onRequest({ method, target, headers, peer } as unknown as HttpRequest, {
          started: false,
          send: (status, sent, body = []) =>
            resolve({ status, headers: sent, text: Buffer.concat([...body]).toString() }),
          open: () => expect.fail(),
        });
        return {} as HttpServer;
      };
      const tls = new ServingTls({ cert: '', key: '' });
      void server.listen({ host: '', port: 0, tls, listen });
    });
  return { ask, commands };
}

test.each([
  ['GET', '/run/n/p/c?cmd=id', 405],
  ['PUT', '/run/n/p/c?cmd=id', 405],
  ['POST', '/run/n/p/c?cmd=id', 200],
  ['POST', '/pods', 405],
  ['DELETE', '/healthz', 405],
  ['HEAD', '/healthz', 200],
  ['GET', '/healthz', 200],
])('%s %s is answered with %i', async (method, target, expected) => {
  const { ask, commands } = serving();
  expect((await ask(method, target)).status).toBe(expected);
  expect(commands).toEqual(target.startsWith('/run') && expected === 200 ? [['id']] : []);
});

test('the kubelet says how it is, in words and as an object', async () => {
  const { ask } = serving();
  const words = await ask('GET', '/statusz');
  expect(words.text).toMatch(/^\nkubelet statusz\n/);
  expect(words.text).toMatch(/\nPaths: \/configz \/healthz \/metrics \/pods \/runningpods \/stats\n$/);
  const accept = 'application/json;as=Statusz;g=config.k8s.io;v=v1beta1';
  const object = await ask('GET', '/statusz', { accept });
  expect(JSON.parse(object.text)).toMatchObject({
    kind: 'Statusz',
    metadata: { name: 'kubelet' },
    binaryVersion: '1.36.0',
  });
  expect((await ask('GET', '/statusz', { accept: 'application/json' })).status).toBe(406);
});

test('the kubelet counts what its health checks find, of all of them and no single one', async () => {
  const { ask } = serving();
  await ask('GET', '/healthz');
  await ask('GET', '/healthz/ping');
  const { text } = await ask('GET', '/metrics/slis');
  for (const name of ['ping', 'log', 'syncloop'])
    expect(text).toContain(
      `kubernetes_healthchecks_total{name="${name}",status="success",type="healthz"} 1\n`,
    );
});

test('logs of the node are a list of links, or a file', async () => {
  const files = new MemoryFiles();
  await files.makeDir('/logs/ns_<pod>');
  await files.write('/logs/a.log', 'text');
  const list = await nodeLog(files, '/logs', '');
  expect(list.body.toString()).toContain('<a href="ns_%3Cpod%3E">ns_&#60;pod&#62;</a>');
  expect((await nodeLog(files, '/logs', 'a.log')).body.toString()).toBe('text');
  await expect(nodeLog(files, '/logs', 'none')).rejects.toMatchObject({ status: 404 });
});

describe('figures', () => {
  const labels = { 'io.kubernetes.pod.uid': 'u', 'io.kubernetes.container.name': 'c' };
  const usage = {
    availableBytes: 60,
    capacityBytes: 100,
    usedBytes: 40,
    inodes: 10,
    inodesFree: 7,
    inodesUsed: 3,
  };
  const measured: Measured = {
    pods: [
      {
        metadata: { name: 'p"q', namespace: 'n', uid: 'u' },
        spec: { containers: [] },
        status: {
          startTime: '1970-01-01T00:00:01Z',
          containerStatuses: [{ name: 'c', state: { running: { startedAt: '1970-01-01T00:00:04Z' } } }],
        } as PodStatus,
      },
    ],
    containers: [
      {
        id: 'i',
        container: { name: 'c', attempt: 0 },
        labels,
        cpu: { timeMs: 5000, usageCoreNanoseconds: 2.5e9 },
        memory: { timeMs: 5000, workingSetBytes: 1024 },
      },
    ],
    sandboxes: [],
    nodeName: 'n1',
    availableMemoryBytes: 1000,
    cpuNanoseconds: 4e9,
    facts: { memoryBytes: 3000 } as Measured['facts'],
    startedAt: 't',
    timeMs: 6000,
    volumesOf: (uid) => (uid === 'u' ? [{ ...usage, name: 'v', claim: 'd', timeMs: 5000 }] : []),
  };

  test('as the metrics server reads them', () => {
    const text = resourceMetrics(measured);
    expect(text).toContain(
      'container_cpu_usage_seconds_total{container="c",namespace="n",pod="p\\"q"} 2.5 5000\n',
    );
    expect(text).toContain('container_start_time_seconds{container="c",namespace="n",pod="p\\"q"} 4 6000\n');
    expect(text).toContain('pod_memory_working_set_bytes{namespace="n",pod="p\\"q"} 1024 6000\n');
    expect(text).toContain('node_cpu_usage_seconds_total 4 6000\n');
    expect(text).toContain('node_memory_working_set_bytes 2000 6000\n');
    expect(text).toContain('# TYPE container_memory_working_set_bytes gauge\n');
  });

  test('of volumes tell each claim once, and nothing of volumes without one', () => {
    const pods = ['u', 'w', 'x'].map((uid) => ({ ...measured.pods[0], metadata: { namespace: 'n', uid } }));
    const volumes: Record<string, string | undefined> = { u: 'd', w: 'd', x: undefined };
    const text = volumeMetrics(pods as Pod[], (uid) => {
      const claim = volumes[uid];
      return [{ ...usage, usedBytes: uid === 'u' ? 40 : 41, name: 'v', timeMs: 0, ...(claim && { claim }) }];
    });
    expect(text.split('\n')).toHaveLength(19);
    const labels = '{namespace="n",persistentvolumeclaim="d"}';
    expect(text).toContain(
      `# HELP kubelet_volume_stats_used_bytes [ALPHA] Number of used bytes in the volume\n# TYPE kubelet_volume_stats_used_bytes gauge\nkubelet_volume_stats_used_bytes${labels} 40\n`,
    );
    expect(text).toContain(`kubelet_volume_stats_available_bytes${labels} 60\n`);
    expect(text).toContain(`kubelet_volume_stats_capacity_bytes${labels} 100\n`);
    expect(text).toContain(`kubelet_volume_stats_inodes${labels} 10\n`);
    expect(text).toContain(`kubelet_volume_stats_inodes_free${labels} 7\n`);
    expect(text).toContain(`kubelet_volume_stats_inodes_used${labels} 3\n`);
    expect(volumeMetrics([], measured.volumesOf)).toBe('');
  });

  test('of a node count what its containers have used that are no more', () => {
    const node = new NodeCpu();
    const used = (all: Record<string, number>): ContainerStats[] =>
      Object.entries(all).map(([id, usageCoreNanoseconds]) => ({
        id,
        container: { name: 'c', attempt: 0 },
        labels,
        cpu: { timeMs: 0, usageCoreNanoseconds },
      }));
    expect(node.count(used({ a: 5, b: 3 }), 1)).toBe(8);
    expect(node.count(used({ b: 4 }), 3)).toBe(9);
    expect(node.count(used({ a: 6, b: 3 }), 2)).toBe(9);
    expect(node.count(used({ b: 4, c: 1 }), 4)).toBe(10);
    expect(node.count([], 5)).toBe(10);
  });

  test('as a summary', () => {
    expect(summaryDocument(measured)).toMatchObject({
      node: { nodeName: 'n1', cpu: { usageCoreNanoSeconds: 4e9 }, memory: { workingSetBytes: 2000 } },
      pods: [
        {
          podRef: { uid: 'u' },
          containers: [{ name: 'c', memory: { workingSetBytes: 1024 } }],
          cpu: { usageCoreNanoSeconds: 2.5e9 },
          volume: [
            { time: '1970-01-01T00:00:05.000Z', ...usage, name: 'v', pvcRef: { name: 'd', namespace: 'n' } },
          ],
        },
      ],
    });
  });
});
