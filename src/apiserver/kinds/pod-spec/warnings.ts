import type { Container, PodSpec, PodTemplateSpec, Volume } from '../../../api/core/v1.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import { isQuantity, milliValue } from '../../../machinery/quantity.ts';

const movedLabels: Record<string, { since: string; use: string }> = {
  'beta.kubernetes.io/arch': { since: 'v1.14', use: 'kubernetes.io/arch' },
  'beta.kubernetes.io/os': { since: 'v1.14', use: 'kubernetes.io/os' },
  'failure-domain.beta.kubernetes.io/region': { since: 'v1.17', use: 'topology.kubernetes.io/region' },
  'failure-domain.beta.kubernetes.io/zone': { since: 'v1.17', use: 'topology.kubernetes.io/zone' },
  'beta.kubernetes.io/instance-type': { since: 'v1.17', use: 'node.kubernetes.io/instance-type' },
};

/** Advice on labels of nodes that have got other names. */
export function nodeLabelWarnings(field: string, labels: Record<string, string> | undefined): string[] {
  return Object.keys(labels ?? {}).flatMap((key) => {
    const moved = movedLabels[key];
    return moved ? [`${field}[${key}]: deprecated since ${moved.since}; use "${moved.use}" instead`] : [];
  });
}

/** Advice on a pod's spec, be it of a pod or of a template; `field` is the path of what holds both metadata and spec. */
export function podWarnings(field: string, meta: ObjectMeta | undefined, spec: PodSpec): string[] {
  const at = (path: string) => (field ? `${field}.${path}` : path);
  const containers: [string, readonly Container[]][] = [
    [at('spec.initContainers'), spec.initContainers ?? []],
    [at('spec.containers'), spec.containers],
  ];
  return [
    ...nodeLabelWarnings(at('spec.nodeSelector'), spec.nodeSelector),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(at(`spec.volumes[${i}]`), volume)),
    ...graceWarnings(at('spec.terminationGracePeriodSeconds'), spec),
    ...seccompWarnings(at('metadata.annotations'), meta),
    ...spreadWarnings(at('spec.topologySpreadConstraints'), spec),
    ...containers.flatMap(([path, list]) => list.flatMap((c, i) => containerWarnings(`${path}[${i}]`, c))),
  ];
}

/** Advice on a template. */
export function templateWarnings(field: string, template: PodTemplateSpec | undefined): string[] {
  return template?.spec ? podWarnings(field, template.metadata, template.spec) : [];
}

const goneVolumes: Partial<Record<keyof Volume, string>> = {
  photonPersistentDisk: 'deprecated in v1.11, non-functional in v1.16+',
  gitRepo: 'deprecated in v1.11, and disabled by default in v1.33+',
  scaleIO: 'deprecated in v1.16, non-functional in v1.22+',
  flocker: 'deprecated in v1.22, non-functional in v1.25+',
  storageos: 'deprecated in v1.22, non-functional in v1.25+',
  quobyte: 'deprecated in v1.22, non-functional in v1.25+',
  glusterfs: 'deprecated in v1.25, non-functional in v1.26+',
  cephfs: 'deprecated in v1.28, non-functional in v1.31+',
  rbd: 'deprecated in v1.28, non-functional in v1.31+',
};

function volumeWarnings(field: string, volume: Volume): string[] {
  return Object.entries(goneVolumes).flatMap(([name, since]) =>
    volume[name as keyof Volume] === undefined ? [] : [`${field}.${name}: ${since}`],
  );
}

function graceWarnings(field: string, { terminationGracePeriodSeconds = 0 }: PodSpec): string[] {
  const why = 'must be >= 0; negative values are invalid and will be treated as 1';
  return terminationGracePeriodSeconds < 0 ? [`${field}: ${why}`] : [];
}

function seccompWarnings(field: string, meta: ObjectMeta | undefined): string[] {
  const keys = Object.keys(meta?.annotations ?? {}).filter((key) =>
    /^(container\.)?seccomp\.security\.alpha\./.test(key),
  );
  return keys.map(
    (key) => `${field}[${key}]: non-functional in v1.27+; use the "seccompProfile" field instead`,
  );
}

function spreadWarnings(field: string, spec: PodSpec): string[] {
  return (spec.topologySpreadConstraints ?? []).flatMap((constraint, i) => [
    ...(constraint.labelSelector
      ? []
      : [`${field}[${i}].labelSelector: a null labelSelector results in matching no pod`]),
    ...(movedLabels[constraint.topologyKey]
      ? [
          `${field}[${i}].topologyKey: ${constraint.topologyKey} is deprecated since ${movedLabels[constraint.topologyKey]?.since}; use "${movedLabels[constraint.topologyKey]?.use}" instead`,
        ]
      : []),
  ]);
}

function containerWarnings(field: string, { env = [], ports = [], resources }: Container): string[] {
  const hidden = env.flatMap(({ name }, i) => {
    const first = env.slice(0, i).some((e) => e.name === name);
    return first
      ? [`${field}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`]
      : [];
  });
  const twice = ports.flatMap((port, i) => {
    const first = ports.findIndex(
      (p) =>
        p.containerPort === port.containerPort &&
        p.protocol === port.protocol &&
        p.hostPort === port.hostPort,
    );
    return first < i ? [`${field}.ports[${i}]: duplicate port definition with ${field}.ports[${first}]`] : [];
  });
  return [...fractionalBytes(`${field}.resources`, resources ?? {}), ...hidden, ...twice];
}

function fractionalBytes(field: string, resources: NonNullable<Container['resources']>): string[] {
  return (['limits', 'requests'] as const).flatMap((of) =>
    ['memory', 'ephemeral-storage'].flatMap((name) => {
      const amount = resources[of]?.[name];
      if (amount === undefined || !isQuantity(amount) || milliValue(amount) % 1000 === 0) return [];
      return [`${field}.${of}[${name}]: fractional byte value "${amount}" is invalid, must be an integer`];
    }),
  );
}
