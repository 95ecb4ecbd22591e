import type { Pod } from '../../api/core/v1.ts';
import { labelValueErrors, qualifiedNameErrors } from '../../machinery/names.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { namespaceFor } from './namespace-for.ts';
import { isAbout, refuse } from './refuse.ts';

type Labels = Record<string, string>;

const annotation = 'scheduler.alpha.kubernetes.io/node-selector';
const usual = 'clusterDefaultNodeSelector';

/**
 * Pods run where their namespace says, by its annotation or else by what holds for all. `selectors`: that one, under
 * `clusterDefaultNodeSelector`, and by namespace what pods there may say at all; each as a text such as `a=b,c=d`.
 */
export function podNodeSelector(selectors: Readonly<Labels> = {}): AdmissionPlugin {
  const told = new Map(Object.entries(selectors));
  const check = (attributes: AdmissionAttributes, ours: Labels) => {
    const { nodeSelector = {} } = (attributes.object as Pod).spec;
    if (Object.entries(ours).some(([key, value]) => (nodeSelector[key] ?? value) !== value)) {
      const why = 'pod node label selector conflicts with its namespace node label selector';
      throw refuse(attributes, why);
    }
  };
  const selectorOf = (attributes: AdmissionAttributes) =>
    labelsOf(namespaceFor(attributes).metadata.annotations?.[annotation] ?? told.get(usual) ?? '');
  return {
    name: 'PodNodeSelector',
    admit(attributes) {
      if (!isNewPod(attributes)) return;
      const ours = selectorOf(attributes);
      check(attributes, ours);
      const { spec } = attributes.object as Pod;
      if (Object.keys(ours).length > 0) spec.nodeSelector = { ...ours, ...spec.nodeSelector };
    },
    validate(attributes) {
      if (!isNewPod(attributes)) return;
      check(attributes, selectorOf(attributes));
      const allowed = labelsOf(told.get(attributes.namespace) ?? '');
      if (Object.keys(allowed).length === 0) return;
      const { nodeSelector = {} } = (attributes.object as Pod).spec;
      if (Object.entries(nodeSelector).every(([key, value]) => allowed[key] === value)) return;
      throw refuse(attributes, 'pod node label selector labels conflict with its namespace whitelist');
    },
  };
}

const isNewPod = (attributes: AdmissionAttributes) =>
  attributes.operation === 'CREATE' && isAbout(attributes, 'pods');

/** The labels of a text. Throws a BadRequest in upstream's words where it is none. */
function labelsOf(text: string): Labels {
  const labels: Labels = {};
  if (text === '') return labels;
  for (const part of text.split(',')) {
    const [key = '', value, ...more] = part.split('=').map((side) => side.trim());
    if (value === undefined || more.length > 0) throw badRequest(`invalid selector: ${part}`);
    const [wrong] = [...qualifiedNameErrors(key), ...labelValueErrors(value)];
    if (wrong !== undefined) throw badRequest(`invalid selector: ${part}: ${wrong}`);
    labels[key] = value;
  }
  return labels;
}

/** Reads its configuration. Throws an Error where it is none. */
export function readPodNodeSelector(read: unknown): Labels {
  const { podNodeSelectorPluginConfig: config = {} } = (read ?? {}) as Record<string, unknown>;
  if (typeof config !== 'object' || config === null)
    throw new Error('podNodeSelectorPluginConfig must be an object');
  for (const [name, text] of Object.entries(config)) {
    if (typeof text !== 'string') throw new Error(`podNodeSelectorPluginConfig.${name} must be a string`);
    labelsOf(text);
  }
  return config as Labels;
}
