import type { CelValue } from './values.ts';

interface At {
  /** Where it stands in the source, for messages; counts UTF-16 units. */
  offset: number;
}

/** A piece of an expression. Macros stand as they are written: nothing is unfolded. */
export type Node = At &
  (
    | { type: 'literal'; value: CelValue }
    | { type: 'name'; name: string }
    | { type: 'select'; operand: Node; field: string; optional: boolean }
    | { type: 'has'; operand: Node; field: string }
    | { type: 'index'; operand: Node; index: Node; optional: boolean }
    | { type: 'call'; name: string; target?: Node | undefined; args: readonly Node[] }
    | { type: 'and' | 'or'; left: Node; right: Node }
    | { type: 'conditional'; condition: Node; then: Node; otherwise: Node }
    | { type: 'list'; elements: readonly ListElement[] }
    | { type: 'map'; entries: readonly MapEntry[] }
    | { type: 'record'; name: string; fields: readonly RecordField[] }
    | Fold
    | { type: 'bind'; variable: string; value: Node; body: Node }
    | { type: 'optionalMap'; target: Node; variable: string; body: Node; flat: boolean }
  );

export type NodeOf<T extends Node['type']> = Extract<Node, { type: T }>;

/** The pieces that a piece is made of. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.type) {
    case 'literal':
    case 'name':
      return [];
    case 'select':
    case 'has':
      return [node.operand];
    case 'index':
      return [node.operand, node.index];
    case 'call':
      return node.target ? [node.target, ...node.args] : node.args;
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'conditional':
      return [node.condition, node.then, node.otherwise];
    case 'list':
      return node.elements.map(({ value }) => value);
    case 'map':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'record':
      return node.fields.map(({ value }) => value);
    case 'fold':
      return node.filter ? [node.range, node.filter, node.body] : [node.range, node.body];
    case 'bind':
      return [node.value, node.body];
    case 'optionalMap':
      return [node.target, node.body];
  }
}

export interface ListElement {
  value: Node;
  optional: boolean;
}

export interface MapEntry {
  key: Node;
  value: Node;
  optional: boolean;
}

export interface RecordField {
  name: string;
  value: Node;
  optional: boolean;
}

export type FoldName =
  | 'all'
  | 'exists'
  | 'existsOne'
  | 'filter'
  | 'map'
  | 'transformList'
  | 'transformMap'
  | 'transformMapEntry';

/** A macro that goes over the elements of a list or the keys of a map. */
export interface Fold {
  type: 'fold';
  name: FoldName;
  range: Node;
  /** The element or key; or index and element, key and value. */
  variables: readonly [string] | readonly [string, string];
  filter?: Node | undefined;
  body: Node;
}

/** `a.b.c` for a chain of plain names. */
export function qualifiedName(node: Node): string | undefined {
  if (node.type === 'name') return node.name;
  if (node.type !== 'select' || node.optional) return undefined;
  const head = qualifiedName(node.operand);
  return head && `${head}.${node.field}`;
}
