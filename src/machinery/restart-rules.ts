import type { Container, ContainerRestartRule, Pod } from '../api/core/v1.ts';

function matches(rule: ContainerRestartRule, exitCode: number): boolean {
  const { operator, values = [] } = rule.exitCodes ?? { operator: '' };
  if (operator === 'In') return values.includes(exitCode);
  return operator === 'NotIn' && !values.includes(exitCode);
}

/** The first of the container's rules that is about such an end. */
export function restartRuleFor(container: Container, exitCode: number): ContainerRestartRule | undefined {
  return container.restartPolicyRules?.find((rule) => matches(rule, exitCode));
}

/** Whether a container that ended so is to be started again, by its own rules and policy or else the pod's policy. */
export function restartsAfter({ spec }: Pick<Pod, 'spec'>, container: Container, exitCode: number): boolean {
  if (restartRuleFor(container, exitCode)) return true;
  const policy = container.restartPolicy ?? spec.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}
