import type { KubernetesObject } from '../../api/resource.ts';
import { printJson } from '../../machinery/exact-json.ts';
import { ConversionError } from '../../machinery/managed-fields/ownership.ts';
import type { StorageCodec } from './kind.ts';
import type { Call } from './registry.ts';

type Json = Record<string, unknown>;

/** A conversion that somebody else has been asked for. */
class ConversionUnderWay extends Error {
  readonly settled: Promise<void>;

  constructor(settled: Promise<void>) {
    super('a conversion is under way');
    this.settled = settled;
  }
}

/** What has been converted for one request, so that what is worked out anew need not ask again. */
class Conversions {
  readonly #made = new Map<string, Json | ConversionError>();

  /** Throws a ConversionError where there is none, a ConversionUnderWay where it is not there yet. */
  convert(codec: StorageCodec<KubernetesObject>, object: Json, to: string): Json {
    const key = `${to} ${printJson(object)}`;
    const known = this.#made.get(key);
    if (known instanceof ConversionError) throw known;
    if (known) return known;
    const made = codec.convert(object as unknown as KubernetesObject, to);
    if (!(made instanceof Promise)) return made as unknown as Json;
    const keep = (outcome: Json | ConversionError) => void this.#made.set(key, outcome);
    throw new ConversionUnderWay(
      made.then(
        (converted) => keep(converted as unknown as Json),
        (error: Error) => keep(new ConversionError(error.message, { cause: error })),
      ),
    );
  }
}

const conversions = new WeakMap<Call, Conversions>();

/** The conversions of one request. */
export function conversionsOf(call: Call): Conversions {
  const known = conversions.get(call) ?? new Conversions();
  conversions.set(call, known);
  return known;
}

/** More than any request needs: work that makes its objects differently each time would ask for ever. */
const mostConversions = 100;

/** Does what may need objects in other versions: again each time that one of them has come. */
export async function withConversions<T>(work: () => T | Promise<T>): Promise<T> {
  for (let left = mostConversions; left > 0; left--) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ConversionError) throw error.cause;
      if (!(error instanceof ConversionUnderWay)) throw error;
      await error.settled;
    }
  }
  throw new Error(`more than ${mostConversions} conversions for one request`);
}
