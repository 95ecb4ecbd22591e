import type { FoldName, Node } from './ast.ts';
import { SyntaxIssue } from './lexer.ts';

/** A call as it is written. */
export interface WrittenCall {
  name: string;
  args: readonly Node[];
  offset: number;
}

/** What a call of a macro stands for; undefined where it is an ordinary call. Throws SyntaxIssue. */
export function expandGlobal({ name, args, offset }: WrittenCall): Node | undefined {
  if (name !== 'has' || args.length !== 1) return undefined;
  const [field] = args as [Node];
  if (field.type !== 'select' || field.optional) throw wrong(field, 'invalid argument to has() macro');
  return { type: 'has', offset, operand: field.operand, field: field.field };
}

interface FoldForm {
  name: FoldName;
  variables: 1 | 2;
  filtered: boolean;
}

const form = (name: FoldName, variables: 1 | 2, filtered = false): FoldForm => ({
  name,
  variables,
  filtered,
});

/** Macros over lists and maps, by name and number of arguments. */
const folds: Record<string, FoldForm> = {
  'all/2': form('all', 1),
  'exists/2': form('exists', 1),
  'exists_one/2': form('existsOne', 1),
  'existsOne/2': form('existsOne', 1),
  'filter/2': form('filter', 1),
  'map/2': form('map', 1),
  'map/3': form('map', 1, true),
  'all/3': form('all', 2),
  'exists/3': form('exists', 2),
  'existsOne/3': form('existsOne', 2),
  'exists_one/3': form('existsOne', 2),
  'transformList/3': form('transformList', 2),
  'transformList/4': form('transformList', 2, true),
  'transformMap/3': form('transformMap', 2),
  'transformMap/4': form('transformMap', 2, true),
  'transformMapEntry/3': form('transformMapEntry', 2),
  'transformMapEntry/4': form('transformMapEntry', 2, true),
};

/** As {@link expandGlobal}, for a call on something. */
export function expandMember({ target, ...call }: WrittenCall & { target: Node }): Node | undefined {
  const { name, args, offset } = call;
  if (name === 'bind' && args.length === 3 && target.type === 'name' && target.name === 'cel') {
    const [variable, value, body] = args as [Node, Node, Node];
    return { type: 'bind', offset, variable: simpleName(variable), value, body };
  }
  if ((name === 'optMap' || name === 'optFlatMap') && args.length === 2) {
    const [variable, body] = args as [Node, Node];
    const flat = name === 'optFlatMap';
    return { type: 'optionalMap', offset, target, variable: simpleName(variable), body, flat };
  }
  if (name === 'sortBy' && args.length === 2) return sortBy(target, call);
  const key = `${name}/${args.length}`;
  const found = Object.hasOwn(folds, key) ? folds[key] : undefined;
  return found && fold(found, target, call);
}

function fold({ name, variables, filtered }: FoldForm, range: Node, { args, offset }: WrittenCall): Node {
  const names = args.slice(0, variables).map(simpleName) as unknown as [string, string];
  if (variables === 2 && names[0] === names[1]) {
    throw wrong(args[1] as Node, `duplicate variable name: ${names[0]}`);
  }
  const filter = filtered ? args[variables] : undefined;
  return { type: 'fold', name, offset, range, variables: names, filter, body: args.at(-1) as Node };
}

const unsortable = new Set<Node['type']>(['literal', 'map', 'record']);
/** A name that no expression can write. */
const sortedList = '@sortBy';

/** `list.sortBy(e, key)`: the list in the order of what the body makes of its elements. */
function sortBy(target: Node, call: WrittenCall): Node {
  const { offset } = call;
  if (unsortable.has(target.type)) {
    const message =
      'sortBy can only be applied to a list, identifier, comprehension, call or select expression';
    throw wrong(target, message);
  }
  const list: Node = { type: 'name', offset, name: sortedList };
  const keys = fold(form('map', 1), list, call);
  const body: Node = { type: 'call', offset, name: '@sortByAssociatedKeys', target: list, args: [keys] };
  return { type: 'bind', offset, variable: sortedList, value: target, body };
}

function simpleName(node: Node): string {
  if (node.type === 'name') return node.name;
  throw wrong(node, 'argument must be a simple name');
}

/** Upstream's words for a misused macro stand without "Syntax error". */
function wrong({ offset }: Node, message: string): SyntaxIssue {
  const issue = new SyntaxIssue(offset, message);
  issue.issue.message = message;
  return issue;
}
