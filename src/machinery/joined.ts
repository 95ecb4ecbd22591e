/** A list of nothing: one for all who have nothing to say, which is what nearly every check has. */
export const nothing: readonly never[] = Object.freeze([]);

/** Lists in their order as one. Where at most one of them holds anything none is made. */
export function joined<T>(...lists: readonly (readonly T[])[]): readonly T[] {
  let all: readonly T[] = nothing;
  for (let i = 0; i < lists.length; i++) {
    const list = lists[i] as readonly T[];
    if (list.length > 0) all = all.length > 0 ? [...all, ...list] : list;
  }
  return all;
}
