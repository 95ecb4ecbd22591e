import type { Duplex } from 'node:stream';
import type { Node } from '../../api/core/v1.ts';
import type { Connector } from '../../platform/connect.ts';
import { checkAddress } from './proxy-targets.ts';

/** Where the kubelet of a node listens. */
export interface KubeletAddress {
  node: string;
  host: string;
  port: number;
}

/** Opens connections to kubelets; what comes back speaks HTTP/1.1, whatever lies beneath it. */
export interface NodeDialer {
  /** `insecure`: whatever certificate the kubelet shows. Rejects with the system's error. */
  connect(address: KubeletAddress, options?: { insecure?: boolean }): Promise<Duplex>;
  /** A connection to any other port of the node's machine; with TLS, whose certificates are not checked, where asked for. */
  connectTo(address: KubeletAddress, options: { tls: boolean }): Promise<Duplex>;
}

const addressTypes = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'];
const defaultPort = 10_250;

/** Where a node says its kubelet is; undefined where it names no address. */
export function kubeletAddress(node: Node): KubeletAddress | undefined {
  const addresses = node.status?.addresses ?? [];
  const host = addressTypes
    .map((type) => addresses.find((address) => address.type === type)?.address)
    .find((address) => address);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultPort;
  return host ? { node: node.metadata.name ?? '', host, port } : undefined;
}

export interface TlsNodeDialerOptions {
  connect: Connector;
  /** The certificate that kubelets know the API server by. PEM. */
  cert: string;
  key: string;
  /** What kubelets' certificates must stand on; not checked where absent, as upstream's default. */
  ca?: string;
}

const connectTimeoutMs = 10_000;

/** Reaches kubelets directly, over TLS. */
export function tlsNodeDialer({ connect, cert, key, ca }: TlsNodeDialerOptions): NodeDialer {
  const timeoutMs = connectTimeoutMs;
  const identity = { cert, key, ca };
  return {
    connect: ({ host, port }, { insecure = ca === undefined } = {}) =>
      connect({ host, port, tls: { ...identity, insecure }, timeoutMs }),
    connectTo: ({ host, port }, { tls }) =>
      connect({ host, port, ...(tls && { tls: { insecure: true } }), timeoutMs, checkAddress }),
  };
}
