import type { Event } from '../../../../api/core/v1.ts';
import type { Column } from '../../../registry/kind.ts';
import { integer, nameColumn, text, wide } from '../../shared/columns.ts';
import { humanAge } from '../../shared/human-duration.ts';

export const eventColumns: readonly Column<Event>[] = [
  text('Last Seen', 'Time since it happened last.', lastSeen),
  text('Type', 'Whether it is news or trouble.', (e) => e.type ?? ''),
  text('Reason', 'One word for what happened.', (e) => e.reason ?? ''),
  text('Object', 'What it happened to.', target),
  wide(text('Subobject', 'Part of the object it happened to.', (e) => e.involvedObject.fieldPath ?? '')),
  wide(text('Source', 'Who says so.', source)),
  text('Message', 'What happened.', (e) => (e.message ?? '').trim()),
  wide(text('First Seen', 'Time since it happened first.', firstSeen)),
  wide({ ...integer<Event>('Count', 'How often it happened.', count), type: 'string' }),
  wide(nameColumn),
];

function firstSeen(event: Event, nowMs: number): string {
  return humanAge(event.firstTimestamp ?? event.eventTime, nowMs);
}

function lastSeen(event: Event, nowMs: number): string {
  if (event.series) return humanAge(event.series.lastObservedTime, nowMs);
  return event.lastTimestamp ? humanAge(event.lastTimestamp, nowMs) : firstSeen(event, nowMs);
}

function count({ series, count }: Event): number {
  return series ? (series.count ?? 0) : count || 1;
}

function target({ involvedObject: { kind = '', name } }: Event): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function source(event: Event): string {
  const component = event.source?.component || event.reportingComponent || '';
  const instance = event.source?.host || event.reportingInstance;
  return instance ? `${component}, ${instance}` : component;
}
