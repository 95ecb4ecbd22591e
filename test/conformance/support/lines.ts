import { test } from 'vitest';

/** A line of the list of behaviours that a conformant cluster shows. */
export interface Line {
  /** Short and lasting: the test that shows the behaviour names it. */
  id: string;
  /** What the test shows. */
  title: string;
  /** For how many of the list's tests the line stands; 1 where absent. */
  count?: number;
  /** The test that shows it where it takes real containers: those of simulated nodes run nothing. */
  shownBy?: { file: string; test: string };
  /** Why no test shows it. */
  gap?: string;
}

/** Makes `line(id, run)`: the test of a line in the table. */
export function testsOf(lines: readonly Line[]) {
  return (id: string, run: () => Promise<void>, timeoutMs?: number): void => {
    const known = lines.find((candidate) => candidate.id === id);
    if (!known) throw new Error(`the table has no line ${id}`);
    test(`${id}: ${known.title}`, run, timeoutMs);
  };
}
