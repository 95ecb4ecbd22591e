import type { PodFailurePolicy, PodFailurePolicyOnExitCodesRequirement } from '../../api/batch/v1.ts';
import type { ContainerStatus, Pod } from '../../api/core/v1.ts';

/** What a failed pod means for its Job. */
export interface FailureVerdict {
  action: 'Count' | 'Ignore' | 'FailIndex' | 'FailJob';
  /** Why the Job fails by it. */
  message?: string;
}

function fitsCode(status: ContainerStatus, rule: PodFailurePolicyOnExitCodesRequirement): boolean {
  const code = status.state?.terminated?.exitCode;
  if (!code || (rule.containerName !== undefined && rule.containerName !== status.name)) return false;
  return rule.values.includes(code) === (rule.operator === 'In');
}

/** Judges a failed pod by the first rule that fits. (`pkg/controller/job/pod_failure_policy.go`) */
export function judgeFailure(policy: PodFailurePolicy | undefined, pod: Pod): FailureVerdict {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const action = rule.action as FailureVerdict['action'];
    const { onExitCodes, onPodConditions } = rule;
    const end = `matching ${action} rule at index ${index}`;
    if (onExitCodes) {
      const all = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
      const found = all.find((status) => fitsCode(status, onExitCodes));
      const code = found?.state?.terminated?.exitCode;
      const what = `Container ${found?.name} for pod ${namespace}/${name} failed with exit code ${code}`;
      if (found) return { action, message: `${what} ${end}` };
      continue;
    }
    const found = pod.status?.conditions?.find((condition) =>
      onPodConditions?.some((p) => p.type === condition.type && (p.status || 'True') === condition.status),
    );
    if (found) return { action, message: `Pod ${namespace}/${name} has condition ${found.type} ${end}` };
  }
  return { action: 'Count' };
}
