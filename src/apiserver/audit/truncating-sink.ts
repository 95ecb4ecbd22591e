import { printJson } from '../../machinery/exact-json.ts';
import type { AuditEvent, AuditSink } from './event.ts';

const withObjects = new Set(['Request', 'RequestResponse']);

/** Keeps large events from a sink: first without what was sent and answered, and then altogether. */
export class TruncatingSink implements AuditSink {
  readonly plugin = 'truncate';
  readonly within: AuditSink;
  readonly #mostBytes: number;
  /** Events that were too large anyway. */
  lost = 0;

  constructor(within: AuditSink, mostBytes: number) {
    this.within = within;
    this.#mostBytes = mostBytes;
  }

  record(event: AuditEvent): void {
    if (!this.#isLarge(event)) return this.within.record(event);
    const small = withObjects.has(event.level) ? truncated(event) : undefined;
    if (small && !this.#isLarge(small)) this.within.record(small);
    else this.lost++;
  }

  #isLarge(event: AuditEvent): boolean {
    return Buffer.byteLength(printJson(event)) > this.#mostBytes;
  }
}

function truncated({ requestObject: _, responseObject: __, ...event }: AuditEvent): AuditEvent {
  return { ...event, annotations: { ...event.annotations, 'audit.k8s.io/truncated': 'true' } };
}
