import { conform } from '../../machinery/conform.ts';
import { formatDuration } from '../../machinery/duration.ts';
import { goQuote } from '../../machinery/go-text.ts';
import { AnswerTimeout, type HttpPoster } from '../../platform/http-post.ts';
import { networkText } from '../../platform/network-text.ts';
import type { Platform } from '../../platform/platform.ts';
import { AnsweredError, readAnswer } from '../admission/webhooks/answer.ts';

/** A server that answers reviews, and the way to it. */
export interface ReviewServer {
  url: URL;
  /** What shows who asks, where it is no certificate. */
  headers: Readonly<Record<string, string>>;
  poster: HttpPoster;
}

export interface ReviewClientOptions extends Pick<Platform, 'clock' | 'random'> {
  /** The name of the answers' type; older versions of it answer alike. */
  type: string;
  /** Of one try. */
  timeoutMs: number;
}

/** What came of one try. */
export type TryResult = 'success' | 'timeout' | 'error';

export interface ReviewCall {
  /** Told after each try. */
  onAnswer?(result: TryResult, durationMs: number): void;
}

/** Upstream's figures. */
const tries = 5;
const firstDelayMs = 500;
const delayFactor = 1.5;
const jitter = 0.2;
const answerBytes = 3 * 1024 * 1024;
/** Trouble that passes: too many requests, an error of the server, an answer that came too late. */
const passingCodes = new Set([429, 500, 504]);

/** Asks a server reviews, such as a TokenReview: what about a user, or what a user may do. */
export class ReviewClient {
  readonly #server: ReviewServer;
  readonly #options: ReviewClientOptions;

  constructor(server: ReviewServer, options: ReviewClientOptions) {
    this.#server = server;
    this.#options = options;
  }

  /** The review with its answer. What fails and may pass is tried again. Rejects with an Error in the words of upstream's client. */
  async ask(review: { kind: string; apiVersion: string }, { onAnswer }: ReviewCall = {}): Promise<object> {
    const { clock, random } = this.#options;
    const body = Buffer.from(JSON.stringify(review));
    let delayMs = firstDelayMs;
    for (let attempt = 1; ; attempt++) {
      const startMs = clock.monotonic();
      try {
        const answer = this.#checked(await this.#post(body), review);
        onAnswer?.('success', clock.monotonic() - startMs);
        return answer;
      } catch (error) {
        onAnswer?.(isLate(error) ? 'timeout' : 'error', clock.monotonic() - startMs);
        if (attempt === tries || !isPassing(error)) throw error;
      }
      await clock.sleep(delayMs * (1 + jitter * random.next()));
      delayMs *= delayFactor;
    }
  }

  async #post(body: Uint8Array): Promise<unknown> {
    const { url: told, headers, poster } = this.#server;
    const { timeoutMs } = this.#options;
    const url = new URL(told);
    url.searchParams.set('timeout', formatDuration(timeoutMs * 1e6));
    const json = { 'content-type': 'application/json', accept: 'application/json, */*' };
    const call = { url, headers: { ...json, ...headers }, body, timeoutMs, limitBytes: answerBytes };
    const answer = await poster.post(call).catch((cause: Error) => {
      throw new Error(`Post ${goQuote(url.href)}: ${networkText(cause)}`, { cause });
    });
    return readAnswer(answer);
  }

  /**
   * What an answer does not say of its type is as it was asked for. Throws where it says something else, or where a field is
   * not of the type it must have: the text "false" is no yes.
   */
  #checked(answer: unknown, asked: { kind: string; apiVersion: string }): object {
    if (typeof answer !== 'object' || answer === null) throw new Error('the answer is no object');
    const { kind = asked.kind, apiVersion = asked.apiVersion } = answer as Partial<typeof asked>;
    if (kind !== asked.kind || apiVersion !== asked.apiVersion)
      throw new Error(`no kind ${goQuote(kind)} is registered for version ${goQuote(apiVersion)}`);
    return conform(answer, this.#options.type).value;
  }
}

const isLate = (error: unknown) =>
  (error as Error).cause instanceof AnswerTimeout || (error instanceof AnsweredError && error.code === 504);

function isPassing(error: unknown): boolean {
  if (error instanceof AnsweredError) return passingCodes.has(error.code);
  return ((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ECONNRESET';
}
