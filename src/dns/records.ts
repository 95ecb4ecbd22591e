import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { canonicalIp, ipFamily } from '../machinery/ip.ts';
import { portKey, portNumbers } from '../machinery/service-ports.ts';
import { Recent } from '../platform/recent.ts';

/** Looks into the cluster; given by the informers, so that answers are functions of what is known. */
export interface ClusterView {
  /** Such as `cluster.local`. */
  domain: string;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, name: string): readonly EndpointSlice[];
  hasNamespace(namespace: string): boolean;
  /** The Service with this cluster address, which is in its canonical form. */
  serviceByAddress(address: string): Service | undefined;
  /** Slices with an endpoint of this address. */
  slicesByAddress(address: string): readonly EndpointSlice[];
}

export type Answer =
  | { type: 'A' | 'AAAA'; name: string; data: string }
  | { type: 'CNAME'; name: string; data: string }
  | { type: 'PTR'; name: string; data: string }
  | { type: 'TXT'; name: string; data: string }
  | { type: 'SRV'; name: string; data: { target: string; port: number; priority: number; weight: number } };

export interface Resolution {
  /** Whether the name exists, whatever its types: tells an empty answer from NXDOMAIN. */
  exists: boolean;
  /** All of one type. The same list as before, as long as the endpoints behind a name are the same. */
  answers: readonly Answer[];
  /** Addresses of what the answers point to. */
  additionals: readonly Answer[];
}

/** Aliases that are followed, one to the next, as many as CoreDNS does. */
const mostAliases = 8;

/** A name that is another's to answer, where an alias of ours leads there. */
interface Followed extends Resolution {
  outside?: string;
}

/** As `resolve`, and where an alias leads on, what is found there: who asks for addresses does not ask a second time. */
export function resolveAliases(name: string, type: string, view: ClusterView): Followed {
  const first = resolve(name, type, view);
  if ((type !== 'A' && type !== 'AAAA') || first.answers.at(-1)?.type !== 'CNAME') return first;
  const answers = [...first.answers];
  for (let i = 0; i < mostAliases; i++) {
    const last = answers.at(-1);
    if (last?.type !== 'CNAME') break;
    const target = last.data.toLowerCase();
    if (!isOurs(target, view)) return { ...first, answers, outside: target };
    answers.push(...resolve(target, type, view).answers);
    if (answers.at(-1) === last) break;
  }
  return { ...first, answers };
}

/** Version of the specification for DNS in Kubernetes that the answers follow. */
const specVersion = '1.1.0';
const missing: Resolution = { exists: false, answers: [], additionals: [] };
const empty: Resolution = { exists: true, answers: [], additionals: [] };

/** Whether a name is the cluster's to answer, forward or reverse. */
export function isOurs(name: string, view: ClusterView): boolean {
  const address = reverseAddress(name);
  if (address)
    return view.serviceByAddress(address) !== undefined || view.slicesByAddress(address).length > 0;
  return name === view.domain || name.endsWith(`.${view.domain}`);
}

/** The records under a name (lower case, no final dot). `type` is A, AAAA, SRV, PTR, CNAME, TXT, ANY, ... */
export function resolve(name: string, type: string, view: ClusterView): Resolution {
  const address = reverseAddress(name);
  if (address) return reverse(name, address, view);
  const labels = name === view.domain ? [] : name.slice(0, -view.domain.length - 1).split('.');
  if (labels.length === 0) return empty;
  if (labels.length === 1 && labels[0] === 'dns-version') {
    return filter(type, [{ type: 'TXT', name, data: specVersion }]);
  }
  const kind = labels.at(-1);
  const rest = labels.slice(0, -1);
  if (kind === 'svc') return serviceName(name, type, { labels: rest, view });
  return kind === 'pod' ? podName(name, type, { labels: rest, view }) : missing;
}

const addressType = (address: string) => (address.includes(':') ? 'AAAA' : 'A');
const addressRecord = (name: string, data: string): Answer => ({ type: addressType(data), name, data });

/** Whether who asks for records of this type wants such an address. */
const isWanted = (type: string, address: string) => type === 'ANY' || addressType(address) === type;

/** The addresses of a Service. */
const clusterAddresses = ({ spec: { clusterIP, clusterIPs } }: Service): readonly string[] =>
  clusterIPs?.length ? clusterIPs : [clusterIP].filter((ip) => ip !== undefined);

function filter(type: string, answers: readonly Answer[], additionals: readonly Answer[] = []): Resolution {
  const [first] = answers;
  if (!first || (type !== 'ANY' && first.type !== type && first.type !== 'CNAME')) return empty;
  return { exists: true, answers, additionals };
}

