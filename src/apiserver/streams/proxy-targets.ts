import * as resources from '../../api/generated/resources.ts';
import type { Pod, Service } from '../../api/core/v1.ts';
import type { EndpointSlice } from '../../api/discovery/v1.ts';
import { cidrTest, looseIp } from '../../machinery/ip.ts';
import { badRequest, notFound, serviceUnavailable } from '../../machinery/status-error.ts';
import type { Random } from '../../platform/random.ts';
import type { ObjectReader } from '../auth/object-reader.ts';

/** A server that a proxy request leads to. */
export interface ProxyTarget {
  scheme: 'http' | 'https';
  host: string;
  port: number;
}

type Scheme = ProxyTarget['scheme'];

/** `[[scheme]:]name[:[port]]`, as it stands in proxy paths of a kind. Throws BadRequest, in upstream's words. */
export function splitProxyName(kind: string, text: string): { scheme: Scheme; name: string; port: string } {
  const parts = text.split(':');
  const [scheme = '', name = '', port = ''] = parts.length < 3 ? ['', ...parts] : parts;
  if (parts.length > 3 || name === '' || !['', 'http', 'https'].includes(scheme))
    throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  return { scheme: (scheme || 'http') as Scheme, name, port };
}

const notProxied = [
  ...['0.0.0.0/32', '127.0.0.0/8', '169.254.0.0/16', '224.0.0.0/4', '255.255.255.255/32'],
  ...['::/128', '::1/128', 'fe80::/10', 'ff00::/8'],
].map(cidrTest);
const thisMachine = /^(.*\.)?localhost\.?$/i;

/** Addresses that are never another machine's, in whatever form: a pod must not make the API server talk to itself. */
export function checkAddress(host: string): void {
  const ip = looseIp(host);
  const isForbidden = ip === undefined ? thisMachine.test(host) : notProxied.some((holds) => holds(ip));
  if (host === '' || isForbidden) throw badRequest('address not allowed');
}

function firstPort(pod: Pod, scheme: Scheme): number {
  for (const { ports = [] } of pod.spec?.containers ?? []) if (ports[0]) return ports[0].containerPort;
  return scheme === 'https' ? 443 : 80;
}

/** Where a pod listens. */
export function podTarget(reader: ObjectReader, namespace: string, text: string): ProxyTarget {
  const { scheme, name, port } = splitProxyName('pod', text);
  const pod = reader.get(resources.pods, { namespace, name });
  if (!pod) throw notFound({ group: '', resource: 'pods', name });
  const host = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  checkAddress(host);
  return { scheme, host, port: port === '' ? firstPort(pod, scheme) : numbered('pod', port, text) };
}

/** A port that is asked for by its number. */
export function numbered(kind: string, port: string, text: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) throw badRequest(`invalid ${kind} request ${JSON.stringify(text)}`);
  return number;
}

/** Where one of a service's ready endpoints listens, by chance. */
export function serviceTarget(
  { reader, random }: { reader: ObjectReader; random: Random },
  namespace: string,
  text: string,
): ProxyTarget {
  const { scheme, name, port } = splitProxyName('service', text);
  const service = reader.get(resources.services, { namespace, name });
  if (!service) throw notFound({ group: '', resource: 'services', name });
  const portName = portNameOf(service, port);
  const slices = [...slicesOf(reader, { namespace, name })];
  const found = readyEndpoints(slices, portName);
  if (found.length === 0) {
    const hasAny = slices.some(({ endpoints }) => endpoints?.length);
    throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(hasAny ? text : name)}`);
  }
  const chosen = found[random.int(found.length)] as { host: string; port: number };
  checkAddress(chosen.host);
  return { scheme, ...chosen };
}

/** The name of the port that is asked for; a port without a name where none is. */
function portNameOf({ metadata, spec }: Service, asked: string): string {
  if (!/^[-+]?\d+$/.test(asked)) return asked;
  const port = spec?.ports?.find((p) => p.port === Number(asked));
  if (port) return port.name ?? '';
  const service = JSON.stringify(metadata.name);
  throw serviceUnavailable(`no service port ${Number(asked)} found for service ${service}`);
}

function* slicesOf(
  reader: ObjectReader,
  { namespace, name }: { namespace: string; name: string },
): Iterable<EndpointSlice> {
  for (const slice of reader.list(resources.endpointslices, namespace))
    if (slice.metadata.labels?.['kubernetes.io/service-name'] === name) yield slice;
}

function readyEndpoints(slices: EndpointSlice[], portName: string): { host: string; port: number }[] {
  const found: { host: string; port: number }[] = [];
  for (const { ports, endpoints } of slices) {
    const port = ports?.find((p) => (p.name ?? '') === portName)?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions } of endpoints ?? [])
      if (conditions?.ready !== false && addresses[0]) found.push({ host: addresses[0], port });
  }
  return found;
}
