import type { HttpReply, HttpRequest, HttpUpgrade, ReplyHeaders } from '../../platform/http.ts';
import type { AuditedRequest, RequestAudit } from '../audit/auditor.ts';
import { sourceIps } from '../audit/source-ips.ts';
import type { Flow } from '../fairness/flow.ts';
import { wantsPretty } from '../http/negotiate.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';

/** One request on its way down the corridor, and what the steps have found out about it. */
export class Exchange implements AuditedRequest {
  readonly request: HttpRequest;
  reply: HttpReply;
  readonly auditId: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly info: RequestInfo;
  /** Set where the client wants the connection turned into something else. */
  readonly upgrade: HttpUpgrade | undefined;
  /** Who asks: set by authentication, changed by impersonation. */
  user: UserInfo | undefined;
  /** What flow the request belongs to: set by priority and fairness. */
  flow: Flow | undefined;
  /** What is recorded of the request; absent where nothing is. */
  audit: RequestAudit | undefined;
  /** Whether the connection ends with the answer. */
  isLast = false;
  readonly #warnings = new Set<string>();
  #annotations: Record<string, string> | undefined;

  constructor(options: {
    request: HttpRequest;
    reply: HttpReply;
    upgrade?: HttpUpgrade;
    auditId: string;
    path: string;
    query: URLSearchParams;
    info: RequestInfo;
  }) {
    this.request = options.request;
    this.reply = options.reply;
    this.upgrade = options.upgrade;
    this.auditId = options.auditId;
    this.path = options.path;
    this.query = options.query;
    this.info = options.info;
  }

  /** A header's value, the first one where it came more than once. */
  header(name: string): string | undefined {
    const value = this.request.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }

  get target(): string {
    return this.request.target;
  }

  get sourceIps(): string[] {
    return sourceIps(this.request);
  }

  get userAgent(): string {
    return this.header('user-agent') ?? '';
  }

  /** Whether to write for a person: `pretty=true`, or a client known to be used by hand. */
  get pretty(): boolean {
    return wantsPretty(this.query, this.userAgent);
  }

  warn(message: string): void {
    this.#warnings.add(message);
  }

  /** Adds to the request's audit event; what is there already stays. */
  annotate(key: string, value: string): void {
    this.#annotations ??= {};
    this.#annotations[key] ??= value;
  }

  get annotations(): Readonly<Record<string, string>> | undefined {
    return this.#annotations;
  }

  /** The headers every answer has, and the warnings. */
  headers(more: ReplyHeaders): ReplyHeaders {
    more['audit-id'] = this.auditId;
    more['cache-control'] ??= 'no-cache, private';
    if (this.flow) {
      more['x-kubernetes-pf-flowschema-uid'] = this.flow.uid;
      more['x-kubernetes-pf-prioritylevel-uid'] = this.flow.level.uid;
    }
    if (this.isLast) more.connection = 'close';
    if (this.#warnings.size > 0) more.warning = formatWarnings([...this.#warnings]);
    return more;
  }
}

/** Headers are bounded by clients; upstream cuts each warning, then all of them together, short. */
const warningLength = 256;
const warningsLength = 4096;

/** The messages as values of the `Warning` header: `299 - "text"`. */
export function formatWarnings(messages: readonly string[]): string[] {
  const isLong = messages.reduce((sum, m) => sum + m.length, 0) > warningsLength;
  let left = warningsLength;
  const values: string[] = [];
  for (const message of messages) {
    const text = isLong ? message.slice(0, warningLength) : message;
    left -= text.length;
    if (left < 0) break;
    values.push(`299 - "${quoted(text)}"`);
  }
  return values;
}

/** Header values are visible Latin-1; what is not is left out. */
function quoted(text: string): string {
  const printable = text.replace(/[^\t\x20-\x7e\xa1-\xff]+/g, ' ');
  return printable.replace(/[\\"]/g, '\\$&');
}
