import type { Node } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { featuresToRun } from '../../machinery/node-features.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';

const name = 'NodeDeclaredFeatures';
const reasons = ["node(s) didn't match Pod's required features"];
const refusal: Refusal = { plugin: name, reasons, unresolvable: true };

const declares = ({ status }: Node, features: readonly string[]): boolean =>
  features.every((feature) => status?.declaredFeatures?.includes(feature));

/** Pods that need something of their node which is new go only where the node says that it has it. */
export function nodeDeclaredFeatures(): Plugin {
  return {
    name,
    events: [
      interestIn(nodes, ['Add', 'UpdateDeclaredFeatures'], (pod, node, old) => {
        const needed = featuresToRun(pod.spec);
        return declares(node, needed) && !(old && declares(old, needed));
      }),
    ],
    changeHelps: (pod, old) => !deepEqual(featuresToRun(pod.spec), featuresToRun(old.spec)),
    sign: ({ pod }) => featuresToRun(pod.spec),
    preFilter({ pod: { pod }, state }) {
      const needed = featuresToRun(pod.spec);
      if (needed.length === 0) return { skip: true };
      state.set(name, needed);
      return undefined;
    },
    filter({ state }, { node }) {
      return declares(node, state.get<string[]>(name) ?? []) ? undefined : refusal;
    },
  };
}
