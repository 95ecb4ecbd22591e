import type { LeaseSpec } from '../api/coordination/v1.ts';
import { formatMicroTime } from '../platform/clock.ts';

/** How long who leads may be silent, and who waits has to wait. */
export interface ElectionTimes {
  /** How long nobody else may take the lease after it has been seen to change. Written into it in whole seconds. */
  leaseDurationMs: number;
  /** How long after its last renewal a leader stops acting. Shorter than the lease lasts, so that nobody acts beside it. */
  renewDeadlineMs: number;
  /** Between two renewals, and at least between two looks of those who wait. */
  retryPeriodMs: number;
}

/** Those who wait do so up to this much longer than the period, each by chance (client-go's JitterFactor). */
export const jitterFactor = 1.2;

/** What is wrong with times; undefined where nothing is. The rules are client-go's. */
export function timesError(times: ElectionTimes): string | undefined {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = times;
  if (!(retryPeriodMs > 0)) return 'the retry period must be greater than zero';
  if (!(renewDeadlineMs > retryPeriodMs * jitterFactor))
    return `the renew deadline must be greater than the retry period times ${jitterFactor}`;
  if (!(leaseDurationMs > renewDeadlineMs))
    return 'the lease duration must be greater than the renew deadline';
  return undefined;
}

/** What a lease said when it was last seen to change, and when that was on this process's own clock. */
export interface Sight {
  spec: LeaseSpec;
  /** Milliseconds on the monotonic clock. */
  atMs: number;
}

const asText = (spec: LeaseSpec) => JSON.stringify(Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Takes in what a lease says now. The times in it are other clocks' and mean nothing here; that they change does. */
export function see(before: Sight | undefined, spec: LeaseSpec, nowMs: number): Sight {
  return before && asText(before.spec) === asText(spec) ? before : { spec, atMs: nowMs };
}

export interface Candidate {
  identity: string;
  times: ElectionTimes;
  /** Nobody else can be alive who would hold the lease: it is taken whoever is said to hold it. */
  isAlone: boolean;
}

/** What one who wants to lead, or to go on leading, does about the lease. */
export type ElectionStep =
  /** Write this, where nothing stood, or over what was seen. */
  | { do: 'write'; spec: LeaseSpec }
  /** Somebody else holds it, for at least so long. */
  | { do: 'wait'; forMs: number };

/** The next step with a lease as it was last seen; undefined: there is none. */
export function planElection(
  candidate: Candidate,
  sight: Sight | undefined,
  now: { monotonicMs: number; wallMs: number },
): ElectionStep {
  const { identity, times, isAlone } = candidate;
  const old = sight?.spec;
  const holder = old?.holderIdentity ?? '';
  if (sight && holder !== '' && holder !== identity && !isAlone) {
    const forMs = sight.atMs + (sight.spec.leaseDurationSeconds ?? 0) * 1000 - now.monotonicMs;
    if (forMs > 0) return { do: 'wait', forMs };
  }
  const wall = formatMicroTime(now.wallMs);
  const isRenewal = holder === identity;
  const transitions = old?.leaseTransitions ?? 0;
  return {
    do: 'write',
    spec: {
      ...old,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(times.leaseDurationMs / 1000),
      acquireTime: isRenewal ? (old?.acquireTime ?? wall) : wall,
      renewTime: wall,
      leaseTransitions: old && !isRenewal ? transitions + 1 : transitions,
    },
  };
}

/** What who steps down of its own accord leaves behind: anybody may take the lease at once. */
export function released(spec: LeaseSpec, wallMs: number): LeaseSpec {
  const wall = formatMicroTime(wallMs);
  return { ...spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: wall, renewTime: wall };
}
