import { formatMicroTime } from '../../platform/clock.ts';
import type { Exchange } from './exchange.ts';
import type { UserInfo } from '../registry/kind.ts';

/** What is recorded of a request at level Metadata: `audit.k8s.io/v1` Event. */
export interface AuditEvent {
  kind: 'Event';
  apiVersion: 'audit.k8s.io/v1';
  level: 'Metadata';
  auditID: string;
  stage: 'ResponseComplete';
  requestURI: string;
  verb: string;
  user: { username: string; uid?: string; groups?: readonly string[]; extra?: Record<string, string[]> };
  impersonatedUser?: AuditEvent['user'];
  authenticationMetadata?: { impersonationConstraint: string };
  sourceIPs: string[];
  userAgent: string;
  objectRef?: {
    resource: string;
    namespace?: string;
    name?: string;
    apiGroup?: string;
    apiVersion: string;
    subresource?: string;
  };
  responseStatus: { metadata: object; code: number };
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  /** What steps of the corridor have to say about the request. */
  annotations?: Readonly<Record<string, string>>;
}

/** Where audit events go. Must not throw or block. */
export interface AuditSink {
  record(event: AuditEvent): void;
}

const account = ({ name, uid, groups, extra }: UserInfo) => ({ username: name, uid, groups, extra });

/** The record of a request that has been answered. */
export function auditEvent(
  x: Exchange,
  options: { code: number; sender: UserInfo | undefined; receivedMs: number; nowMs: number },
): AuditEvent {
  const { sender } = options;
  const { info, user, impersonationConstraint: constraint } = x;
  const acts = user && sender && user !== sender;
  const ref = {
    resource: info.resource,
    namespace: info.namespace || undefined,
    name: info.name || undefined,
    apiGroup: info.group || undefined,
    apiVersion: info.version,
    subresource: info.subresource || undefined,
  };
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: x.auditId,
    stage: 'ResponseComplete',
    requestURI: x.request.target,
    verb: info.verb,
    user: sender ? account(sender) : { username: '' },
    impersonatedUser: acts ? account(user) : undefined,
    authenticationMetadata: constraint ? { impersonationConstraint: constraint } : undefined,
    sourceIPs: [x.request.remoteAddress],
    userAgent: x.userAgent,
    objectRef: info.isResource ? ref : undefined,
    responseStatus: { metadata: {}, code: options.code },
    requestReceivedTimestamp: formatMicroTime(options.receivedMs),
    stageTimestamp: formatMicroTime(options.nowMs),
    ...(x.annotations && { annotations: x.annotations }),
  };
}
