import type { FieldSelectorAttributes, LabelSelectorAttributes } from '../../api/authorization/v1.ts';
import type { FieldSelectorRequirement, LabelSelectorRequirement } from '../../api/meta/v1.ts';
import { type FieldSelector, parseFieldSelector } from '../../machinery/field-selector.ts';
import {
  compileLabelSelector,
  type Operator,
  parseLabelSelector,
  requirementErrors,
  type Selector,
} from '../../machinery/label-selector.ts';
import { StatusError } from '../../machinery/status-error.ts';

/** What of a selector could be read. */
export interface ReadSelector<T> {
  requirements: readonly T[];
  /** Whether some of it could not. It only narrows: what is left is the same question, or a wider one. */
  failed: boolean;
}

/** What those objects have in common that somebody asks for. */
export interface AskedSelectors {
  fields: ReadSelector<FieldSelectorRequirement>;
  labels: ReadSelector<LabelSelectorRequirement>;
}

const none = { requirements: [], failed: false } as const;

/** The selectors of a request, as they stand in its query. */
export function selectorsOfQuery(query: URLSearchParams): AskedSelectors {
  return selectorsOf({ fields: query.get('fieldSelector') ?? '', labels: query.get('labelSelector') ?? '' });
}

/** The selectors of a text each; empty for none. */
export const selectorsOf = ({ fields = '', labels = '' }): AskedSelectors => ({
  fields: fields ? whole(() => fieldRequirements(parseFieldSelector(fields))) : none,
  labels: labels ? whole(() => labelRequirements(parseLabelSelector(labels))) : none,
});

/** The selectors of a question, each as a text or in parts. */
export function selectorsOfReview(asked: {
  fieldSelector?: FieldSelectorAttributes;
  labelSelector?: LabelSelectorAttributes;
}): AskedSelectors {
  const { fieldSelector: field = {}, labelSelector: label = {} } = asked;
  const texts = selectorsOf({ fields: field.rawSelector, labels: label.rawSelector });
  return {
    fields: field.requirements?.length ? parts(field.requirements, isFieldRequirement) : texts.fields,
    labels: label.requirements?.length ? parts(label.requirements, isLabelRequirement) : texts.labels,
  };
}

function whole<T>(read: () => readonly T[]): ReadSelector<T> {
  const requirements = unlessMalformed(read);
  return requirements ? { requirements, failed: false } : { requirements: [], failed: true };
}

function parts<T>(requirements: readonly T[], isReadable: (one: T) => boolean): ReadSelector<T> {
  const readable = requirements.filter(isReadable);
  return { requirements: readable, failed: readable.length < requirements.length };
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

const fieldRequirements = (selector: FieldSelector): FieldSelectorRequirement[] =>
  selector.map(({ field, operator, value }) => ({
    key: field,
    operator: operator === '=' ? 'In' : 'NotIn',
    values: [value],
  }));

const operators: Partial<Record<Operator, string>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
};

/** Comparisons of numbers have no name here, and are left out. */
const labelRequirements = (selector: Selector): LabelSelectorRequirement[] =>
  selector.flatMap(({ key, operator, values }) => {
    const name = operators[operator];
    return name ? [{ key, operator: name, ...(values.length > 0 && { values: [...values] }) }] : [];
  });

/** Fields are equal to one value, or not. */
const isFieldRequirement = ({ operator, values = [] }: FieldSelectorRequirement) =>
  (operator === 'In' || operator === 'NotIn') && values.length === 1;

const isLabelRequirement = (requirement: LabelSelectorRequirement) => {
  const selector = unlessMalformed(() => compileLabelSelector({ matchExpressions: [requirement] }));
  return selector?.every((part) => requirementErrors(part).length === 0) ?? false;
};
