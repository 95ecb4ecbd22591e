import type { EndpointSlice } from '../api/discovery/v1.ts';
import type { Service, ServicePort } from '../api/core/v1.ts';
import { isPlainIPv4 } from '../machinery/ip.ts';
import { portKey, portNumbers } from '../machinery/service-ports.ts';

/** One address and port behind a Service's port. */
export interface Backend {
  address: string;
  port: number;
  /** On this node. */
  local: boolean;
  ready: boolean;
  /** Still answers though it is on its way out. */
  serving: boolean;
  terminating: boolean;
}

/** All backends of one port of a Service, from its slices, each address once, in a stable order. */
export function backendsOf(slices: readonly EndpointSlice[], port: ServicePort, nodeName: string): Backend[] {
  const found = new Map<string, Backend>();
  for (const slice of slices) {
    if (slice.addressType !== 'IPv4') continue;
    const number = portNumbers(slice).get(portKey(port));
    if (!number) continue;
    for (const { addresses, conditions, nodeName: at } of slice.endpoints ?? []) {
      const ready = conditions?.ready ?? true;
      const backend = {
        address: addresses[0] ?? '',
        port: number,
        local: at === nodeName,
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
      };
      const key = `${backend.address}:${backend.port}`;
      if (isPlainIPv4(backend.address) && !found.get(key)?.ready) found.set(key, backend);
    }
  }
  return [...found.values()].sort((a, b) => (`${a.address}:${a.port}` < `${b.address}:${b.port}` ? -1 : 1));
}

export const protocolOf = (port: ServicePort) => port.protocol ?? 'TCP';

/** Those that traffic goes to: the ready ones, or, should none be ready, those that still serve while ending. */
export function usable(backends: readonly Backend[]): Backend[] {
  const ready = backends.filter((backend) => backend.ready);
  return ready.length > 0 ? ready : backends.filter((backend) => backend.serving && backend.terminating);
}

/** Whether the proxy has anything to do with a Service. */
export function isProxied(service: Service): boolean {
  const { type, clusterIP } = service.spec;
  const other = service.metadata.labels?.['service.kubernetes.io/service-proxy-name'];
  return (
    type !== 'ExternalName' &&
    clusterIP !== undefined &&
    clusterIP !== '' &&
    clusterIP !== 'None' &&
    other === undefined
  );
}
