import { withoutSlashes } from '../../machinery/go-text.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { PlainRoutes } from './corridor.ts';
import type { Exchange } from './exchange.ts';
import type { Responder } from '../http/responder.ts';

/** What a path that is no resource answers with. */
export interface PlainAnswer {
  /** 200 unless given. */
  code?: number;
  contentType?: string;
  /** Further headers, names in lower case. */
  headers?: Record<string, string>;
  body?: string | Uint8Array;
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
  readonly #announced = new Set<string>();

  constructor(responder: Responder) {
    this.#responder = responder;
  }

  /** Serves `path`, or everything below it where it ends with a slash. */
  handle(path: string, handler: PlainHandler): void {
    if (path.length > 1 && path.endsWith('/')) {
      this.#prefixes.push([path, handler]);
      return;
    }
    this.#exact.set(path, handler);
    if (path !== '/') this.#announced.add(path);
  }

  /** Serves a path that `/` does not list. */
  handleUnlisted(path: string, handler: PlainHandler): void {
    this.#exact.set(path, handler);
  }

  /** Adds a path to the list at `/` that is served by what stands above it. */
  announce(path: string): void {
    this.#announced.add(path);
  }

  /** The paths that `/` lists. */
  get paths(): string[] {
    return [...this.#announced].sort();
  }

  async serve(x: Exchange): Promise<number> {
    const answer = await this.#find(x.path)?.(x);
    if (!answer) throw pathNotFound();
    const { code = 200, headers = {}, body } = answer;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    // An answer without a body (304) must not change the type that clients remember.
    const type: Record<string, string> =
      body === undefined ? {} : { 'content-type': answer.contentType ?? 'application/json' };
    await this.#responder.raw(x, { code, headers: { ...type, ...headers }, body: bytes ? [bytes] : [] });
    return code;
  }

  #find(path: string): PlainHandler | undefined {
    const exact = this.#exact.get(path) ?? this.#exact.get(withoutSlashes(path) || '/');
    if (exact) return exact;
    return this.#prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
  }
}
