import type { Pod, Toleration } from '../../api/core/v1.ts';
import { expectKind } from '../../machinery/configuration-kind.ts';
import { qosClass } from '../../machinery/qos.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { includes, merge } from '../../machinery/tolerations.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { namespaceFor } from './namespace-for.ts';
import { isAbout, refuse } from './refuse.ts';

/** What pods tolerate where their namespace does not say, and what they may tolerate at all; anything where empty. */
export interface TolerationConfiguration {
  default?: readonly Toleration[];
  whitelist?: readonly Toleration[];
}

const prefix = 'scheduler.alpha.kubernetes.io/';
const keys = { default: `${prefix}defaultTolerations`, whitelist: `${prefix}tolerationsWhitelist` };

const memoryPressure: Toleration = {
  key: 'node.kubernetes.io/memory-pressure',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** Pods get the tolerations of their namespace, and no others than those it allows. */
export function podTolerationRestriction(configuration: TolerationConfiguration = {}): AdmissionPlugin {
  return {
    name: 'PodTolerationRestriction',
    admit(attributes) {
      if (!isPodWrite(attributes)) return;
      const { spec } = attributes.object as Pod;
      const isNew = attributes.operation === 'CREATE';
      const ours = isNew ? (annotated(attributes, 'default') ?? configuration.default ?? []) : [];
      const given = spec.tolerations ?? [];
      // What comes of one side alone stays as it is.
      const both = ours.length > 0 && given.length > 0 ? merge([...ours, ...given]) : [...ours, ...given];
      const all = qosClass(spec) === 'BestEffort' ? both : merge([...both, memoryPressure]);
      if (all.length > 0) spec.tolerations = all;
    },
    validate(attributes) {
      if (!isPodWrite(attributes)) return;
      const { tolerations = [] } = (attributes.object as Pod).spec;
      const own = annotated(attributes, 'whitelist');
      const allowed = own ?? configuration.whitelist ?? [];
      if (allowed.length === 0 || tolerations.every((t) => allowed.some((one) => includes(one, t)))) return;
      const what = 'pod tolerations (possibly merged with namespace default tolerations)';
      throw refuse(attributes, `${what} conflict with its ${own ? 'namespace' : 'cluster'} whitelist`);
    },
  };
}

const isPodWrite = (attributes: AdmissionAttributes) =>
  isAbout(attributes, 'pods') && (attributes.operation === 'CREATE' || attributes.operation === 'UPDATE');

/** What the namespace says; undefined where it says nothing. Throws where it cannot be read. */
function annotated(attributes: AdmissionAttributes, what: keyof typeof keys): Toleration[] | undefined {
  const text = namespaceFor(attributes).metadata.annotations?.[keys[what]];
  if (text === undefined) return undefined;
  if (text === '') return [];
  try {
    return tolerationsOf(JSON.parse(text));
  } catch (error) {
    throw badRequest(`annotation ${keys[what]} of the namespace: ${(error as Error).message}`);
  }
}

function tolerationsOf(read: unknown): Toleration[] {
  if (!Array.isArray(read) || !read.every((one) => typeof one === 'object' && one !== null))
    throw new Error('must be a list of tolerations');
  return read as Toleration[];
}

/** Reads its configuration. Throws an Error where it is none. */
export function readTolerationConfiguration(read: unknown): TolerationConfiguration {
  const apiVersions = ['podtolerationrestriction.admission.k8s.io/v1alpha1'];
  expectKind(read, { kind: 'Configuration', apiVersions });
  const { default: usual, whitelist } = read as Record<string, unknown>;
  return {
    ...(usual !== undefined && { default: tolerationsOf(usual) }),
    ...(whitelist !== undefined && { whitelist: tolerationsOf(whitelist) }),
  };
}
