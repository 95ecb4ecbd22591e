/** How many seats a priority level should have, and what bounds it. */
export interface SeatClaim {
  target: number;
  lower: number;
  upper: number;
}

const leastTarget = 0.001;
const precise = 1e-9;

/**
 * Shares `total` seats out in proportion to the targets, each within its bounds. Where the bounds leave no choice they
 * are all met as far as they go.
 */
export function shareSeats(total: number, claims: readonly SeatClaim[]): number[] {
  const given = (proportion: number) =>
    claims.map(({ target, lower, upper }) =>
      Math.max(lower, Math.min(upper, proportion * Math.max(target, leastTarget))),
    );
  const sum = (proportion: number) => given(proportion).reduce((a, b) => a + b, 0);
  if (sum(0) >= total) return given(0);
  let [low, high] = [0, 1];
  const most = claims.reduce((a, { upper }) => a + upper, 0);
  if (most <= total) return claims.map(({ upper }) => upper);
  while (sum(high) < total) high *= 2;
  // The sum never falls as the proportion rises: halve until it is found.
  while (high - low > precise * high) {
    const middle = (low + high) / 2;
    if (sum(middle) < total) low = middle;
    else high = middle;
  }
  return given(high);
}
