import type { RE2JS } from '@bufbuild/re2';
import { contextBetween, op, type PatternProgram, takes } from '../pattern-program.ts';
import { effort, restIfDue } from './rest.ts';

/** A place in a text, in UTF-16 units. */
export interface Match {
  start: number;
  end: number;
}

/** Ways through the program that are still open, in the order in which Perl would try them, and where the match of each began. */
class Ways {
  readonly pcs: number[] = [];
  readonly starts: number[] = [];
  size = 0;

  add(pc: number, start: number): void {
    this.pcs[this.size] = pc;
    this.starts[this.size++] = start;
  }
}

/** Steps, each of one way by one character, after which others may have their turn; and what each takes in units of cost. */
const stepsAtOnce = 4096;
const effortPerStep = 0.2;

/**
 * Finds the matches of a pattern in a text. The library can only say whether a text matches, so its program is walked here: all ways at
 * once, in time linear in the text. It can rest (`rest.ts`).
 */
export class Finder {
  readonly #program: PatternProgram;
  readonly #text: string;
  /** When each instruction was last come by, as a number of a character. */
  readonly #seen: Float64Array;
  readonly #waiting: number[] = [];
  #turn = 0;
  #steps = 0;
  #ways = new Ways();
  #open = new Ways();
  #best: Match | undefined;
  #at = 0;

  constructor(regex: RE2JS, text: string) {
    this.#program = regex.re2().prog;
    this.#text = text;
    this.#seen = new Float64Array(this.#program.numInst());
  }

  /** How far it has looked. */
  get at(): number {
    return this.#at;
  }

  /** Begins to look for a match at or after a place. */
  begin(from: number): void {
    this.#at = from;
    this.#best = undefined;
    this.#ways.size = 0;
  }

  /** The first match, or undefined. Can rest: it is called until it does not throw Pause. */
  finish(): Match | undefined {
    for (;;) {
      const code = this.#text.codePointAt(this.#at);
      this.#openAll(code);
      this.#take(code);
      if (code === undefined || (this.#best && this.#ways.size === 0)) return this.#best;
      this.#at += code > 0xffff ? 2 : 1;
      this.#steps += this.#open.size + 1;
      if (this.#steps >= stepsAtOnce) this.#mayRest();
    }
  }

  #mayRest(): void {
    effort(this.#steps * effortPerStep);
    this.#steps = 0;
    restIfDue();
  }

  /** Goes on, on all ways, to the instructions that want a character. */
  #openAll(code: number | undefined): void {
    const { pcs, starts, size } = this.#ways;
    const at = this.#at;
    const context = contextBetween(at > 0 ? this.#text.charCodeAt(at - 1) : undefined, code);
    this.#turn++;
    this.#open.size = 0;
    for (let i = 0; i < size; i++) this.#follow(pcs[i] as number, starts[i] as number, context);
    if (!this.#best) this.#follow(this.#program.start, at, context);
  }

  #follow(from: number, start: number, context: number): void {
    const waiting = this.#waiting;
    waiting.push(from);
    for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
      if (this.#seen[pc] === this.#turn) continue;
      this.#seen[pc] = this.#turn;
      const { op: kind, out, arg } = this.#program.getInst(pc);
      if (kind === op.alt || kind === op.altMatch) waiting.push(arg, out);
      else if (kind === op.capture || kind === op.nop) waiting.push(out);
      else if (kind === op.emptyWidth) {
        if ((arg & ~context) === 0) waiting.push(out);
      } else if (kind !== op.fail) this.#open.add(pc, start);
    }
  }

  /** Takes a character; ways that come after one that is at its end are given up. */
  #take(code: number | undefined): void {
    const { pcs, starts, size } = this.#open;
    this.#ways.size = 0;
    for (let i = 0; i < size; i++) {
      const instruction = this.#program.getInst(pcs[i] as number);
      const start = starts[i] as number;
      if (instruction.op === op.match) {
        this.#best = { start, end: this.#at };
        return;
      }
      if (code !== undefined && takes(instruction, code)) this.#ways.add(instruction.out, start);
    }
  }
}
