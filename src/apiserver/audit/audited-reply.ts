import type { HttpReply, ReplyHeaders, ReplyStream } from '../../platform/http.ts';
import type { RequestAudit } from './auditor.ts';

/** Records when an answer that may take long begins. */
export class AuditedReply implements HttpReply {
  readonly #reply: HttpReply;
  readonly #audit: RequestAudit;

  constructor(reply: HttpReply, audit: RequestAudit) {
    this.#reply = reply;
    this.#audit = audit;
  }

  get started(): boolean {
    return this.#reply.started;
  }

  send(status: number, headers: ReplyHeaders, body?: readonly Uint8Array[]): void {
    this.#audit.started(status);
    this.#reply.send(status, headers, body);
  }

  open(status: number, headers: ReplyHeaders): ReplyStream {
    this.#audit.started(status);
    return this.#reply.open(status, headers);
  }
}
