import type { Service, ServicePort, ServiceSpec } from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { bothFamilies, legacyCidrErrors, legacyIpErrors, looseIp } from '../../../../machinery/ip.ts';
import { labelsErrors } from '../../../../machinery/label-selector.ts';
import { portNumber, portNumberOrName, protocols } from '../../pod-spec/validation/ports.ts';
import {
  dnsLabel,
  dnsSubdomain,
  each,
  forbidValue,
  optionalSupported,
  qualifiedName,
  repeats,
  requireSupported,
  supported,
} from '../../shared/validate.ts';
import { specialAddress } from '../special-address.ts';
import { isExternal } from './defaults.ts';
import { isHeadless, needsHealthCheck } from './type-change.ts';

const topologyHints = 'service.kubernetes.io/topology-aware-hints';
const topologyMode = 'service.kubernetes.io/topology-mode';
const sourceRangesKey = 'service.beta.kubernetes.io/load-balancer-source-ranges';
const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const maxAffinitySeconds = 86400;
const onlyBalanced = "may only be used when `type` is 'LoadBalancer'";

/** What holds for a service at any time (upstream's `ValidateService`). Addresses that it had are not looked at again. */
export function serviceErrors(service: Service, old?: Service): readonly FieldError[] {
  const { spec, metadata } = service;
  const [hints, mode] = [metadata.annotations?.[topologyHints], metadata.annotations?.[topologyMode]];
  const errors: FieldError[] = [];
  if (hints !== undefined && mode !== undefined && hints !== mode) {
    const why = `must match annotations[${topologyHints}] when both are specified`;
    errors.push(invalid(`metadata.annotations[${topologyMode}]`, mode, why));
  }
  if (!spec.ports?.length && !isHeadless(spec) && spec.type !== 'ExternalName')
    errors.push(required('spec.ports'));
  return allErrors(
    errors,
    ofType(spec),
    portErrors(spec),
    labelsErrors(spec.selector, 'spec.selector'),
    affinityErrors(spec),
    clusterIpErrors(spec, old?.spec),
    each('spec.externalIPs', spec.externalIPs, (ip, path) =>
      externalAddress(path, ip, old?.spec.externalIPs),
    ),
    requireSupported('spec.type', spec.type, types),
    nodePortErrors(spec),
    repeatedPorts(spec),
    sourceRanges(service, old),
    balancerErrors(spec),
    trafficErrors(spec),
  );
}

function ofType(spec: ServiceSpec): readonly FieldError[] {
  const { type } = spec;
  if (type === 'LoadBalancer' || type === 'NodePort') {
    const why = `may not be set to 'None' for ${type} services`;
    return isHeadless(spec) ? [invalid('spec.clusterIPs[0]', 'None', why)] : noErrors;
  }
  return type === 'ExternalName' ? externalName(spec) : noErrors;
}

function externalName(spec: ServiceSpec): readonly FieldError[] {
  const why = 'may not be set for ExternalName services';
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  return allErrors(
    spec.clusterIPs?.length ? [forbiddenField('spec.clusterIPs', why)] : noErrors,
    spec.ipFamilies?.length ? [forbiddenField('spec.ipFamilies', why)] : noErrors,
    forbidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, why),
    name ? dnsSubdomain('spec.externalName', name) : [required('spec.externalName')],
  );
}

function portErrors({ ports }: ServiceSpec): readonly FieldError[] {
  const repeated = repeats();
  const many = (ports?.length ?? 0) > 1;
  return each('spec.ports', ports, (port, path) => {
    const { name, protocol, appProtocol } = port;
    return allErrors(
      name ? dnsLabel(`${path}.name`, name) : many ? [required(`${path}.name`)] : noErrors,
      name && repeated(name) ? [duplicate(`${path}.name`, name)] : noErrors,
      portNumber(`${path}.port`, port.port ?? 0),
      requireSupported(`${path}.protocol`, protocol, protocols),
      portNumberOrName(`${path}.targetPort`, port.targetPort),
      appProtocol === undefined ? noErrors : qualifiedName(`${path}.appProtocol`, appProtocol),
    );
  });
}

