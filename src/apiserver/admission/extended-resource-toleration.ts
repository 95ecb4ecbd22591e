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
    const wanted = new Set(asked.filter(isExtendedResource).sort());
    if (wanted.size > 0) spec.tolerations = withTolerations(spec.tolerations ?? [], wanted);
  },
};

const isForAnyValue = ({ operator, effect, value }: Toleration) =>
  operator === 'Exists' && effect === 'NoSchedule' && !value;

/** One that is there already, for a while perhaps, is for good from now on. */
function withTolerations(given: readonly Toleration[], keys: ReadonlySet<string>): Toleration[] {
  const missing = new Set(keys);
  const kept = given.map((one) =>
    isForAnyValue(one) && missing.delete(one.key ?? '') ? tolerationOf(one.key as string) : one,
  );
  return [...kept, ...Array.from(missing, tolerationOf)];
}

const tolerationOf = (key: string): Toleration => ({ key, operator: 'Exists', effect: 'NoSchedule' });
