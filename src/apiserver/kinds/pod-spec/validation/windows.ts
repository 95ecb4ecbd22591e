import type { PodSpec, SecurityContext, WindowsSecurityContextOptions } from '../../../../api/core/v1.ts';
import {
  allErrors,
  type FieldError,
  forbiddenField,
  invalid,
  invalids,
  noErrors,
  notSupported,
  required,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { dns1123SubdomainErrors } from '../../../../machinery/names.ts';
import { forbidValue } from '../../shared/validate.ts';
import { type AnyContainer, containersWithPaths, someContainer } from './context.ts';

const maxCredentialSpecKib = 64;

/** Options of Windows, which may be set whatever the pod runs on. */
export function windowsOptions(
  field: string,
  options: WindowsSecurityContextOptions | undefined,
): readonly FieldError[] {
  if (!options) return noErrors;
  const { gmsaCredentialSpecName: specName, gmsaCredentialSpec: spec, runAsUserName: user } = options;
  return allErrors(
    specName === undefined
      ? noErrors
      : invalids(`${field}.gmsaCredentialSpecName`, specName, dns1123SubdomainErrors(specName)),
    spec === undefined ? noErrors : invalids(`${field}.gmsaCredentialSpec`, spec, credentialSpecErrors(spec)),
    user === undefined ? noErrors : invalids(`${field}.runAsUserName`, user, userNameErrors(user)),
  );
}

function credentialSpecErrors(spec: string): string[] {
  if (spec === '') return ['gmsaCredentialSpec cannot be an empty string'];
  const tooLong = byteLength(spec) > maxCredentialSpecKib * 1024;
  return tooLong ? [`gmsaCredentialSpec size must be under ${maxCredentialSpecKib} KiB`] : [];
}

const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsName =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

function userNameErrors(name: string): string[] {
  if (name === '') return ['runAsUserName cannot be an empty string'];
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(name)) return ['runAsUserName cannot contain control characters'];
  const parts = name.split('\\');
  if (parts.length > 2) return ['runAsUserName cannot contain more than one backslash'];
  const user = parts[parts.length - 1] as string;
  const errors = parts.length === 2 ? domainErrors(parts[0] as string) : [];
  if (user === '') errors.push("runAsUserName's User cannot be empty");
  if (user.length > 104) errors.push("runAsUserName's User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) errors.push("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) {
    errors.push('runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]');
  }
  return errors;
}

function domainErrors(domain: string): string[] {
  const errors =
    byteLength(domain) >= 256 ? ["runAsUserName's Domain length must be under 256 characters"] : [];
  if (netBios.test(domain) || dnsName.test(domain)) return errors;
  return [...errors, "runAsUserName's Domain doesn't match the NetBios nor the DNS format"];
}

/** Containers of Windows that run as processes of the node: all of a pod's, or none. */
export function hostProcesses(field: string, spec: PodSpec): readonly FieldError[] {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const isSet = (c: AnyContainer) => c.securityContext?.windowsOptions?.hostProcess !== undefined;
  if (ofPod === undefined && !someContainer(spec, isSet)) return noErrors;
  const containers = containersWithPaths(spec, field);
  const own = (c: (typeof containers)[number]) => c.container.securityContext?.windowsOptions?.hostProcess;
  const errors = containers.flatMap((c) => {
    const value = own(c);
    if (ofPod === undefined || value === undefined || value === ofPod) return [];
    const why = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
    return [invalid(`${c.field}.securityContext.windowsOptions.hostProcess`, value, why)];
  });
  const count = containers.filter((c) => own(c) ?? ofPod).length;
  if (count === 0) return errors;
  if (count !== containers.length) {
    const why =
      'If pod contains any hostProcess containers then all containers must be HostProcess containers';
    errors.push(invalid(field, '', why));
  }
  if (!spec.hostNetwork) {
    const why = 'hostNetwork must be true if pod contains any hostProcess containers';
    errors.push(invalid(`${field}.hostNetwork`, false, why));
  }
  return errors;
}

/** What a pod that says its operating system may not set. */
export function operatingSystem(field: string, spec: PodSpec): readonly FieldError[] {
  if (!spec.os) return noErrors;
  const { name } = spec.os;
  if (!name) return [required(`${field}.os.name`)];
  if (name === 'linux') return linux(field, spec);
  return name === 'windows'
    ? windows(field, spec)
    : [notSupported(`${field}.os`, name, ['linux', 'windows'])];
}

function linux(field: string, spec: PodSpec): readonly FieldError[] {
  const why = 'windows options cannot be set for a linux pod';
  const places = [{ security: spec.securityContext, field }, ...securities(field, spec)];
  return places.flatMap(({ security, field: path }) =>
    security?.windowsOptions ? [forbiddenField(`${path}.securityContext.windowsOptions`, why)] : noErrors,
  );
}

function securities(field: string, spec: PodSpec) {
  return containersWithPaths(spec, field).map((c) => ({
    security: c.container.securityContext,
    field: c.field,
  }));
}

/** What of a pod means something to Linux alone, by where it stands and in the order in which upstream looks. */
const linuxOnlyInPods: readonly [path: string, of: (spec: PodSpec) => unknown][] = [
  ['securityContext.appArmorProfile', (s) => s.securityContext?.appArmorProfile],
  ['securityContext.seLinuxOptions', (s) => s.securityContext?.seLinuxOptions],
  ['hostUsers', (s) => s.hostUsers],
  ['hostPID', (s) => s.hostPID || undefined],
  ['hostIPC', (s) => s.hostIPC || undefined],
  ['securityContext.seccompProfile', (s) => s.securityContext?.seccompProfile],
  ['securityContext.fsGroup', (s) => s.securityContext?.fsGroup],
  ['securityContext.fsGroupChangePolicy', (s) => s.securityContext?.fsGroupChangePolicy],
  ['securityContext.sysctls', (s) => s.securityContext?.sysctls?.[0]],
  ['shareProcessNamespace', (s) => s.shareProcessNamespace],
  ['securityContext.runAsUser', (s) => s.securityContext?.runAsUser],
  ['securityContext.runAsGroup', (s) => s.securityContext?.runAsGroup],
  ['securityContext.supplementalGroups', (s) => s.securityContext?.supplementalGroups],
  ['securityContext.supplementalGroupsPolicy', (s) => s.securityContext?.supplementalGroupsPolicy],
  ['securityContext.seLinuxChangePolicy', (s) => s.securityContext?.seLinuxChangePolicy],
];

const linuxOnlyInContainers = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
] as const satisfies readonly (keyof SecurityContext)[];

function windows(field: string, spec: PodSpec): readonly FieldError[] {
  const why = 'cannot be set for a windows pod';
  const ofPod = linuxOnlyInPods.flatMap(([path, of]) => forbidValue(`${field}.${path}`, of(spec), why));
  const ofContainers = securities(field, spec).flatMap((c) =>
    linuxOnlyInContainers.flatMap((n) =>
      forbidValue(`${c.field}.securityContext.${n}`, c.security?.[n], why),
    ),
  );
  return allErrors(ofPod, ofContainers);
}
