import { printJson } from '../../machinery/exact-json.ts';
import { goQuote } from '../../machinery/go-text.ts';
import type { AuditEvent } from './event.ts';

/** How events are written into a log: an object a line, or the most important of it as text. */
export type AuditFormat = 'json' | 'legacy';

export function eventLine(event: AuditEvent, format: AuditFormat): string {
  return `${format === 'json' ? printJson(event) : eventText(event)}\n`;
}

const listed = (items: readonly string[]) => items.map(goQuote).join(',');

function eventText(event: AuditEvent): string {
  const { user, impersonatedUser: acts, objectRef, responseStatus, sourceIPs = [] } = event;
  const groups = user.username && user.groups?.length ? listed(user.groups) : '<none>';
  const fields = {
    id: event.auditID,
    stage: event.stage,
    ip: sourceIPs[0] ?? '<unknown>',
    method: event.verb,
    user: user.username || '<none>',
    groups,
    as: acts ? (acts.username ?? '') : '<self>',
    asgroups: acts?.groups ? listed(acts.groups) : '<lookup>',
    'user-agent': event.userAgent ?? '',
    namespace: objectRef?.namespace || '<none>',
    uri: event.requestURI,
  };
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${goQuote(value)}`);
  const code = responseStatus?.code ?? '<deferred>';
  return `${event.requestReceivedTimestamp} AUDIT: ${shown.join(' ')} response="${code}"`;
}
