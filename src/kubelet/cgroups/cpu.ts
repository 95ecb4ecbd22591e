/** How CPU amounts are told to the kernel. */
const minShares = 2;
const maxShares = 262_144;
const sharesPerCpu = 1024;
const minQuotaUs = 1000;

/** The period over which CPU quotas count, microseconds. */
export const cpuPeriodUs = 100_000;

/** The weight of this many thousandths of a CPU against others. */
export function milliCpuToShares(milli: number): number {
  if (milli === 0) return minShares;
  return Math.min(maxShares, Math.max(minShares, Math.trunc((milli * sharesPerCpu) / 1000)));
}

/** CPU time per period for this many thousandths; -1, no limit, for zero. */
export function milliCpuToQuotaUs(milli: number): number {
  return milli === 0 ? -1 : Math.max(minQuotaUs, Math.trunc((milli * cpuPeriodUs) / 1000));
}

/** Thousandths of a CPU that such a weight stands for, rounded up. */
export function sharesToMilliCpu(shares: number): number {
  return Math.ceil((shares * 1000) / sharesPerCpu);
}

/** Thousandths of a CPU that so much time in each period comes to. */
export function quotaToMilliCpu(quotaUs: number, periodUs = cpuPeriodUs): number {
  return Math.trunc((quotaUs * 1000) / periodUs);
}

/** What the unified hierarchy calls the shares of the old one: 1 to 10000. */
export function sharesToWeight(shares: number): number {
  return Math.trunc(1 + ((shares - minShares) * 9999) / (maxShares - minShares));
}
