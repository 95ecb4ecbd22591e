/**
 * Puts the values of variables where `$(NAME)` stands. `$$` is a dollar sign that begins nothing; a name without value
 * stays as it was written.
 */
export function expand(text: string, valueOf: (name: string) => string | undefined): string {
  return text.replace(/\$(\$|\(([^)]*)\))?/g, (whole, next: string | undefined, name: string | undefined) => {
    if (next === undefined) return whole;
    if (name === undefined) return '$';
    return valueOf(name) ?? whole;
  });
}

/** As `expand`, for texts that must be whole: throws an Error that names what has no value. */
export function expandStrictly(text: string, valueOf: (name: string) => string | undefined): string {
  const missing: string[] = [];
  const expanded = expand(text, (name) => {
    const value = valueOf(name);
    if (value === undefined) missing.push(name);
    return value;
  });
  if (missing.length > 0)
    throw new Error(`missing value for ${missing.map((m) => JSON.stringify(m)).join(', ')}`);
  return expanded;
}
