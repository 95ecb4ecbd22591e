/** Takes keys whose value is undefined out of a JSON value, in place: JSON does not have them, so neither do shared objects. */
export function dropUndefined(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) dropUndefined(item);
    return;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const child = object[key];
    if (child === undefined) delete object[key];
    else if (typeof child === 'object') dropUndefined(child);
  }
}
