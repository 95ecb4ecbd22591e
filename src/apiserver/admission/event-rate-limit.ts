import type { Event } from '../../api/core/v1.ts';
import { expectKind } from '../../machinery/configuration-kind.ts';
import { type FieldError, invalid, notSupported, renderErrors } from '../../machinery/field-error.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { Clock } from '../../platform/clock.ts';
import { Recent } from '../../platform/recent.ts';
import { TokenBucket } from '../../platform/token-bucket.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';

const limitTypes = ['Namespace', 'Server', 'SourceAndObject', 'User'] as const;
type LimitType = (typeof limitTypes)[number];

/** How many events are taken of all, or of each who is counted alone. */
export interface EventLimit {
  type: LimitType;
  /** A second, in the long run. */
  qps: number;
  /** At once. */
  burst: number;
  /** How many are counted alone; 4096 unless given. */
  cacheSize?: number;
}

const name = 'EventRateLimit';
const usualCacheSize = 4096;

/** Stands for the plugin where its limits are not known. */
export const eventRateLimitUnset: AdmissionPlugin = { name };

/** Keeps events from filling the store. Dry runs are not counted. */
export function eventRateLimit(
  limits: readonly EventLimit[],
  clock: Pick<Clock, 'monotonic'>,
): AdmissionPlugin {
  const enforcers = limits.map((limit) => new Enforcer(limit, clock));
  return {
    name,
    validate(attributes) {
      const { operation, kind, options } = attributes;
      const { group, plural } = kind.resource;
      if (group !== '' || plural !== 'events' || options.dryRun) return;
      if (operation !== 'CREATE' && operation !== 'UPDATE') return;
      // Each counts, also what another has refused; the last one that refuses has its say.
      const refusals = enforcers.flatMap((enforcer) => enforcer.refusalOf(attributes) ?? []);
      const refusal = refusals.at(-1);
      if (refusal === undefined) return;
      throw new StatusError(429, 'TooManyRequests', `Too many requests: ${refusal}`);
    },
  };
}

/** What an event is counted under. */
const keyOf: Record<LimitType, (attributes: AdmissionAttributes) => string> = {
  Server: () => '',
  Namespace: ({ namespace }) => namespace,
  User: ({ context }) => context.user.name,
  SourceAndObject: ({ object }) => {
    const { source, involvedObject: about } = object as Event;
    const { component, host } = source ?? {};
    const { kind, namespace, name: of, uid, apiVersion } = about ?? {};
    return [component, host, kind, namespace, of, uid, apiVersion].join('');
  },
};

class Enforcer {
  readonly #limit: EventLimit;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #buckets: Recent<string, TokenBucket>;

  constructor(limit: EventLimit, clock: Pick<Clock, 'monotonic'>) {
    this.#limit = limit;
    this.#clock = clock;
    this.#buckets = new Recent(Math.ceil((limit.cacheSize || usualCacheSize) / 2));
  }

  /** Takes one token; why there is none, where there is none. */
  refusalOf(attributes: AdmissionAttributes): string | undefined {
    const { type, qps, burst } = this.#limit;
    const key = keyOf[type](attributes);
    let bucket = this.#buckets.get(key);
    if (!bucket) {
      bucket = new TokenBucket({ perSecond: qps, burst });
      this.#buckets.set(key, bucket);
    }
    const isTaken = bucket.tryTake(this.#clock.monotonic());
    return isTaken ? undefined : `limit reached on type ${type} for key ${key}`;
  }
}

/** Reads its configuration. Throws an Error in upstream's words where it is none. */
export function readEventLimits(read: unknown): EventLimit[] {
  expectKind(read, { kind: 'Configuration', apiVersions: ['eventratelimit.admission.k8s.io/v1alpha1'] });
  const { limits = [] } = read as Record<string, unknown>;
  if (!Array.isArray(limits)) throw new Error('limits must be a list');
  const errors = limits.length === 0 ? [invalid('limits', limits, 'must not be empty')] : [];
  errors.push(...limits.flatMap((limit, i) => limitErrors(limit ?? {}, `limits[${i}]`)));
  if (errors.length > 0) throw new Error(renderErrors(errors));
  return limits as EventLimit[];
}

function limitErrors(
  { type, qps = 0, burst = 0, cacheSize = 0 }: Partial<EventLimit>,
  path: string,
): FieldError[] {
  const isKnown = (limitTypes as readonly unknown[]).includes(type);
  for (const [field, value] of Object.entries({ qps, burst, cacheSize }))
    if (!Number.isInteger(value)) throw new Error(`${path}.${field} must be a whole number`);
  const positive = (field: string, value: number) =>
    value > 0 ? [] : [invalid(`${path}.${field}`, value, 'must be positive')];
  const isNegative = type !== 'Server' && cacheSize < 0;
  return [
    ...(isKnown ? [] : [notSupported(`${path}.type`, type ?? '', limitTypes)]),
    ...positive('burst', burst),
    ...positive('qps', qps),
    ...(isNegative ? [invalid(`${path}.cacheSize`, cacheSize, 'must not be negative')] : []),
  ];
}
