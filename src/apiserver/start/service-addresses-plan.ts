import type { Condition } from '../../api/meta/v1.ts';
import type { ServiceCIDR } from '../../api/networking/v1.ts';
import type { Stored } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { formatTime } from '../../platform/clock.ts';
import { addressRange, holdsAddress } from '../kinds/core/service/address-range.ts';

/** Keeps a range until no address of it is in use. */
const rangeFinalizer = 'networking.k8s.io/service-cidr-finalizer';
/** A range that is deleted stays so long at least: a server that has not heard of it may give addresses from it. */
const rangeGraceMs = 10_000;

const ready = (status: 'True' | 'False', reason: string, message: string) => ({
  type: 'Ready',
  status,
  reason,
  message,
});

/** What has to become of the range that the server's own ranges stand in. */
export type DefaultRangeStep =
  /** `grow`: it gets the second range. */
  | { do: 'nothing' | 'make' | 'grow' }
  /** It is left as it is. */
  | { do: 'warn'; reason: string; message: string };

/** What to do with it, as upstream's controller of the default ServiceCIDR decides; `cidrs` are the server's own ranges. */
export function planDefaultRange(
  found: Stored<ServiceCIDR> | undefined,
  cidrs: readonly string[],
): DefaultRangeStep {
  if (!found) return { do: 'make' };
  const has = found.spec.cidrs ?? [];
  if (cidrs.length === 2 && has.length === 1 && has[0] === cidrs[0]) return { do: 'grow' };
  if (found.metadata.deletionTimestamp !== undefined || deepEqual(has, cidrs)) return { do: 'nothing' };
  const message = `The default ServiceCIDR ${goList(has)} does not match the controller flag configurations ${goList(cidrs)}`;
  return { do: 'warn', reason: 'KubernetesDefaultServiceCIDRInconsistent', message };
}

/** Texts as Go prints a list of them. */
export const goList = (texts: readonly string[]) => `[${texts.join(' ')}]`;

/** What has to become of a range. */
export type RangeStep =
  | { do: 'nothing' }
  /** Its finalizers are not what they should be. */
  | { do: 'hold' | 'release'; finalizers: string[] }
  /** It can go after so long. */
  | { do: 'wait'; ms: number }
  | { do: 'report'; conditions: Condition[] };

/** The next step with a range. `others`: the ranges besides it; `inUse`: addresses that services have. */
export function planRange(
  range: Stored<ServiceCIDR>,
  { others, inUse, nowMs }: { others: readonly ServiceCIDR[]; inUse: readonly string[]; nowMs: number },
): RangeStep {
  const { metadata } = range;
  const now = formatTime(nowMs);
  const finalizers = metadata.finalizers ?? [];
  const isHeld = finalizers.includes(rangeFinalizer);
  if (metadata.deletionTimestamp === undefined) {
    if (!isHeld) return { do: 'hold', finalizers: [...finalizers, rangeFinalizer] };
    return report(range, ready('True', '', 'Kubernetes Service CIDR is ready'), now);
  }
  if (!isHeld) return { do: 'nothing' };
  const served = others
    .filter((other) => other.metadata.deletionTimestamp === undefined)
    .flatMap(({ spec }) => spec.cidrs ?? [])
    .map(addressRange);
  const own = (range.spec.cidrs ?? []).map(addressRange);
  const isNeeded = (ip: string) =>
    own.some((one) => holdsAddress(one, ip)) && !served.some((one) => holdsAddress(one, ip));
  if (!inUse.some(isNeeded)) {
    const leftMs = Date.parse(metadata.deletionTimestamp) + rangeGraceMs - nowMs;
    if (leftMs > 0) return { do: 'wait', ms: leftMs };
    return { do: 'release', finalizers: finalizers.filter((name) => name !== rangeFinalizer) };
  }
  const why =
    'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR';
  return report(range, ready('False', 'Terminating', why), now);
}

function report(
  { status }: ServiceCIDR,
  wanted: Omit<Condition, 'lastTransitionTime'>,
  now: string,
): RangeStep {
  const conditions = status?.conditions ?? [];
  const has = conditions.find(({ type }) => type === wanted.type);
  if (has?.status === wanted.status && has.reason === wanted.reason && has.message === wanted.message) {
    return { do: 'nothing' };
  }
  const others = conditions.filter((condition) => condition !== has);
  return { do: 'report', conditions: [...others, { ...wanted, lastTransitionTime: now }] };
}
