import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
} from '../../../api/apiextensions/v1.ts';

/** A condition of a definition by its type. */
export function conditionOf(
  definition: CustomResourceDefinition,
  type: string,
): CustomResourceDefinitionCondition | undefined {
  return definition.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether a condition of a definition holds. */
export function isTrue(definition: CustomResourceDefinition, type: string): boolean {
  return conditionOf(definition, type)?.status === 'True';
}

/** Puts a condition into a definition, in place; its time only moves with its status. */
export function setCondition(
  definition: CustomResourceDefinition,
  condition: CustomResourceDefinitionCondition,
  now: string,
): void {
  definition.status ??= {};
  const conditions = [...(definition.status.conditions ?? [])];
  const index = conditions.findIndex(({ type }) => type === condition.type);
  const before = conditions[index];
  const isSame = before?.status === condition.status && before.lastTransitionTime;
  const next = { ...condition, lastTransitionTime: isSame ? before.lastTransitionTime : now };
  if (before) conditions[index] = next;
  else conditions.push(next);
  definition.status.conditions = conditions;
}

/** Takes a condition out of a definition, in place. */
export function removeCondition(definition: CustomResourceDefinition, type: string): void {
  const { status } = definition;
  if (conditionOf(definition, type)) {
    definition.status = { ...status, conditions: status?.conditions?.filter((c) => c.type !== type) ?? [] };
  }
}
