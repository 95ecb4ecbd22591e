import type { Endpoint, EndpointSlice } from '../api/discovery/v1.ts';
import type { Service, ServicePort } from '../api/core/v1.ts';
import type { ObjectMeta } from '../api/meta/v1.ts';
import { type AddressFamily, plainAddress } from '../machinery/address-family.ts';
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
  /** Nodes and zones that it is for; undefined where it does not say. */
  forNodes: readonly string[] | undefined;
  forZones: readonly string[] | undefined;
}

/** An endpoint that packets can be sent to, and the slice that says by which ports. */
export interface Reachable {
  slice: EndpointSlice;
  address: string;
  endpoint: Endpoint;
}

const before = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Services and slices that say by a label, whatever its value, that this proxy is not to have to do with them. */
const othersLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];

const isLeftToOthers = ({ labels = {} }: ObjectMeta) => othersLabels.some((label) => label in labels);

/** The endpoints of one family in a Service's slices, in a stable order, for all of its ports. */
export function reachableIn(slices: readonly EndpointSlice[], family: AddressFamily): Reachable[] {
  const found: Reachable[] = [];
  for (const slice of slices) {
    if (slice.addressType !== family.name || isLeftToOthers(slice.metadata)) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const address = plainAddress(endpoint.addresses[0] ?? '', family);
      if (address !== undefined) found.push({ slice, address, endpoint });
    }
  }
  const nameOf = ({ slice }: Reachable) => slice.metadata.name ?? '';
  return found.sort((a, b) => before(a.address, b.address) || before(nameOf(a), nameOf(b)));
}

/** All backends of one port of a Service, each address once, in the order of its endpoints. */
export function backendsOf(endpoints: readonly Reachable[], port: ServicePort, nodeName: string): Backend[] {
  const found: Backend[] = [];
  const key = portKey(port);
  for (const { slice, address, endpoint } of endpoints) {
    const number = portNumbers(slice).get(key);
    if (!number) continue;
    const { conditions, nodeName: at, hints } = endpoint;
    const ready = conditions?.ready ?? true;
    const serving = conditions?.serving ?? ready;
    const terminating = conditions?.terminating ?? false;
    const backend = {
      address,
      port: number,
      local: at === nodeName,
      ready,
      serving,
      terminating,
      forNodes: namesIn(hints?.forNodes),
      forZones: namesIn(hints?.forZones),
    };
    const twin = twinAt(found, backend);
    if (twin < 0) found.push(backend);
    else if (!found[twin]?.ready) found[twin] = backend;
  }
  return found;
}

/** Where the same address and port stands already: those of one address come one after the other. */
function twinAt(found: readonly Backend[], { address, port }: Backend): number {
  for (let i = found.length - 1; found[i]?.address === address; i--) if (found[i]?.port === port) return i;
  return -1;
}

const namesIn = (list: readonly { name: string }[] | undefined) =>
  list?.length ? list.map(({ name }) => name) : undefined;

export const protocolOf = (port: ServicePort) => port.protocol ?? 'TCP';

/** Those that traffic goes to: the ready ones, or, should none be ready, those that still serve while ending. */
export function usable(backends: readonly Backend[]): Backend[] {
  const ready = backends.filter((backend) => backend.ready);
  return ready.length > 0 ? ready : backends.filter((backend) => backend.serving && backend.terminating);
}

/**
 * Those that packets of one node go to, as upstream's `topologyModeFromHints` has it: where all ready backends say for which nodes they
 * are, those for this node; else, where all say for which zones, those for its zone; all where there is none for it.
 */
export function usableFrom(backends: readonly Backend[], node: { name: string; zone?: string }): Backend[] {
  const all = usable(backends);
  if (!all[0]?.ready) return all;
  const near = (hints: 'forNodes' | 'forZones', place: string) =>
    all.every((backend) => backend[hints]) ? all.filter((backend) => backend[hints]?.includes(place)) : [];
  const same = [near('forNodes', node.name), near('forZones', node.zone ?? '')];
  return same.find((list) => list.length > 0) ?? all;
}

/**
 * The cluster address of a family, the first or the second, by which the proxy has to do with a Service. Undefined where it has
 * none, and where the Service is another proxy's.
 */
export function proxiedAddress({ metadata, spec }: Service, family: AddressFamily): string | undefined {
  if (spec.type === 'ExternalName' || isLeftToOthers(metadata)) return undefined;
  const { clusterIP = '', clusterIPs } = spec;
  return plainAddresses(clusterIPs?.length ? clusterIPs : [clusterIP], family)[0];
}

/** Those of some addresses that are of a family, as they may stand in rules, each once. */
export function plainAddresses(all: readonly string[], family: AddressFamily): readonly string[] {
  return [...new Set(all.flatMap((address) => plainAddress(address, family) ?? []))];
}
