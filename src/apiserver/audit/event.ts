import type { Status } from '../../api/meta/v1.ts';

/** How much is recorded of a request, least first. */
export const levels = ['None', 'Metadata', 'Request', 'RequestResponse'] as const;
export type Level = (typeof levels)[number];

/** When something is recorded of a request. Nothing here ends a request with a panic, but policies may name that stage. */
export const stages = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const;
export type Stage = (typeof stages)[number];

/** Who asks, as events show it; empty where nobody knows. */
export interface AuditedUser {
  username?: string;
  uid?: string;
  groups?: readonly string[];
  extra?: Record<string, string[]>;
}

/** What a request is about. */
export interface AuditedObject {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

/** `audit.k8s.io/v1` Event: what is recorded of one stage of a request. */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: Level;
  auditID: string;
  stage: Stage;
  requestURI: string;
  verb: string;
  user: AuditedUser;
  impersonatedUser?: AuditedUser;
  authenticationMetadata?: { impersonationConstraint: string };
  sourceIPs?: readonly string[];
  userAgent?: string;
  objectRef?: AuditedObject;
  responseStatus?: Partial<Status>;
  requestObject?: unknown;
  responseObject?: unknown;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  /** What steps of the corridor have to say about the request. */
  annotations?: Readonly<Record<string, string>>;
}

/** Where audit events go. Must not throw or block. */
export interface AuditSink {
  record(event: AuditEvent): void;
  /** What upstream calls a sink of this kind, for metrics. */
  readonly plugin?: string;
  /** Events that did not arrive. */
  readonly lost?: number;
  /** What gets the events that it lets on, where it is in front of another. */
  readonly within?: AuditSink;
}
