import type { Duplex } from 'node:stream';
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
  for (const pod of reader.list(resources.pods)) {
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
    const stream = openPort(socket, port);
    return tls ? secured(stream, tls) : stream;
  };
}

/** One port of the pod; the connection to the kubelet ends with it. */
function openPort(socket: Duplex, port: number): Duplex {
  const connection = new SpdyConnection(socket, { role: 'client' });
  const headers = { port: String(port), requestID: '0' };
  const failure = connection.openStream({ streamType: 'error', ...headers });
  failure.end();
  const data = connection.openStream({ streamType: 'data', ...headers });
  let message = '';
  failure.on('data', (chunk: Buffer) => {
    message += chunk;
  });
  failure.on('end', () => message && data.destroy(new Error(message)));
  data.on('error', () => {});
  data.on('close', () => connection.close());
  return data;
}
