import type { HttpServer, ServerTls } from '../../platform/http.ts';

/** What a server shows and whom it believes, which may change while it listens. */
export class ServingTls {
  #current: ServerTls;
  #server: Pick<HttpServer, 'setTls'> | undefined;

  constructor(tls: ServerTls) {
    this.#current = tls;
  }

  get current(): ServerTls {
    return this.#current;
  }

  /** For new connections; those that stand go on. */
  set(tls: ServerTls): void {
    this.#current = tls;
    this.#server?.setTls(tls);
  }

  /** The server that is told of changes; it began with what was current then. */
  tell(server: Pick<HttpServer, 'setTls'>, begunWith: ServerTls): void {
    this.#server = server;
    if (begunWith !== this.#current) server.setTls(this.#current);
  }
}
