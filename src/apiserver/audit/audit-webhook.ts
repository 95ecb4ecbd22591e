import { printJson } from '../../machinery/exact-json.ts';
import type { Clock, Timer } from '../../platform/clock.ts';
import type { HttpPoster } from '../../platform/http-post.ts';
import type { Log } from '../../platform/log.ts';
import { networkText } from '../../platform/network-text.ts';
import { TokenBucket } from '../../platform/token-bucket.ts';
import type { AuditEvent, AuditSink } from './event.ts';

export interface AuditWebhookOptions {
  url: URL;
  headers: Record<string, string>;
  /** How many events are sent together at most, and how long the first of them waits for more. */
  batchSize: number;
  batchWaitMs: number;
  /** How large what is sent together is at most, the list itself left out of account; any size unless given. */
  batchBytes?: number | undefined;
  /** How many events wait at most; 10 000 unless given. */
  mostWaiting?: number | undefined;
  /** How often it is sent; 10 times a second and 15 times at once unless given, and without a limit for `false`. */
  throttle?: { perSecond: number; burst: number } | false | undefined;
  /** How long the first try that failed is waited after. */
  backoffMs: number;
}

interface WebhookPlatform {
  clock: Clock;
  log: Log;
  poster: HttpPoster;
}

/** Upstream's figures. */
const usualMostWaiting = 10_000;
const usualThrottle = { perSecond: 10, burst: 15 };
/** Ours: where bodies are recorded, an event has what its client has sent and was answered. */
const mostWaitingBytes = 64 * 1024 * 1024;
const backoffFactor = 1.5;
const tries = 5;
const timeoutMs = 30_000;
const answerBytes = 1024 * 1024;

/** Sends events to a server, many at once. What comes when too many wait is lost, and counted. */
export class AuditWebhook implements AuditSink {
  readonly plugin = 'webhook';
  readonly #options: AuditWebhookOptions;
  readonly #platform: WebhookPlatform;
  readonly #throttle: TokenBucket | undefined;
  /** Events as JSON. */
  #waiting: string[] = [];
  /** Of these, and of those that are being sent. */
  #waitingBytes = 0;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  /** No try is waited for any more. */
  #isClosed = false;
  #giveUpWaiting: (() => void) | undefined;
  /** Events that were not sent. */
  lost = 0;

  constructor(options: AuditWebhookOptions, platform: WebhookPlatform) {
    this.#options = options;
    this.#platform = platform;
    const { throttle = usualThrottle } = options;
    if (throttle) this.#throttle = new TokenBucket(throttle);
  }

  record(event: AuditEvent): void {
    const text = printJson(event);
    const { mostWaiting = usualMostWaiting } = this.#options;
    if (this.#waiting.length >= mostWaiting || this.#waitingBytes + text.length > mostWaitingBytes) {
      this.lost++;
      return;
    }
    this.#waiting.push(text);
    this.#waitingBytes += text.length;
    const { batchSize, batchWaitMs } = this.#options;
    if (this.#waiting.length >= batchSize) this.#send();
    else this.#timer ??= this.#platform.clock.after(batchWaitMs, () => this.#send());
  }

  /** Sends what waits, once, and ends the connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#giveUpWaiting?.();
    await this.#sending;
    this.#send();
    await this.#sending;
    this.#timer?.cancel();
    this.#platform.poster.close();
  }

  #send(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const delayMs = this.#throttle?.take(this.#platform.clock.monotonic()) ?? 0;
      if (delayMs > 0) await this.#wait(delayMs);
      const batch = this.#nextBatch();
      const isSent = await this.#sendBatch(batch);
      for (const text of batch) this.#waitingBytes -= text.length;
      if (!isSent && this.#isClosed) return this.#giveUp();
    }
  }

  /** As many events as are sent together, but one at least. */
  #nextBatch(): string[] {
    const { batchSize, batchBytes = Number.POSITIVE_INFINITY } = this.#options;
    let [count, bytes] = [0, 0];
    for (const text of this.#waiting.slice(0, batchSize)) {
      bytes += Buffer.byteLength(text);
      if (count > 0 && bytes > batchBytes) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** At the end each further try could last as long as the one that failed. */
  #giveUp(): void {
    this.lost += this.#waiting.length;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Whether the events have arrived. */
  async #sendBatch(items: readonly string[]): Promise<boolean> {
    const list = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${items.join(',')}]}`;
    const body = Buffer.from(list);
    let delayMs = this.#options.backoffMs;
    for (let attempt = 1; ; attempt++) {
      const why = await this.#post(body);
      if (why === undefined) return true;
      if (attempt === tries || this.#isClosed) {
        this.lost += items.length;
        this.#platform.log.warn('audit events could not be sent', { count: items.length, error: why });
        return false;
      }
      await this.#wait(delayMs);
      delayMs *= backoffFactor;
    }
  }

  /** Why the events did not arrive, if they did not. */
  async #post(body: Uint8Array): Promise<string | undefined> {
    const { url, headers } = this.#options;
    const json = { 'content-type': 'application/json', accept: 'application/json' };
    try {
      const { status } = await this.#platform.poster.post({
        url,
        headers: { ...json, ...headers },
        body,
        timeoutMs,
        limitBytes: answerBytes,
      });
      return status >= 200 && status < 300 ? undefined : `the server answered ${status}`;
    } catch (error) {
      return networkText(error as Error);
    }
  }

  async #wait(delayMs: number): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const timer = this.#platform.clock.after(delayMs, resolve);
      this.#giveUpWaiting = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#giveUpWaiting = undefined;
  }
}
