import { RE2JS } from '@bufbuild/re2';

const compiled = new Map<string, RE2JS>();
/** Patterns kept at once; they are those of the schemas that are in use. */
const maxKept = 2000;

/** A pattern of a schema, in the syntax of RE2, which takes time in proportion to the text alone. Throws for what is none. */
export function compilePattern(pattern: string): { test(text: string): boolean } {
  const known = compiled.get(pattern);
  if (known) return known;
  const made = new RE2JS(pattern);
  if (compiled.size >= maxKept) compiled.clear();
  compiled.set(pattern, made);
  return made;
}
