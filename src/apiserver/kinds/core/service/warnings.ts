import type { Service, ServiceSpec } from '../../../../api/core/v1.ts';
import { cidrWarnings, ipWarnings } from '../../../../machinery/ip.ts';

const hints = 'service.kubernetes.io/topology-aware-hints';

/** Advice on a service. */
export function serviceWarnings({ metadata, spec }: Service): string[] {
  const { type, externalIPs = [], externalName, loadBalancerIP, trafficDistribution } = spec;
  const headless = type === 'ClusterIP' && spec.clusterIP === 'None';
  const warnings: string[] = [];
  if (metadata.annotations?.[hints] !== undefined) {
    warnings.push(
      `annotation ${hints} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    );
  }
  if (spec.clusterIP && spec.clusterIP !== 'None')
    warnings.push(...addresses('spec.clusterIPs', spec.clusterIPs));
  if (headless) warnings.push(...ignoredWithoutAddress(spec));
  warnings.push(...addresses('spec.externalIPs', externalIPs));
  if (externalIPs.length > 0 && !headless && type !== 'ExternalName')
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters');
  if (loadBalancerIP) warnings.push(...ipWarnings('spec.loadBalancerIP', loadBalancerIP));
  warnings.push(
    ...(spec.loadBalancerSourceRanges ?? []).flatMap((range, i) =>
      cidrWarnings(`spec.loadBalancerSourceRanges[${i}]`, range),
    ),
  );
  if (type === 'ExternalName' && externalIPs.length > 0)
    warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"');
  if (type !== 'ExternalName' && externalName)
    warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"');
  if (trafficDistribution === 'PreferClose')
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"');
  return warnings;
}

/** Advice on what a balancer reports. */
export function balancerWarnings({ status }: Service): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }, i) =>
    ip ? ipWarnings(`status.loadBalancer.ingress[${i}]`, ip) : [],
  );
}

function ignoredWithoutAddress({ loadBalancerIP, externalIPs, sessionAffinity }: ServiceSpec): string[] {
  const ignored = [
    loadBalancerIP && 'loadBalancerIP',
    externalIPs?.length && 'externalIPs',
    sessionAffinity !== 'None' && 'SessionAffinity',
  ];
  return ignored.filter(Boolean).map((name) => `spec.${name} is ignored for headless services`);
}

function addresses(field: string, ips: readonly string[] | undefined): string[] {
  return (ips ?? []).flatMap((ip, i) => ipWarnings(`${field}[${i}]`, ip));
}
