import type {
  Container,
  ContainerPort,
  EnvVar,
  PodAffinity,
  PodSpec,
  PodTemplateSpec,
  Volume,
} from '../../../api/core/v1.ts';
import type { ObjectMeta, Quantity } from '../../../api/meta/v1.ts';
import { goQuote } from '../../../machinery/go-text.ts';
import { joined, nothing } from '../../../machinery/joined.ts';
import { ipWarnings } from '../../../machinery/ip.ts';
import { canonicalQuantity, isQuantity, milliValue } from '../../../machinery/quantity.ts';
import { claimSpecWarnings } from '../core/volumes/claim-warnings.ts';
import { labelAdvice, nodeLabelWarnings, nodeTermWarnings } from './node-labels.ts';
import { appArmorPrefix } from './validation/annotations.ts';
import { containersWithPaths } from './validation/context.ts';
import { overlapWarnings } from './overlap-warnings.ts';
import { portWarnings } from './port-warnings.ts';

type At = (path: string) => string;

/** Advice on a pod's spec, be it of a pod or of a template; `field` is the path of what holds both metadata and spec. */
export function podWarnings(field: string, meta: ObjectMeta | undefined, spec: PodSpec): readonly string[] {
  const at: At = (path) => (field ? `${field}.${path}` : path);
  const containers = containersWithPaths(spec, at('spec'));
  return joined(
    nodeLabelWarnings(at('spec.nodeSelector'), spec.nodeSelector),
    nodeAffinityWarnings(at('spec.affinity.nodeAffinity'), spec),
    spreadWarnings(at('spec.topologySpreadConstraints'), spec),
    annotationWarnings(at('metadata.annotations'), meta),
    ofEach(spec.volumes, (volume, i) => volumeWarnings(at(`spec.volumes[${i}]`), volume)),
    ofEach(spec.volumes, overlapWarnings),
    repeatedEntries(at, spec),
    fractionalBytes(at('spec.overhead'), spec.overhead),
    seccompOfPod(at('metadata.annotations'), meta, spec),
    ofEach(containers, ({ container, field: path }) =>
      joined(
        profileWarnings(at, { meta, spec, container, isTemplate: field !== '' }),
        fractionalResources(path, container as Container),
        hiddenVariables(`${path}.env`, container.env),
      ),
    ),
    portWarnings(containers as { container: { ports?: ContainerPort[] }; field: string }[]),
    graceWarnings(at('spec.terminationGracePeriodSeconds'), spec),
    podAffinityWarnings(at('spec.affinity.podAffinity'), spec.affinity?.podAffinity),
    podAffinityWarnings(at('spec.affinity.podAntiAffinity'), spec.affinity?.podAntiAffinity),
    ofEach(spec.dnsConfig?.nameservers, (ip, i) => ipWarnings(at(`spec.dnsConfig.nameservers[${i}]`), ip)),
    ofEach(spec.hostAliases, ({ ip }, i) => ipWarnings(at(`spec.hostAliases[${i}].ip`), ip)),
  );
}

/** Advice on each of what may not be there. */
function ofEach<T>(
  items: readonly T[] | undefined,
  advise: (item: T, index: number) => readonly string[],
): readonly string[] {
  if (!items) return nothing;
  let all: string[] | undefined;
  for (let i = 0; i < items.length; i++) {
    const found = advise(items[i] as T, i);
    if (found.length > 0) (all ??= []).push(...found);
  }
  return all ?? nothing;
}

/** Advice on a template. */
export function templateWarnings(field: string, template: PodTemplateSpec | undefined): readonly string[] {
  return template?.spec ? podWarnings(field, template.metadata, template.spec) : nothing;
}

function nodeAffinityWarnings(field: string, { affinity }: PodSpec): readonly string[] {
  const nodeAffinity = affinity?.nodeAffinity;
  if (!nodeAffinity) return nothing;
  const always = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
  return [
    ...(nodeAffinity[always]?.nodeSelectorTerms ?? []).flatMap((term, i) =>
      nodeTermWarnings(`${field}.${always}.nodeSelectorTerms[${i}]`, term, false),
    ),
    ...(nodeAffinity[preferred] ?? []).flatMap(({ preference }, i) =>
      nodeTermWarnings(`${field}.${preferred}[${i}].preference`, preference ?? {}, true),
    ),
  ];
}

