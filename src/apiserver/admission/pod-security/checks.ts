import type {
  Container,
  EphemeralContainer,
  PodSpec,
  SecurityContext,
  Volume,
} from '../../../api/core/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';

/*
 * The checks of the pod security standards and what they say, as upstream's pod-security-admission has them at v1.36.
 */

/** What is checked: a pod, or what pods are made of. */
export interface PodLike {
  annotations: Readonly<Record<string, string>>;
  spec: PodSpec;
}

/** What a pod must not do, and where it does it. */
export interface Finding {
  reason: string;
  detail: string;
}

export interface Check {
  level: 'baseline' | 'restricted';
  /** The minor versions of Kubernetes 1 whose standards have it. */
  since: number;
  /** From which minor version on a restricted check says more, so that this is left out there. */
  overriddenSince?: number;
  find(pod: PodLike, minor: number): Finding | undefined;
}

type AnyContainer = Container | EphemeralContainer;

const containersOf = ({ spec }: PodLike): AnyContainer[] => [
  ...(spec.initContainers ?? []),
  ...(spec.containers ?? []),
  ...(spec.ephemeralContainers ?? []),
];

const quoted = (items: readonly string[]) => `"${items.join('", "')}"`;
const plural = (word: string, { length }: { length: number }) => (length === 1 ? word : `${word}s`);
const uses = ({ length }: { length: number }) => (length === 1 ? 'uses' : 'use');
const namesOf = (containers: readonly AnyContainer[]) =>
  `${plural('container', containers)} ${quoted(containers.map(({ name }) => name))}`;
const sorted = (values: Iterable<string>) => [...new Set(values)].sort((a, b) => (a < b ? -1 : 1));

/** The containers of which something holds. */
const those = (pod: PodLike, isBad: (context: SecurityContext, container: AnyContainer) => boolean) =>
  containersOf(pod).filter((container) => isBad(container.securityContext ?? {}, container));

/** The pod, where it has a say, and containers: such as `pod and containers "a", "b"`. */
const setters = (isPodBad: boolean, bad: readonly AnyContainer[]) =>
  [...(isPodBad ? ['pod'] : []), ...(bad.length > 0 ? [namesOf(bad)] : [])].join(' and ');

const isWindows = ({ spec }: PodLike, minor: number) => minor >= 25 && spec.os?.name === 'windows';
const ownsUsers = ({ spec }: PodLike, minor: number) => minor >= 35 && spec.hostUsers === false;

const appArmorPrefix = 'container.apparmor.security.beta.kubernetes.io/';
const isGoodAppArmor = (profile: string) =>
  profile === '' || profile === 'runtime/default' || profile.startsWith('localhost/');
const isGoodProfile = (profile: { type?: string } | undefined) =>
  profile === undefined || profile.type === 'RuntimeDefault' || profile.type === 'Localhost';