interface Below {
  /** What stands before `.svc.DOMAIN`, first label first. */
  labels: string[];
  view: ClusterView;
}

function serviceName(name: string, type: string, { labels, view }: Below): Resolution {
  const namespace = labels.at(-1);
  if (namespace === undefined) return empty;
  if (labels.length === 1) return view.hasNamespace(namespace) ? empty : missing;
  const service = view.service(namespace, labels.at(-2) ?? '');
  if (!service) return missing;
  const before = labels.slice(0, -2);
  const about = { name, service, endpoints: isHeadless(service) ? endpointsOf(service, view) : none, view };
  if (before.length === 0) return filter(type, addressesOf(type, about), []);
  if (service.spec.type === 'ExternalName') return missing;
  const [first, second] = before as [string, string?];
  if (before.length === 1 && !first.startsWith('_')) return endpointName(type, first, about);
  if (before.length === 1 && isProtocol(first)) return empty;
  if (before.length === 2 && first.startsWith('_') && second && isProtocol(second)) {
    return srv(type, { port: first.slice(1), protocol: second.slice(1).toUpperCase() }, about);
  }
  return missing;
}

const isProtocol = (label: string) => ['_tcp', '_udp', '_sctp'].includes(label);

interface Endpoint {
  address: string;
  hostname: string;
  /** Numbers by `PROTOCOL/name`; one map for all of a slice. */
  ports: ReadonlyMap<string, number>;
}

/** The endpoints of a Service, found in the ways in which they are asked for. */
interface Endpoints {
  all: readonly Endpoint[];
  byHostname: ReadonlyMap<string, readonly Endpoint[]>;
  /** The ports that any of them has, as `PROTOCOL/name`. */
  ports: ReadonlySet<string>;
  /** Records that were asked for last, by the name. */
  records: Recent<string, Records>;
}

type Records = Pick<Resolution, 'answers' | 'additionals'>;

/** Of one Service records of so many names at least are kept. */
const leastNames = 8;

const none: Endpoints = endpointsIn([]);

interface About {
  name: string;
  service: Service;
  endpoints: Endpoints;
  view: ClusterView;
}

const isHeadless = (service: Service) => service.spec.clusterIP === 'None';

const known = new WeakMap<Service, { slices: readonly EndpointSlice[]; endpoints: Endpoints }>();

/** Put together once for the Service and slices that there are: a question costs its client nothing. */
function endpointsOf(service: Service, view: ClusterView): Endpoints {
  const { namespace = '', name = '' } = service.metadata;
  const slices = view.slices(namespace, name);
  const before = known.get(service);
  const same = before?.slices.length === slices.length && before.slices.every((s, i) => s === slices[i]);
  if (same) return before.endpoints;
  const endpoints = endpointsIn(findEndpoints(service, slices));
  known.set(service, { slices, endpoints });
  return endpoints;
}

function endpointsIn(all: readonly Endpoint[]): Endpoints {
  const byHostname = new Map<string, Endpoint[]>();
  for (const endpoint of all) {
    const others = byHostname.get(endpoint.hostname);
    if (others) others.push(endpoint);
    else byHostname.set(endpoint.hostname, [endpoint]);
  }
  const ports = new Set([...new Set(all.map((e) => e.ports))].flatMap((of) => [...of.keys()]));
  return { all, byHostname, ports, records: new Recent(leastNames) };
}

/** The name of an endpoint below its Service: its hostname, or its address with dashes. */
function findEndpoints(service: Service, slices: readonly EndpointSlice[]): Endpoint[] {
  const found = slices
    .filter((slice) => slice.addressType !== 'FQDN')
    .flatMap((slice) => {
      const ports = portNumbers(slice);
      return (slice.endpoints ?? [])
        .filter((e) => (e.conditions?.ready ?? true) || service.spec.publishNotReadyAddresses)
        .flatMap((e) =>
          e.addresses.map((address) => ({
            address,
            hostname: e.hostname || address.replaceAll(/[.:]/g, '-'),
            ports,
          })),
        );
    });
  return [...new Map(found.map((e) => [`${e.hostname} ${e.address}`, e])).values()];
}

/** The records of a type under the name, made once for the endpoints that there are. */
function recordsOnce(type: string, { name, endpoints }: About, make: () => Records): Records {
  const key = `${type} ${name}`;
  const before = endpoints.records.get(key);
  if (before) return before;
  const made = make();
  endpoints.records.set(key, made);
  return made;
}

