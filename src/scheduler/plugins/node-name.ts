import type { Plugin } from '../framework/framework.ts';

const reasons = ["node(s) didn't match the requested node name"];

/** A pod that names its node goes there or nowhere. */
export function nodeName(): Plugin {
  const name = 'NodeName';
  return {
    name,
    events: ['Node/Add'],
    filter: ({ pod }, { node }) =>
      pod.pod.spec.nodeName && pod.pod.spec.nodeName !== node.metadata.name
        ? { plugin: name, reasons, unresolvable: true }
        : undefined,
  };
}
