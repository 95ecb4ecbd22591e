import type { RE2JS } from '@bufbuild/re2';
import { contextBetween, op, type PatternProgram, takes } from '../pattern-program.ts';

/** A place in a text, in UTF-16 units. */
export interface Match {
  start: number;
  end: number;
}

/** A way through the program that is still open, and where its match began. */
interface Thread {
  pc: number;
  start: number;
}

/**
 * The first match at or after a place, or undefined. The library can only say whether a text matches, so its program is
 * walked here: all ways at once, in the order in which Perl would try them, in time linear in the text.
 */
export function findMatch(regex: RE2JS, text: string, from: number): Match | undefined {
  return new Finder(regex.re2().prog, text).find(from);
}

class Finder {
  readonly #program: PatternProgram;
  readonly #text: string;

  constructor(program: PatternProgram, text: string) {
    this.#program = program;
    this.#text = text;
  }

  find(from: number): Match | undefined {
    let threads: Thread[] = [];
    let best: Match | undefined;
    for (let at = from; ; ) {
      const seen = new Set<number>();
      const open: Thread[] = [];
      for (const thread of threads) this.#follow(thread, at, seen, open);
      if (!best) this.#follow({ pc: this.#program.start, start: at }, at, seen, open);
      const code = this.#text.codePointAt(at);
      threads = [];
      for (const { pc, start } of open) {
        const instruction = this.#program.getInst(pc);
        if (instruction.op === op.match) {
          best = { start, end: at };
          break;
        }
        if (code !== undefined && takes(instruction, code)) threads.push({ pc: instruction.out, start });
      }
      if (code === undefined || (best && threads.length === 0)) return best;
      at += code > 0xffff ? 2 : 1;
    }
  }

  /** Goes on to the instructions that want a character, without taking one. */
  #follow(thread: Thread, at: number, seen: Set<number>, open: Thread[]): void {
    const waiting = [thread];
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const { pc, start } = next;
      if (seen.has(pc)) continue;
      seen.add(pc);
      const { op: kind, out, arg } = this.#program.getInst(pc);
      if (kind === op.alt || kind === op.altMatch) waiting.push({ pc: arg, start }, { pc: out, start });
      else if (kind === op.capture || kind === op.nop) waiting.push({ pc: out, start });
      else if (kind === op.emptyWidth) {
        if ((arg & ~this.#context(at)) === 0) waiting.push({ pc: out, start });
      } else if (kind !== op.fail) open.push({ pc, start });
    }
  }

  #context(at: number): number {
    return contextBetween(at > 0 ? this.#text.charCodeAt(at - 1) : undefined, this.#text.codePointAt(at));
  }
}
