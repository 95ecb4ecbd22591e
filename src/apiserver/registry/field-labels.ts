import {
  type FieldRequirement,
  type FieldSelector,
  parseFieldSelector,
} from '../../machinery/field-selector.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import type { Kind } from './kind.ts';

/** Fields that kinds can be selected by which do not say otherwise. */
const usual = ['metadata.name', 'metadata.namespace'];

/** Reads a field selector in the labels of a kind; requirements are in the fields that stand behind them. */
export function selectedFields(text: string, view: Kind, stored: Kind): FieldSelector {
  const fields = parseFieldSelector(text);
  return fields.length === 0 ? fields : fields.map((one) => translated(one, view, stored));
}

function translated(requirement: FieldRequirement, view: Kind, stored: Kind): FieldRequirement {
  const { field } = requirement;
  const { fieldLabels = {}, selectableFields } = view;
  const renamed = fieldLabels.renamed?.[field];
  if (renamed !== undefined) return { ...requirement, field: renamed };
  const known = view.storedAs && fieldLabels.renamed ? [] : selectableNames(stored);
  const common = fieldLabels.common ?? usual;
  if (common.includes(field) || known.includes(field)) return requirement;
  if (fieldLabels.refusal) throw badRequest(fieldLabels.refusal(field));
  if (selectableFields || view.fieldLabels) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(`${goQuote(field)} is not a known field selector: only ${usual.map(goQuote).join(', ')}`);
}

/** An object that has every field; each is empty text. */
const anything: object = new Proxy(() => anything, {
  get: (_, property) => (property === Symbol.toPrimitive ? () => '' : anything),
});

/** The names of the fields that a kind's selectors know besides the usual ones. */
export function selectableNames(kind: Kind): string[] {
  return Object.keys(kind.selectableFields?.(anything as KubernetesObject) ?? {});
}
