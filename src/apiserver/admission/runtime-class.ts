import type { Pod } from '../../api/core/v1.ts';
import { runtimeclasses } from '../../api/generated/resources.ts';
import type { RuntimeClass } from '../../api/node/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

/** Pods get the overhead of their runtime class, and run where it can run. */
export const runtimeClass: AdmissionPlugin = {
  name: 'RuntimeClass',
  admit(attributes) {
    const found = classOf(attributes);
    if (!found) return;
    const { spec } = attributes.object as Pod;
    if (found.overhead?.podFixed) spec.overhead = setOverhead(attributes, found, spec.overhead);
    const { nodeSelector, tolerations } = found.scheduling ?? {};
    if (nodeSelector) spec.nodeSelector = joinSelectors(attributes, nodeSelector, spec.nodeSelector);
    const further = (tolerations ?? []).filter(
      (t) => !spec.tolerations?.some((known) => deepEqual(known, t)),
    );
    if (further.length > 0) spec.tolerations = [...(spec.tolerations ?? []), ...further];
  },
  validate(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'pods')) return;
    const { spec } = attributes.object as Pod;
    const fixed = classOf(attributes)?.overhead?.podFixed;
    if (spec.overhead && !fixed) {
      throw refuse(
        attributes,
        'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      );
    }
  },
};

function classOf(attributes: AdmissionAttributes): RuntimeClass | undefined {
  if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'pods')) return undefined;
  const name = (attributes.object as Pod).spec.runtimeClassName;
  if (!name) return undefined;
  const found = attributes.context.get(runtimeclasses, { name });
  if (!found) throw refuse(attributes, `pod rejected: RuntimeClass "${name}" not found`);
  return found;
}

function setOverhead(
  attributes: AdmissionAttributes,
  { overhead }: RuntimeClass,
  given: Record<string, string> | undefined,
) {
  const fixed = overhead?.podFixed ?? {};
  if (given && !deepEqual(given, fixed)) {
    throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
  }
  return { ...fixed };
}

function joinSelectors(
  attributes: AdmissionAttributes,
  ours: Record<string, string>,
  theirs: Record<string, string> = {},
) {
  for (const [label, value] of Object.entries(ours)) {
    if (theirs[label] === undefined || theirs[label] === value) continue;
    const why = `conflict: runtimeClass.scheduling.nodeSelector[${label}] = ${value}; pod.spec.nodeSelector[${label}] = ${theirs[label]}`;
    throw refuse(attributes, why);
  }
  return { ...theirs, ...ours };
}
