import type { Operation } from './operation.ts';

/**
 * Whether some order explains what was answered: one in which each operation happens at once, at a moment between
 * its call and its answer (Wing and Gong's search, with what has been tried before remembered, as Lowe has it). Each key for
 * itself, since linearizability is local. Slow where many operations overlap: for small histories.
 */
export function isLinearizable(history: readonly Operation[]): boolean {
  return unexplainedKeys(history).length === 0;
}

/** The keys whose answers no order explains. */
export function unexplainedKeys(history: readonly Operation[]): string[] {
  const keys = new Set(history.flatMap(({ call }) => (call.verb === 'list' ? [] : [call.key])));
  return [...keys].filter((key) => !hasOrder(history.flatMap((operation) => stepsOn(key, operation))));
}

/** The token of what stands under a key; undefined: nothing does. */
type State = string | undefined;

/** One operation, as far as it has to do with a key. */
interface Step {
  invoked: number;
  returned: number;
  /** The state afterwards, where the answer is the right one in a state; false where it is not. */
  apply(state: State): { state: State } | false;
}

function stepsOn(key: string, operation: Operation): Step[] {
  const { call, result, invoked, returned } = operation;
  // Older states may be told at any time.
  if ('notOlderThan' in call) return [];
  if (call.verb !== 'list') return call.key === key ? [{ invoked, returned, apply: stepOf(operation) }] : [];
  if (result.type !== 'listed') return [];
  // A list says of every key what stands there, also of those that it does not show.
  const shown = result.versions.find((version) => version.key === key)?.token;
  return [{ invoked, returned, apply: (state) => stays(state === shown, state) }];
}

const stays = (holds: boolean, state: State) => (holds ? { state } : false);

function stepOf({ call, result }: Operation): Step['apply'] {
  return (state) => {
    if (call.verb === 'list') return { state };
    const fits = state === ('expected' in call ? call.expected.token : undefined);
    const written = { state: 'token' in call ? call.token : undefined };
    switch (result.type) {
      case 'read':
        return stays(state === result.version.token, state);
      case 'missing':
        return stays(state === undefined, state);
      case 'conflict':
        return stays(state !== undefined && !fits, state);
      case 'listed':
        return { state };
      case 'done':
        return fits && written;
      case 'unknown':
        return fits && call.verb !== 'get' ? written : { state };
    }
  };
}

function hasOrder(steps: readonly Step[]): boolean {
  const sorted = [...steps].sort((a, b) => a.invoked - b.invoked);
  const tried = new Set<string>();
  const done = sorted.map(() => false);
  const search = (state: State, from: number): boolean => {
    let first = from;
    while (done[first]) first++;
    const left = sorted.slice(first).filter((_, i) => !done[first + i]);
    const endsFirst = Math.min(...left.map(({ returned }) => returned));
    if (endsFirst === Number.POSITIVE_INFINITY) return true;
    const place = `${first} ${state} ${done
      .slice(first, done.lastIndexOf(true) + 1)
      .map(Number)
      .join('')}`;
    if (tried.has(place)) return false;
    tried.add(place);
    for (let i = first; i < sorted.length; i++) {
      const step = sorted[i] as Step;
      if (done[i]) continue;
      if (step.invoked > endsFirst) break;
      const next = step.apply(state);
      if (!next) continue;
      done[i] = true;
      if (search(next.state, first)) return true;
      done[i] = false;
    }
    return false;
  };
  return search(undefined, 0);
}
