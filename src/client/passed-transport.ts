import type { Status } from '../api/meta/v1.ts';
import type { KubernetesObject } from '../api/resource.ts';
import { parseJson } from '../machinery/exact-json.ts';
import { serviceUnavailable, StatusError } from '../machinery/status-error.ts';
import { InFlight } from '../platform/in-flight.ts';
import { onAbort } from '../platform/on-abort.ts';
import type { Port } from '../platform/thread.ts';
import { afterTurn } from '../platform/turn.ts';
import {
  type ApiRequest,
  type Transport,
  UnreachableError,
  type WatchEvent,
  type WatchEventType,
  type WatchSink,
  type WatchStream,
} from './transport.ts';

type PassedRequest = Omit<ApiRequest, 'signal'>;

/** What the thread that asks says of its request or watch with this number. */
type Asked =
  | { type: 'request'; id: number; request: PassedRequest; mayEnd: boolean }
  | { type: 'watch'; id: number; request: PassedRequest }
  /** Nobody waits for it any longer. */
  | { type: 'stop'; id: number };

/** An error as it goes from one thread to another, where it would lose its class. */
interface Failure {
  status: Status;
  /** It is an `UnreachableError`: no server has said this. */
  isUnreachable: boolean;
}

/** What the thread that has the way to the API server answers. */
type Told =
  | { type: 'answer'; id: number; value: unknown }
  | { type: 'failed'; id: number; failure: Failure }
  | { type: 'begun'; id: number }
  | { type: 'event'; id: number; event: WatchEvent }
  | { type: 'json'; id: number; of: WatchEventType; json: string }
  | { type: 'ended'; id: number; failure: Failure | undefined };

/** Gathers what is said in a turn of the event loop: few messages cost little. */
class Outbox<M> {
  readonly #post: (messages: readonly M[]) => void;
  #messages: M[] = [];

  constructor(post: (messages: readonly M[]) => void) {
    this.#post = post;
  }

  add(message: M): void {
    if (this.#messages.push(message) > 1) return;
    afterTurn(() => {
      const messages = this.#messages;
      this.#messages = [];
      this.#post(messages);
    });
  }
}

const failureOf = (error: unknown): Failure => ({
  status:
    error instanceof StatusError
      ? error.status
      : serviceUnavailable(error instanceof Error ? error.message : String(error)).status,
  isUnreachable: error instanceof UnreachableError,
});

const errorOf = ({ status, isUnreachable }: Failure): StatusError =>
  isUnreachable ? new UnreachableError(status.message ?? '') : StatusError.from(status);

/** The way to an API server through another thread of the process, which passes on what it is asked: see `passTransport`. */
export class PassedTransport implements Transport {
  readonly #outbox: Outbox<Asked>;
  readonly #waiting = new InFlight<(told: Told) => void>();
  #next = 0;

  constructor(port: Port) {
    this.#outbox = new Outbox((messages) => port.postMessage(messages));
    port.on('message', (messages) => {
      for (const told of messages as readonly Told[]) this.#waiting.get(told.id)?.(told);
    });
  }

