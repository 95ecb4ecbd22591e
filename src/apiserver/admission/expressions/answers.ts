import { CelError } from '../../../machinery/cel/errors.ts';
import { inTurns } from '../../../machinery/cel/rest.ts';
import type { Attributes, Authorizer, Decision } from '../../auth/authorizer.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { VariableSource } from './variables.ts';

/** An authorizer for expressions, which cannot wait. */
export interface Answers {
  /** Throws a CelError where the answer has still to be waited for. */
  authorize(user: UserInfo, attributes: Attributes): Decision;
}

/** Remembers what an authorizer has answered, and what it has not answered yet. */
class WaitingAnswers implements Answers {
  readonly #authorizer: Authorizer;
  readonly #known = new Map<string, Decision>();
  #waiting: Promise<unknown>[] = [];

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  authorize(user: UserInfo, attributes: Attributes): Decision {
    if (this.#known.size > 0) {
      const known = this.#known.get(keyOf(user, attributes));
      if (known) return known;
    }
    const deciding = this.#authorizer.authorize(user, attributes);
    if (!(deciding instanceof Promise)) return deciding;
    const key = keyOf(user, attributes);
    this.#waiting.push(deciding.then((decision) => this.#known.set(key, decision)));
    throw new CelError('the authorizer has not answered yet');
  }

  /** Resolves when all that was asked for is there; undefined where nothing is missing. */
  missing(): Promise<unknown> | undefined {
    const waiting = this.#waiting;
    if (waiting.length === 0) return undefined;
    this.#waiting = [];
    return Promise.all(waiting);
  }
}

const keyOf = ({ name, uid, groups, extra }: UserInfo, attributes: Attributes) =>
  JSON.stringify([name, uid, groups, extra, attributes, attributes.selectors?.()]);

/**
 * Does what evaluates expressions, and begins again where one of them has asked what was not known yet. The work must have
 * no effect of its own, and can rest: others have their turn where it takes long.
 */
export async function withAnswers<T>(
  source: VariableSource,
  begin: (source: VariableSource<Answers>) => () => T,
): Promise<T> {
  const authorizer = new WaitingAnswers(source.authorizer);
  const { signal } = source.attributes;
  for (;;) {
    let done: { value: T } | { error: unknown };
    try {
      const value = inTurns(begin({ ...source, authorizer }), signal);
      done = { value: value instanceof Promise ? await value : value };
    } catch (error) {
      done = { error };
    }
    const missing = authorizer.missing();
    if (!missing) {
      if ('error' in done) throw done.error;
      return done.value;
    }
    await missing;
  }
}
