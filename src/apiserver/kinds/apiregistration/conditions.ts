import type { APIService, APIServiceCondition } from '../../../api/apiregistration/v1.ts';

/** Whether somebody answers for the group and version. */
export const available = 'Available';

/** The condition that says whether somebody answers; undefined before anybody has looked. */
export function availability(service: APIService): APIServiceCondition | undefined {
  return service.status?.conditions?.find(({ type }) => type === available);
}

/** Whether requests may be passed on. */
export const isAvailable = (service: APIService) => availability(service)?.status === 'True';

/** What is said of what this server serves itself. */
export const localCondition: APIServiceCondition = {
  type: available,
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
};

/** The conditions with one put in; its time only moves with its status. */
export function withCondition(
  conditions: readonly APIServiceCondition[],
  condition: APIServiceCondition,
  now: string,
): APIServiceCondition[] {
  const before = conditions.find(({ type }) => type === condition.type);
  const isSame = before?.status === condition.status && before.lastTransitionTime;
  const next = { ...condition, lastTransitionTime: isSame ? before.lastTransitionTime : now };
  return before ? conditions.map((c) => (c === before ? next : c)) : [...conditions, next];
}
