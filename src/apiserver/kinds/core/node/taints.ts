import type { Taint } from '../../../../api/core/v1.ts';
import { duplicate, type FieldError, invalid, noErrors } from '../../../../machinery/field-error.ts';
import { labelValueErrors } from '../../../../machinery/names.ts';
import { taintEffect } from '../../pod-spec/validation/scheduling.ts';
import { each, qualifiedName, repeats } from '../../shared/validate.ts';

/** Upstream reports taints under the metadata, where they were once annotations. */
export function taints(field: string, list: readonly Taint[] | undefined): readonly FieldError[] {
  const repeated = repeats();
  return each(field, list, (taint, path) => {
    // One that an annotation tells of may lack them.
    const { key = '', value = '', effect = '' } = taint;
    const wrong = labelValueErrors(value).join(';');
    const errors = [
      ...qualifiedName(`${path}.key`, key),
      ...(wrong ? [invalid(`${path}.value`, value, wrong)] : noErrors),
      ...taintEffect(`${path}.effect`, effect),
    ];
    if (!repeated(`${effect} ${key}`)) return errors;
    const shown = { Key: key, Value: value, Effect: effect, TimeAdded: taint.timeAdded ?? null };
    const error = duplicate(path, shown);
    return [...errors, { ...error, body: `${error.body}: taints must be unique by key and effect pair` }];
  });
}
