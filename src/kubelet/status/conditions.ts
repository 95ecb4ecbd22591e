import type { Container, ContainerStatus, Pod, PodCondition } from '../../api/core/v1.ts';
import { resizeInProgress, resizePending } from '../pods/allocations.ts';
import { isSidecar } from '../pods/pod-kinds.ts';
import { allContainersRestarting } from '../pods/restart-all.ts';
import { anyStarted, type PodPhase } from './phase.ts';

export interface ConditionsInput {
  pod: Pod;
  phase: PodPhase;
  /** Undefined where nothing is known of the containers. */
  init: ContainerStatus[];
  regular: ContainerStatus[];
  hasSandbox: boolean;
  /** The pod has been initialised before, and is not taken to be new because it starts over. */
  wasInitialized: boolean;
  /** Conditions as they stand; those of others decide readiness gates. */
  existing: PodCondition[];
}

/** The kubelet's too, and there only where there is something to say. */
export const passingConditions: readonly string[] = [
  resizePending,
  resizeInProgress,
  allContainersRestarting,
];

/** Said of a pod that the kubelet ends to spare the node. Others may say it too. */
export const disruptionTarget = 'DisruptionTarget';

type Verdict = Pick<PodCondition, 'status' | 'reason' | 'message'>;

/** The conditions that the kubelet is the author of. */
export const ownConditions = [
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
] as const;

const isTrue: Verdict = { status: 'True' };

/** The kubelet's conditions of a pod, without transition times. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const containersReady = containersReadyVerdict(input);
  const verdicts: Record<(typeof ownConditions)[number], Verdict> = {
    PodReadyToStartContainers: { status: input.hasSandbox ? 'True' : 'False' },
    Initialized: initializedVerdict(input),
    Ready: readyVerdict(input, containersReady),
    ContainersReady: containersReady,
    PodScheduled: isTrue,
  };
  const { generation } = input.pod.metadata;
  return ownConditions.map((type) => ({
    type,
    ...(generation !== undefined && { observedGeneration: generation }),
    ...verdicts[type],
  }));
}

const names = (containers: Container[]) => `[${containers.map((c) => c.name).join(' ')}]`;

function complain(unknown: Container[], others: Container[], word: string, reason: string): Verdict {
  const messages = [
    unknown.length > 0 && `containers with unknown status: ${names(unknown)}`,
    others.length > 0 && `containers with ${word} status: ${names(others)}`,
  ].filter(Boolean);
  return messages.length > 0 ? { status: 'False', reason, message: messages.join(', ') } : isTrue;
}

function containersReadyVerdict({ pod, phase, init, regular }: ConditionsInput): Verdict {
  const statuses = [...init, ...regular];
  const find = (c: Container) => statuses.find((s) => s.name === c.name);
  const counted = [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
  const unknown = counted.filter((c) => !find(c));
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const unready = counted.filter((c) => find(c)?.ready === false);
  return complain(unknown, unready, 'unready', 'ContainersNotReady');
}

function initializedVerdict({ pod, phase, init, regular, wasInitialized }: ConditionsInput): Verdict {
  const containers = pod.spec.initContainers ?? [];
  const find = (c: Container) => init.find((s) => s.name === c.name);
  const unknown = containers.filter((c) => !find(c));
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' };
  if (wasInitialized || anyStarted(regular)) return isTrue;
  const isDone = (c: Container) => (isSidecar(c) ? find(c)?.started === true : find(c)?.ready === true);
  const incomplete = containers.filter((c) => find(c) && !isDone(c));
  return complain(unknown, incomplete, 'incomplete', 'ContainersNotInitialized');
}

function readyVerdict({ pod, existing }: ConditionsInput, containersReady: Verdict): Verdict {
  if (containersReady.status !== 'True') return containersReady;
  const messages = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = JSON.stringify(conditionType);
    const found = existing.find((c) => c.type === conditionType);
    if (!found) return [`corresponding condition of pod readiness gate ${gate} does not exist.`];
    if (found.status === 'True') return [];
    return [`the status of pod readiness gate ${gate} is not "True", but ${found.status}`];
  });
  if (messages.length === 0) return isTrue;
  return { status: 'False', reason: 'ReadinessGatesNotReady', message: messages.join(', ') };
}

/** Of a pod that may start over as a whole: whether its containers are being cleared away for that. */
export function restartingVerdict(phase: PodPhase, isClearing: boolean): PodCondition {
  const type = allContainersRestarting;
  if (phase === 'Succeeded') return { type, status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { type, status: 'False', reason: 'PodFailed' };
  if (!isClearing) return { type, status: 'False' };
  const message = 'container exited with restart policy rule';
  return { type, status: 'True', reason: 'RestartAllContainersStarted', message };
}
