import type { Pod, Toleration } from '../../api/core/v1.ts';
import { deepFreeze } from '../../machinery/deep-freeze.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './refuse.ts';

/** How long pods stay on a node that is not ready, or has gone silent, unless they say otherwise. */
export interface DefaultTolerations {
  notReadySeconds: number;
  unreachableSeconds: number;
}

export const usualTolerations: DefaultTolerations = { notReadySeconds: 300, unreachableSeconds: 300 };

/** All pods share them. */
const lasting = ({ notReadySeconds, unreachableSeconds }: DefaultTolerations): readonly Toleration[] =>
  deepFreeze([
    toleration('node.kubernetes.io/not-ready', notReadySeconds),
    toleration('node.kubernetes.io/unreachable', unreachableSeconds),
  ]);

const toleration = (key: string, tolerationSeconds: number): Toleration => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds,
});

const tolerates = (tolerations: readonly Toleration[], key: string) =>
  tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));

export function defaultTolerationSecondsOf(tolerations: DefaultTolerations): AdmissionPlugin {
  const all = lasting(tolerations);
  return {
    name: 'DefaultTolerationSeconds',
    admit(attributes) {
      if (attributes.operation === 'DELETE' || !isAbout(attributes, 'pods')) return;
      const { spec } = attributes.object as Pod;
      const given = spec.tolerations ?? [];
      const missing = all.filter(({ key = '' }) => !tolerates(given, key));
      if (missing.length > 0) spec.tolerations = [...given, ...missing];
    },
  };
}

export const defaultTolerationSeconds = defaultTolerationSecondsOf(usualTolerations);
