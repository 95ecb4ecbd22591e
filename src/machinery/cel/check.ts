import { type Fold, type Node, type NodeOf, qualifiedName } from './ast.ts';
import type { Issue } from './errors.ts';
import type { Library, Overload } from './signature.ts';
import {
  assignable,
  boolType,
  type CelType,
  commonType,
  dynType,
  formatType,
  intType,
  listType,
  mapType,
  optionalType,
  resultType,
  settled,
  type Substitution,
  substitute,
  typeType,
} from './types.ts';
import { type CelValue, TypeValue, typeNameOf } from './values.ts';

/** Names of types that expressions may use as values, such as in `type(x) == int`. */
export const typeNames: ReadonlyMap<string, TypeValue> = new Map(
  [
    'bool bytes double int list map null_type string type uint optional_type',
    'google.protobuf.Duration google.protobuf.Timestamp net.IP net.CIDR kubernetes.Quantity kubernetes.URL kubernetes.Semver',
  ]
    .join(' ')
    .split(' ')
    .map((name) => [name, new TypeValue(name)]),
);

export interface CheckOptions {
  variables: ReadonlyMap<string, CelType>;
  library: Library;
  /** Types of records that expressions may make: their fields, or undefined where there is no such type. */
  recordType?: ((name: string) => CelType | undefined) | undefined;
  /** Takes the type of each piece of the expression. */
  types?: Map<Node, CelType>;
}

export interface Checked {
  type: CelType;
  /** What is wrong. */
  issues: Issue[];
  /** Why no program can be made of an expression with which nothing else is wrong. */
  fault: string | undefined;
}

/** The type of an expression, and what is wrong with it. */
export function check(node: Node, options: CheckOptions): Checked {
  const issues: Issue[] = [];
  const checker = new Checker(options, issues);
  const type = substitute(checker.typeOf(node, options.variables), new Map());
  return { type, issues: issues.sort((a, b) => a.offset - b.offset), fault: checker.fault };
}

type Scope = ReadonlyMap<string, CelType>;

/** The function that a call on something names with its target, such as `format.named`. */
export function namespacedFunction(
  { target, name }: NodeOf<'call'>,
  library: Library,
  isVariable: (name: string) => boolean,
): string | undefined {
  const head = target && qualifiedName(target);
  if (!head || isVariable(head.split('.', 1)[0] as string)) return undefined;
  const full = `${head}.${name}`;
  return library.has(full) ? full : undefined;
}

class Checker {
  readonly #options: CheckOptions;
  readonly #issues: Issue[];
  fault: string | undefined;

  constructor(options: CheckOptions, issues: Issue[]) {
    this.#options = options;
    this.#issues = issues;
  }

  typeOf(node: Node, scope: Scope): CelType {
    const type = this.#typeOf(node, scope);
    this.#options.types?.set(node, type);
    return type;
  }

  #typeOf(node: Node, scope: Scope): CelType {
    switch (node.type) {
      case 'literal':
        return typeOfLiteral(node.value);
      case 'name':
        return this.#name(node, scope);
      case 'select':
        return this.#select(node, scope);
      case 'has':
        this.#field(this.typeOf(node.operand, scope), node);
        return boolType;
      case 'index':
        return this.#index(node, scope);
      case 'call':
        return this.#call(node, scope);
      case 'and':
      case 'or':
        return this.#logic(node, scope);
      case 'conditional':
        return this.#conditional(node, scope);
      case 'list':
        return listType(commonType(node.elements.map((e) => this.#unwrapped(e, scope))));
      case 'map':
        return this.#map(node, scope);
      case 'record':
        return this.#record(node, scope);
      case 'fold':
        return this.#fold(node, scope);
      case 'bind':
        return this.typeOf(node.body, withName(scope, node.variable, this.typeOf(node.value, scope)));
      case 'optionalMap':
        return this.#optionalMap(node, scope);
    }
  }

  #wrong({ offset }: Node, message: string): CelType {
    this.#issues.push({ offset, message });
    return dynType;
  }

  #undeclared(node: Node, name: string): CelType {
    return this.#wrong(node, `undeclared reference to '${name}' (in container '')`);
  }

