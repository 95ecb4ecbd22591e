import { Duplex } from 'node:stream';
import type { Node, Pod } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { cidrContains } from '../../machinery/ip.ts';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import { type Connector, secured } from '../../platform/connect.ts';
import { dialUpgrade } from '../../platform/upgrade.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { hostOf } from './kubelet-way.ts';
import { kubeletAddress, type NodeDialer } from './node-dialer.ts';

export interface PodConnectorOptions {
  nodes: NodeDialer;
  reader: ObjectReader;
}

/** Where a pod is: the node that it runs on. */
interface Place {
  pod: Stored<Pod>;
  node: Stored<Node>;
}

/**
 * The pod that has an address. Which one that is its node says, and nobody holds it to the truth: of several the one whose node has been
 * given the range that the address is of.
 */
export function podAt(reader: ObjectReader, address: string): Place | undefined {
  let first: Place | undefined;
  for (const pod of reader.listWhere(resources.pods, { field: 'status.podIP', value: address })) {
    if (pod.status?.podIP !== address || pod.metadata.deletionTimestamp) continue;
    const node = reader.get(resources.nodes, { name: pod.spec.nodeName ?? '' });
    if (!node) continue;
    const place = { pod, node };
    if (node.spec?.podCIDRs?.some((range) => cidrContains(range, address))) return place;
    first ??= place;
  }
  return first ?? podAtSecond(reader, address);
}

/** The same by an address that is not the first of its pod, by which pods are found at once. */
function podAtSecond(reader: ObjectReader, address: string): Place | undefined {
  for (const node of reader.list(resources.nodes)) {
    if (!node.spec?.podCIDRs?.some((range) => cidrContains(range, address))) continue;
    for (const pod of reader.listWhere(resources.pods, {
      field: 'spec.nodeName',
      value: node.metadata.name,
    })) {
      const isThere = pod.spec.nodeName === node.metadata.name && !pod.metadata.deletionTimestamp;
      if (isThere && pod.status?.podIPs?.some(({ ip }) => ip === address)) return { pod, node };
    }
  }
  return undefined;
}

/**
 * The way to pods through the kubelets' port-forward: the API server needs no route to the pods' network, which on
 * many machines would lead somewhere else.
 */
export function podConnector({ nodes, reader }: PodConnectorOptions): Connector {
  return async ({ host, port, tls, timeoutMs }) => {
    const refused = (why: string) => new Error(`dial tcp ${host}:${port}: ${why}`);
    const place = podAt(reader, host);
    const address = place && kubeletAddress(place.node);
    if (!address) throw refused('no route to host');
    const { namespace, name } = place.pod.metadata;
    const backend = await nodes.connect(address);
    const { socket } = await dialUpgrade({
      url: `http://${hostOf(address)}/portForward/${namespace}/${name}`,
      method: 'POST',
      headers: { Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'portforward.k8s.io' },
      timeoutMs,
      connect: () => backend,
    });
    const why = (text: string) => (/connection refused/.test(text) ? 'connect: connection refused' : text);
    const stream = openPort(socket, port, (text) => refused(why(text)));
    return tls ? secured(stream, tls, timeoutMs) : stream;
  };
}

/** One port of the pod; the connection to the kubelet ends with it. */
function openPort(socket: Duplex, port: number, failed: (text: string) => Error): PortStream {
  const connection = new SpdyConnection(socket, { role: 'client' });
  const headers = { port: String(port), requestID: '0' };
  const failure = connection.openStream({ streamType: 'error', ...headers });
  failure.end();
  const data = connection.openStream({ streamType: 'data', ...headers });
  data.on('error', () => {});
  const error = textOf(failure).then((text) => (text ? failed(text) : undefined));
  const stream = new PortStream(data, error);
  stream.on('close', () => connection.close());
  return stream;
}

const longestText = 64 * 1024;

function textOf(stream: Duplex): Promise<string> {
  let text = '';
  stream.on('data', (chunk: Buffer) => {
    text = (text + chunk).slice(0, longestText);
  });
  return new Promise((resolve) => {
    stream.once('end', () => resolve(text));
    stream.once('close', () => resolve(text));
  });
}

/** The bytes of a connection to a port, which fails where the kubelet says so and does not just end. */
class PortStream extends Duplex {
  readonly #data: Duplex;

  constructor(data: Duplex, failure: Promise<Error | undefined>) {
    super({ allowHalfOpen: true });
    this.#data = data;
    data.on('data', (chunk: Buffer) => this.push(chunk) || data.pause());
    const over = async () => {
      const why = await failure;
      if (why) this.destroy(why);
      else this.push(null);
    };
    data.once('end', () => void over());
  }

  override _read(): void {
    this.#data.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#data.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#data.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#data.destroy();
    done(error);
  }
}
