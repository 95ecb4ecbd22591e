import { clone } from '../../machinery/clone.ts';
import type { Status } from '../../api/meta/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { type Clock, formatMicroTime } from '../../platform/clock.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Metric } from '../../platform/metrics/metric.ts';
import type { UserInfo } from '../registry/kind.ts';
import type { RequestInfo } from '../request.ts';
import type { AuditedObject, AuditedUser, AuditEvent, AuditSink, Level, Stage } from './event.ts';
import { type AuditPolicy, AuditRules, type Recording } from './policy.ts';
import { withoutManagers } from './without-managers.ts';

export interface AuditOptions {
  policy: AuditPolicy;
  /** Each is told of every event. */
  sinks: readonly AuditSink[];
}

/** What is known of a request from its beginning; what its steps say of it comes later. */
export interface AuditedRequest {
  readonly auditId: string;
  readonly target: string;
  readonly info: RequestInfo;
  readonly userAgent: string;
  readonly sourceIps: readonly string[];
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

const mostOfUserAgent = 1024;
const shortened = (text: string) =>
  text.length > mostOfUserAgent ? `${text.slice(0, mostOfUserAgent)}...TRUNCATED` : text;

/** The sinks, and those that are behind others. */
const allOf = (sinks: readonly AuditSink[]): AuditSink[] =>
  sinks.flatMap((sink) => (sink.within ? [sink, ...allOf([sink.within])] : [sink]));

/** Decides what is recorded of requests, and hands it to the sinks. */
export class Auditor {
  readonly #rules: AuditRules;
  readonly #sinks: readonly AuditSink[];
  readonly #platform: Pick<Platform, 'clock' | 'random'>;
  readonly #levels = new Map<Level, number>();
  #events = 0;

  constructor({ policy, sinks }: AuditOptions, platform: Pick<Platform, 'clock' | 'random'>) {
    this.#rules = new AuditRules(policy);
    this.#sinks = sinks;
    this.#platform = platform;
  }

  /** What a request is told apart by that did not bring a name of its own. */
  newId(): string {
    return this.#platform.random.uuid();
  }

