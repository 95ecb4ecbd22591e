import type { Pod, Toleration } from '../../api/core/v1.ts';
import { deepFreeze } from '../../machinery/deep-freeze.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './refuse.ts';

/** All pods share them. */
const lasting: readonly Toleration[] = deepFreeze(
  ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
    key,
    operator: 'Exists',
    effect: 'NoExecute',
    tolerationSeconds: 300,
  })),
);

const tolerates = (tolerations: readonly Toleration[], key: string) =>
  tolerations.some((t) => (!t.key || t.key === key) && (!t.effect || t.effect === 'NoExecute'));

/** Pods stay on a node that has gone silent for five minutes, unless they say otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  admit(attributes) {
    if (attributes.operation === 'DELETE' || !isAbout(attributes, 'pods')) return;
    const { spec } = attributes.object as Pod;
    const given = spec.tolerations ?? [];
    const missing = lasting.filter(({ key = '' }) => !tolerates(given, key));
    if (missing.length > 0) spec.tolerations = [...given, ...missing];
  },
};
