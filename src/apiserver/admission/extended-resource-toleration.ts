import type { Pod, Toleration } from '../../api/core/v1.ts';
import { isExtendedResource } from '../../machinery/resource-claims.ts';
import type { AdmissionPlugin } from './admission.ts';
import { isAbout } from './refuse.ts';

/** Pods that ask for a device run on nodes that are kept for such pods, by a taint with its name. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  admit(attributes) {
    const { operation, object } = attributes;
    if (!isAbout(attributes, 'pods') || (operation !== 'CREATE' && operation !== 'UPDATE')) return;
    const { spec } = object as Pod;
    const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
    const asked = containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {}));
    for (const key of new Set(asked.filter(isExtendedResource).sort())) {
      spec.tolerations = withToleration(spec.tolerations ?? [], key);
    }
  },
};

function withToleration(given: readonly Toleration[], key: string): Toleration[] {
  const wanted = { key, operator: 'Exists', effect: 'NoSchedule' };
  const at = given.findIndex(
    (t) => t.key === key && t.operator === 'Exists' && t.effect === 'NoSchedule' && !t.value,
  );
  return at < 0 ? [...given, wanted] : given.with(at, wanted);
}
