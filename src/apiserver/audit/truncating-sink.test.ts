import { expect, test } from 'vitest';
import { printJson } from '../../machinery/exact-json.ts';
import type { AuditEvent } from './event.ts';
import { TruncatingSink } from './truncating-sink.ts';

const event = (more: Partial<AuditEvent>): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'RequestResponse',
  auditID: 'a',
  stage: 'ResponseComplete',
  requestURI: '/',
  verb: 'get',
  user: { username: 'u' },
  requestReceivedTimestamp: '',
  stageTimestamp: '',
  ...more,
});

function recorded(mostBytes: number, one: AuditEvent) {
  const seen: AuditEvent[] = [];
  const sink = new TruncatingSink({ record: (each) => void seen.push(each) }, mostBytes);
  sink.record(one);
  return { seen, lost: sink.lost };
}

const large = event({ requestObject: 'ä'.repeat(500), responseObject: {}, annotations: { why: 'so' } });

test('what is small enough goes on as it is', () => {
  const bytes = Buffer.byteLength(printJson(large));
  expect(recorded(bytes, large)).toEqual({ seen: [large], lost: 0 });
});

test('what is larger goes on without its objects, and says so', () => {
  const { requestObject: _, responseObject: __, ...rest } = large;
  const annotations = { why: 'so', 'audit.k8s.io/truncated': 'true' };
  // Counted in bytes, not in characters.
  expect(recorded(1000, large)).toEqual({ seen: [{ ...rest, annotations }], lost: 0 });
});

test('what is too large without them does not, and is counted', () => {
  expect(recorded(100, large)).toEqual({ seen: [], lost: 1 });
  const metadata = event({ level: 'Metadata', requestURI: `/${'x'.repeat(2000)}` });
  expect(recorded(1000, metadata)).toEqual({ seen: [], lost: 1 });
});