const matchesNothing = 'a null labelSelector results in matching no pod';

function spreadWarnings(field: string, spec: PodSpec): readonly string[] {
  return ofEach(spec.topologySpreadConstraints, ({ topologyKey, labelSelector }, i) => {
    const why = labelAdvice(topologyKey);
    return [
      ...(why ? [`${field}[${i}].topologyKey: ${topologyKey} is ${why}`] : []),
      ...(labelSelector ? [] : [`${field}[${i}].labelSelector: ${matchesNothing}`]),
    ];
  });
}

function podAffinityWarnings(field: string, rules: PodAffinity | undefined): readonly string[] {
  if (!rules) return nothing;
  const always = rules.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const preferred = rules.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [
    ...always.flatMap(({ labelSelector }, i) =>
      labelSelector
        ? []
        : [`${field}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${matchesNothing}`],
    ),
    ...preferred.flatMap(({ podAffinityTerm }, i) =>
      podAffinityTerm?.labelSelector
        ? []
        : [
            `${field}.preferredDuringSchedulingIgnoredDuringExecution[${i}].podAffinityTerm.labelSelector: ${matchesNothing}`,
          ],
    ),
  ];
}

const formerAnnotations = {
  'scheduler.alpha.kubernetes.io/critical-pod':
    'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

function annotationWarnings(field: string, meta: ObjectMeta | undefined): readonly string[] {
  const { annotations } = meta ?? {};
  if (!annotations) return nothing;
  return Object.entries(formerAnnotations).flatMap(([key, why]) =>
    annotations[key] === undefined ? [] : [`${field}[${key}]: ${why}`],
  );
}

/** Sources that do nothing any more, with the names that upstream says them by, in the order in which it looks. */
const goneVolumes: readonly [name: keyof Volume, since: string, shown?: string][] = [
  ['photonPersistentDisk', 'deprecated in v1.11, non-functional in v1.16+'],
  ['gitRepo', 'deprecated in v1.11, and disabled by default in v1.33+'],
  ['scaleIO', 'deprecated in v1.16, non-functional in v1.22+'],
  ['flocker', 'deprecated in v1.22, non-functional in v1.25+'],
  ['storageos', 'deprecated in v1.22, non-functional in v1.25+', 'storageOS'],
  ['quobyte', 'deprecated in v1.22, non-functional in v1.25+'],
  ['glusterfs', 'deprecated in v1.25, non-functional in v1.26+'],
  ['ephemeral', ''],
  ['cephfs', 'deprecated in v1.28, non-functional in v1.31+'],
  ['rbd', 'deprecated in v1.28, non-functional in v1.31+'],
];

const goneNames = new Set<string>(goneVolumes.map(([name]) => name));

function isGone(volume: Volume): boolean {
  for (const name in volume) if (goneNames.has(name)) return true;
  return false;
}

function volumeWarnings(field: string, volume: Volume): readonly string[] {
  if (!isGone(volume)) return nothing;
  return goneVolumes.flatMap(([name, since, shown = name]) => {
    if (volume[name] === undefined) return [];
    if (since) return [`${field}.${shown}: ${since}`];
    const template = volume.ephemeral?.volumeClaimTemplate;
    return template ? claimSpecWarnings(`${field}.ephemeral.volumeClaimTemplate.spec`, template.spec) : [];
  });
}

function repeatedEntries(at: At, { hostAliases = [], imagePullSecrets = [] }: PodSpec): readonly string[] {
  if (hostAliases.length === 0 && imagePullSecrets.length === 0) return nothing;
  const secrets = imagePullSecrets.map(({ name = '' }) => name);
  const repeated = (field: string, values: readonly string[], what: 'ip' | 'name') => {
    const seen = new Set<string>();
    return values.flatMap((value, i) => {
      if (!seen.has(value)) {
        seen.add(value);
        return [];
      }
      return [`${field}[${i}].${what}: duplicate ${what} ${goQuote(value)}`];
    });
  };
  const field = at('spec.imagePullSecrets');
  return [
    ...repeated(
      at('spec.hostAliases'),
      hostAliases.map(({ ip }) => ip),
      'ip',
    ),
    ...repeated(field, secrets, 'name'),
    ...secrets.flatMap((name, i) => (name ? [] : [`${field}[${i}].name: invalid empty name ""`])),
  ];
}

const byteResources = ['memory', 'ephemeral-storage'] as const;

function fractionalBytes(field: string, list: Record<string, Quantity> | undefined): readonly string[] {
  if (!list) return nothing;
  return ofEach(byteResources, (name) => fraction(`${field}[${name}]`, list[name]));
}

function fraction(field: string, amount: Quantity | undefined): readonly string[] {
  if (amount === undefined || !isQuantity(amount) || milliValue(amount) % 1000 === 0) return nothing;
  const shown = goQuote(canonicalQuantity(amount));
  return [`${field}: fractional byte value ${shown} is invalid, must be an integer`];
}

function fractionalResources(field: string, { resources }: Container): readonly string[] {
  if (!resources) return nothing;
  const { limits, requests } = resources;
  return ofEach(byteResources, (name) =>
    joined(
      fraction(`${field}.resources.limits[${name}]`, limits?.[name]),
      fraction(`${field}.resources.requests[${name}]`, requests?.[name]),
    ),
  );
}

const seccompPodKey = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerPrefix = 'container.seccomp.security.alpha.kubernetes.io/';
const useSeccompField = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function seccompOfPod(field: string, meta: ObjectMeta | undefined, spec: PodSpec): readonly string[] {
  if (spec.securityContext?.seccompProfile || meta?.annotations?.[seccompPodKey] === undefined)
    return nothing;
  return [`${field}[${seccompPodKey}]: ${useSeccompField}`];
}

/** Annotations of one container that have become fields. AppArmor's are told of with the pod, where they are moved. */
function profileWarnings(
  at: At,
  {
    meta,
    spec,
    container: { name, securityContext: own },
    isTemplate,
  }: {
    meta: ObjectMeta | undefined;
    spec: PodSpec;
    container: Pick<Container, 'name' | 'securityContext'>;
    isTemplate: boolean;
  },
): readonly string[] {
  const annotations = meta?.annotations;
  if (!annotations) return nothing;
  const field = at('metadata.annotations');
  const given = (key: string) => annotations[key] !== undefined;
  const [seccomp, appArmor] = [`${seccompContainerPrefix}${name}`, `${appArmorPrefix}${name}`];
  const warnings = !own?.seccompProfile && given(seccomp) ? [`${field}[${seccomp}]: ${useSeccompField}`] : [];
  const hasProfile = spec.securityContext?.appArmorProfile || own?.appArmorProfile;
  if (!isTemplate || hasProfile || !given(appArmor)) return warnings;
  const use = 'deprecated since v1.30; use the "appArmorProfile" field instead';
  return [...warnings, `${field}[${appArmor}]: ${use}`];
}

/** Variables that are set anew, unless to something made of what they were. */
function hiddenVariables(field: string, variables: readonly EnvVar[] | undefined): readonly string[] {
  if (!variables) return nothing;
  const seen = new Set<string>();
  return variables.flatMap(({ name, value = '', valueFrom }, i) => {
    const repeated = seen.has(name) || !seen.add(name);
    const reference = `$(${name})`;
    const isMadeOfOld = !valueFrom && value !== reference && value.includes(reference);
    if (!repeated || isMadeOfOld) return [];
    return [
      `${field}[${i}]: hides previous definition of ${goQuote(name)}, which may be dropped when using apply`,
    ];
  });
}

function graceWarnings(field: string, { terminationGracePeriodSeconds = 0 }: PodSpec): readonly string[] {
  const why = 'must be >= 0; negative values are invalid and will be treated as 1';
  return terminationGracePeriodSeconds < 0 ? [`${field}: ${why}`] : nothing;
}
