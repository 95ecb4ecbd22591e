import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
  Sysctl,
} from '../../../../api/core/v1.ts';
import {
  allErrors,
  duplicate,
  type FieldError,
  invalid,
  invalids,
  noErrors,
  notSupported,
  ratcheted,
  required,
  tooLong,
} from '../../../../machinery/field-error.ts';
import { byteLength } from '../../../../machinery/go-text.ts';
import { unixIdErrors } from '../../../../machinery/names.ts';
import { each, optionalSupported, repeats } from '../../shared/validate.ts';
import { descendingPath } from './paths.ts';
import { windowsOptions } from './windows.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const maxProfileLength = 4095;

function unixId(field: string, id: number | undefined): readonly FieldError[] {
  return id === undefined ? noErrors : invalids(field, id, unixIdErrors(id));
}

/** What a container may do. */
export function containerSecurity(
  field: string,
  security: SecurityContext | undefined,
  hostUsers: boolean,
): readonly FieldError[] {
  if (!security) return noErrors;
  const { procMount, privileged, allowPrivilegeEscalation, capabilities } = security;
  const errors = [
    ...unixId(`${field}.runAsUser`, security.runAsUser),
    ...unixId(`${field}.runAsGroup`, security.runAsGroup),
    ...optionalSupported(`${field}.procMount`, procMount, ['Default', 'Unmasked']),
  ];
  if (hostUsers && procMount === 'Unmasked') {
    errors.push(invalid(`${field}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  errors.push(...seccomp(`${field}.seccompProfile`, security.seccompProfile));
  if (allowPrivilegeEscalation === false) {
    const no = 'cannot set `allowPrivilegeEscalation` to false and';
    if (privileged) errors.push(invalid(field, shownSecurity(security), `${no} \`privileged\` to true`));
    const admin = (capabilities?.add ?? []).filter((c) => c === 'CAP_SYS_ADMIN');
    errors.push(
      ...admin.map(() => invalid(field, shownSecurity(security), `${no} \`capabilities.Add\` CAP_SYS_ADMIN`)),
    );
  }
  return allErrors(
    errors,
    windowsOptions(`${field}.windowsOptions`, security.windowsOptions),
    appArmor(`${field}.appArmorProfile`, security.appArmorProfile),
  );
}

/** As errors of upstream show it: by the names that Go has for the fields. */
function shownSecurity(security: SecurityContext): object {
  const {
    capabilities,
    seLinuxOptions: selinux,
    windowsOptions: windows,
    seccompProfile,
    appArmorProfile,
  } = security;
  const profile = (p: SeccompProfile | AppArmorProfile | undefined) =>
    p ? { Type: p.type, LocalhostProfile: p.localhostProfile ?? null } : null;
  const { user = '', role = '', type = '', level = '' } = selinux ?? {};
  return {
    Capabilities: capabilities ? { Add: capabilities.add ?? null, Drop: capabilities.drop ?? null } : null,
    Privileged: security.privileged ?? null,
    SELinuxOptions: selinux ? { User: user, Role: role, Type: type, Level: level } : null,
    WindowsOptions: windows
      ? {
          GMSACredentialSpecName: windows.gmsaCredentialSpecName ?? null,
          GMSACredentialSpec: windows.gmsaCredentialSpec ?? null,
          RunAsUserName: windows.runAsUserName ?? null,
          HostProcess: windows.hostProcess ?? null,
        }
      : null,
    RunAsUser: security.runAsUser ?? null,
    RunAsGroup: security.runAsGroup ?? null,
    RunAsNonRoot: security.runAsNonRoot ?? null,
    ReadOnlyRootFilesystem: security.readOnlyRootFilesystem ?? null,
    AllowPrivilegeEscalation: security.allowPrivilegeEscalation ?? null,
    ProcMount: security.procMount ?? null,
    SeccompProfile: profile(seccompProfile),
    AppArmorProfile: profile(appArmorProfile),
  };
}

