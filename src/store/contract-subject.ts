import { test } from 'vitest';
import type { Store } from './store.ts';
import type { Harness } from './test-support.ts';

/** What the parts of the contract work on: made anew for each test. */
export interface Subject {
  harness: Harness;
  store: Store;
  lacks: Lacks;
}

/** What of a backend cannot be tried from outside, and why. */
export type Lacks = Partial<Record<'faults' | 'clockedLeases' | 'historyBytes' | 'longKeys', string>>;

/** Like `test`, for what needs an ability of the backend; without it the name says why it is skipped. */
export function testWith(subject: Subject, ability: keyof Lacks) {
  const why = subject.lacks[ability];
  return (name: string, run: () => Promise<void>): void => {
    test.skipIf(why !== undefined)(why === undefined ? name : `${name} (skipped: ${why})`, run);
  };
}
