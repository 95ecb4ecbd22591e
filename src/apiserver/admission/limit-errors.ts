import type { LimitRangeItem } from '../../api/core/v1.ts';
import {
  compareQuantities,
  type ParsedQuantity,
  formatQuantity,
  scaledValue,
} from '../../machinery/quantity.ts';
import { readSums, type Sums } from '../../machinery/resource-sums.ts';

/** What is asked for and what it is limited to; claims have no limits. */
export interface Amounts {
  requests: Sums;
  limits: Sums | undefined;
}

/** What of one item of a LimitRange does not hold, in upstream's words. */
export function limitErrors(item: LimitRangeItem, amounts: Amounts): string[] {
  return [
    ...[...readSums(item.min)].flatMap(([name, bound]) => minErrors(item, { name, bound }, amounts)),
    ...[...readSums(item.max)].flatMap(([name, bound]) => maxErrors(item, { name, bound }, amounts)),
    ...[...readSums(item.maxLimitRequestRatio)].flatMap(([name, bound]) =>
      ratioErrors(item, { name, bound }, amounts),
    ),
  ];
}

interface Bound {
  name: string;
  bound: ParsedQuantity;
}

const text = formatQuantity;

function minErrors(
  { type }: LimitRangeItem,
  { name, bound }: Bound,
  { requests, limits }: Amounts,
): string[] {
  const head = `minimum ${name} usage per ${type} is ${text(bound)}`;
  const [request, limit] = [requests.get(name), limits?.get(name)];
  if (!request) return [`${head}.  No request is specified`];
  if (compareQuantities(request, bound) < 0) return [`${head}, but request is ${text(request)}`];
  if (limit && compareQuantities(limit, bound) < 0) return [`${head}, but limit is ${text(limit)}`];
  return [];
}

function maxErrors(
  { type }: LimitRangeItem,
  { name, bound }: Bound,
  { requests, limits }: Amounts,
): string[] {
  const head = `maximum ${name} usage per ${type} is ${text(bound)}`;
  const request = requests.get(name);
  if (limits) {
    const limit = limits.get(name);
    if (!limit) return [`${head}.  No limit is specified`];
    if (compareQuantities(limit, bound) > 0) return [`${head}, but limit is ${text(limit)}`];
  } else if (!request) return [`${head}.  No request is specified`];
  return request && compareQuantities(request, bound) > 0 ? [`${head}, but request is ${text(request)}`] : [];
}

function ratioErrors(
  { type }: LimitRangeItem,
  { name, bound }: Bound,
  { requests, limits }: Amounts,
): string[] {
  const head = `${name} max limit to request ratio per ${type} is ${text(bound)}`;
  const [request, limit] = [requests.get(name), limits?.get(name)];
  if (!request || scaledValue(request, -3) === 0n) {
    return [`${head}, but no request is specified or request is 0`];
  }
  if (!limit || scaledValue(limit, -3) === 0n) return [`${head}, but no limit is specified or limit is 0`];
  const ratio = Number(scaledValue(limit, -3)) / Number(scaledValue(request, -3));
  const allowed = Number(scaledValue(bound, -3)) / 1000;
  return ratio > allowed ? [`${head}, but provided ratio is ${ratio.toFixed(6)}`] : [];
}
