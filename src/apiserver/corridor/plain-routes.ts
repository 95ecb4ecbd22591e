import { StatusError } from '../../machinery/status-error.ts';
import type { Responder } from '../http/responder.ts';
import type { PlainRoutes } from './corridor.ts';
import type { Exchange } from './exchange.ts';

/** What a path that is no resource answers with. */
export interface PlainAnswer {
  code?: number;
  contentType: string;
  body: string | Uint8Array;
}

/** Answers one path, or undefined where there is nothing after all. */
export type PlainHandler = (x: Exchange) => Promise<PlainAnswer | undefined> | PlainAnswer | undefined;

/** The answer to a path that nothing stands under. */
export function pathNotFound(): StatusError {
  return new StatusError(404, 'NotFound', 'the server could not find the requested resource', {});
}

/** Paths that are no resources: each by its full name, or by a beginning that ends with a slash. */
export class PathMux implements PlainRoutes {
  readonly #responder: Responder;
  readonly #exact = new Map<string, PlainHandler>();
  readonly #prefixes: [string, PlainHandler][] = [];

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  /** Serves `path`, or everything below it where it ends with a slash. */
  handle(path: string, handler: PlainHandler): void {
    if (path.length > 1 && path.endsWith('/')) this.#prefixes.push([path, handler]);
    else this.#exact.set(path, handler);
  }

  /** The paths that are served by their full name, sorted. */
  get paths(): string[] {
    return [...this.#exact.keys()].filter((path) => path !== '/').sort();
  }

  async serve(x: Exchange): Promise<void> {
    const handler = this.#find(x.path);
    const answer = await handler?.(x);
    if (!answer) throw pathNotFound();
    const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
    const { code = 200, contentType } = answer;
    await this.#responder.raw(x, { code, contentType, body: [body] });
  }

  #find(path: string): PlainHandler | undefined {
    const exact = this.#exact.get(path) ?? this.#exact.get(path.replace(/(.)\/+$/, '$1'));
    if (exact) return exact;
    return this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
  }
}
