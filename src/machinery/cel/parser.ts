import { type ListElement, type MapEntry, type Node, qualifiedName, type RecordField } from './ast.ts';
import { CelCompileError } from './errors.ts';
import { LimitIssue, SyntaxIssue, type Token, tokenize } from './lexer.ts';
import { expandGlobal, expandMember } from './macros.ts';

const maxDepth = 250;
const maxLength = 100_000;
const starters =
  "'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER";
const reserved = new Set(
  'as break const continue else false for function if import in let loop null package namespace return true var void while'.split(
    ' ',
  ),
);
const relations = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);

const valueOf = ({ value }: { value: Node }): Node => value;

/** Reads an expression. Throws a CelCompileError. */
export function parseExpression(source: string): Node {
  try {
    const size = source.length > maxLength ? [...source].length : 0;
    if (size > maxLength) {
      throw new LimitIssue(`expression code point size exceeds limit: size: ${size}, limit ${maxLength}`);
    }
    return new Parser(tokenize(source)).parse();
  } catch (error) {
    if (error instanceof SyntaxIssue) throw new CelCompileError(source, [error.issue]);
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;
  /** How many expressions the one at hand is in. */
  #nesting = 0;
  /** How many operators, fields and calls on something stand in each other, at most. */
  readonly #depths = new Map<Node, number>();

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  parse(): Node {
    const node = this.#expression();
    const rest = this.#peek();
    if (rest.type === 'end') return node;
    const isLast = this.#tokens[this.#position + 1]?.type === 'end';
    const kind = isLast ? 'extraneous' : 'mismatched';
    throw new SyntaxIssue(rest.offset, `${kind} input '${rest.text}' expecting <EOF>`);
  }

  #operation(name: string, offset: number, args: [Node, Node]): Node {
    return this.#noted({ type: 'call', name, offset, args }, args);
  }

  /** Notes how deep something is that stands over some parts; `own` is for how much it counts itself. */
  #noted(node: Node, parts: readonly Node[], own = 1): Node {
    let deepest = 0;
    for (const part of parts) deepest = Math.max(deepest, this.#depths.get(part) ?? 0);
    if (deepest + own > maxDepth) throw new LimitIssue('max recursion depth exceeded');
    this.#depths.set(node, deepest + own);
    return node;
  }

  #peek(): Token {
    return this.#tokens[this.#position] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    if (token.type !== 'end') this.#position++;
    return token;
  }

  #is(...texts: readonly string[]): boolean {
    const token = this.#peek();
    return (token.type === 'symbol' || token.type === 'name') && texts.includes(token.text);
  }

  #take(text: string): Token | undefined {
    return this.#is(text) ? this.#next() : undefined;
  }

  #expect(text: string): Token {
    const token = this.#take(text);
    if (token) return token;
    const found = this.#peek();
    throw new SyntaxIssue(found.offset, `mismatched input '${found.text}' expecting '${text}'`);
  }

  #expression(): Node {
    if (++this.#nesting > maxDepth) {
      throw new LimitIssue(`expression recursion limit exceeded: ${maxDepth}`);
    }
    const condition = this.#or();
    const mark = this.#take('?');
    let node = condition;
    if (mark) {
      const then = this.#or();
      this.#expect(':');
      const otherwise = this.#expression();
      const choice: Node = { type: 'conditional', offset: mark.offset, condition, then, otherwise };
      node = this.#noted(choice, [condition, then, otherwise]);
    }
    this.#nesting--;
    return node;
  }

  #or(): Node {
    return this.#chain('or', '||', () => this.#and());
  }

  #and(): Node {
    return this.#chain('and', '&&', () => this.#relation());
  }

  /** Long chains become shallow trees: their order counts, not their depth. */
  #chain(type: 'or' | 'and', symbol: string, term: () => Node): Node {
    const terms = [term()];
    const offsets: number[] = [];
    for (let mark = this.#take(symbol); mark; mark = this.#take(symbol)) {
      offsets.push(mark.offset);
      terms.push(term());
    }
    const join = (from: number, to: number): Node => {
      if (from === to) return terms[from] as Node;
      const middle = (from + to) >> 1;
      const [left, right] = [join(from, middle), join(middle + 1, to)];
      const both: Node = { type, offset: offsets[middle] as number, left, right };
      return this.#noted(both, [left, right], 0);
    };
    return join(0, terms.length - 1);
  }

  #relation(): Node {
    let left = this.#sum();
    while (this.#isRelation()) {
      const { text, offset } = this.#next();
      left = this.#operation(text === 'in' ? '@in' : `_${text}_`, offset, [left, this.#sum()]);
    }
    return left;
  }

  #isRelation(): boolean {
    const token = this.#peek();
    return (token.type === 'symbol' || token.type === 'name') && relations.has(token.text);
  }

  #sum(): Node {
    let left = this.#product();
    while (this.#is('+', '-')) {
      const { text, offset } = this.#next();
      left = this.#operation(`_${text}_`, offset, [left, this.#product()]);
    }
    return left;
  }

  #product(): Node {
    let left = this.#unary();
    while (this.#is('*', '/', '%')) {
      const { text, offset } = this.#next();
      left = this.#operation(`_${text}_`, offset, [left, this.#unary()]);
    }
    return left;
  }

  /** Signs in pairs undo each other; the sign of a number belongs to it. */
  #unary(): Node {
    if (!this.#is('!', '-')) return this.#member();
    const { text, offset } = this.#next();
    let count = 1;
    while (this.#take(text)) count++;
    if (text === '-' && count === 1) {
      const literal = this.#negativeLiteral(offset);
      if (literal) return this.#members(literal);
    }
    const operand = this.#member();
    if (count % 2 === 0) return operand;
    return this.#noted({ type: 'call', name: `${text}_`, offset, args: [operand] }, [operand], 0);
  }

  #negativeLiteral(offset: number): Node | undefined {
    const token = this.#peek();
    if (token.type !== 'literal') return undefined;
    if (typeof token.value !== 'bigint' && typeof token.value !== 'number') return undefined;
    this.#next();
    const { value } = token;
    return { type: 'literal', offset, value: typeof value === 'bigint' ? this.#int(-value, offset) : -value };
  }

  #int(value: bigint, offset: number): bigint {
    if (BigInt.asIntN(64, value) === value) return value;
    throw new SyntaxIssue(offset, 'invalid int literal');
  }

  #member(): Node {
    return this.#members(this.#primary());
  }

  #members(start: Node): Node {
    let node = start;
    for (;;) {
      const dot = this.#take('.');
      if (dot) {
        node = this.#selected(node, dot.offset);
        continue;
      }
      const bracket = this.#take('[');
      if (!bracket) return node;
      const optional = this.#take('?') !== undefined;
      const index = this.#expression();
      this.#expect(']');
      const element: Node = { type: 'index', offset: bracket.offset, operand: node, index, optional };
      node = this.#noted(element, [node, index]);
    }
  }

  #selected(operand: Node, offset: number): Node {
    const optional = this.#take('?') !== undefined;
    const token = this.#fieldName(!optional && qualifiedName(operand) !== undefined);
    const open = token.type === 'name' && !optional ? this.#take('(') : undefined;
    if (!open) {
      return this.#noted({ type: 'select', offset, operand, field: token.text, optional }, [operand]);
    }
    const args = this.#arguments(')');
    const call = { target: operand, name: token.text, args, offset: open.offset };
    return this.#noted(expandMember(call) ?? { type: 'call', ...call }, [operand, ...args]);
  }

  /** `isNamed`: of something that names alone have named so far, and which may be a type. */
  #fieldName(isNamed = false): Token {
    const token = this.#next();
    if (token.type === 'quoted') return token;
    if (token.type === 'name' && token.text !== 'in') return token;
    const { offset, text } = token;
    if (isNamed) throw new SyntaxIssue(offset, `mismatched input '${text}' expecting IDENTIFIER`);
    throw new SyntaxIssue(offset, `no viable alternative at input '.${text}'`);
  }

  #arguments(close: string): Node[] {
    const args: Node[] = [];
    if (this.#take(close)) return args;
    do args.push(this.#expression());
    while (this.#take(','));
    this.#expect(close);
    return args;
  }

  #primary(): Node {
    const token = this.#next();
    const { offset, text } = token;
    if (token.type === 'literal') {
      const { value } = token;
      return {
        type: 'literal',
        offset,
        value: typeof value === 'bigint' ? this.#int(value, offset) : value,
      };
    }
    if (token.type === 'name' && text !== 'in') return this.#named(token);
    if (text === '.' && this.#peek().type === 'name') return this.#named(this.#next());
    if (text === '(') {
      const node = this.#expression();
      this.#expect(')');
      return node;
    }
    if (text === '[' && token.type === 'symbol') return this.#list(offset);
    if (text === '{') return this.#map(offset);
    const kind = token.type === 'end' ? 'mismatched input' : 'extraneous input';
    throw new SyntaxIssue(offset, `${kind} '${text}' expecting {${starters}}`);
  }

  #named({ text: name, offset }: Token): Node {
    if (reserved.has(name)) throw new SyntaxIssue(offset, `reserved identifier: ${name}`);
    const open = this.#take('(');
    if (open) {
      const call = { name, args: this.#arguments(')'), offset: open.offset };
      return this.#noted(expandGlobal(call) ?? { type: 'call', ...call }, call.args, 0);
    }
    const record = this.#recordName(name);
    if (record === undefined) return { type: 'name', name, offset };
    const fields = this.#fields();
    return this.#noted({ type: 'record', name: record, offset, fields }, fields.map(valueOf), 0);
  }

  /** `a.b.C{`: the name of a record, where the braces follow. */
  #recordName(first: string): string | undefined {
    let name = first;
    let at = this.#position;
    const text = (i: number) => this.#tokens[i]?.text;
    while (text(at) === '.' && this.#tokens[at + 1]?.type === 'name') {
      name += `.${text(at + 1)}`;
      at += 2;
    }
    if (this.#tokens[at]?.type !== 'symbol' || text(at) !== '{') return undefined;
    this.#position = at + 1;
    return name;
  }

  #fields(): RecordField[] {
    return this.#until('}', () => {
      const optional = this.#take('?') !== undefined;
      const name = this.#fieldName().text;
      this.#expect(':');
      return { name, optional, value: this.#expression() };
    });
  }

  #map(offset: number): Node {
    const entries = this.#entries();
    const parts = entries.flatMap(({ key, value }) => [key, value]);
    return this.#noted({ type: 'map', offset, entries }, parts, 0);
  }

  #entries(): MapEntry[] {
    return this.#until('}', () => {
      const optional = this.#take('?') !== undefined;
      const key = this.#expression();
      this.#expect(':');
      return { key, optional, value: this.#expression() };
    });
  }

  #list(offset: number): Node {
    const elements = this.#until(']', (): ListElement => {
      const optional = this.#take('?') !== undefined;
      return { optional, value: this.#expression() };
    });
    return this.#noted({ type: 'list', offset, elements }, elements.map(valueOf), 0);
  }

  /** Things with commas between them, and perhaps one after the last. */
  #until<T>(close: string, read: () => T): T[] {
    const items: T[] = [];
    while (!this.#take(close)) {
      items.push(read());
      if (this.#take(',')) continue;
      this.#expect(close);
      break;
    }
    return items;
  }
}
