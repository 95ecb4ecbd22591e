import { createHash } from 'node:crypto';
import type { TokenReview } from '../../../api/authentication/v1.ts';
import { tokenreviews } from '../../../api/generated/resources.ts';
import type { Platform } from '../../../platform/platform.ts';
import { Remembered } from '../../../platform/remembered.ts';
import {
  type RequestNotes,
  type TokenAuthenticator,
  type TokenIdentity,
  withAuthenticated,
} from '../authenticator.ts';
import { ReviewClient, type ReviewServer } from '../review-client.ts';

/** A server elsewhere that knows tokens. */
export interface WebhookTokensOptions {
  server: ReviewServer;
  /** Of the TokenReview that is sent: `v1` or `v1beta1`. */
  version: string;
  /** How long its answers are remembered, whatever they are; not at all where 0. */
  ttlMs: number;
}

/** What is remembered of a token. */
interface Answer {
  identity: TokenIdentity | undefined;
  /** Why not, where the server says so, or could not be asked. */
  error: string;
}

/** Upstream's figures: of one call, and of answers that are remembered. */
const timeoutMs = 30_000;
const rememberedAnswers = 32_768;

/** Asks another server whom tokens speak for, by a TokenReview. Errors are not remembered. */
export class WebhookTokens implements TokenAuthenticator {
  readonly #options: WebhookTokensOptions;
  readonly #platform: Pick<Platform, 'clock' | 'random' | 'log'>;
  readonly #client: ReviewClient;
  /** The audiences of this API server. */
  readonly #own: readonly string[];
  readonly #known: Remembered<Answer>;

  constructor(
    options: WebhookTokensOptions,
    {
      platform,
      audiences,
    }: { platform: Pick<Platform, 'clock' | 'random' | 'log'>; audiences: readonly string[] },
  ) {
    this.#options = options;
    this.#platform = platform;
    this.#own = audiences;
    this.#known = new Remembered(platform.clock, rememberedAnswers / 2);
    const { type } = tokenreviews;
    this.#client = new ReviewClient(options.server, { ...platform, timeoutMs, type });
  }

  async authenticateToken(
    token: string,
    audiences: readonly string[],
    notes?: RequestNotes,
  ): Promise<TokenIdentity | undefined> {
    const key = createHash('sha256')
      .update(JSON.stringify([token, audiences]))
      .digest('base64');
    const { identity, error } = await this.#known.get(key, () => this.#ask(token, audiences));
    if (error) notes?.refuse?.(error);
    return identity;
  }

  async #ask(token: string, audiences: readonly string[]): Promise<{ value: Answer; forMs: number }> {
    const { version, ttlMs } = this.#options;
    const apiVersion = `authentication.k8s.io/${version}`;
    const review = { kind: 'TokenReview', apiVersion, metadata: {}, spec: { token, audiences } };
    try {
      const { status = {} } = (await this.#client.ask(review)) as Partial<TokenReview>;
      const value = this.#answerOf(status, audiences);
      return { value, forMs: value.error === '' ? ttlMs : 0 };
    } catch (error) {
      const { message } = error as Error;
      this.#platform.log.error('the webhook for tokens could not be asked', { error: message });
      return { value: { identity: undefined, error: message }, forMs: 0 };
    }
  }

  /** A server that says nothing of audiences is taken to mean those of this API server. */
  #answerOf(
    { authenticated, user = {}, audiences: told, error = '' }: NonNullable<TokenReview['status']>,
    wanted: readonly string[],
  ): Answer {
    const meant = told?.length ? told : this.#own;
    const audiences = wanted.filter((audience) => meant.includes(audience));
    if (audiences.length === 0) return { identity: undefined, error: '' };
    if (!authenticated) return { identity: undefined, error };
    const { username: name = '', uid, groups = [], extra } = user;
    const found = withAuthenticated({ name, groups, ...(uid && { uid }), ...(extra && { extra }) });
    return { identity: { user: found, audiences }, error: '' };
  }
}
