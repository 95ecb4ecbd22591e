import { duplicate, type FieldError, tooMany } from '../../../machinery/field-error.ts';
import { byteLength } from '../../../machinery/go-text.ts';
import { each } from '../shared/validate.ts';

/** Validates items up to `max`; where there are more, none is looked at. */
export function eachUpTo<T>(
  field: string,
  items: readonly T[] | null | undefined,
  { max, validate }: { max: number; validate: (item: T, field: string) => readonly FieldError[] },
): readonly FieldError[] {
  const { length } = items ?? [];
  return length > max ? [tooMany(field, length, max)] : each(field, items, validate);
}

/** As {@link eachUpTo}, for items of which none may be there twice; `shown` is what a duplicate is called. */
export function eachOnce<T>(
  field: string,
  items: readonly T[] | null | undefined,
  rules: {
    max: number;
    validate: (item: T, field: string) => readonly FieldError[];
    key: (item: T) => string;
    shown?: (item: T) => unknown;
  },
): readonly FieldError[] {
  const errors = eachUpTo(field, items, rules);
  if ((items?.length ?? 0) > rules.max) return errors;
  const seen = new Set<string>();
  const repeated = each(field, items, (item, path) => {
    const key = rules.key(item);
    if (seen.has(key)) return [duplicate(path, rules.shown ? rules.shown(item) : key)];
    seen.add(key);
    return [];
  });
  return [...errors, ...repeated];
}

/** Validates the keys and values of a map; what is wrong with a key is said of the map. */
export function eachEntry<T>(
  field: string,
  map: Readonly<Record<string, T>> | undefined,
  rules: {
    maxKeyLength: number;
    key: (field: string, key: string) => readonly FieldError[];
    value?: (field: string, value: T) => readonly FieldError[];
  },
): readonly FieldError[] {
  return Object.entries(map ?? {}).flatMap(([key, value]) => [
    ...rules.key(field, key),
    ...(rules.value?.(`${field}[${shortened(key, rules.maxKeyLength)}]`, value) ?? []),
  ]);
}

/** A key as paths show it: of what is too long only both ends. */
function shortened(key: string, maxLength: number): string {
  if (byteLength(key) <= maxLength) return key;
  const rest = maxLength - 3;
  return `${key.slice(0, (rest + 1) >> 1)}...${key.slice(key.length - (rest >> 1))}`;
}
