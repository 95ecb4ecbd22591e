import type { ServiceSpec } from '../../../../api/core/v1.ts';
import { deepEqual } from '../../../../machinery/equal.ts';
import { isExternal } from './defaults.ts';

/** A service that is only a name for its pods. */
export function isHeadless({ clusterIP, clusterIPs }: ServiceSpec): boolean {
  return clusterIP === 'None' || (clusterIPs?.length === 1 && clusterIPs[0] === 'None');
}

const hasAddress = ({ type }: ServiceSpec) => type !== 'ExternalName';
export const hasNodePorts = ({ type }: ServiceSpec) => type === 'NodePort' || type === 'LoadBalancer';

/** Whether each port gets one, also where nobody has asked for it. */
export const wantsNodePorts = (spec: ServiceSpec) =>
  hasNodePorts(spec) && !(spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false);

/** Whether a load balancer has to ask each node if it serves. */
export function needsHealthCheck({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local';
}

const nodePorts = ({ ports }: ServiceSpec) => (ports ?? []).map((p) => p.nodePort ?? 0);

/** Whether all node ports were there before; some may have gone. */
function keepsNodePorts(spec: ServiceSpec, old: ServiceSpec): boolean {
  const before = nodePorts(old);
  return nodePorts(spec).every((port) => port === 0 || before.includes(port));
}

/** Fields that the new type has no use for go, if the client left them as they were. */
export function dropUnused(spec: ServiceSpec, old: ServiceSpec): void {
  if (hasAddress(old) && !hasAddress(spec)) dropAddresses(spec, old);
  if (hasNodePorts(old) && !hasNodePorts(spec) && keepsNodePorts(spec, old)) {
    for (const port of spec.ports ?? []) delete port.nodePort;
  }
  const gone = (of: (s: ServiceSpec) => boolean, name: keyof ServiceSpec) => {
    if (of(old) && !of(spec) && deepEqual(spec[name], old[name])) delete spec[name];
  };
  const isBalanced = ({ type }: ServiceSpec) => type === 'LoadBalancer';
  gone(needsHealthCheck, 'healthCheckNodePort');
  gone(isBalanced, 'allocateLoadBalancerNodePorts');
  gone(isBalanced, 'loadBalancerClass');
  gone(isExternal, 'externalTrafficPolicy');
}

/** An external name leads nowhere within; what says something else by mistake is refused as on other Services. */
export function dropInternalPolicy(spec: ServiceSpec): void {
  const { type, internalTrafficPolicy: policy } = spec;
  if (type === 'ExternalName' && (policy === 'Cluster' || policy === 'Local'))
    delete spec.internalTrafficPolicy;
}

function dropAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? [])) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  if (deepEqual(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
  if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
}

/** What was allotted once and is not mentioned stays, so that the same file can be sent again. */
export function keepAllotted(spec: ServiceSpec, old: ServiceSpec): void {
  if (hasAddress(old) && hasAddress(spec)) {
    spec.clusterIP ||= old.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === old.clusterIP)
      spec.clusterIPs = old.clusterIPs && [...old.clusterIPs];
  }
  if (hasNodePorts(old) && wantsNodePorts(spec)) keepNodePorts(spec, old);
  if (needsHealthCheck(old) && needsHealthCheck(spec)) spec.healthCheckNodePort ||= old.healthCheckNodePort;
}

function keepNodePorts(spec: ServiceSpec, old: ServiceSpec): void {
  const used = new Set(nodePorts(old).filter((port) => nodePorts(spec).includes(port)));
  const byName = new Map((old.ports ?? []).map((p) => [p.name ?? '', p.nodePort ?? 0]));
  for (const port of spec.ports ?? []) {
    const before = byName.get(port.name ?? '');
    if (port.nodePort || !before || used.has(before)) continue;
    port.nodePort = before;
    used.add(before);
  }
}

/** `clusterIP` and the first of `clusterIPs` are one: clients of old know only the former. */
export function syncClusterIps(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  const same = deepEqual(spec.clusterIPs ?? [], old.clusterIPs ?? []);
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) {
    if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
  } else if (!spec.clusterIP && old.clusterIP) {
    if (same) delete spec.clusterIPs;
  } else if (spec.clusterIP && (same || !spec.clusterIPs?.length)) {
    spec.clusterIPs = [spec.clusterIP];
  }
}
