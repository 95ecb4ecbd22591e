import type { Duplex } from 'node:stream';
import type { Node } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import { internalError, notFound, StatusError } from '../../machinery/status-error.ts';
import { networkText } from '../../platform/network-text.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { type KubeletAddress, kubeletAddress, type NodeDialer } from './node-dialer.ts';

/** Where the kubelet of a node is. Throws NotFound for a node that is gone. */
export function kubeletOf(reader: ObjectReader, name: string): KubeletAddress {
  const node: Node | undefined = reader.get(resources.nodes, { name });
  if (!node) throw notFound({ group: '', resource: 'nodes', name });
  const address = kubeletAddress(node);
  if (!address) throw new StatusError(500, '', `no preferred addresses found; known addresses: []`);
  return address;
}

/** Opens a connection to a kubelet; what goes wrong on the network is an Error in the words of Go. */
export async function dialKubelet(
  nodes: NodeDialer | undefined,
  address: KubeletAddress,
  options?: { insecure?: boolean },
): Promise<Duplex> {
  if (!nodes) throw internalError('this API server has no way to nodes');
  return nodes.connect(address, options).catch((error: Error) => {
    throw new Error(networkText(error));
  });
}

/** Host and port of a kubelet as they stand in URLs and messages. */
export const hostOf = ({ host, port }: KubeletAddress) =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