function addressesOf(type: string, about: About): readonly Answer[] {
  const { name, service, endpoints } = about;
  if (service.spec.type === 'ExternalName') {
    return [{ type: 'CNAME', name, data: (service.spec.externalName ?? '').replace(/\.$/, '') }];
  }
  const records = (addresses: Iterable<string>) =>
    [...addresses].filter((ip) => isWanted(type, ip)).map((ip) => addressRecord(name, ip));
  if (!isHeadless(service)) return records(clusterAddresses(service));
  // Of other types there are none.
  if (!['A', 'AAAA', 'ANY'].includes(type)) return [];
  const make = () => ({ answers: records(new Set(endpoints.all.map((e) => e.address))), additionals: [] });
  return recordsOnce(type, about, make).answers;
}

function endpointName(type: string, label: string, { name, endpoints }: About): Resolution {
  const matching = endpoints.byHostname.get(label);
  if (!matching) return missing;
  return filter(
    type,
    matching.filter((e) => isWanted(type, e.address)).map((e) => addressRecord(name, e.address)),
  );
}

function fullName(service: Service, view: ClusterView, before = ''): string {
  return `${before && `${before}.`}${service.metadata.name}.${service.metadata.namespace}.svc.${view.domain}`;
}

const srvRecord = (name: string, target: string, port: number): Answer => {
  return { type: 'SRV', name, data: { target, port, priority: 0, weight: 100 } };
};

function srv(type: string, wanted: { port: string; protocol: string }, about: About): Resolution {
  const { name, service, endpoints, view } = about;
  const key = portKey({ name: wanted.port, protocol: wanted.protocol });
  if (isHeadless(service)) {
    if (!endpoints.ports.has(key)) return missing;
    const { answers, additionals } = recordsOnce('SRV', about, () => endpointRecords(key, about));
    return filter(type, answers, additionals);
  }
  const port = service.spec.ports?.find((p) => portKey(p) === key);
  if (!port) return missing;
  const target = fullName(service, view);
  return filter(
    type,
    [srvRecord(name, target, port.port)],
    clusterAddresses(service).map((ip) => addressRecord(target, ip)),
  );
}

/** The records of a port of endpoints. */
function endpointRecords(key: string, { name, service, endpoints, view }: About): Records {
  const targets = endpoints.all.flatMap(({ ports, hostname, address }) => {
    const port = ports.get(key);
    return port === undefined ? [] : [{ target: fullName(service, view, hostname), port, address }];
  });
  // One that has addresses of both families is one target.
  const named = new Map(targets.map((one) => [`${one.target} ${one.port}`, one]));
  return {
    answers: [...named.values()].map(({ target, port }) => srvRecord(name, target, port)),
    additionals: targets.map(({ target, address }) => addressRecord(target, address)),
  };
}

/** `10-244-1-2.NAMESPACE.pod.DOMAIN` is an address written as a name, as is `fd00--1.NAMESPACE.pod.DOMAIN`. */
function podName(name: string, type: string, { labels, view }: Below): Resolution {
  const [label, namespace] = labels;
  if (labels.length > 2) return missing;
  if (namespace === undefined) return label === undefined || view.hasNamespace(label) ? empty : missing;
  const address = writtenAddress(label ?? '');
  if (address === undefined || !view.hasNamespace(namespace)) return missing;
  return filter(type, [addressRecord(name, address)]);
}

function writtenAddress(label: string): string | undefined {
  if (/^\d{1,3}(-\d{1,3}){3}$/.test(label)) return label.replaceAll('-', '.');
  const address = label.replaceAll('-', ':');
  return ipFamily(address) === 6 ? canonicalIp(address) : undefined;
}

function reverseAddress(name: string): string | undefined {
  const six = /^((?:[\da-f]\.){32})ip6\.arpa$/.exec(name)?.[1];
  if (six !== undefined) {
    const digits = [...six.replaceAll('.', '')].reverse().join('');
    return canonicalIp(digits.replaceAll(/(.{4})(?=.)/g, '$1:'));
  }
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/.exec(name);
  return match ? `${match[4]}.${match[3]}.${match[2]}.${match[1]}` : undefined;
}

function reverse(name: string, address: string, view: ClusterView): Resolution {
  const service = view.serviceByAddress(address);
  if (service)
    return { exists: true, answers: [{ type: 'PTR', name, data: fullName(service, view) }], additionals: [] };
  const answers = view.slicesByAddress(address).flatMap((slice): Answer[] => {
    const owner = view.service(
      slice.metadata.namespace ?? '',
      slice.metadata.labels?.['kubernetes.io/service-name'] ?? '',
    );
    const endpoint = slice.endpoints?.find((e) => e.addresses.includes(address));
    if (!owner || !endpoint?.hostname || !isHeadless(owner)) return [];
    return [{ type: 'PTR', name, data: fullName(owner, view, endpoint.hostname) }];
  });
  return { exists: answers.length > 0, answers, additionals: [] };
}
