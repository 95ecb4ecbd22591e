import type { Pod } from '../../api/core/v1.ts';
import { runtimeclasses } from '../../api/generated/resources.ts';
import type { RuntimeClass } from '../../api/node/v1.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { merge } from '../../machinery/tolerations.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const differs = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";
const undefinedOverhead =
  'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead';

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
    if (tolerations?.length) spec.tolerations = merge([...(spec.tolerations ?? []), ...tolerations]);
  },
  validate(attributes) {
    if (attributes.operation !== 'CREATE' || !isAbout(attributes, 'pods')) return;
    const { overhead } = (attributes.object as Pod).spec;
    const defined = classOf(attributes)?.overhead;
    // What was set may have been changed by whoever came after.
    if (defined && !deepEqual(overhead ?? {}, defined.podFixed ?? {})) throw refuse(attributes, differs);
    if (overhead && !defined) throw refuse(attributes, undefinedOverhead);
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
  if (given && !deepEqual(given, fixed)) throw refuse(attributes, differs);
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
