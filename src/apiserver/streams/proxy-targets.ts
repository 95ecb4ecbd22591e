import * as resources from '../../api/generated/resources.ts';
import type { Pod, Service } from '../../api/core/v1.ts';
import { badRequest, notFound, serviceUnavailable } from '../../machinery/status-error.ts';
import type { Random } from '../../platform/random.ts';
import type { ObjectReader } from '../auth/object-reader.ts';

/** A server that a proxy request leads to. */
export interface ProxyTarget {
  scheme: 'http' | 'https';
  host: string;
  port: number;
}

/** `[scheme:]name[:port]`, as it stands in proxy paths. */
export function splitProxyName(text: string): { scheme: 'http' | 'https'; name: string; port: string } {
  const parts = text.split(':');
  const valid = parts.length <= 3 && (parts.length < 3 || parts[0] === 'http' || parts[0] === 'https');
  if (!valid || parts.includes('') !== (parts.length === 3 && parts[2] === '')) {
    throw badRequest(`invalid proxy request ${JSON.stringify(text)}`);
  }
  if (parts.length === 3) {
    const [scheme, name = '', port = ''] = parts;
    return { scheme: scheme as 'http' | 'https', name, port };
  }
  const [name = '', port = ''] = parts;
  return { scheme: 'http', name, port };
}

/** Addresses that are never another machine's: a pod must not make the API server talk to itself. */
function checkAddress(host: string): void {
  const forbidden = /^(127\.|169\.254\.|0\.0\.0\.0$|::1$|::$|fe[89ab]|22[4-9]\.|23\d\.|ff)/i;
  if (host === '' || forbidden.test(host)) throw badRequest('address not allowed');
}

function firstPort(pod: Pod): number {
  for (const { ports = [] } of pod.spec?.containers ?? []) if (ports[0]) return ports[0].containerPort;
  return 80;
}

/** Where a pod listens. */
export function podTarget(reader: ObjectReader, namespace: string, text: string): ProxyTarget {
  const { scheme, name, port } = splitProxyName(text);
  const pod = reader.get(resources.pods, { namespace, name });
  if (!pod) throw notFound({ group: '', resource: 'pods', name });
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  checkAddress(host);
  return { scheme, host, port: port === '' ? firstPort(pod) : numbered(port, text) };
}

function numbered(port: string, text: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw badRequest(`invalid pod request ${JSON.stringify(text)}`);
  return number;
}

/** Where one of a service's ready endpoints listens, by chance. */
export function serviceTarget(
  { reader, random }: { reader: ObjectReader; random: Random },
  namespace: string,
  text: string,
): ProxyTarget {
  const { scheme, name, port } = splitProxyName(text);
  const service = reader.get(resources.services, { namespace, name });
  if (!service) throw notFound({ group: '', resource: 'services', name });
  const portName = portNameOf(service, port);
  if (portName === undefined)
    throw serviceUnavailable(
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  const found = readyEndpoints(reader, { namespace, name, portName });
  if (found.length === 0)
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  const chosen = found[random.int(found.length)] as { host: string; port: number };
  checkAddress(chosen.host);
  return { scheme, ...chosen };
}

/** The name of the port that is asked for by name or number; of the only or first one where none is. */
function portNameOf({ spec }: Service, asked: string): string | undefined {
  const ports = spec?.ports ?? [];
  if (asked === '') return ports[0] && (ports[0].name ?? '');
  const port = ports.find((p) => p.name === asked || String(p.port) === asked);
  return port && (port.name ?? '');
}

function readyEndpoints(
  reader: ObjectReader,
  { namespace, name, portName }: { namespace: string; name: string; portName: string },
): { host: string; port: number }[] {
  const found: { host: string; port: number }[] = [];
  for (const slice of reader.list(resources.endpointslices, namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const port = slice.ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of slice.endpoints ?? []) {
      if (conditions?.ready !== false && addresses[0]) found.push({ host: addresses[0], port });
    }
  }
  return found;
}
