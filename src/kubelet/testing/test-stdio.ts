import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Status } from '../../api/meta/v1.ts';
import type { ApiRequest, Transport, WatchEvent, WatchSink, WatchStream } from '../../client/transport.ts';
import { StatusError } from '../../machinery/status-error.ts';

/** An API over the pipes of a child process, a JSON text a line: for a kubelet that must live in other namespaces. */
type Line =
  | { id: number; request: Omit<ApiRequest, 'signal'>; watch: boolean }
  | { id: number; stop: true }
  | { id: number; result?: unknown; status?: Status }
  | { id: number; event: WatchEvent };

function readLines(from: Readable, onLine: (line: Line) => void): void {
  createInterface({ input: from }).on('line', (text) => onLine(JSON.parse(text) as Line));
}

/** The parent's side: answers from `api`. */
export function serveStdio(api: Transport, from: Readable, to: Writable): void {
  const streams = new Map<number, WatchStream>();
  const send = (line: Line) => void to.write(`${JSON.stringify(line)}\n`);
  const fail = (id: number) => (error: unknown) => {
    const status =
      error instanceof StatusError ? error.status : ({ code: 500, message: String(error) } as Status);
    send({ id, status });
  };
  readLines(from, (line) => {
    const { id } = line;
    if ('stop' in line) return streams.get(id)?.stop();
    if (!('request' in line)) return;
    if (!line.watch) return void api.request(line.request).then((result) => send({ id, result }), fail(id));
    const sink: WatchSink = { onEvent: (event) => send({ id, event }), onEnd: () => {} };
    void api.watch(line.request, sink).then((stream) => {
      streams.set(id, stream);
      send({ id, result: {} });
    }, fail(id));
  });
}

/** The child's side. */
export class StdioTransport implements Transport {
  readonly #to: Writable;
  readonly #waiting = new Map<number, (line: { result?: unknown; status?: Status }) => void>();
  readonly #sinks = new Map<number, WatchSink>();
  #next = 1;

  constructor(from: Readable, to: Writable) {
    this.#to = to;
    readLines(from, (line) => {
      if ('event' in line) this.#sinks.get(line.id)?.onEvent(line.event);
      else if (!('request' in line) && !('stop' in line)) this.#waiting.get(line.id)?.(line);
    });
  }

  request(request: ApiRequest): Promise<unknown> {
    return this.#ask(this.#next++, request, false);
  }

  async watch(request: ApiRequest, sink: WatchSink): Promise<WatchStream> {
    const id = this.#next++;
    this.#sinks.set(id, sink);
    await this.#ask(id, request, true);
    return { stop: () => this.#send({ id, stop: true }) };
  }

  #ask(id: number, { signal: _, ...request }: ApiRequest, watch: boolean): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, status }) => {
        this.#waiting.delete(id);
        if (status) reject(StatusError.from(status));
        else resolve(result);
      });
      this.#send({ id, request, watch });
    });
  }

  #send(line: Line): void {
    this.#to.write(`${JSON.stringify(line)}\n`);
  }
}
