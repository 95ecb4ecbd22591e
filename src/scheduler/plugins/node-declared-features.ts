import type { PodSpec } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';

const name = 'NodeDeclaredFeatures';
const reasons = ["node(s) didn't match Pod's required features"];
const refusal: Refusal = { plugin: name, reasons, unresolvable: true };

/** Features of nodes that not all nodes have, and which pods need them. (`component-helpers/nodedeclaredfeatures`) */
const needs: Readonly<Record<string, (spec: PodSpec) => boolean>> = {
  RestartAllContainersOnContainerExits: ({ containers, initContainers = [] }) =>
    [...containers, ...initContainers].some((container) =>
      container.restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
    ),
  UserNamespacesHostNetworkSupport: ({ hostNetwork, hostUsers }) =>
    hostNetwork === true && hostUsers === false,
};

const neededBy = (spec: PodSpec): string[] => Object.keys(needs).filter((feature) => needs[feature]?.(spec));

/** Pods that need something of their node which is new go only where the node says that it has it. */
export function nodeDeclaredFeatures(): Plugin {
  return {
    name,
    events: [interestIn(nodes, ['Add', 'UpdateDeclaredFeatures'])],
    sign: ({ pod }) => neededBy(pod.spec),
    preFilter({ pod: { pod }, state }) {
      const needed = neededBy(pod.spec);
      if (needed.length === 0) return { skip: true };
      state.set(name, needed);
      return undefined;
    },
    filter({ state }, { node }) {
      const { declaredFeatures = [] } = node.status ?? {};
      const isMet = state.get<string[]>(name)?.every((feature) => declaredFeatures.includes(feature));
      return isMet ? undefined : refusal;
    },
  };
}
