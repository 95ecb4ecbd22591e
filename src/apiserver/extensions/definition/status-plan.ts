import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../api/apiextensions/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type AcceptedNames, planNames } from './accepted-names.ts';
import { approvalCondition } from './approval.ts';
import { conditionOf, isTrue, removeCondition, setCondition } from './conditions.ts';
import { bundleError } from '../../kinds/shared/pem.ts';
import { bundleOf } from './definition-errors.ts';
import { nonStructural, structureCondition } from './structure-condition.ts';
import { cleanupFinalizer } from './custom-resource-definition.ts';

/** A definition with the status it ought to have; undefined where it has that. */
export function planStatus(
  definition: CustomResourceDefinition,
  others: Iterable<AcceptedNames>,
  now: string,
): CustomResourceDefinition | undefined {
  const { accepted, namesAccepted } = planNames(definition, others);
  const next = clone(definition);
  next.status = { ...next.status, acceptedNames: accepted as CustomResourceDefinition['spec']['names'] };
  const structure = structureCondition(definition);
  const approval = approvalCondition(definition);
  const conditions = [namesAccepted, establishedCondition(definition, namesAccepted), approval, structure];
  for (const condition of conditions) if (condition) setCondition(next, condition, now);
  if (!structure) removeCondition(next, nonStructural);
  return deepEqual(next.status, definition.status) ? undefined : next;
}

/** A definition that was established once stays so. */
function establishedCondition(
  definition: CustomResourceDefinition,
  { status }: CustomResourceDefinitionCondition,
): CustomResourceDefinitionCondition {
  const before = conditionOf(definition, 'Established');
  if (before?.status === 'True') return before;
  if (status !== 'True') {
    const message = 'not all names are accepted';
    return { type: 'Established', status: 'False', reason: 'NotAccepted', message };
  }
  if (bundleError(bundleOf(definition))) {
    const message = 'The conversion webhook CABundle is invalid';
    return { type: 'Established', status: 'False', reason: 'InvalidCABundle', message };
  }
  const message = 'the initial names have been accepted';
  return { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message };
}

const terminating = (status: 'True' | 'False', reason: string, message: string) => ({
  type: 'Terminating',
  status,
  reason,
  message,
});

const inProgress = terminating(
  'True',
  'InstanceDeletionInProgress',
  'CustomResource deletion is in progress',
);

const failed = (why: string) =>
  terminating('True', 'InstanceDeletionFailed', `could not issue all deletes: ${why}`);

/** A deleted definition whose objects are about to be deleted; undefined where it says so already, or what came of it. */
export function planCleanup(
  definition: CustomResourceDefinition,
  now: string,
): CustomResourceDefinition | undefined {
  const { reason } = conditionOf(definition, 'Terminating') ?? {};
  return reason === inProgress.reason || reason === failed('').reason
    ? undefined
    : withCondition(definition, inProgress, now);
}

/** A deleted definition whose objects could not be deleted; undefined where it says so already. */
export function planFailure(
  definition: CustomResourceDefinition,
  why: string,
  now: string,
): CustomResourceDefinition | undefined {
  const condition = failed(why);
  return conditionOf(definition, 'Terminating')?.message === condition.message
    ? undefined
    : withCondition(definition, condition, now);
}

function withCondition(
  definition: CustomResourceDefinition,
  condition: CustomResourceDefinitionCondition,
  now: string,
): CustomResourceDefinition {
  const next = clone(definition);
  setCondition(next, condition, now);
  return next;
}

/** A deleted definition that nothing holds any longer. */
export function planRelease(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const done = isTrue(definition, 'Established')
    ? terminating('False', 'InstanceDeletionCompleted', 'removed all instances')
    : terminating('False', 'NeverEstablished', 'resource was never established');
  const next = withCondition(definition, done, now);
  next.metadata.finalizers = next.metadata.finalizers?.filter((name) => name !== cleanupFinalizer);
  return next;
}
