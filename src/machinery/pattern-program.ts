import type { RE2JS } from '@bufbuild/re2';

/** What the library compiles a pattern to. */
export type PatternProgram = ReturnType<RE2JS['re2']>['prog'];

type Instruction = ReturnType<PatternProgram['getInst']>;

/** Kinds of instructions, as the library numbers them. */
export const op = {
  alt: 1,
  altMatch: 2,
  capture: 3,
  emptyWidth: 4,
  fail: 5,
  match: 6,
  nop: 7,
  any: 10,
  anyButNewline: 11,
} as const;

const newline = 10;

/** Whether an instruction that wants a character takes this one. */
export function takes(instruction: Instruction, code: number): boolean {
  if (instruction.op === op.any) return true;
  if (instruction.op === op.anyButNewline) return code !== newline;
  return instruction.matchRune(code);
}

/** What holds between two characters, as the library's bits; undefined: there is none. */
export function contextBetween(before: number | undefined, after: number | undefined): number {
  return (
    (before === undefined || before === newline ? 1 : 0) |
    (after === undefined || after === newline ? 2 : 0) |
    (before === undefined ? 4 : 0) |
    (after === undefined ? 8 : 0) |
    (isWord(before) !== isWord(after) ? 16 : 32)
  );
}

const isWord = (code: number | undefined) => code !== undefined && code < 128 && words[code] === true;
const words = Array.from({ length: 128 }, (_, code) => /\w/.test(String.fromCharCode(code)));

/** A character that stands for all with which the same holds in what comes after it. */
export const likeBefore = (code: number): number => (code === newline ? newline : isWord(code) ? 0x61 : 0x20);
