import { deepEqual } from '../../../machinery/equal.ts';
import { goQuote } from '../../../machinery/go-text.ts';

type Json = Record<string, unknown>;

const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);
const exported = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** A value in the notation of Go, on one line. */
function compact(value: unknown): string {
  if (value === undefined || value === null) return 'nil';
  if (typeof value === 'string') return goQuote(value);
  if (Array.isArray(value)) return `{${value.map(compact).join(', ')}}`;
  if (!isObject(value)) return String(value);
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${fields.map(([name, v]) => `${exported(name)}: ${compact(v)}`).join(', ')}}`;
}

const same = (count: number, what: string) => `... // ${count} identical ${what}${count === 1 ? '' : 's'}`;

function elide(lines: string[], count: number, what: string, indent: string): void {
  if (count > 0) lines.push(`  ${indent}${same(count, what)}`);
}

/** The lines for one place: nested where both sides are of one shape, else the one and the other. */
function place(label: string, before: unknown, after: unknown, indent: string): string[] {
  if (isObject(before) && isObject(after)) {
    return [`  ${indent}${label}{`, ...fields(before, after, `${indent}\t`), `  ${indent}},`];
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    return [`  ${indent}${label}{`, ...items(before, after, `${indent}\t`), `  ${indent}},`];
  }
  const line = (sign: string, value: unknown) => `${sign} ${indent}${label}${compact(value)},`;
  const lines = before === undefined ? [] : [line('-', before)];
  return after === undefined ? lines : [...lines, line('+', after)];
}

function fields(before: Json, after: Json, indent: string): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const lines: string[] = [];
  let equal = 0;
  for (const name of names) {
    if (deepEqual(before[name], after[name])) {
      equal++;
      continue;
    }
    elide(lines, equal, 'field', indent);
    equal = 0;
    lines.push(...place(`${exported(name)}: `, before[name], after[name], indent));
  }
  elide(lines, equal, 'field', indent);
  return lines;
}

function items(before: unknown[], after: unknown[], indent: string): string[] {
  const lines: string[] = [];
  let equal = 0;
  for (let i = 0; i < Math.max(before.length, after.length); i++) {
    if (i < before.length && i < after.length && deepEqual(before[i], after[i])) {
      equal++;
      continue;
    }
    elide(lines, equal, 'element', indent);
    equal = 0;
    lines.push(...place('', before[i], after[i], indent));
  }
  elide(lines, equal, 'element', indent);
  return lines;
}

/** What differs between two values of a type, in the manner of the diffs that upstream puts into its answers. */
export function goDiff(type: string, before: unknown, after: unknown): string {
  const [head, ...rest] = place(type, before, after, '');
  const lines = [head, ...rest.slice(0, -1), (rest.at(-1) ?? '').replace(/,$/, '')];
  return `${lines.join('\n')}\n`;
}
