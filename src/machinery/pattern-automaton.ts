import { contextBetween, likeBefore, op, type PatternProgram, takes } from './pattern-program.ts';

/** What may come next, and what there was before; where each character leads is found out once. */
interface State {
  pcs: readonly number[];
  before: number | undefined;
  next: Map<number | undefined, State | 'match'>;
}

/** Of patterns with more states on one text most can be visited once only: then finding them out is dearer than doing without. */
const mostStates = 500;

/**
 * Whether a text has a match of a pattern, in time linear in the text; undefined where the pattern has too many states for that to be
 * quicker than the library, which walks all ways of the pattern for each character.
 */
export function hasMatch(program: PatternProgram, text: string): boolean | undefined {
  const automaton = new Automaton(program);
  let state = automaton.start;
  for (let at = 0; ; ) {
    const code = text.codePointAt(at);
    const next = state.next.get(code) ?? automaton.step(state, code);
    if (next === 'match') return true;
    if (next === undefined) return undefined;
    if (code === undefined) return false;
    state = next;
    at += code > 0xffff ? 2 : 1;
  }
}

class Automaton {
  readonly start: State = { pcs: [], before: undefined, next: new Map() };
  readonly #program: PatternProgram;
  readonly #states = new Map<string, State>();

  constructor(program: PatternProgram) {
    this.#program = program;
  }

  /** Where a character, or the end of the text, leads; undefined where there are too many states. */
  step(state: State, code: number | undefined): State | 'match' | undefined {
    const next = this.#after(state, code);
    if (next) state.next.set(code, next);
    return next;
  }

  #after(state: State, code: number | undefined): State | 'match' | undefined {
    const pcs: number[] = [];
    const open = this.#open(state, contextBetween(state.before, code));
    if (!open) return 'match';
    if (code === undefined) return state;
    for (const pc of open) {
      const instruction = this.#program.getInst(pc);
      if (takes(instruction, code)) pcs.push(instruction.out);
    }
    pcs.sort((a, b) => a - b);
    const before = likeBefore(code);
    const key = `${before} ${pcs}`;
    const known = this.#states.get(key);
    if (known || this.#states.size >= mostStates) return known;
    const made: State = { pcs, before, next: new Map() };
    this.#states.set(key, made);
    return made;
  }

  /** The instructions that want a character, on all ways from a state or from the beginning of the pattern; undefined where one is at its end. */
  #open({ pcs }: State, context: number): readonly number[] | undefined {
    const open: number[] = [];
    const seen = new Set<number>();
    const waiting = [...pcs, this.#program.start];
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      if (seen.has(pc)) continue;
      seen.add(pc);
      const { op: kind, out, arg } = this.#program.getInst(pc);
      if (kind === op.match) return undefined;
      if (kind === op.alt || kind === op.altMatch) waiting.push(out, arg);
      else if (kind === op.capture || kind === op.nop) waiting.push(out);
      else if (kind === op.emptyWidth) {
        if ((arg & ~context) === 0) waiting.push(out);
      } else if (kind !== op.fail) open.push(pc);
    }
    return open;
  }
}
