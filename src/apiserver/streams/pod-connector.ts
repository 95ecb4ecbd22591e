import { Duplex } from 'node:stream';
import type { Pod } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { SpdyConnection } from '../../machinery/spdy/connection.ts';
import { type Connector, secured } from '../../platform/connect.ts';
import { dialUpgrade } from '../../platform/upgrade.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { kubeletAddress, type NodeDialer } from './node-dialer.ts';

export interface PodConnectorOptions {
  nodes: NodeDialer;
  reader: ObjectReader;
}

function podAt(reader: ObjectReader, address: string): Stored<Pod> | undefined {
  const there = reader.listWhere(resources.pods, { field: 'status.podIP', value: address });
  for (const pod of there) {
    if (pod.status?.podIP === address && !pod.metadata.deletionTimestamp) return pod;
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
    const pod = podAt(reader, host);
    const node = pod && reader.get(resources.nodes, { name: pod.spec.nodeName ?? '' });
    const address = node && kubeletAddress(node);
    if (!pod || !address) throw refused('no route to host');
    const { namespace, name } = pod.metadata;
    const backend = await nodes.connect(address);
    const { socket } = await dialUpgrade({
      url: `http://${address.host}:${address.port}/portForward/${namespace}/${name}`,
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
