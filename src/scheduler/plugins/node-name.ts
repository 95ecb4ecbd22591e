import { nodes } from '../../api/generated/resources.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';

const name = 'NodeName';
const reasons = ["node(s) didn't match the requested node name"];
const refusal: Refusal = { plugin: name, reasons, unresolvable: true };

/** A pod that names its node goes there or nowhere. */
export function nodeName(): Plugin {
  return {
    name,
    changeHelps: () => false,
    events: [interestIn(nodes, ['Add'], (pod, node) => pod.spec.nodeName === node.metadata.name)],
    preFilter: ({ pod }) => (pod.pod.spec.nodeName ? undefined : { skip: true }),
    sign: ({ pod }) => pod.spec.nodeName,
    filter: ({ pod }, node) => (pod.pod.spec.nodeName !== node.name ? refusal : undefined),
  };
}
