import type { KubernetesObject } from '../../api/resource.ts';
import { clone } from '../../machinery/clone.ts';
import { deepEqual } from '../../machinery/equal.ts';
import type { AdmissionAttributes } from './admission.ts';
import type { Rounds } from './rounds.ts';

/**
 * Who runs again in the second round: those who want to, if something has changed the object after they had run.
 * Nobody runs in the second round who did not in the first.
 */
export class SecondRound {
  /** Have run, and would again. */
  readonly #ready = new Set<string>();
  /** Are to run again. */
  readonly #again = new Set<string>();
  #output: KubernetesObject | undefined;

  /** Looks whether others have changed the object since the end of the first round. */
  begin({ rounds, object }: AdmissionAttributes): void {
    if (rounds.second && !deepEqual(object, this.#output)) this.#requireAll();
  }

  skips(rounds: Rounds, id: string): boolean {
    return rounds.second && !this.#again.has(id);
  }

  /** The object has just been changed. */
  changed(rounds: Rounds): void {
    this.#requireAll();
    rounds.want();
  }

  mayRunAgain(id: string): void {
    this.#ready.add(id);
  }

  end({ object }: AdmissionAttributes): void {
    this.#output = object && clone(object);
  }

  #requireAll(): void {
    for (const id of this.#ready) this.#again.add(id);
    this.#ready.clear();
  }
}
