import type { Service, ServicePort } from '../../../../api/core/v1.ts';
import { ipaddresses, services } from '../../../../api/generated/resources.ts';
import { invalid, invalidObject } from '../../../../machinery/field-error.ts';
import { canonicalIp } from '../../../../machinery/ip.ts';
import { internalError, type StatusError } from '../../../../machinery/status-error.ts';
import type { Allocation, HookContext } from '../../../registry/kind.ts';
import { isServiceAddress } from '../../networking/service-address.ts';
import { type AddressRange, freeAddress, holdsAddress } from './address-range.ts';
import type { AllocationCounts } from './allocation-counts.ts';
import { freePort, type PortRange, portError } from './port-range.ts';
import { hasNodePorts, isHeadless, needsHealthCheck, wantsNodePorts } from './type-change.ts';

export interface ServiceRanges {
  addresses: readonly AddressRange[];
  /** Addresses that are given to nobody who does not ask for them. */
  reserved: ReadonlySet<string>;
  nodePorts: PortRange;
  /** Told what is given away, and what could not be. */
  counts?: AllocationCounts | undefined;
}

/** What services hold, and what writes under way are about to. */
interface Holdings {
  addresses: Set<string>;
  ports: Set<number>;
}

/** Held by writes under way, of each server by itself. */
const pending = new WeakMap<object, Set<Holdings>>();

const key = ({ namespace = '', name = '' }: Service['metadata']) => `${namespace}/${name}`;

function hold({ spec }: Service, into: Holdings): void {
  for (const ip of spec.clusterIPs ?? []) if (ip && ip !== 'None') into.addresses.add(canonicalIp(ip) ?? ip);
  for (const { nodePort } of spec.ports ?? []) if (nodePort) into.ports.add(nodePort);
  if (spec.healthCheckNodePort) into.ports.add(spec.healthCheckNodePort);
}

/**
 * Whether somebody who is no service has an address: it has an object that none of them wrote. Those of services follow
 * them, and say nothing that these do not.
 */
function isElsewhere(ip: string, context: HookContext): boolean {
  const address = context.getLean(ipaddresses, { name: ip });
  return address !== undefined && !isServiceAddress(address);
}

/** Everything that is held by others than `service`. */
function heldByOthers(service: Service, context: HookContext, underWay: Iterable<Holdings>): Holdings {
  const held: Holdings = { addresses: new Set(), ports: new Set() };
  for (const other of context.list<Service>(services))
    if (key(other.metadata) !== key(service.metadata)) hold(other, held);
  for (const { addresses, ports } of underWay) {
    for (const ip of addresses) held.addresses.add(ip);
    for (const port of ports) held.ports.add(port);
  }
  return held;
}

/**
 * Gives a service the addresses and ports of nodes that it needs and does not have. What others hold is read off the
 * services themselves, so that nothing has to be given back when one goes; only writes under way are remembered.
 */
export function allocate(
  service: Service,
  old: Service | undefined,
  { context, ranges }: Omit<Means, 'kept'>,
): Allocation {
  const underWay = pending.get(context.platform) ?? new Set();
  pending.set(context.platform, underWay);
  const held = heldByOthers(service, context, underWay);
  const kept: Holdings = { addresses: new Set(), ports: new Set() };
  if (old) hold(old, kept);
  allotAddresses(service, held, { ranges, context, kept });
  allotPorts(service, held, { ranges, context, kept });
  const own: Holdings = { addresses: new Set(), ports: new Set() };
  hold(service, own);
  underWay.add(own);
  const settle = () => void underWay.delete(own);
  const isFree = () => {
    const others = heldByOthers(
      service,
      context,
      [...underWay].filter((holdings) => holdings !== own),
    );
    for (const ip of own.addresses) if (isElsewhere(ip, context)) others.addresses.add(ip);
    return isApart(own, others, kept);
  };
  return { isFree, commit: settle, rollback: settle };
}

/** Whether others hold nothing of this but what it has had before. */
function isApart(own: Holdings, others: Holdings, kept: Holdings): boolean {
  const isClear = <T>(part: Set<T>, taken: Set<T>, before: Set<T>) =>
    [...part].every((one) => before.has(one) || !taken.has(one));
  return (
    isClear(own.addresses, others.addresses, kept.addresses) && isClear(own.ports, others.ports, kept.ports)
  );
}

interface Means {
  ranges: ServiceRanges;
  context: HookContext;
  /** What the service has already, be it within the ranges or not. */
  kept: Holdings;
}

function fail({ metadata }: Service, field: string, value: unknown, why: string): StatusError {
  return invalidObject({ group: '', kind: 'Service' }, metadata.name ?? '', [invalid(field, value, why)]);
}

