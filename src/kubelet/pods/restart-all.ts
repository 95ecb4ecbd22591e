import type { Container, Pod, PodSpec, PodStatus } from '../../api/core/v1.ts';
import { restartRuleFor } from '../../machinery/restart-rules.ts';
import { newestOf, type RuntimeContainer, type RuntimePod } from './runtime-pod.ts';

/** Says of a pod whether its containers are being cleared away, for all of it to start over in the same sandbox. */
export const allContainersRestarting = 'AllContainersRestarting';

const action = 'RestartAllContainers';

/** The containers that start over together; those that people add to look into the pod are not among them. */
const restartedTogether = ({ initContainers = [], containers }: PodSpec): Container[] => [
  ...initContainers,
  ...containers,
];

/** Whether an exit of one of its containers may have the whole pod start over. */
export function mayRestartAll(spec: PodSpec): boolean {
  const has = ({ restartPolicyRules }: Container) =>
    restartPolicyRules?.some((rule) => rule.action === action) === true;
  return spec.containers.some(has) || spec.initContainers?.some(has) === true;
}

/** Whether all containers of the pod are to be cleared away: one ended so just now, or an earlier such end is not dealt with yet. */
export function restartsAll(pod: Pod, runtime: RuntimePod, previous: PodStatus): boolean {
  if (!mayRestartAll(pod.spec)) return false;
  if (isRestartingAll(previous)) return true;
  return restartedTogether(pod.spec).some((container) => {
    const last = newestOf(runtime, container.name);
    return last !== undefined && isCause(container, last);
  });
}

export function isRestartingAll({ conditions }: PodStatus): boolean {
  return conditions?.some((c) => c.type === allContainersRestarting && c.status === 'True') === true;
}

/** What is to be cleared away. The containers whose end is the cause go last, for it to be known until nothing else is left. */
export function toClear(pod: Pod, runtime: RuntimePod): RuntimeContainer[] {
  const causes: RuntimeContainer[] = [];
  const others: RuntimeContainer[] = [];
  const specs = new Map(restartedTogether(pod.spec).map((c) => [c.name, c]));
  for (const found of runtime.containers) {
    const container = specs.get(found.name);
    if (container) (isCause(container, found) ? causes : others).push(found);
  }
  return [...others, ...causes];
}

const isCause = (container: Container, { state, exitCode = 0 }: RuntimeContainer): boolean =>
  state === 'exited' && restartRuleFor(container, exitCode)?.action === action;