  /** What is recorded of a request from now on, if anything. `user` is absent where authentication has failed. */
  begin(request: AuditedRequest, user: UserInfo | undefined): RequestAudit | undefined {
    const recording = this.#rules.recordingOf(user, request.info);
    const { level } = recording;
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
    if (level === 'None') return undefined;
    const { clock } = this.#platform;
    return new RequestAudit(request, { user, recording, clock, emit: (event) => this.#emit(event) });
  }

  #emit(event: AuditEvent): void {
    this.#events++;
    for (const sink of this.#sinks) sink.record(event);
  }

  get metrics(): Metric[] {
    return [
      {
        name: 'apiserver_audit_event_total',
        type: 'counter',
        help: 'Audit events that were recorded.',
        values: () => [{ labels: {}, value: this.#events }],
      },
      {
        name: 'apiserver_audit_error_total',
        type: 'counter',
        help: 'Audit events that did not arrive, by where they were to go.',
        values: () =>
          allOf(this.#sinks).flatMap(({ plugin, lost = 0 }) =>
            plugin && lost > 0 ? [{ labels: { plugin }, value: lost }] : [],
          ),
      },
      {
        name: 'apiserver_audit_level_total',
        type: 'counter',
        help: 'Requests by how much of them the audit policy records.',
        values: () => [...this.#levels].map(([level, value]) => ({ labels: { level }, value })),
      },
    ];
  }
}

interface RequestAuditOptions {
  user: UserInfo | undefined;
  recording: Recording;
  clock: Clock;
  emit(event: AuditEvent): void;
}

/** What is recorded of one request. */
export class RequestAudit {
  readonly #request: AuditedRequest;
  readonly #options: RequestAuditOptions;
  readonly #receivedMs: number;
  readonly #ref: AuditedObject | undefined;
  #impersonated: { user: UserInfo; constraint: string } | undefined;
  #status: Partial<Status> | undefined;
  #sent: unknown;
  #answered: unknown;
  #isStarted = false;
  /** The answer goes on after who gives it has said its code. */
  #isHeld = false;
  #isOver = false;
  #code: number | undefined;

  constructor(request: AuditedRequest, options: RequestAuditOptions) {
    this.#request = request;
    this.#options = options;
    this.#receivedMs = options.clock.now();
    this.#ref = request.info.isResource ? refOf(request.info) : undefined;
    if (options.user) this.#record('RequestReceived', this.#receivedMs);
  }

  /** The request is made in somebody else's name. */
  actsAs(user: UserInfo, constraint: string): void {
    this.#impersonated = { user, constraint };
  }

  /** What the body says, with its defaults. */
  sent(object: KubernetesObject | object): void {
    const { metadata = {} } = object as Partial<KubernetesObject>;
    const ref = this.#ref;
    if (ref) {
      const { namespace, name, uid, resourceVersion } = metadata as Partial<KubernetesObject['metadata']>;
      ref.namespace ||= namespace;
      ref.name ||= name;
      ref.uid ||= uid;
      ref.resourceVersion ||= resourceVersion;
    }
    if (this.wantsBodies) this.#sent = this.#copy(object);
  }

  /** What an object is to be patched with, as it came. */
  sentPatch(read: () => unknown): void {
    if (this.wantsBodies) this.#sent = read();
  }

  /** Whether what clients send is recorded. */
  get wantsBodies(): boolean {
    return this.#records('Request');
  }

  /** Whether the object that is answered is recorded. */
  get wantsAnswer(): boolean {
    return this.#records('RequestResponse');
  }

  answered(object: unknown): void {
    if (isStatus(object)) this.#status = boundedStatus(object);
    if (this.wantsAnswer) this.#answered = this.#copy(object as object);
  }

  /** A long answer begins. */
  started(code: number): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#code = code;
    this.#record('ResponseStarted');
  }

  /** The answer goes on until `release` is called, even when its code has been said. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    if (this.#isOver) this.#record('ResponseComplete');
  }

  /** The request has been answered. Who has not said who asks is told of once alone, as upstream does. */
  done(code: number): void {
    this.#code = code;
    if (!this.#options.user) return this.started(code);
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#isHeld) this.#record('ResponseComplete');
  }

  #records(level: Level): boolean {
    const { recording } = this.#options;
    return recording.level === level || recording.level === 'RequestResponse';
  }

  /** The object as it is now: what comes after may change it. */
  #copy(object: object): unknown {
    const copy = clone(object);
    return this.#options.recording.omitManagedFields ? withoutManagers(copy) : copy;
  }

  #record(stage: Stage, nowMs = this.#options.clock.now()): void {
    const { recording, emit } = this.#options;
    if (!recording.omits.has(stage)) emit(this.#event(stage, nowMs));
  }

  #event(stage: Stage, nowMs: number): AuditEvent {
    const { auditId, target, info, userAgent, sourceIps, annotations } = this.#request;
    const { user, recording } = this.#options;
    const acts = this.#impersonated;
    const code = this.#code;
    return {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: recording.level,
      auditID: auditId,
      stage,
      requestURI: target,
      verb: info.verb,
      user: user ? account(user) : {},
      ...(acts && { impersonatedUser: account(acts.user) }),
      ...(acts?.constraint && { authenticationMetadata: { impersonationConstraint: acts.constraint } }),
      sourceIPs: sourceIps,
      ...(userAgent && { userAgent: shortened(userAgent) }),
      ...(this.#ref && { objectRef: { ...this.#ref } }),
      ...(code !== undefined && { responseStatus: { metadata: {}, ...this.#status, code } }),
      ...(this.#sent !== undefined && { requestObject: this.#sent }),
      ...(this.#answered !== undefined && { responseObject: this.#answered }),
      requestReceivedTimestamp: formatMicroTime(this.#receivedMs),
      stageTimestamp: formatMicroTime(nowMs),
      ...(annotations && { annotations: { ...annotations } }),
    };
  }
}

function account({ name, uid, groups, extra }: UserInfo): AuditedUser {
  return {
    username: name,
    ...(uid && { uid }),
    ...(groups.length > 0 && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
  };
}

function refOf({ resource, namespace, name, group, version, subresource }: RequestInfo): AuditedObject {
  return {
    resource,
    namespace: namespace || undefined,
    name: name || undefined,
    uid: undefined,
    apiGroup: group || undefined,
    apiVersion: version,
    resourceVersion: undefined,
    subresource: subresource || undefined,
  };
}

const isStatus = (object: unknown): object is Status =>
  (object as Partial<KubernetesObject>).kind === 'Status' &&
  (object as Partial<KubernetesObject>).apiVersion === 'v1';

/** What cannot grow with the list it is about. */
function boundedStatus({ status, message, reason, details }: Status): Partial<Status> {
  return {
    ...(status && { status }),
    ...(message && { message }),
    ...(reason && { reason }),
    ...(details && { details }),
  };
}