function affinityErrors({ sessionAffinity, sessionAffinityConfig }: ServiceSpec): readonly FieldError[] {
  const errors = requireSupported('spec.sessionAffinity', sessionAffinity, ['ClientIP', 'None']);
  const field = 'spec.sessionAffinityConfig';
  if (sessionAffinity === 'None') {
    const why = 'must not be set when session affinity is None';
    return allErrors(errors, forbidValue(field, sessionAffinityConfig, why));
  }
  if (sessionAffinity !== 'ClientIP') return errors;
  const missing = 'when session affinity type is ClientIP';
  if (!sessionAffinityConfig) return [...errors, required(field, missing)];
  if (!sessionAffinityConfig.clientIP) return [...errors, required(`${field}.clientIP`, missing)];
  const seconds = sessionAffinityConfig.clientIP.timeoutSeconds;
  if (seconds === undefined) return [...errors, required(`${field}.clientIP.timeoutSeconds`, missing)];
  if (seconds > 0 && seconds <= maxAffinitySeconds) return errors;
  const why = `must be greater than 0 and less than ${maxAffinitySeconds}`;
  return [...errors, invalid(`${field}.clientIP.timeoutSeconds`, seconds, why)];
}

function externalAddress(
  field: string,
  ip: string,
  before: readonly string[] | undefined,
): readonly FieldError[] {
  const errors = invalids(field, ip, legacyIpErrors(ip, before));
  return errors.length > 0 ? errors : specialAddress(field, ip);
}

/** `clusterIP`, `clusterIPs`, `ipFamilies` and `ipFamilyPolicy` have to go together. */
export function clusterIpErrors(spec: ServiceSpec, old?: ServiceSpec): readonly FieldError[] {
  if (spec.type === 'ExternalName') return noErrors;
  const { clusterIP, clusterIPs = [], ipFamilies = [] } = spec;
  const field = 'spec.clusterIPs';
  const errors: FieldError[] = [];
  if (clusterIP && clusterIPs.length === 0) errors.push(required(field));
  else if (clusterIP && clusterIPs[0] !== clusterIP)
    errors.push(invalid(field, clusterIPs, 'first value must match `clusterIP`'));
  else if (!clusterIP && clusterIPs.length > 0) {
    errors.push(invalid(field, clusterIPs, 'must be empty when `clusterIP` is not specified'));
  }
  const repeated = repeats();
  errors.push(
    ...each('spec.ipFamilies', ipFamilies, (family, path) =>
      allErrors(
        supported(path, family, ['IPv4', 'IPv6']),
        repeated(family) ? [duplicate(path, family)] : noErrors,
      ),
    ),
    ...optionalSupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
      'PreferDualStack',
      'RequireDualStack',
      'SingleStack',
    ]),
  );
  return allErrors(errors, addressErrors(spec, old));
}

function addressErrors(
  { clusterIPs: ips = [], ipFamilies: families = [] }: ServiceSpec,
  old: ServiceSpec | undefined,
): readonly FieldError[] {
  const field = 'spec.clusterIPs';
  const errors: FieldError[] = [];
  const wrong = ips.flatMap((ip, i) => {
    if (i > 0 || ip !== 'None') return invalids(`${field}[${i}]`, ip, legacyIpErrors(ip, old?.clusterIPs));
    return ips.length > 1 ? [invalid(field, ips, "'None' must be the first and only value")] : noErrors;
  });
  errors.push(...wrong);
  if (ips.length > 2) errors.push(invalid(field, ips, 'may only hold up to 2 values'));
  if (wrong.length > 0) return errors;
  if (ips.length > 1 && bothFamilies(ips) !== true)
    errors.push(invalid(field, ips, 'may specify no more than one IP for each IP family'));
  if (ips[0] === 'None') return errors;
  return allErrors(
    errors,
    ips.flatMap((ip, i) => {
      const family = families[i];
      if (!family || family === (looseIp(ip)?.includes(':') ? 'IPv6' : 'IPv4')) return noErrors;
      return [
        invalid(`${field}[${i}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${i}]\``),
      ];
    }),
  );
}