  request({ signal, ...request }: ApiRequest): Promise<unknown> {
    return this.#asked(signal, (id, { resolve, reject }) => {
      this.#waiting.set(id, (told) => {
        if (told.type === 'answer') resolve(() => told.value);
        else if (told.type === 'failed') reject(errorOf(told.failure));
      });
      this.#outbox.add({ type: 'request', id, request, mayEnd: signal !== undefined });
    });
  }

  watch({ signal, ...request }: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    return this.#asked<WatchStream>(signal, (id, { resolve, reject }) => {
      this.#waiting.set(id, (told) => {
        if (told.type === 'begun') resolve(() => this.#stream(id, sink, signal));
        else if (told.type === 'failed') reject(errorOf(told.failure));
      });
      this.#outbox.add({ type: 'watch', id, request });
    });
  }

  #stream(id: number, sink: WatchSink, signal: AbortSignal | undefined): WatchStream {
    const hear = (told: Told) => {
      if (told.type === 'event') sink.onEvent(told.event);
      else if (told.type === 'json')
        sink.onEvent({ type: told.of, object: parseJson(told.json) as KubernetesObject });
      else if (told.type === 'ended' && end()) sink.onEnd(told.failure && errorOf(told.failure));
    };
    // The caller learns of the watch before its first events, which may have come with it.
    const early: Told[] = [];
    this.#waiting.set(id, (told) => early.push(told));
    afterTurn(() => {
      if (!this.#waiting.has(id)) return;
      this.#waiting.set(id, hear);
      for (const told of early) if (this.#waiting.has(id)) hear(told);
    });
    const end = (): boolean => {
      leave?.();
      return this.#waiting.delete(id);
    };
    const stop = () => {
      if (end()) this.#outbox.add({ type: 'stop', id });
    };
    const leave = signal && onAbort(signal, stop);
    return { stop };
  }

  /** Waits for what `ask` asks under a number of its own, or for the signal. */
  #asked<T>(
    signal: AbortSignal | undefined,
    ask: (id: number, settle: { resolve(make: () => T): void; reject(error: Error): void }) => void,
  ): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const over = () => {
        leave?.();
        this.#waiting.delete(id);
      };
      const leave =
        signal &&
        onAbort(signal, () => {
          over();
          this.#outbox.add({ type: 'stop', id });
          reject(signal.reason as Error);
        });
      ask(id, {
        resolve(make) {
          over();
          resolve(make());
        },
        reject(error) {
          over();
          reject(error);
        },
      });
    });
  }
}

/** Passes on to `transport` what another thread asks through the port. `close` ends all that is under way. */
export function passTransport(port: Port, transport: Transport): { close(): void } {
  const passer = new Passer(port, transport);
  port.on('message', (messages) => {
    for (const asked of messages as readonly Asked[]) passer.hear(asked);
  });
  return { close: () => passer.close() };
}

class Passer {
  readonly #transport: Transport;
  readonly #outbox: Outbox<Told>;
  /** What can be ended, by number. */
  readonly #open = new InFlight<AbortController>();

  constructor(port: Port, transport: Transport) {
    this.#transport = transport;
    this.#outbox = new Outbox((messages) => port.postMessage(messages));
  }

  hear(asked: Asked): void {
    if (asked.type === 'stop') return this.#stop(asked.id);
    const { id } = asked;
    const passed = asked.type === 'watch' ? this.#watch(id, asked.request) : this.#request(asked);
    passed.catch((error: unknown) => {
      this.#open.delete(id);
      this.#outbox.add({ type: 'failed', id, failure: failureOf(error) });
    });
  }

  close(): void {
    for (const id of this.#open.keys()) this.#stop(id);
  }

  #stop(id: number): void {
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }

  #signal(id: number): AbortSignal {
    const abort = new AbortController();
    this.#open.set(id, abort);
    return abort.signal;
  }

  async #request({ id, request, mayEnd }: Asked & { type: 'request' }): Promise<void> {
    const value = await this.#transport.request(mayEnd ? { ...request, signal: this.#signal(id) } : request);
    this.#open.delete(id);
    this.#outbox.add({ type: 'answer', id, value: request.withoutAnswer ? undefined : value });
  }

  async #watch(id: number, request: PassedRequest): Promise<void> {
    let hasBegun = false;
    const begin = () => {
      if (!hasBegun) this.#outbox.add({ type: 'begun', id });
      hasBegun = true;
    };
    await this.#transport.watch(
      { ...request, signal: this.#signal(id) },
      {
        onEvent: (event) => {
          begin();
          this.#outbox.add({ type: 'event', id, event });
        },
        onJson: (of, json) => {
          begin();
          this.#outbox.add({ type: 'json', id, of, json });
        },
        onEnd: (error) => {
          begin();
          this.#open.delete(id);
          this.#outbox.add({ type: 'ended', id, failure: error && failureOf(error) });
        },
      },
    );
    begin();
  }
}
