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

const looked = new Set(['duration', 'timestamp', 'matches']);

function argumentIssues({ name, args: [first] }: NodeOf<'call'>, library: Library): Issue[] {
  if (first?.type !== 'literal' || !looked.has(name)) return [];
  const isRight = succeeds(library, name, name === 'matches' ? ['', first.value] : [first.value]);
  return isRight ? [] : [{ offset: first.offset, message: `invalid ${name} argument` }];
}

function succeeds(library: Library, name: string, args: readonly CelValue[]): boolean {
  const fitting = library
    .get(name)
    ?.find(({ parameters }) => parameters.length === args.length && parameters.every(takes(args)));
  try {
    fitting?.run(...args);
    return true;
  } catch (error) {
    if (error instanceof CelError) return false;
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
