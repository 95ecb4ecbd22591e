import { inOrder, normalElement } from './path-element.ts';

/*
 * Sets of field paths, in the very form that `fieldsV1` has in JSON: a tree whose keys are path elements (`f:spec`,
 * `k:{"name":"x"}`, `v:"x"`). An empty node is a member; a node with children is one if it holds the key `.`.
 * Sets are never changed: each function gives a new one, which shares what it can. Undefined is the empty set.
 */

/** A node of the tree. */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

const self = '.';

/** The set of the node's own path alone. */
export const leaf: FieldSet = Object.freeze({});

function isEmpty(node: FieldSet): boolean {
  for (const _ in node) return false;
  return true;
}

/** Whether the path that leads to this node is in the set. */
export function isMember(node: FieldSet | undefined): boolean {
  return node !== undefined && (self in node || isEmpty(node));
}

/** Whether the set holds paths below this node. */
export function hasChildren(node: FieldSet | undefined): boolean {
  for (const key in node) if (key !== self) return true;
  return false;
}

/** A node from its parts; undefined if it holds nothing. */
export function makeNode(member: boolean, children: Record<string, FieldSet>): FieldSet | undefined {
  if (isEmpty(children)) return member ? leaf : undefined;
  return member ? { [self]: leaf, ...children } : children;
}

/** Collects children while a node is built. */
export type Children = Record<string, FieldSet>;

/** Adds a child, if there is one. */
export function put(children: Children, element: string, child: FieldSet | undefined): void {
  if (child) children[element] = child;
}

/** What is in either: `a` itself where it has all of `b`, as most managers have who write the same again. */
export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || a === b) return b;
  if (!b) return a;
  let grown: Children | undefined;
  for (const key in b) {
    const child = key === self ? undefined : union(a[key], b[key]);
    if (child && child !== a[key]) (grown ??= { ...a })[key] = child;
  }
  const member = isMember(a);
  if (!grown && (member || !isMember(b))) return a;
  const { [self]: _, ...children } = grown ?? a;
  return makeNode(member || isMember(b), children);
}

/** What is in both. */
export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return undefined;
  const children: Children = {};
  for (const key in a) if (key !== self && key in b) put(children, key, intersection(a[key], b[key]));
  return makeNode(isMember(a) && isMember(b), children);
}

/** What is in `a` and not in `b`. A path stays though one above it goes. */
export function difference(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return a;
  const children: Children = {};
  for (const key in a) if (key !== self) put(children, key, key in b ? difference(a[key], b[key]) : a[key]);
  return makeNode(isMember(a) && !isMember(b), children);
}

/** What is in `a`, and neither in `b` nor below a path that is. */
export function recursiveDifference(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return a;
  if (isMember(b)) return undefined;
  const children: Children = {};
  for (const key in a)
    if (key !== self) put(children, key, key in b ? recursiveDifference(a[key], b[key]) : a[key]);
  return makeNode(isMember(a), children);
}

/** What is in `a` at or below a path of `pattern`, whose element `*` stands for any. */
export function matching(a: FieldSet | undefined, pattern: FieldSet): FieldSet | undefined {
  if (!a || isMember(pattern)) return a;
  const children: Children = {};
  for (const key in a) {
    const inner = key === self ? undefined : (pattern[key] ?? pattern['*']);
    if (inner) put(children, key, matching(a[key], inner));
  }
  return makeNode(false, children);
}

/** The paths of a set, each as its elements: those of a level before those below. */
export function pathsOf(set: FieldSet | undefined, prefix: readonly string[] = []): string[][] {
  const keys = inOrder(Object.keys(set ?? {}).filter((key) => key !== self));
  const here = keys.filter((key) => isMember(set?.[key])).map((key) => [...prefix, key]);
  return [...here, ...keys.flatMap((key) => pathsOf(set?.[key], [...prefix, key]))];
}

/** The same set with its keys in order, as upstream writes it. */
export function sorted(set: FieldSet): FieldSet {
  const result: Children = {};
  for (const key of inOrder(Object.keys(set))) result[key] = sorted(set[key] as FieldSet);
  return result;
}

/** Whether two sets are the same. */
export function equalSets(a: FieldSet | undefined, b: FieldSet | undefined): boolean {
  if (a === b) return true;
  if (!a || !b || isMember(a) !== isMember(b)) return false;
  for (const key in a) if (key !== self && !equalSets(a[key], b[key])) return false;
  for (const key in b) if (key !== self && !(key in a)) return false;
  return true;
}

/** The set that a client wrote, each of its paths in the form that it has here; undefined for what is no set. */
export function readFieldSet(value: unknown): FieldSet | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const result: Children = {};
  for (const [key, node] of Object.entries(value)) {
    const element = key === self ? self : normalElement(key);
    const child = element === undefined ? undefined : readFieldSet(node);
    if (!child) return undefined;
    result[element as string] = child;
  }
  return result;
}
