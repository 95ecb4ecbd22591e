import { afterEach, beforeEach, describe } from 'vitest';
import { historyContract } from './contract-history.ts';
import { lifeContract } from './contract-life.ts';
import { modelContract } from './contract-model.ts';
import { readContract } from './contract-read.ts';
import type { Lacks, Subject } from './contract-subject.ts';
import { watchContract } from './contract-watch.ts';
import { writeContract } from './contract-write.ts';
import type { Harness } from './test-support.ts';

/** The contract of `Store`: every backend passes it. `persistent` backends also outlive being closed. */
export function storeContract(
  name: string,
  options: { makeHarness(): Promise<Harness>; persistent: boolean; lacks?: Lacks },
): void {
  describe(`${name} store`, () => {
    const subject = { lacks: options.lacks ?? {} } as Subject;
    beforeEach(async () => {
      subject.harness = await options.makeHarness();
      subject.store = await subject.harness.open();
    });
    afterEach(() => subject.harness.dispose());
    describe('reading', () => readContract(subject));
    describe('writing', () => writeContract(subject));
    describe('watching', () => watchContract(subject));
    describe('history', () => historyContract(subject));
    describe('life', () => lifeContract(subject, options.persistent));
    describe('model', () => modelContract(options.makeHarness));
  });
}
