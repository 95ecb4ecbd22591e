import type { Readable } from 'node:stream';
import type { HttpHeaders, HttpRequest, PeerCertificate } from '../../platform/http.ts';

/** A request as it came but for some headers: for those who pass it on to servers that would believe them. */
export class RequestWithout implements HttpRequest {
  readonly #request: HttpRequest;
  readonly headers: HttpHeaders;
  readonly rawHeaders: readonly string[];

  /** `isLeftOut` is asked with names in lower case. */
  constructor(request: HttpRequest, isLeftOut: (name: string) => boolean) {
    this.#request = request;
    this.headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !isLeftOut(name)));
    this.rawHeaders = request.rawHeaders.filter(
      (_, i) => !isLeftOut((request.rawHeaders[i - (i % 2)] as string).toLowerCase()),
    );
  }

  get method(): string {
    return this.#request.method;
  }

  get target(): string {
    return this.#request.target;
  }

  get httpVersion(): 1 | 2 {
    return this.#request.httpVersion;
  }

  get remoteAddress(): string {
    return this.#request.remoteAddress;
  }

  get bodyLength(): number | undefined {
    return this.#request.bodyLength;
  }

  get peer(): PeerCertificate | undefined {
    return this.#request.peer;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  onGone(fn: () => void): void {
    this.#request.onGone(fn);
  }

  body(limitBytes: number): Promise<Uint8Array> {
    return this.#request.body(limitBytes);
  }

  get stream(): Readable {
    return this.#request.stream;
  }
}
