/** Objects of one owner that are looked at without a thought for what it costs. */
const few = 100;
/** So many are looked at again for a millisecond of waiting. */
const perMs = 10;

/**
 * How long changes are collected before `count` objects are looked at for one of them, in milliseconds. A look costs time in
 * proportion to the objects: made for each of ten thousand pods that become ready one after the other it would take minutes.
 */
export const spacingMs = (count: number) => (count <= few ? 0 : count / perMs);
