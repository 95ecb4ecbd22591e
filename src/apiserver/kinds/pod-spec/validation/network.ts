import type { HostAlias, PodDNSConfig, PodSpec } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  ratcheted,
  required,
} from '../../../../machinery/field-error.ts';
import { legacyIpErrors } from '../../../../machinery/ip.ts';
import { dns1123SubdomainWithUnderscoreErrors } from '../../../../machinery/names.ts';
import { dnsSubdomain, each } from '../../shared/validate.ts';
import { containersWithPaths } from './context.ts';

/** Limits of the resolver in the C library. */
const max = { nameservers: 3, searches: 32, searchCharacters: 2048 };

/** How names are resolved in the pod. */
export function dnsConfig(field: string, { dnsPolicy, dnsConfig }: PodSpec): readonly FieldError[] {
  if (dnsPolicy === 'None') {
    if (!dnsConfig) return [required(field, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    if (!dnsConfig.nameservers?.length) return [required(`${field}.nameservers`, why)];
  }
  return dnsConfig
    ? allErrors(nameservers(field, dnsConfig), searches(field, dnsConfig), options(field, dnsConfig))
    : noErrors;
}

function nameservers(field: string, { nameservers = [] }: PodDNSConfig): readonly FieldError[] {
  const path = `${field}.nameservers`;
  const many = nameservers.length > max.nameservers;
  return allErrors(
    many ? [invalid(path, nameservers, `must not have more than ${max.nameservers} nameservers`)] : noErrors,
    each(path, nameservers, (ip, p) => invalids(p, ip, legacyIpErrors(ip))),
  );
}

function searches(field: string, { searches = [] }: PodDNSConfig): readonly FieldError[] {
  const path = `${field}.searches`;
  const errors: FieldError[] = [];
  if (searches.length > max.searches) {
    errors.push(invalid(path, searches, `must not have more than ${max.searches} search paths`));
  }
  if (searches.join(' ').length > max.searchCharacters) {
    const why = `must not have more than ${max.searchCharacters} characters (including spaces) in the search list`;
    errors.push(invalid(path, searches, why));
  }
  const names = each(path, searches, (search, p) => {
    if (search === '.') return noErrors;
    const name = search.replace(/\.$/, '');
    return invalids(p, name, dns1123SubdomainWithUnderscoreErrors(name));
  });
  return allErrors(errors, names);
}

function options(field: string, { options }: PodDNSConfig): readonly FieldError[] {
  return each(`${field}.options`, options, ({ name }, path) =>
    name ? noErrors : [required(path, 'must not be empty')],
  );
}

/** Lines for `/etc/hosts`. */
export function hostAliases(field: string, aliases: readonly HostAlias[] | undefined): readonly FieldError[] {
  return each(field, aliases, ({ ip = '', hostnames }, path) =>
    allErrors(
      invalids(`${path}.ip`, ip, legacyIpErrors(ip)),
      each(`${path}.hostnames`, hostnames, (name, p) => dnsSubdomain(p, name)),
    ),
  );
}

/** On the node's network a container's port is the node's; a template may leave it open. */
export function hostNetworkPorts(field: string, spec: PodSpec, isPod: boolean): readonly FieldError[] {
  if (!spec.hostNetwork) return noErrors;
  const why = 'must match `containerPort` when `hostNetwork` is true';
  return each(`${field}.containers`, spec.containers, ({ ports }, path) =>
    each(`${path}.ports`, ports, ({ hostPort = 0, containerPort }, portPath) => {
      const wrong = (isPod || hostPort !== 0) && hostPort !== containerPort;
      return wrong ? [invalid(`${portPath}.hostPort`, hostPort, why)] : noErrors;
    }),
  );
}

/** Users of their own do not go with namespaces of the node. */
export function hostUsers(field: string, spec: PodSpec): readonly FieldError[] {
  if (spec.hostUsers !== false) return noErrors;
  const why = 'when `hostUsers` is false';
  const shared: [boolean | undefined, string][] = [
    [spec.hostNetwork, 'hostNetwork'],
    [spec.hostPID, 'HostPID'],
    [spec.hostIPC, 'HostIPC'],
  ];
  const devices = containersWithPaths(spec, field).filter(({ container }) => container.volumeDevices?.length);
  return allErrors(
    shared.filter(([on]) => on).map(([, name]) => forbiddenField(`${field}.${name}`, why)),
    ratcheted(
      'devicesOfOtherUsers',
      devices.map(({ field: path }) => forbiddenField(`${path}.volumeDevices`, why)),
    ),
  );
}
