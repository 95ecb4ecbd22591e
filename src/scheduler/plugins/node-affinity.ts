import type { Node, NodeAffinity, NodeSelectorTerm, Pod } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';
import { normalizeByLargest } from '../score.ts';
import { matchesNode, matchesSelector, matchesTerm } from '../../machinery/node-selection.ts';

const name = 'NodeAffinity';
const refuse = (reason: string): Refusal => ({ plugin: name, reasons: [reason], unresolvable: true });
const podRefusal = refuse("node(s) didn't match Pod's node affinity/selector");
const conflictRefusal = refuse('pod affinity terms conflict');
const enforcedRefusal = refuse("node(s) didn't match scheduler-enforced node affinity");

export interface NodeAffinityArgs {
  /** Holds for every pod of the profile beside its own. */
  addedAffinity?: NodeAffinity;
}

const requiredOf = (pod: Pod) =>
  pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;

function namesOf({ matchFields = [] }: NodeSelectorTerm): ReadonlySet<string> | undefined {
  const lists = matchFields.filter((f) => f.key === 'metadata.name' && f.operator === 'In');
  if (lists.length === 0) return undefined;
  const [first, ...others] = lists.map((f) => f.values ?? []);
  return new Set(first?.filter((value) => others.every((list) => list.includes(value))));
}

/** Nodes that every term names by its name: then no other has to be looked at. */
function namedNodes(pod: Pod): ReadonlySet<string> | undefined {
  const terms = requiredOf(pod)?.nodeSelectorTerms ?? [];
  const names = terms.map(namesOf);
  if (terms.length === 0 || names.some((set) => set === undefined)) return undefined;
  return new Set(names.flatMap((set) => [...(set ?? [])]));
}

const asksForNode = ({ spec }: Pod) =>
  spec.nodeSelector !== undefined || spec.affinity?.nodeAffinity !== undefined;

const preferredOf = (affinity: NodeAffinity | undefined) =>
  affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];

/** Nodes must have the labels that the pod asks for; those it merely prefers count for the score. */
export function nodeAffinity({ addedAffinity }: NodeAffinityArgs = {}): Plugin {
  const enforced = addedAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fits = (pod: Pod, node: Node) => matchesSelector(node, enforced) && matchesNode(pod, node);
  return {
    name,
    changeHelps: () => false,
    events: [
      interestIn(
        nodes,
        ['Add', 'UpdateLabel'],
        (pod, node, old) => fits(pod, node) && !(old && fits(pod, old)),
      ),
    ],
    preFilter({ pod }) {
      if (!enforced && !asksForNode(pod.pod)) return { skip: true };
      const onlyNodes = namedNodes(pod.pod);
      if (onlyNodes?.size === 0) return { refusal: conflictRefusal };
      return onlyNodes && { onlyNodes };
    },
    sign: ({ pod: { spec } }) => [spec.nodeSelector, spec.affinity?.nodeAffinity],
    filter({ pod }, { node }) {
      if (!matchesSelector(node, enforced)) return enforcedRefusal;
      return matchesNode(pod.pod, node) ? undefined : podRefusal;
    },
    preScore({ pod, state }) {
      const preferred = [...preferredOf(addedAffinity), ...preferredOf(pod.pod.spec.affinity?.nodeAffinity)];
      state.set(name, preferred);
      return preferred.length === 0 ? 'skip' : undefined;
    },
    score({ state }, { node }) {
      let sum = 0;
      for (const { weight, preference } of state.get<ReturnType<typeof preferredOf>>(name) ?? [])
        if (weight !== 0 && matchesTerm(node, preference)) sum += weight;
      return sum;
    },
    normalize: (_, scores) => normalizeByLargest(scores),
  };
}
