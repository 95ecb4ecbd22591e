import { goQuote } from '../../machinery/go-text.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { Recent } from '../../platform/recent.ts';
import { type Attributes, type Authorizer, decided } from '../auth/authorizer.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { UserInfo } from '../registry/kind.ts';
import {
  type Attempt,
  constraintOf,
  type ImpersonationMode,
  impersonationModes,
  type Wanted,
} from './impersonation-modes.ts';

const extraPrefix = 'impersonate-extra-';

/** The key of an extra attribute: percent signs are decoded where they can be. */
function extraKey(header: string): string {
  const key = header.slice(extraPrefix.length);
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

/** Undefined where nobody is to be impersonated. */
function readHeaders(rawHeaders: readonly string[]): Wanted | undefined {
  let wanted: Wanted | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    if (!name.startsWith('impersonate-')) continue;
    wanted ??= { user: '', uid: '', groups: [], extra: Object.create(null) as Wanted['extra'] };
    readHeader(wanted, name, rawHeaders[i + 1] as string);
  }
  if (!wanted || wanted.user) return wanted;
  const isEmpty = !wanted.uid && wanted.groups.length === 0 && Object.keys(wanted.extra).length === 0;
  if (isEmpty) return undefined;
  throw badRequest(`requested ${describe(wanted)} without impersonating a user name`);
}

function readHeader(wanted: Wanted, name: string, value: string): void {
  if (name === 'impersonate-user') wanted.user ||= value;
  else if (name === 'impersonate-uid') wanted.uid ||= value;
  else if (name === 'impersonate-group') wanted.groups.push(value);
  else if (name.startsWith(extraPrefix)) {
    const key = extraKey(name);
    wanted.extra[key] = [...(wanted.extra[key] ?? []), value];
  }
}

const goStrings = (values: readonly string[]) => `[]string{${values.map(goQuote).join(', ')}}`;

/** The user in Go's `%#v`, as upstream shows it. */
function describe({ user, uid, groups, extra }: Wanted): string {
  const keys = Object.keys(extra).sort();
  const extras = keys.map((key) => `${goQuote(key)}:${goStrings(extra[key] as string[])}`);
  const fields = [
    `Name:${goQuote(user)}`,
    `UID:${goQuote(uid)}`,
    `Groups:${groups.length > 0 ? goStrings(groups) : '[]string(nil)'}`,
    `Extra:map[string][]string${keys.length > 0 ? `{${extras.join(', ')}}` : '(nil)'}`,
  ];
  return `&user.DefaultInfo{${fields.join(', ')}}`;
}

/** As whom a request is worked on. */
export interface Acting {
  user: UserInfo;
  /** The verb of constrained impersonation that allowed it; empty where it was not that. */
  constraint: string;
}

/** Users of whom the way that they last impersonated in is known. */
const rememberedUsers = 5000;

/** Lets requests act as others, where who sends them may do that in one of several ways. */
export class Impersonation {
  readonly #authorizer: Authorizer;
  /** The way that last served a sender is tried first, so that whoever uses the old one is not asked for the others each time. */
  readonly #lastModes = new Recent<string, ImpersonationMode>(rememberedUsers);
  readonly #attempts = new Counts();
  readonly #authorizations = new Counts();

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /** As whom a request acts where its Impersonate headers name somebody; rejects with 403 where that may not be. */
  resolve(rawHeaders: readonly string[], sender: UserInfo, asked: Attributes): Promise<Acting> | undefined {
    const wanted = readHeaders(rawHeaders);
    return wanted && this.#resolve(wanted, sender, asked);
  }

  async #resolve(wanted: Wanted, sender: UserInfo, asked: Attributes): Promise<Acting> {
    const last = this.#lastModes.get(sender.name);
    const modes = last ? [last, ...impersonationModes.filter((mode) => mode !== last)] : impersonationModes;
    let firstError: unknown;
    for (const mode of modes) {
      const attempt = { wanted, sender, asked, authorizer: this.#counting(mode) };
      if (!mode.applies(attempt)) continue;
      try {
        return await this.#allowed(mode, attempt);
      } catch (error) {
        firstError ??= error;
      }
    }
    this.#attempts.add('', 'denied');
    throw firstError;
  }

  async #allowed(mode: ImpersonationMode, attempt: Attempt): Promise<Acting> {
    const user = await mode.check(attempt);
    this.#lastModes.set(attempt.sender.name, mode);
    this.#attempts.add(mode.name, 'allowed');
    return { user, constraint: constraintOf(mode) };
  }

  #counting(mode: ImpersonationMode): Authorizer {
    return {
      authorize: (user, attributes) =>
        decided(this.#authorizer.authorize(user, attributes), (decision) => {
          this.#authorizations.add(mode.name, decision.verdict === 'allow' ? 'allowed' : 'denied');
          return decision;
        }),
    };
  }

  /** How often it was tried, and what was asked for it. */
  get metrics(): Metric[] {
    const counter = (name: string, help: string, counts: Counts): Metric => ({
      name: `apiserver_impersonation_${name}`,
      type: 'counter',
      help,
      values: () => counts.values(),
    });
    return [
      counter('attempts_total', 'Attempts to impersonate, by mode and decision.', this.#attempts),
      counter(
        'authorization_attempts_total',
        'What was asked of authorization for impersonation, by mode and decision.',
        this.#authorizations,
      ),
    ];
  }
}

class Counts {
  readonly #counts = new Map<string, { labels: { mode: string; decision: string }; value: number }>();

  add(mode: string, decision: 'allowed' | 'denied'): void {
    const key = `${mode} ${decision}`;
    const count = this.#counts.get(key) ?? { labels: { mode, decision }, value: 0 };
    count.value++;
    this.#counts.set(key, count);
  }

  values() {
    return [...this.#counts.values()];
  }
}