function allotAddresses(service: Service, held: Holdings, { ranges, context, kept }: Means): void {
  const { spec } = service;
  if (spec.type === 'ExternalName' || isHeadless(spec)) return;
  const counts = countsOf({ ranges, context });
  const isTaken = (ip: string) => held.addresses.has(ip) || isElsewhere(ip, context);
  const isUsed = (ip: string) => ranges.reserved.has(ip) || isTaken(ip);
  const families = spec.ipFamilies ?? [];
  // As errors show them: an address for each family, and nothing for one that is to be found.
  const given = families.map((_, i) => spec.clusterIPs?.[i] ?? '');
  spec.clusterIPs = families.map((family, i) => {
    const own = ranges.addresses.filter((r) => r.family.name === family);
    const asked = given[i];
    if (asked && kept.addresses.has(canonicalIp(asked) ?? asked)) return asked;
    if (asked) {
      const why = askedError(asked, own, { isTaken, dryRun: context.dryRun });
      const range = own.find((one) => holdsAddress(one, asked));
      if (range) counts?.address(range.cidr, 'static', why ? undefined : 0);
      if (!why) return asked;
      throw fail(service, 'spec.clusterIPs', given, `failed to allocate IP ${asked}: ${why}`);
    }
    for (const range of own) {
      const { clock, random } = context.platform;
      const startMs = clock.monotonic();
      const ip = freeAddress(range, isUsed, random);
      counts?.address(range.cidr, 'dynamic', ip ? (clock.monotonic() - startMs) / 1000 : undefined);
      if (ip) return ip;
    }
    throw internalError('failed to allocate a serviceIP: range is full');
  });
  spec.clusterIP = spec.clusterIPs[0];
}

/** A dry run gives nothing away. */
const countsOf = ({ ranges, context }: Pick<Means, 'ranges' | 'context'>): AllocationCounts | undefined =>
  context.dryRun ? undefined : ranges.counts;

/** Why this very address cannot be given out. A dry run tells of one range, as upstream's does. */
function askedError(
  ip: string,
  ranges: readonly AddressRange[],
  { isTaken, dryRun }: { isTaken(ip: string): boolean; dryRun: boolean },
): string | undefined {
  if (ranges.some((range) => holdsAddress(range, ip))) {
    return isTaken(canonicalIp(ip) ?? ip) ? 'provided IP is already allocated' : undefined;
  }
  const [first] = ranges;
  if (!dryRun || !first) return 'the provided network does not match the current range';
  return `the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${first.cidr}`;
}

function allotPorts(service: Service, held: Holdings, means: Means): void {
  const { spec } = service;
  const taken = new Set(held.ports);
  if (hasNodePorts(spec)) allotNodePorts(service, taken, means);
  if (!needsHealthCheck(spec)) return;
  const asked = spec.healthCheckNodePort;
  const why = asked ? refusal(asked, taken, means) : undefined;
  if (why) throw internalError(`failed to allocate requested HealthCheck NodePort ${asked}: ${why}`);
  spec.healthCheckNodePort = asked || anyPort(taken, means);
}

function refusal(port: number, taken: ReadonlySet<number>, means: Means): string | undefined {
  const { ranges, kept } = means;
  if (kept.ports.has(port)) return undefined;
  const why =
    portError(ranges.nodePorts, port) ?? (taken.has(port) ? 'provided port is already allocated' : undefined);
  countsOf(means)?.port('static', why === undefined);
  return why;
}

function anyPort(taken: Set<number>, means: Means): number {
  const { ranges, context } = means;
  const port = freePort(ranges.nodePorts, (p) => taken.has(p), context.platform.random);
  countsOf(means)?.port('dynamic', port !== undefined);
  if (port === undefined) throw internalError('failed to allocate a nodePort: range is full');
  taken.add(port);
  return port;
}

/** One number can serve two protocols of the same port. */
function allotNodePorts(service: Service, taken: Set<number>, means: Means): void {
  const { ports = [] } = service.spec;
  const own = new Set<number>();
  for (const [i, { nodePort }] of ports.entries()) {
    if (!nodePort || own.has(nodePort)) continue;
    const why = refusal(nodePort, taken, means);
    if (why) throw fail(service, `spec.ports[${i}].nodePort`, nodePort, why);
    own.add(nodePort);
  }
  for (const port of own) taken.add(port);
  if (!wantsNodePorts(service.spec)) return;
  for (const port of ports) port.nodePort ||= sharedPort(ports, port) ?? anyPort(taken, means);
}

function sharedPort(ports: readonly ServicePort[], { port, protocol }: ServicePort): number | undefined {
  const same = ports.filter((p) => p.port === port && p.nodePort);
  return same.some((p) => p.protocol === protocol) ? undefined : same[0]?.nodePort;
}
