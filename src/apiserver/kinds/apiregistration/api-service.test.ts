import { expect, test } from 'vitest';
import type { APIService, APIServiceSpec } from '../../../api/apiregistration/v1.ts';
import { clone } from '../../../machinery/clone.ts';
import { created, createErrors, row, testContext, texts, updateErrors } from '../shared/testing.ts';
import { apiServiceKind } from './api-service.ts';
import { withCondition } from './conditions.ts';

const service = (spec: Partial<APIServiceSpec> = {}, name = 'v1.example.test'): APIService => ({
  metadata: { name },
  spec: { group: 'example.test', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, ...spec },
});
const remote = { service: { namespace: 'kube-system', name: 'metrics' } };

test('what this server serves is available from the start, the rest once somebody has looked', () => {
  expect(created(apiServiceKind, service()).status?.conditions).toEqual([
    {
      type: 'Available',
      status: 'True',
      reason: 'Local',
      message: 'Local APIServices are always available',
      lastTransitionTime: expect.any(String),
    },
  ]);
  const other = created(apiServiceKind, { ...service(remote), status: { conditions: [] } });
  expect(other.status).toEqual({});
  expect(other.spec.service?.port).toBe(443);
});

test('the name is version and group', () => {
  expect(createErrors(apiServiceKind, service())).toEqual([]);
  expect(createErrors(apiServiceKind, service({}, 'v2.example.test'))).toEqual([
    'metadata.name: Invalid value: "v2.example.test": must be `spec.version+"."+spec.group`: "v1.example.test"',
  ]);
  expect(createErrors(apiServiceKind, service({ group: '' }, 'v1.'))).toEqual([]);
  expect(createErrors(apiServiceKind, service({ group: '', version: 'v2' }, 'v2.'))).toEqual([
    'spec.group: Required value: only v1 may have an empty group and it better be legacy kube',
  ]);
  expect(createErrors(apiServiceKind, service({ group: 'A', version: '1' }, '1.A'))).toEqual([
    expect.stringMatching(/^spec\.group: Invalid value: "A": a lowercase RFC 1123 subdomain/),
    expect.stringMatching(/^spec\.version: Invalid value: "1": a DNS-1035 label/),
  ]);
});

test('priorities have bounds', () => {
  expect(
    createErrors(apiServiceKind, service({ groupPriorityMinimum: 20_000, versionPriority: 1000 })),
  ).toEqual([]);
  expect(createErrors(apiServiceKind, service({ groupPriorityMinimum: 20_001, versionPriority: 0 }))).toEqual(
    [
      'spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000',
      'spec.versionPriority: Invalid value: 0: must be positive and less than 1000',
    ],
  );
});

test('only a service has certificates to check', () => {
  const caBundle = Buffer.from('certificate').toString('base64');
  expect(createErrors(apiServiceKind, service({ caBundle, insecureSkipTLSVerify: true }))).toEqual([
    'spec.caBundle: Invalid value: "11 bytes": local APIServices may not have a caBundle',
    'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
  ]);
  expect(createErrors(apiServiceKind, service({ ...remote, caBundle }))).toEqual([]);
  expect(createErrors(apiServiceKind, service({ ...remote, caBundle, insecureSkipTLSVerify: true }))).toEqual(
    ['spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present'],
  );
  expect(createErrors(apiServiceKind, service({ service: { port: 70_000 } }))).toEqual([
    'spec.service.namespace: Required value',
    'spec.service.name: Required value',
    'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
  ]);
});

test('the status has a subresource of its own, which changes nothing else', () => {
  const change = (object: APIService) => {
    object.status = {};
    object.spec.groupPriorityMinimum = 0;
  };
  expect(updateErrors(apiServiceKind, service(), change)).toEqual([
    'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
  ]);
  const old = created(apiServiceKind, service());
  const next = clone(old);
  next.metadata.labels = { a: 'b' };
  next.status = { conditions: [{ type: 'Available', status: 'Maybe' }] };
  apiServiceKind.status?.prepareForUpdate?.(next, old, testContext());
  expect(next.metadata.labels).toBeUndefined();
  expect(texts(apiServiceKind.status?.validateUpdate?.(next, old, testContext()) ?? [])).toEqual([
    'status.conditions[0].status: Unsupported value: "Maybe": supported values: "True", "False", "Unknown"',
  ]);
});

test('a row says who answers, and why nobody does', () => {
  expect(row(apiServiceKind, created(apiServiceKind, service()))).toMatchObject({
    Name: 'v1.example.test',
    Service: 'Local',
    Available: 'True',
  });
  const failing = created(apiServiceKind, service(remote));
  expect(row(apiServiceKind, failing)).toMatchObject({
    Service: 'kube-system/metrics',
    Available: 'Unknown',
  });
  const condition = { type: 'Available', status: 'False', reason: 'MissingEndpoints', message: '' };
  failing.status = { conditions: withCondition([], condition, '2026-01-01T00:00:00Z') };
  expect(row(apiServiceKind, failing).Available).toBe('False (MissingEndpoints)');
});

test('the time of a condition moves with its status alone', () => {
  const before = [{ type: 'Available', status: 'False', reason: 'a', lastTransitionTime: 'then' }];
  const same = withCondition(before, { type: 'Available', status: 'False', reason: 'b' }, 'now');
  expect(same).toEqual([{ type: 'Available', status: 'False', reason: 'b', lastTransitionTime: 'then' }]);
  const changed = withCondition(before, { type: 'Available', status: 'True' }, 'now');
  expect(changed).toEqual([{ type: 'Available', status: 'True', lastTransitionTime: 'now' }]);
});