  #name(node: NodeOf<'name'>, scope: Scope): CelType {
    const type = scope.get(node.name);
    if (type) return type;
    return this.#typeNamed(node.name) ?? this.#undeclared(node, node.name);
  }

  /** As upstream, the types of records may be named, but are no values. */
  #typeNamed(name: string): CelType | undefined {
    if (typeNames.has(name)) return typeType;
    if (!this.#options.recordType?.(name)) return undefined;
    this.fault ??= `reference to undefined type: ${name}`;
    return typeType;
  }

  #select(node: NodeOf<'select'>, scope: Scope): CelType {
    const full = qualifiedName(node);
    const variable = full === undefined ? undefined : scope.get(full);
    if (variable) return variable;
    if (full && !scope.has(full.split('.', 1)[0] as string)) {
      const type = this.#typeNamed(full);
      if (type) return type;
    }
    const operand = this.typeOf(node.operand, scope);
    const type = this.#field(operand, node);
    if (!node.optional && operand.kind !== 'optional') return type;
    return type.kind === 'optional' ? type : optionalType(type);
  }

  #field(type: CelType, node: NodeOf<'select'> | NodeOf<'has'>): CelType {
    if (type.kind === 'dyn' || (type.kind === 'opaque' && type.open)) return dynType;
    if (type.kind === 'optional') return this.#field(settled(type.element), node);
    if (type.kind === 'map') return settled(type.value);
    if (type.kind !== 'object') {
      return this.#wrong(node, `type '${formatType(type)}' does not support field selection`);
    }
    const field = type.fields.get(node.field);
    return field ? field.type : this.#wrong(node, `undefined field '${node.field}'`);
  }

  #index(node: NodeOf<'index'>, scope: Scope): CelType {
    const operand = this.typeOf(node.operand, scope);
    const index = this.typeOf(node.index, scope);
    const held = operand.kind === 'optional' ? settled(operand.element) : operand;
    const element = this.#element(node, held, index);
    return node.optional || operand.kind === 'optional' ? optionalType(element) : element;
  }

  #element(node: NodeOf<'index'>, held: CelType, index: CelType): CelType {
    if (held.kind === 'dyn') return dynType;
    if (held.kind === 'list' && (assignable(intType, index) || isNumber(index))) return settled(held.element);
    if (held.kind === 'map' && assignable(held.key, index)) return settled(held.value);
    return this.#noOverload(node, node.optional ? '_[?_]' : '_[_]', [held, index]);
  }

  #noOverload(node: Node, name: string, types: readonly CelType[], target?: CelType): CelType {
    const given = `(${types.map(formatType).join(', ')})`;
    const applied = target ? `${formatType(target)}.${given}` : given;
    return this.#wrong(node, `found no matching overload for '${name}' applied to '${applied}'`);
  }

  #call(node: NodeOf<'call'>, scope: Scope): CelType {
    const { library } = this.#options;
    const full = namespacedFunction(node, library, (name) => scope.has(name));
    const target = full || !node.target ? undefined : this.typeOf(node.target, scope);
    const args = node.args.map((arg) => this.typeOf(arg, scope));
    const name = full ?? node.name;
    const overloads = library.get(name)?.filter((o) => o.member === (target !== undefined)) ?? [];
    if (overloads.length === 0 && !library.has(name)) return this.#undeclared(node, name);
    return (
      resultOf(overloads, target ? [target, ...args] : args) ?? this.#noOverload(node, name, args, target)
    );
  }

  #logic(node: NodeOf<'and' | 'or'>, scope: Scope): CelType {
    const types = [this.typeOf(node.left, scope), this.typeOf(node.right, scope)];
    if (types.every((type) => assignable(boolType, type))) return boolType;
    return this.#noOverload(node, node.type === 'and' ? '_&&_' : '_||_', types);
  }

  #conditional(node: NodeOf<'conditional'>, scope: Scope): CelType {
    const condition = this.typeOf(node.condition, scope);
    const [then, otherwise] = [this.typeOf(node.then, scope), this.typeOf(node.otherwise, scope)];
    const agree = assignable(then, otherwise) || assignable(otherwise, then);
    if (assignable(boolType, condition) && agree) return commonType([then, otherwise]);
    return this.#noOverload(node, '_?_:_', [condition, then, otherwise]);
  }

  /** The type of an element or entry: what is optional stands for what it holds. */
  #unwrapped({ value, optional }: { value: Node; optional: boolean }, scope: Scope): CelType {
    const type = this.typeOf(value, scope);
    if (!optional || type.kind === 'dyn') return type;
    if (type.kind === 'optional') return type.element;
    return this.#wrong(
      value,
      `expected type 'optional_type(${formatType(type)})' but found '${formatType(type)}'`,
    );
  }

  #map(node: NodeOf<'map'>, scope: Scope): CelType {
    const keys = node.entries.map(({ key }) => this.typeOf(key, scope));
    const values = node.entries.map((entry) => this.#unwrapped(entry, scope));
    return mapType(commonType(keys), commonType(values));
  }

  #record(node: NodeOf<'record'>, scope: Scope): CelType {
    const type = this.#options.recordType?.(node.name);
    const given = node.fields.map((field) => ({ field, type: this.#unwrapped(field, scope) }));
    if (!type) return this.#undeclared(node, node.name);
    if (type.kind !== 'object') return type;
    for (const { field, type: found } of given) {
      const wanted = type.fields.get(field.name);
      if (!wanted) this.#wrong(field.value, `undefined field '${field.name}'`);
      else if (!assignable(wanted.type, found)) {
        const message = `expected type of field '${field.name}' is '${formatType(wanted.type)}' but provided type is '${formatType(found)}'`;
        this.#wrong(field.value, message);
      }
    }
    return type;
  }

  #fold(node: Fold & { offset: number }, scope: Scope): CelType {
    const range = this.typeOf(node.range, scope);
    const [first, second] = node.variables;
    const of = this.#rangeTypes(node, range);
    let inner = withName(scope, first, settled(second === undefined ? of.single : of.key));
    if (second !== undefined) inner = withName(inner, second, settled(of.value));
    if (node.filter) this.#wantBool(node.filter, inner);
    const isPredicate = ['all', 'exists', 'existsOne', 'filter'].includes(node.name);
    const body = isPredicate ? this.#wantBool(node.body, inner) : this.typeOf(node.body, inner);
    return foldResult(node, body, { range, ...of });
  }

  #rangeTypes(node: Fold & { offset: number }, range: CelType) {
    if (range.kind === 'dyn') return { single: dynType, key: dynType, value: dynType };
    if (range.kind === 'list') return { single: range.element, key: intType, value: range.element };
    if (range.kind === 'map') return { single: range.key, key: range.key, value: range.value };
    const message = `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`;
    this.#wrong(node.range, message);
    return { single: dynType, key: dynType, value: dynType };
  }

  #wantBool(node: Node, scope: Scope): CelType {
    const type = this.typeOf(node, scope);
    if (!assignable(boolType, type)) {
      this.#wrong(node, `expected type 'bool' but found '${formatType(type)}'`);
    }
    return boolType;
  }

  #optionalMap(node: NodeOf<'optionalMap'>, scope: Scope): CelType {
    const target = this.typeOf(node.target, scope);
    const name = node.flat ? 'optFlatMap' : 'optMap';
    if (target.kind !== 'optional' && target.kind !== 'dyn') return this.#noOverload(node, name, [], target);
    const element = target.kind === 'optional' ? settled(target.element) : dynType;
    const body = this.typeOf(node.body, withName(scope, node.variable, element));
    return node.flat ? body : optionalType(body);
  }
}