function appArmorProfile(pod: PodLike): Finding | undefined {
  const own = pod.spec.securityContext?.appArmorProfile;
  const bad = those(pod, (context) => !isGoodProfile(context.appArmorProfile));
  const annotations = Object.entries(pod.annotations)
    .filter(([key, profile]) => key.startsWith(appArmorPrefix) && !isGoodAppArmor(profile))
    .map(([key, profile]) => `${key}=${goQuote(profile)}`);
  const profiles = [own, ...bad.map((c) => c.securityContext?.appArmorProfile)];
  const types = profiles.flatMap((p) => (isGoodProfile(p) ? [] : [p?.type ?? '']));
  const values = [...sorted(types), ...sorted(annotations)];
  if (values.length === 0) return undefined;
  const by = [setters(!isGoodProfile(own), bad), annotations.length > 0 && plural('annotation', annotations)];
  return {
    reason: plural('forbidden AppArmor profile', values),
    detail: `${by.filter(Boolean).join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
  };
}

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

/** What containers say that add capabilities beyond some. */
function addedCapabilities(pod: PodLike, allowed: ReadonlySet<string>): string | undefined {
  const beyond = ({ capabilities }: SecurityContext) =>
    (capabilities?.add ?? []).filter((name) => !allowed.has(name));
  const bad = those(pod, (context) => beyond(context).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(bad.flatMap((c) => beyond(c.securityContext ?? {})));
  return `${namesOf(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`;
}

function capabilitiesBaseline(pod: PodLike): Finding | undefined {
  const detail = addedCapabilities(pod, defaultCapabilities);
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
}

const bindOnly = new Set(['NET_BIND_SERVICE']);

function capabilitiesRestricted(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const keeping = those(pod, ({ capabilities }) => !capabilities?.drop?.includes('ALL'));
  const details = [
    keeping.length > 0 ? `${namesOf(keeping)} must set securityContext.capabilities.drop=["ALL"]` : [],
    addedCapabilities(pod, bindOnly) ?? [],
  ].flat();
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined;
}

function hostNamespaces({ spec }: PodLike): Finding | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  if (shared.length === 0) return undefined;
  return { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
}

function hostPathVolumes({ spec }: PodLike): Finding | undefined {
  const bad = (spec.volumes ?? []).filter(({ hostPath }) => hostPath);
  if (bad.length === 0) return undefined;
  return {
    reason: 'hostPath volumes',
    detail: `${plural('volume', bad)} ${quoted(bad.map(({ name }) => name))}`,
  };
}

function hostPorts(pod: PodLike): Finding | undefined {
  const portsOf = ({ ports }: AnyContainer) => (ports ?? []).flatMap(({ hostPort }) => hostPort || []);
  const bad = those(pod, (_, container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(bad.flatMap(portsOf).map(String));
  return {
    reason: 'hostPort',
    detail: `${namesOf(bad)} ${uses(bad)} ${plural('hostPort', ports)} ${ports.join(', ')}`,
  };
}

function hostProbes(pod: PodLike): Finding | undefined {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: AnyContainer) =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((asks) =>
      [asks?.httpGet?.host, asks?.tcpSocket?.host].flatMap((host) => host || []),
    );
  const bad = those(pod, (_, container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const names = sorted(bad.map(({ name }) => name));
  const hosts = sorted(bad.flatMap(hostsOf));
  const what = plural('probe or lifecycle host', hosts);
  return {
    reason: 'probe or lifecycle host',
    detail: `${plural('container', names)} ${quoted(names)} ${uses(names)} ${what} ${quoted(hosts)}`,
  };
}

function privileged(pod: PodLike): Finding | undefined {
  const bad = those(pod, (context) => context.privileged === true);
  if (bad.length === 0) return undefined;
  return { reason: 'privileged', detail: `${namesOf(bad)} must not set securityContext.privileged=true` };
}

function procMount(pod: PodLike): Finding | undefined {
  const bad = those(pod, (context) => (context.procMount ?? 'Default') !== 'Default');
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map((c) => c.securityContext?.procMount ?? ''));
  return {
    reason: 'procMount',
    detail: `${namesOf(bad)} must not set securityContext.procMount to ${quoted(types)}`,
  };
}

function seLinuxOptions(pod: PodLike, minor: number): Finding | undefined {
  const types = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
  if (minor >= 31) types.push('container_engine_t');
  type Options = SecurityContext['seLinuxOptions'];
  const isBadType = (options: Options) => !types.includes(options?.type ?? '');
  const isBad = (options: Options) => isBadType(options) || Boolean(options?.user) || Boolean(options?.role);
  const own = pod.spec.securityContext?.seLinuxOptions;
  const bad = those(pod, (context) => isBad(context.seLinuxOptions));
  if (!isBad(own) && bad.length === 0) return undefined;
  const all = [own, ...bad.map((c) => c.securityContext?.seLinuxOptions)];
  const badTypes = sorted(all.filter(isBadType).map((options) => options?.type ?? ''));
  const faults = [
    ...(badTypes.length > 0 ? [`${plural('type', badTypes)} ${quoted(badTypes)}`] : []),
    ...(all.some((options) => options?.user) ? ['user may not be set'] : []),
    ...(all.some((options) => options?.role) ? ['role may not be set'] : []),
  ];
  const by = setters(isBad(own), bad);
  return {
    reason: 'seLinuxOptions',
    detail: `${by} set forbidden securityContext.seLinuxOptions: ${faults.join('; ')}`,
  };
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const isGoodSeccomp = (profile: string) =>
  profile === 'runtime/default' || profile === 'docker/default' || profile.startsWith('localhost/');

function seccompAnnotations(pod: PodLike): Finding | undefined {
  const keys = [seccompPod, ...containersOf(pod).map(({ name }) => `${seccompPrefix}${name}`)];
  const bad = sorted(
    keys.flatMap((key) => {
      const profile = pod.annotations[key];
      return profile === undefined || isGoodSeccomp(profile) ? [] : [`${key}=${goQuote(profile)}`];
    }),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', bad)} ${bad.join(', ')}` };
}

function seccompBaseline(pod: PodLike, minor: number): Finding | undefined {
  if (minor < 19) return seccompAnnotations(pod);
  const own = pod.spec.securityContext?.seccompProfile;
  const bad = those(pod, (context) => !isGoodProfile(context.seccompProfile));
  const all = [own, ...bad.map((c) => c.securityContext?.seccompProfile)];
  const types = sorted(
    all.filter((profile) => !isGoodProfile(profile)).map((profile) => profile?.type ?? ''),
  );
  if (types.length === 0) return undefined;
  const by = setters(!isGoodProfile(own), bad);
  return {
    reason: 'seccompProfile',
    detail: `${by} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  };
}

function seccompRestricted(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const found = seccompBaseline(pod, minor);
  if (found || pod.spec.securityContext?.seccompProfile) return found;
  const bad = those(pod, (context) => !context.seccompProfile);
  if (bad.length === 0) return undefined;
  const detail = `pod or ${namesOf(bad)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`;
  return { reason: 'seccompProfile', detail };
}

const safeSysctls: readonly (readonly [since: number, ...names: string[]])[] = [
  [
    0,
    'kernel.shm_rmid_forced',
    'net.ipv4.ip_local_port_range',
    'net.ipv4.tcp_syncookies',
    'net.ipv4.ping_group_range',
    'net.ipv4.ip_unprivileged_port_start',
  ],
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [
    29,
    'net.ipv4.tcp_keepalive_time',
    'net.ipv4.tcp_fin_timeout',
    'net.ipv4.tcp_keepalive_intvl',
    'net.ipv4.tcp_keepalive_probes',
  ],
  [32, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'],
];

function sysctls({ spec }: PodLike, minor: number): Finding | undefined {
  const isSafe = (name: string) =>
    safeSysctls.some(([since, ...names]) => since <= minor && names.includes(name));
  const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !isSafe(name));
  return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined;
}

function windowsHostProcess(pod: PodLike): Finding | undefined {
  const bad = those(pod, (context) => context.windowsOptions?.hostProcess === true);
  const by = setters(pod.spec.securityContext?.windowsOptions?.hostProcess === true, bad);
  if (by === '') return undefined;
  return {
    reason: 'hostProcess',
    detail: `${by} must not set securityContext.windowsOptions.hostProcess=true`,
  };
}

function allowPrivilegeEscalation(pod: PodLike, minor: number): Finding | undefined {
  if (isWindows(pod, minor)) return undefined;
  const bad = those(pod, (context) => context.allowPrivilegeEscalation !== false);
  if (bad.length === 0) return undefined;
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${namesOf(bad)} must set securityContext.allowPrivilegeEscalation=false`,
  };
}

const fineVolumes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

function restrictedVolumes({ spec }: PodLike): Finding | undefined {
  const sourceOf = (volume: Volume) => Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
  const bad = (spec.volumes ?? []).filter((volume) => !fineVolumes.has(sourceOf(volume)));
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map(sourceOf));
  const what = plural('restricted volume type', types);
  const names = quoted(bad.map(({ name }) => name));
  return {
    reason: 'restricted volume types',
    detail: `${plural('volume', bad)} ${names} ${uses(bad)} ${what} ${quoted(types)}`,
  };
}

function runAsNonRoot(pod: PodLike, minor: number): Finding | undefined {
  if (ownsUsers(pod, minor)) return undefined;
  const reason = 'runAsNonRoot != true';
  const own = pod.spec.securityContext?.runAsNonRoot;
  const by = setters(
    own === false,
    those(pod, (context) => context.runAsNonRoot === false),
  );
  if (by !== '') return { reason, detail: `${by} must not set securityContext.runAsNonRoot=false` };
  const silent = own ? [] : those(pod, (context) => context.runAsNonRoot === undefined);
  if (silent.length === 0) return undefined;
  return { reason, detail: `pod or ${namesOf(silent)} must set securityContext.runAsNonRoot=true` };
}

function runAsUser(pod: PodLike, minor: number): Finding | undefined {
  if (ownsUsers(pod, minor)) return undefined;
  const isRoot = (context: { runAsUser?: unknown } | undefined) =>
    context?.runAsUser !== undefined && Number(context.runAsUser) === 0;
  const by = setters(isRoot(pod.spec.securityContext), those(pod, isRoot));
  return by === '' ? undefined : { reason: 'runAsUser=0', detail: `${by} must not set runAsUser=0` };
}

/** All checks, in the order in which they are told. */
export const checks: readonly Check[] = [
  { level: 'baseline', since: 0, find: appArmorProfile },
  { level: 'baseline', since: 0, overriddenSince: 22, find: capabilitiesBaseline },
  { level: 'baseline', since: 0, find: hostNamespaces },
  { level: 'baseline', since: 0, overriddenSince: 0, find: hostPathVolumes },
  { level: 'baseline', since: 0, find: hostPorts },
  { level: 'baseline', since: 34, find: hostProbes },
  { level: 'baseline', since: 0, find: privileged },
  {
    level: 'baseline',
    since: 0,
    overriddenSince: 35,
    find: (pod, minor) => (ownsUsers(pod, minor) ? undefined : procMount(pod)),
  },
  { level: 'baseline', since: 0, find: seLinuxOptions },
  { level: 'baseline', since: 0, overriddenSince: 19, find: seccompBaseline },
  { level: 'baseline', since: 0, find: sysctls },
  { level: 'baseline', since: 0, find: windowsHostProcess },
  { level: 'restricted', since: 8, find: allowPrivilegeEscalation },
  { level: 'restricted', since: 22, find: capabilitiesRestricted },
  { level: 'restricted', since: 35, find: procMount },
  { level: 'restricted', since: 0, find: restrictedVolumes },
  { level: 'restricted', since: 0, find: runAsNonRoot },
  { level: 'restricted', since: 23, find: runAsUser },
  { level: 'restricted', since: 19, find: seccompRestricted },
];
