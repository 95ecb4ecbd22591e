import type { Pod } from '../../api/core/v1.ts';
import { nodes } from '../../api/generated/resources.ts';
import { featuresToChange, undeclared } from '../../machinery/node-features.ts';
import type { AdmissionPlugin } from './admission.ts';
import { refuse } from './refuse.ts';

const changing = new Set(['', 'resize']);

/** A pod on a node is not changed in a way that takes a feature which the node has not declared. */
export const nodeDeclaredFeatures: AdmissionPlugin = {
  name: 'NodeDeclaredFeatureValidator',
  validate(attributes) {
    const { operation, kind, subresource, context } = attributes;
    if (operation !== 'UPDATE' || kind.resource.plural !== 'pods' || kind.resource.group !== '') return;
    if (!changing.has(subresource)) return;
    const { spec } = attributes.object as Pod;
    if (!spec.nodeName) return;
    const needed = featuresToChange((attributes.old as Pod).spec, spec);
    if (needed.length === 0) return;
    const name = JSON.stringify(spec.nodeName);
    const node = context.get(nodes, { name: spec.nodeName });
    if (!node) throw refuse(attributes, `node ${name} not found`);
    const missing = undeclared(needed, node.status?.declaredFeatures);
    if (missing.length === 0) return;
    const which = missing.join(', ');
    throw refuse(attributes, `pod update requires features ${which} which are not available on node ${name}`);
  },
};
