import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import { createAuthority, issue } from '../../cluster/pki.ts';
import type { SpdyHeaders } from '../../machinery/spdy/frames.ts';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import type { SpdyStream } from '../../machinery/spdy/stream.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemConnector } from '../../platform/connect.ts';
import { posterOver } from '../../platform/http-post.ts';
import { systemRandom } from '../../platform/random.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { podAt, podConnector } from './pod-connector.ts';

const address = '10.244.1.5';

const pod = (name: string, nodeName: string): Pod => ({
  metadata: { namespace: 'default', name },
  spec: { nodeName, containers: [] },
  status: { podIP: address },
});

const node = (name: string, ...podCIDRs: string[]): Node => ({
  metadata: { name },
  spec: { podCIDRs },
  status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
});

function readerOf(pods: Pod[], nodes: Node[]): ObjectReader {
  const get = (resource: unknown, { name }: { name: string }) =>
    resource === resources.nodes ? nodes.find(({ metadata }) => metadata.name === name) : undefined;
  const listWhere = (_: unknown, { field, value }: { field: string; value: string }) =>
    pods.filter(({ spec, status }) => (field === 'spec.nodeName' ? spec.nodeName : status?.podIP) === value);
  return { listWhere, get, list: () => nodes } as unknown as ObjectReader;
}

/** Which node's kubelet is asked for the pod of the address. */
async function askedNode(pods: Pod[], nodes: Node[]): Promise<string> {
  const reader = readerOf(pods, nodes);
  let asked = '';
  const connect = async ({ node: name }: { node: string }) => {
    asked = name;
    throw new Error('no further');
  };
  const connector = podConnector({ reader, nodes: { connect, connectTo: connect } });
  await expect(connector({ host: address, port: 80, timeoutMs: 1000 })).rejects.toThrow('no further');
  return asked;
}

test('a node that says that its pod has the address of another one gets none of what is meant for that', async () => {
  const nodes = [node('hostile', '10.244.9.0/24'), node('own', '10.244.1.0/24', 'fd00:1::/64')];
  const pods = [pod('a', 'hostile'), pod('b', 'gone'), pod('c', 'own')];
  expect(await askedNode(pods, nodes)).toBe('own');
});

test('pods of a network that gives nodes no ranges of their own are found where they say they are', async () => {
  expect(await askedNode([pod('a', 'one')], [node('one')])).toBe('one');
  expect(await askedNode([pod('a', 'one')], [node('one', '10.0.0.0/24')])).toBe('one');
});

test('a pod is found by its address of the second family, on the node that has been given the range of it', async () => {
  const second = 'fd00:1::5';
  const both = (name: string, nodeName: string, ip = second): Pod => {
    const one = pod(name, nodeName);
    return { ...one, status: { ...one.status, podIPs: [{ ip: address }, { ip }] } };
  };
  const nodes = [
    node('hostile', '10.244.9.0/24', 'fd00:9::/64'),
    node('own', '10.244.1.0/24', 'fd00:1::/64'),
  ];
  const pods = [both('a', 'hostile'), both('b', 'own', 'fd00:1::4'), both('c', 'own')];
  const reader = readerOf(pods, nodes);
  expect(podAt(reader, second)?.pod.metadata.name).toBe('c');
  expect(podAt(reader, 'fd00:1::6')).toBeUndefined();
});

test('a kubelet is asked at an address of IPv6', async () => {
  const kubelet = await forwardingKubelet();
  const found = node('one');
  const nodes = [{ ...found, status: { addresses: [{ type: 'InternalIP', address: 'fd01::2' }] } }];
  const connector = podConnector({ reader: readerOf([pod('a', 'one')], nodes), nodes: kubelet.nodes });
  const target = createServer((_request, response) => response.end('yes'));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  const { port } = target.address() as AddressInfo;
  const way = await connector({ host: address, port, timeoutMs: 5000 });
  way.write('GET / HTTP/1.0\r\n\r\n');
  const [said] = (await once(way, 'data')) as [Buffer];
  expect(said.toString()).toMatch(/^HTTP\/1\.1 200/);
  way.destroy();
  kubelet.drop();
  for (const server of [kubelet.server, target]) server.close();
});

/** A kubelet that forwards to the port of the same number here; how many connections it had to make. */
async function forwardingKubelet() {
  const counted = { forwarded: 0 };
  const ways: SpdyConnection[] = [];
  const server = createServer().on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
    const onStream = (stream: SpdyStream, { port, streamtype }: SpdyHeaders) => {
      if (streamtype === 'error') stream.once('end', () => stream.end()).resume();
      else {
        counted.forwarded += 1;
        const target = connectTcp(Number(port), '127.0.0.1');
        stream.pipe(target).pipe(stream);
        target.on('error', () => stream.destroy());
      }
      return true;
    };
    ways.push(new SpdyConnection(socket, { role: 'server', onStream }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connect = () => systemConnector({ host: '127.0.0.1', port, timeoutMs: 5000 });
  const drop = () => ways.splice(0).forEach((way) => way.close());
  return { counted, drop, nodes: { connect, connectTo: connect }, server };
}

test('a pod is asked again over the connection that stands, with TLS, and over a new one after that was lost', async () => {
  const means = { clock: systemClock, random: systemRandom };
  const authority = await createAuthority(means);
  const pair = await issue(authority, { commonName: 'h', hosts: ['hook.svc'], usages: ['server'] }, means);
  const hook = createSecureServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
    request.resume();
    response.end('yes');
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  const kubelet = await forwardingKubelet();
  const poster = posterOver(
    podConnector({ reader: readerOf([pod('a', 'one')], [node('one')]), nodes: kubelet.nodes }),
  );
  const tls = { ca: authority.certificate, serverName: 'hook.svc' };
  const to = { host: address, port: (hook.address() as AddressInfo).port, tls, timeoutMs: 5000 };
  const what = {
    url: new URL('https://hook.svc/'),
    headers: {},
    body: Buffer.from('a'),
    timeoutMs: 5000,
    limitBytes: 9,
  };
  const twice = async () => {
    for (const _ of [1, 2]) expect(await poster.post(to, what)).toEqual({ status: 200, text: 'yes' });
    return kubelet.counted.forwarded;
  };
  expect(await twice()).toBe(1);
  kubelet.drop();
  expect(await twice()).toBe(2);
  hook.closeAllConnections();
  expect(await twice()).toBe(3);
  kubelet.drop();
  kubelet.server.close();
  hook.close();
});
