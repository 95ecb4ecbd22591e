import { goPattern } from '../go-pattern.ts';
import { childrenOf, type Node, type NodeOf } from './ast.ts';
import { CelError, type Issue } from './errors.ts';
import type { Library } from './signature.ts';
import { type CelType, dynType, formatType, sameType } from './types.ts';
import { type CelValue, isOfType } from './values.ts';

interface Checked {
  library: Library;
  /** The type of each piece. */
  types: ReadonlyMap<Node, CelType>;
}

/**
 * What is wrong with the values that stand in an expression, which Kubernetes looks at once all types agree: what is no
 * duration, moment or pattern where it has to be one, and lists and maps that hold values of different types.
 */
export function literalIssues(root: Node, { library, types }: Checked): Issue[] {
  const issues: Issue[] = [];
  const rest = [{ node: root, formatted: false }];
  for (let next = rest.pop(); next; next = rest.pop()) {
    const { node, formatted } = next;
    const holds = node.type === 'list' || node.type === 'map';
    if (node.type === 'call') issues.push(...argumentIssues(node, library));
    else if (holds && !formatted) issues.push(...mixtures(node, types));
    // What is to be formatted may be of any types.
    const inner = holds ? formatted : node.type === 'call' && node.name === 'format';
    for (const child of childrenOf(node)) rest.push({ node: child, formatted: inner });
  }
  return issues.sort((a, b) => a.offset - b.offset);
}

/** Functions of one argument whose value is made beforehand where that is constant. */
const conversions = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'dyn',
  'int',
  'string',
  'timestamp',
  'type',
  'uint',
]);

/** Whether a call is one of those. */
export const isConversion = ({ target, name, args }: NodeOf<'call'>): boolean =>
  !target && args.length === 1 && conversions.has(name);
const searches = new Set(['find', 'findAll']);

/** What makes a constant of the expression unusable, which upstream finds out when it makes the program; undefined where nothing does. */
export function constantFault(node: Node, library: Library): string | undefined {
  for (const child of childrenOf(node)) {
    const fault = constantFault(child, library);
    if (fault !== undefined) return fault;
  }
  if (node.type !== 'call') return undefined;
  const { name, target, args } = node;
  const [first] = args;
  if (first?.type !== 'literal') return undefined;
  if (target && searches.has(name) && typeof first.value === 'string') return patternFault(first.value);
  if (!isConversion(node)) return undefined;
  return errorOf(library, name, [first.value])?.message;
}

function patternFault(pattern: string): string | undefined {
  try {
    goPattern(pattern);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const looked = new Set(['duration', 'timestamp', 'matches']);

function argumentIssues({ name, args: [first] }: NodeOf<'call'>, library: Library): Issue[] {
  if (first?.type !== 'literal' || !looked.has(name)) return [];
  const error = errorOf(library, name, name === 'matches' ? ['', first.value] : [first.value]);
  return !error ? [] : [{ offset: first.offset, message: `invalid ${name} argument` }];
}

function errorOf(library: Library, name: string, args: readonly CelValue[]): CelError | undefined {
  const fitting = library
    .get(name)
    ?.find(({ parameters }) => parameters.length === args.length && parameters.every(takes(args)));
  try {
    fitting?.run(...args);
    return undefined;
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}

const takes = (args: readonly CelValue[]) => (type: CelType, i: number) =>
  isOfType(args[i] as CelValue, type);

/** A list is said to be wrong once, a map at each key and value that is not like the first. */
function mixtures(node: NodeOf<'list' | 'map'>, types: Checked['types']): Issue[] {
  const typeOf = (value: Node) => types.get(value) ?? dynType;
  const held = ({ value, optional }: { value: Node; optional: boolean }) => {
    const type = typeOf(value);
    if (!optional || type.kind !== 'optional') return [{ node: value, type }];
    // What nothing is known of goes with everything, such as `optional.none()`.
    return type.element.kind === 'dyn' ? [] : [{ node: value, type: type.element }];
  };
  if (node.type === 'list') return unlikeFirst(node.elements.flatMap(held)).slice(0, 1);
  const keys = node.entries.map(({ key }) => ({ node: key, type: typeOf(key) }));
  return [...unlikeFirst(keys), ...unlikeFirst(node.entries.flatMap(held))];
}

function unlikeFirst([first, ...others]: readonly { node: Node; type: CelType }[]): Issue[] {
  if (!first) return [];
  const wanted = formatType(first.type);
  return others
    .filter(({ type }) => !sameType(first.type, type))
    .map(({ node: { offset }, type }) => {
      return { offset, message: `expected type '${wanted}' but found '${formatType(type)}'` };
    });
}
