import type { DeleteOptions } from '../../api/meta/v1.ts';
import {
  type FieldError,
  forbiddenField,
  invalid,
  invalidObject,
  notSupported,
  required,
  tooLong,
} from '../../machinery/field-error.ts';
import { byteLength } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';
import type { ResourceRequest } from '../request.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** What create, update and patch requests say besides the object. */
export interface WriteOptions {
  dryRun: boolean;
  /** Name of the writer in `managedFields`. */
  fieldManager: string;
  fieldValidation: FieldValidation;
  /** For apply patches. */
  force: boolean;
}

/** Such as `metav1.CreateOptions`. */
type OptionsKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions' | 'ListOptions';

/** Throws the Invalid answer where there are errors. */
export function checkOptions(kind: OptionsKind, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors);
}

/** Reads the options of a write; `patchType` for patches. */
export function writeOptions(request: ResourceRequest, kind: OptionsKind, patchType?: string): WriteOptions {
  const { query, userAgent } = request;
  if (query.size === 0 && patchType === undefined) return usualOptions(managerOf(userAgent));
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const errors = [
    ...(patchType === undefined ? [] : applyErrors(query, patchType)),
    ...fieldManagerErrors(fieldManager, 'fieldManager'),
    ...dryRunErrors(query.getAll('dryRun')),
    ...(validations.has(fieldValidation)
      ? []
      : [notSupported('fieldValidation', fieldValidation, supportedValidations)]),
  ];
  checkOptions(kind, errors);
  return {
    dryRun: query.getAll('dryRun').length > 0,
    fieldManager: fieldManager || managerOf(userAgent),
    fieldValidation: (fieldValidation || 'Warn') as FieldValidation,
    force: boolean(query.get('force')) ?? false,
  };
}

/** What a request means that says nothing. */
const usualOptions = (fieldManager: string): WriteOptions => ({
  dryRun: false,
  fieldManager,
  fieldValidation: 'Warn',
  force: false,
});

const supportedValidations = ['', 'Ignore', 'Strict', 'Warn'];
const validations = new Set(supportedValidations);

const maxManagerBytes = 128;

/** The name a writer gets that gives none: its program, as the user agent says. */
export function managerOf(userAgent: string): string {
  const program = userAgent.split('/', 1)[0] as string;
  if (/^[ -~]{0,128}$/.test(program)) return program;
  let [name, size] = ['', 0];
  for (const c of program) {
    if (!isPrinted(c)) continue;
    size += byteLength(c);
    if (size > maxManagerBytes) break;
    name += c;
  }
  return name;
}

/** Whether Go counts a character among those that can be printed. */
const isPrinted = (c: string) => c === ' ' || !/[\p{C}\p{Z}]/u.test(c);

/** The type of what is applied. */
export const applyPatchType = 'application/apply-patch+yaml';

function applyErrors(query: URLSearchParams, patchType: string): readonly FieldError[] {
  if (patchType !== applyPatchType) {
    return query.has('force') ? [forbiddenField('force', 'may not be specified for non-apply patch')] : [];
  }
  return query.get('fieldManager') ? [] : [required('fieldManager', 'is required for apply patch')];
}

/** Errors of a field manager's name. */
export function fieldManagerErrors(name: string, field: string): readonly FieldError[] {
  const errors = byteLength(name) > maxManagerBytes ? [tooLong(field, maxManagerBytes)] : [];
  if (/^[ -~]*$/.test(name)) return errors;
  let position = 0;
  for (const c of name) {
    if (!isPrinted(c)) {
      const code = (c.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
      errors.push(invalid(field, name, `invalid character U+${code} (at position ${position})`));
    }
    position += byteLength(c);
  }
  return errors;
}

function dryRunErrors(values: readonly string[]): readonly FieldError[] {
  return values.every((v) => v === 'All') ? [] : [notSupported('dryRun', values, ['All'])];
}

/** Reads the options of a deletion: from the body where there is one, from the query otherwise. */
export function deleteOptions(body: DeleteOptions | undefined, query: URLSearchParams): DeleteOptions {
  const options = body ? { ...body } : queryDeleteOptions(query);
  if (!options.dryRun?.length && query.has('dryRun')) options.dryRun = query.getAll('dryRun');
  const errors: FieldError[] = [];
  const { orphanDependents, propagationPolicy } = options;
  if (orphanDependents !== undefined && propagationPolicy !== undefined) {
    const why = 'orphanDependents and deletionPropagation cannot be both set';
    errors.push(invalid('propagationPolicy', propagationPolicy, why));
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push(notSupported('propagationPolicy', propagationPolicy, [...policies, 'nil']));
  }
  errors.push(...dryRunErrors(options.dryRun ?? []));
  checkOptions('DeleteOptions', errors);
  return options;
}

const policies = ['Foreground', 'Background', 'Orphan'];

function queryDeleteOptions(query: URLSearchParams): DeleteOptions {
  const propagationPolicy = query.get('propagationPolicy') ?? undefined;
  return {
    gracePeriodSeconds: integer(query, 'gracePeriodSeconds'),
    orphanDependents: boolean(query.get('orphanDependents')),
    ...(propagationPolicy && { propagationPolicy }),
  };
}

/** A whole number from the query; rejects other text as Go's parser words it. */
export function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[+-]?\d+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** A truth value of the query: as upstream, everything but `false` and `0` is true where the name is given. */
export function boolean(text: string | null): boolean | undefined {
  if (text === null) return undefined;
  return text.toLowerCase() !== 'false' && text !== '0';
}
