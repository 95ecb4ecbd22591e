import type { StatusError } from '../../machinery/status-error.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { Answer, FrameSink, RequestInfo, ResourceRequest, WatchAnswer } from '../request.ts';
import type { AuditedRequest, Auditor, RequestAudit } from './auditor.ts';
import { bodyValue } from './body-value.ts';

interface LocalRequest {
  request: ResourceRequest;
  path: string;
  user: UserInfo;
}

/** Where what runs in this process asks from. */
const ownAddress = ['127.0.0.1'];

/** What is recorded of a request that does not come over the network. */
export class LocalAudit implements AuditedRequest {
  readonly auditId: string;
  readonly target: string;
  readonly info: RequestInfo;
  readonly userAgent: string;
  readonly sourceIps = ownAddress;
  readonly annotations: Record<string, string> = {};
  #audit: RequestAudit | undefined;

  private constructor(auditId: string, { request, path }: LocalRequest) {
    const { info, userAgent, query } = request;
    this.auditId = auditId;
    this.target = query.size > 0 ? `${path.split('?')[0]}?${query}` : path;
    this.info = info;
    this.userAgent = userAgent;
  }

  /** Undefined where nothing is recorded. */
  static begin(auditor: Auditor, local: LocalRequest): LocalAudit | undefined {
    const made = new LocalAudit(auditor.newId(), local);
    made.#audit = auditor.begin(made, local.user);
    if (!made.#audit) return undefined;
    const { body } = local.request;
    if (made.info.verb === 'patch' && body) made.#audit.sentPatch(() => bodyValue(body));
    return made;
  }

  annotate(key: string, value: string): void {
    this.annotations[key] ??= value;
  }

  /** The request, which now tells what becomes of it. */
  listening(request: ResourceRequest): ResourceRequest {
    return {
      ...request,
      annotate: (key, value) => this.annotate(key, value),
      annotateDetail: (key, value) => {
        if (this.#audit?.wantsBodies) this.annotate(key, value());
      },
      decoded: (object) => this.#audit?.sent(object),
    };
  }

  /** The answer; that of a watch tells when it is over. */
  answered(answer: Answer): Answer {
    if (answer.type === 'watch') return this.#watched(answer);
    if (answer.type === 'object') this.#audit?.answered(answer.object);
    else if (this.#audit?.wantsAnswer) {
      const { apiVersion, kind, metadata, items } = answer;
      this.#audit.answered({ kind, apiVersion, metadata, items: items.map(({ object }) => object) });
    }
    this.#audit?.done(answer.type === 'object' ? answer.code : 200);
    return answer;
  }

  failed({ status }: StatusError): void {
    this.#audit?.answered(status);
    this.#audit?.done(status.code ?? 500);
  }

  #watched(answer: WatchAnswer): WatchAnswer {
    const audit = this.#audit;
    const over = () => {
      audit?.done(200);
    };
    const open = (sink: FrameSink) => {
      audit?.started(200);
      const handle = answer.open(whoseEnd(sink, over));
      return {
        stop() {
          handle.stop();
          over();
        },
      };
    };
    return { type: 'watch', open };
  }
}

/** The same sink, but for who else is told of its end. */
function whoseEnd(sink: FrameSink, over: () => void): FrameSink {
  const drained = sink.drained && (() => sink.drained?.() as Promise<void>);
  return {
    onFrame: (frame) => sink.onFrame(frame),
    ...(drained && { drained }),
    onEnd: (error) => {
      over();
      sink.onEnd(error);
    },
  };
}