const isNumber = (type: CelType) => type.kind === 'uint' || type.kind === 'double';

function withName(scope: Scope, name: string, type: CelType): Scope {
  return new Map(scope).set(name, type);
}

function typeOfLiteral(value: CelValue): CelType {
  const name = typeNameOf(value);
  return { kind: name as 'bool' };
}

function foldResult(
  { name, variables }: Fold,
  body: CelType,
  { range, key, single }: { range: CelType; key: CelType; single: CelType },
): CelType {
  switch (name) {
    case 'all':
    case 'exists':
    case 'existsOne':
      return boolType;
    case 'filter':
      return range.kind === 'list' ? range : listType(single);
    case 'map':
    case 'transformList':
      return listType(body);
    case 'transformMap':
      return mapType(variables.length === 2 ? key : dynType, body);
    case 'transformMapEntry':
      return body.kind === 'map' ? body : mapType(dynType, dynType);
  }
}

/** What a call gives: dyn where several overloads with different results may be meant. */
function resultOf(overloads: readonly Overload[], args: readonly CelType[]): CelType | undefined {
  const results: CelType[] = [];
  for (const { parameters, result } of overloads) {
    if (parameters.length !== args.length) continue;
    const bound: Substitution = new Map();
    if (!parameters.every((parameter, i) => assignable(parameter, args[i] as CelType, bound))) continue;
    results.push(resultType(result, bound));
  }
  const [first] = results;
  if (!first) return undefined;
  return results.every((type) => formatType(type) === formatType(first)) ? first : dynType;
}
