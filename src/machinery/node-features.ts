import type { Container, PodSpec } from '../api/core/v1.ts';
import { semanticEqual } from './equal.ts';

/**
 * Features that not all nodes have; those that have one declare it in their status. Which pods need which, to run and to
 * be changed while they run. Sorted. (`component-helpers/nodedeclaredfeatures`)
 */
interface NodeFeature {
  name: string;
  toRun?(spec: PodSpec): boolean;
  toChange?(old: PodSpec, now: PodSpec): boolean;
}

const features: readonly NodeFeature[] = [
  {
    name: 'InPlacePodLevelResourcesVerticalScaling',
    toChange: (old, now) => resourcesDiffer(old, now),
  },
  {
    name: 'InPlacePodVerticalScalingInitContainers',
    toChange: ({ initContainers = [] }, now) =>
      initContainers.some(
        (container, i) =>
          container.restartPolicy !== 'Always' && resourcesDiffer(container, now.initContainers?.[i] ?? {}),
      ),
  },
  {
    name: 'RestartAllContainersOnContainerExits',
    toRun: ({ containers, initContainers = [] }) =>
      containers.some(restartsAll) || initContainers.some(restartsAll),
  },
  {
    name: 'UserNamespacesHostNetworkSupport',
    toRun: ({ hostNetwork, hostUsers }) => hostNetwork === true && hostUsers === false,
  },
];

const restartsAll = ({ restartPolicyRules }: Container): boolean =>
  restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers') === true;

type Holder = Pick<PodSpec, 'resources'>;

const resourcesDiffer = (old: Holder, now: Holder): boolean =>
  !semanticEqual(old.resources, now.resources, 'io.k8s.api.core.v1.ResourceRequirements');

const namesOf = (found: readonly NodeFeature[]): string[] => found.map(({ name }) => name);

/** The features that a node must have for the pod to run there. */
export function featuresToRun(spec: PodSpec): string[] {
  return namesOf(features.filter(({ toRun }) => toRun?.(spec)));
}

/** The features that the pod's node must have for the pod to become so. */
export function featuresToChange(old: PodSpec, now: PodSpec): string[] {
  return namesOf(features.filter(({ toChange }) => toChange?.(old, now)));
}

/** Those of the features that a node has not declared. */
export function undeclared(needed: readonly string[], declared: readonly string[] = []): string[] {
  return needed.filter((feature) => !declared.includes(feature));
}
