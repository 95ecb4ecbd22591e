import type {
  FieldSelectorAttributes,
  LabelSelectorAttributes,
  ResourceAttributes,
} from '../../api/authorization/v1.ts';
import { type FieldError, forbiddenField, invalid, required } from '../../machinery/field-error.ts';
import { labelValueErrors, qualifiedNameErrors } from '../../machinery/names.ts';
import type { AskedSelectors, ReadSelector } from './asked-selectors.ts';

type Selector = FieldSelectorAttributes | LabelSelectorAttributes;
type Requirement = NonNullable<Selector['requirements']>[number];

/** What is wrong with the selectors of a question. Operators that this version does not know are let pass. */
export function selectorErrors(field: string, asked: ResourceAttributes | undefined): readonly FieldError[] {
  const { fieldSelector, labelSelector } = asked ?? {};
  return [
    ...oneSelector(`${field}.fieldSelector`, fieldSelector, fieldKeyErrors),
    ...oneSelector(`${field}.labelSelector`, labelSelector, labelKeyErrors),
  ];
}

type KeyErrors = (field: string, requirement: Requirement) => { before: FieldError[]; after: FieldError[] };

const fieldKeyErrors: KeyErrors = (field, { key }) => ({
  before: key ? [] : [required(`${field}.key`, 'must be specified')],
  after: [],
});

const labelKeyErrors: KeyErrors = (field, { key, values = [] }) => ({
  before: [],
  after: [
    ...qualifiedNameErrors(key).map((why) => invalid(`${field}.key`, key, why)),
    ...values.flatMap((value, i) =>
      labelValueErrors(value).map((why) => invalid(`${field}.values[${i}]`, value, why)),
    ),
  ],
});

function oneSelector(
  field: string,
  selector: Selector | undefined,
  keyErrors: KeyErrors,
): readonly FieldError[] {
  if (!selector) return [];
  const { rawSelector: raw, requirements = [] } = selector;
  const both = 'may not specified at the same time as requirements';
  const none = `when ${field} is specified, requirements or rawSelector is required`;
  return [
    ...(raw && requirements.length > 0 ? [invalid(`${field}.rawSelector`, raw, both)] : []),
    ...(!raw && requirements.length === 0 ? [required(`${field}.requirements`, none)] : []),
    ...requirements.flatMap((requirement, i) => {
      const path = `${field}.requirements[${i}]`;
      const { before, after } = keyErrors(path, requirement);
      return [...before, ...valueErrors(`${path}.values`, requirement), ...after];
    }),
  ];
}

function valueErrors(field: string, { operator, values = [] }: Requirement): readonly FieldError[] {
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0) {
    return [required(field, "must be specified when `operator` is 'In' or 'NotIn'")];
  }
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0) {
    return [forbiddenField(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
  }
  return [];
}

/** What the answer says of selectors that could not be read, in part or at all; empty where they could. */
export function selectorEvaluationError({ fields, labels }: AskedSelectors): string {
  const said = (name: string, { requirements, failed }: ReadSelector<unknown>) => {
    if (!failed) return [];
    const what = requirements.length > 0 ? 'partially ignored' : 'ignored';
    return [`spec.resourceAttributes.${name} ${what} due to parse error`];
  };
  return [...said('fieldSelector', fields), ...said('labelSelector', labels)].join('; ');
}
