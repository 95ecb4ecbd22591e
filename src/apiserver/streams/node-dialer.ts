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
  /**
   * The certificate that kubelets know the API server by, and what theirs must stand on; not checked where that is absent, as upstream's
   * default. PEM. Asked for with each connection, since it is renewed.
   */
  identity(): { cert: string; key: string; ca?: string };
}

const connectTimeoutMs = 10_000;

/** Reaches kubelets directly, over TLS. */
export function tlsNodeDialer({ connect, identity }: TlsNodeDialerOptions): NodeDialer {
  const timeoutMs = connectTimeoutMs;
  return {
    connect: ({ host, port }, options = {}) => {
      const own = identity();
      const { insecure = own.ca === undefined } = options;
      return connect({ host, port, tls: { ...own, insecure }, timeoutMs });
    },
    connectTo: ({ host, port }, { tls }) =>
      connect({ host, port, ...(tls && { tls: { insecure: true } }), timeoutMs, checkAddress }),
  };
}