/** What a pod's containers may do, if they do not say otherwise. */
export function podSecurity(field: string, spec: PodSpec): readonly FieldError[] {
  const security = spec.securityContext;
  const shareField = `${field}.shareProcessNamespace`;
  const errors: FieldError[] = [];
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(shareField, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  if (!security) return errors;
  return allErrors(
    unixId(`${field}.fsGroup`, security.fsGroup),
    unixId(`${field}.runAsUser`, security.runAsUser),
    unixId(`${field}.runAsGroup`, security.runAsGroup),
    each(`${field}.supplementalGroups`, security.supplementalGroups, (id, path) => unixId(path, id)),
    errors,
    sysctls(`${field}.sysctls`, security, spec),
    optionalSupported(`${field}.fsGroupChangePolicy`, security.fsGroupChangePolicy, [
      'Always',
      'OnRootMismatch',
    ]),
    seccomp(`${field}.seccompProfile`, security.seccompProfile),
    windowsOptions(`${field}.windowsOptions`, security.windowsOptions),
    appArmor(`${field}.appArmorProfile`, security.appArmorProfile),
    optionalSupported(`${field}.supplementalGroupsPolicy`, security.supplementalGroupsPolicy, [
      'Merge',
      'Strict',
    ]),
    optionalSupported(`${field}.seLinuxChangePolicy`, security.seLinuxChangePolicy, [
      'MountOption',
      'Recursive',
    ]),
  );
}

function seccomp(field: string, profile: SeccompProfile | undefined): readonly FieldError[] {
  if (!profile) return noErrors;
  const { type, localhostProfile } = profile;
  const errors: FieldError[] = [];
  if (!type) errors.push(required(`${field}.type`, 'type is required when seccompProfile is set'));
  else if (!profileTypes.includes(type)) errors.push(notSupported(`${field}.type`, type, profileTypes));
  const path = `${field}.localhostProfile`;
  if (type === 'Localhost') {
    if (localhostProfile !== undefined) return allErrors(errors, descendingPath(path, localhostProfile));
    return [...errors, required(path, 'must be set when seccomp type is Localhost')];
  }
  if (localhostProfile === undefined) return errors;
  const shown = { Type: type, LocalhostProfile: localhostProfile };
  return [...errors, invalid(path, shown, 'can only be set when seccomp type is Localhost')];
}

function appArmor(field: string, profile: AppArmorProfile | undefined): readonly FieldError[] {
  if (!profile) return noErrors;
  const { type, localhostProfile } = profile;
  if (!type) return [required(`${field}.type`, 'type is required when appArmorProfile is set')];
  if (type === 'Localhost') return appArmorName(`${field}.localhostProfile`, localhostProfile);
  if (!profileTypes.includes(type)) return [notSupported(`${field}.type`, type, profileTypes)];
  if (localhostProfile === undefined) return noErrors;
  const why = 'can only be set when AppArmor type is Localhost';
  return [invalid(`${field}.localhostProfile`, localhostProfile, why)];
}

function appArmorName(field: string, name: string | undefined): readonly FieldError[] {
  const missing = [required(field, 'must be set when AppArmor type is Localhost')];
  if (name === undefined) return missing;
  const errors: FieldError[] = [];
  if (name.trim() !== name) errors.push(invalid(field, name, 'must not be padded with whitespace'));
  else if (name === '') errors.push(...missing);
  if (byteLength(name) > maxProfileLength) errors.push(tooLong(field, maxProfileLength));
  return errors;
}

const sysctlName = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const sysctlSegment = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const maxSysctlLength = 253;

/** Each part by itself: one pattern for all would take exponential time on some names. */
function isSysctlName(name: string): boolean {
  return name.length <= maxSysctlLength && name.split(/[./]/).every((part) => sysctlSegment.test(part));
}

function sysctls(field: string, { sysctls }: PodSecurityContext, spec: PodSpec): readonly FieldError[] {
  const repeated = repeats();
  return each(field, sysctls, (sysctl, path) =>
    allErrors(sysctlNameErrors(`${path}.name`, sysctl, repeated), sysctlOfHost(`${path}.name`, sysctl, spec)),
  );
}

function sysctlNameErrors(
  field: string,
  { name }: Sysctl,
  repeated: (name: string) => boolean,
): readonly FieldError[] {
  if (!name) return [required(field)];
  if (!isSysctlName(name)) {
    const why = `must have at most ${maxSysctlLength} characters and match regex ^${sysctlName}$`;
    return [invalid(field, name, why)];
  }
  return repeated(name) ? [duplicate(field, name)] : noErrors;
}

const ipcSysctls = new Set(['kernel.sem', 'kernel.msgmax', 'kernel.msgmnb', 'kernel.msgmni']);

/** What belongs to a namespace that the pod shares with its node is the node's. */
function sysctlOfHost(field: string, { name = '' }: Sysctl, spec: PodSpec): readonly FieldError[] {
  const dotted = name.replaceAll('/', '.');
  if (spec.hostNetwork && dotted.startsWith('net.')) {
    return ratcheted('hostSysctls', [
      invalid(field, name, "may not be specified when 'hostNetwork' is true"),
    ]);
  }
  const ipc = ipcSysctls.has(dotted) || dotted.startsWith('kernel.shm') || dotted.startsWith('fs.mqueue.');
  return spec.hostIPC && ipc
    ? ratcheted('hostSysctls', [invalid(field, name, "may not be specified when 'hostIPC' is true")])
    : noErrors;
}