function nodePortErrors({ type, ports }: ServiceSpec): readonly FieldError[] {
  const repeated = repeats();
  const why = "may not be used when `type` is 'ClusterIP'";
  return allErrors(
    each('spec.ports', ports, ({ nodePort }, path) =>
      nodePort && type === 'ClusterIP' ? [forbiddenField(`${path}.nodePort`, why)] : noErrors,
    ),
    each('spec.ports', ports, ({ nodePort, protocol }, path) =>
      nodePort && repeated(`${protocol}/${nodePort}`) ? [duplicate(`${path}.nodePort`, nodePort)] : noErrors,
    ),
  );
}

function repeatedPorts({ ports }: ServiceSpec): readonly FieldError[] {
  const repeated = repeats();
  return each('spec.ports', ports, ({ port, protocol }: ServicePort, path) =>
    repeated(`${protocol}/${port}`) ? [duplicate(path, shownPort(protocol, port))] : noErrors,
  );
}

/** What ports are compared by, as errors of upstream show it: with the names that Go has for all fields of a port. */
const shownPort = (protocol: string | undefined, port: number): object => ({
  Name: '',
  Protocol: protocol,
  AppProtocol: null,
  Port: port,
  TargetPort: 0,
  NodePort: 0,
});

function sourceRanges({ metadata, spec }: Service, old: Service | undefined): readonly FieldError[] {
  const { loadBalancerSourceRanges: ranges = [], type } = spec;
  const before = old?.spec.loadBalancerSourceRanges?.map((range) => range.trim());
  const check = (field: string, range: string, known?: readonly string[]) =>
    invalids(field, range.trim(), legacyCidrErrors(range.trim(), known));
  if (ranges.length > 0) {
    const field = 'spec.LoadBalancerSourceRanges';
    const errors = type === 'LoadBalancer' ? noErrors : [forbiddenField(field, onlyBalanced)];
    return allErrors(
      errors,
      each(field, ranges, (range, path) => check(path, range, before)),
    );
  }
  const annotation = metadata.annotations?.[sourceRangesKey];
  if (annotation === undefined) return noErrors;
  const field = `metadata.annotations[${sourceRangesKey}]`;
  const errors = type === 'LoadBalancer' ? noErrors : [forbiddenField(field, onlyBalanced)];
  const isNew = old?.metadata.annotations?.[sourceRangesKey] !== annotation;
  const list = isNew && annotation.trim() ? annotation.split(',') : [];
  return allErrors(
    errors,
    list.flatMap((range) => check(field, range)),
  );
}

function balancerErrors(spec: ServiceSpec): readonly FieldError[] {
  const { type, allocateLoadBalancerNodePorts: allocates } = spec;
  const errors =
    type === 'LoadBalancer'
      ? noErrors
      : forbidValue('spec.allocateLoadBalancerNodePorts', allocates, onlyBalanced);
  return allErrors(errors, balancerClass(spec));
}

/** Whose load balancers serve. */
export function balancerClass({ type, loadBalancerClass: balancer }: ServiceSpec): readonly FieldError[] {
  if (type !== 'LoadBalancer') return forbidValue('spec.loadBalancerClass', balancer, onlyBalanced);
  return balancer === undefined ? noErrors : qualifiedName('spec.loadBalancerClass', balancer);
}

const localOrCluster = ['Cluster', 'Local'];

function trafficErrors(spec: ServiceSpec): readonly FieldError[] {
  const { externalTrafficPolicy: policy, healthCheckNodePort: check } = spec;
  const errors: FieldError[] = [];
  if (isExternal(spec))
    errors.push(...requireSupported('spec.externalTrafficPolicy', policy, localOrCluster));
  else if (policy) {
    errors.push(
      invalid('spec.externalTrafficPolicy', policy, 'may only be set for externally-accessible services'),
    );
  }
  if (check && !needsHealthCheck(spec)) {
    const why = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid('spec.healthCheckNodePort', check, why));
  } else if (check) {
    errors.push(...portNumber('spec.healthCheckNodePort', check));
  }
  if (spec.type !== 'ExternalName' && spec.internalTrafficPolicy === undefined)
    errors.push(required('spec.internalTrafficPolicy'));
  errors.push(...optionalSupported('spec.internalTrafficPolicy', spec.internalTrafficPolicy, localOrCluster));
  const { trafficDistribution: distribution } = spec;
  const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];
  if (distribution === undefined || distributions.includes(distribution)) return errors;
  return [...errors, notSupported('spec.trafficDistribution', distribution, distributions)];
}
