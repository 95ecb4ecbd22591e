import type { Pod } from '../../api/core/v1.ts';
import { priorityclasses } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import type { PriorityClass } from '../../api/scheduling/v1.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { isAbout, refuse } from './refuse.ts';

const defaultPolicy = 'PreemptLowerPriority';

/** Gives pods the priority of their class, and sees to it that one class at most is the default. */
export const priority: AdmissionPlugin = {
  name: 'Priority',
  admit(attributes) {
    if (!isAbout(attributes, 'pods')) return;
    if (attributes.operation === 'CREATE') resolve(attributes, attributes.object as Pod);
    if (attributes.operation === 'UPDATE') keep(attributes.object as Pod, attributes.old as unknown as Pod);
  },
  validate(attributes) {
    if (attributes.operation === 'DELETE' || !isAbout(attributes, 'priorityclasses', 'scheduling.k8s.io'))
      return;
    const made = attributes.object as PriorityClass;
    const other = made.globalDefault ? defaultClass(attributes) : undefined;
    if (!other || (attributes.operation === 'UPDATE' && other.metadata.name === made.metadata.name)) return;
    const why = `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`;
    throw refuse(attributes, why);
  },
};

function resolve(attributes: AdmissionAttributes, { spec }: Pod): void {
  const found = spec.priorityClassName
    ? namedClass(attributes, spec.priorityClassName)
    : defaultClass(attributes);
  const value = found?.value ?? 0;
  const policy = found?.preemptionPolicy ?? defaultPolicy;
  const tail = 'from the given PriorityClass name';
  if (spec.priority !== undefined && spec.priority !== value) {
    const why = `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} ${tail}`;
    throw refuse(attributes, why);
  }
  if (spec.preemptionPolicy !== undefined && spec.preemptionPolicy !== policy) {
    const why = `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} ${tail}`;
    throw refuse(attributes, why);
  }
  if (found) spec.priorityClassName = found.metadata.name;
  spec.priority = value;
  spec.preemptionPolicy = policy;
}

/** An update that leaves the priority out means the one there is. */
function keep({ spec }: Pod, { spec: old }: Pod): void {
  if (old.priority !== undefined) spec.priority ??= old.priority;
  if (old.preemptionPolicy !== undefined) spec.preemptionPolicy ??= old.preemptionPolicy;
}

function namedClass(attributes: AdmissionAttributes, name: string): PriorityClass {
  const found = attributes.context.get(priorityclasses, { name });
  if (!found) throw refuse(attributes, `no PriorityClass with name ${name} was found`);
  return found;
}

/** The class that is marked as the default; of several the one with the lowest value. */
function defaultClass({ context }: AdmissionAttributes): Stored<PriorityClass> | undefined {
  let found: Stored<PriorityClass> | undefined;
  for (const one of context.list(priorityclasses)) {
    if (one.globalDefault && (!found || (found.value ?? 0) > (one.value ?? 0))) found = one;
  }
  return found;
}
