import { badRequest } from './status-error.ts';

/** One condition on one field: `field=value` or `field!=value`. */
export interface FieldRequirement {
  readonly field: string;
  readonly operator: '=' | '!=';
  readonly value: string;
}

/** Conditions that must all hold; none: everything matches. */
export type FieldSelector = readonly FieldRequirement[];

/** Splits at commas that no backslash stands before. */
function splitTerms(text: string): string[] {
  return text.match(/(?:\\[\s\S]|[^,\\]|\\$)+/g) ?? [];
}

function unescape(value: string): string {
  if (!/[\\,=]/.test(value)) return value;
  const rest = value.replace(/\\([\\,=])/g, '');
  const broken = /\\([\s\S]?)/u.exec(rest);
  if (broken) throw badRequest(`invalid field selector: invalid escape sequence: ${broken[0]}`);
  const bare = /[,=]/.exec(rest);
  if (bare) {
    throw badRequest(`invalid field selector: unescaped character in value: ${bare[0].charCodeAt(0)}`);
  }
  return value.replace(/\\([\\,=])/g, '$1');
}

/** Writes a value so that it stands for itself in a field selector. */
export function escapeFieldValue(value: string): string {
  return value.replace(/[\\,=]/g, '\\$&');
}

function parseTerm(term: string, whole: string): FieldRequirement {
  const match = /^([\s\S]*?)(!=|==|=)([\s\S]*)$/.exec(term);
  if (!match) throw badRequest(`invalid selector: '${whole}'; can't understand '${term}'`);
  const [, field, operator, value] = match as unknown as string[];
  return {
    field: field as string,
    operator: operator === '!=' ? '!=' : '=',
    value: unescape(value as string),
  };
}

/** Reads a selector such as `metadata.name=x,status.phase!=Running`. Throws a BadRequest with upstream's text. */
export function parseFieldSelector(text: string): FieldSelector {
  return splitTerms(text)
    .sort()
    .map((term) => parseTerm(term, text));
}

/** Whether an object's fields satisfy a selector; a field that is not there counts as empty. */
export function matchesFields(
  selector: FieldSelector,
  valueOf: (field: string) => string | undefined,
): boolean {
  return selector.every((r) => ((valueOf(r.field) ?? '') === r.value) === (r.operator === '='));
}

/** The value a field must have, if the selector fixes it: lets a list become a look-up. */
export function requiredFieldValue(selector: FieldSelector, field: string): string | undefined {
  return selector.find((r) => r.field === field && r.operator === '=')?.value;
}

/** The selector as text. */
export function formatFieldSelector(selector: FieldSelector): string {
  return selector.map((r) => `${r.field}${r.operator}${escapeFieldValue(r.value)}`).join(',');
}
