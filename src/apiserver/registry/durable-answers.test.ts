import { expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import { MemoryEngine } from '../../store/memory-engine.ts';
import { logHarness, settle } from '../../store/test-support.ts';
import { createTestCluster, type TestApi, type TestRequest } from './testing.ts';

/** Answers to writes that are not carried out, since another write of the object is on its way to the disk. */

const map = (value: string, more: object = {}) => ({ metadata: { name: 'a', ...more }, data: { k: value } });

async function open() {
  const { faults, open: openStore } = logHarness(async () => new MemoryEngine());
  const api = await createTestCluster({ store: await openStore() });
  const { metadata } = await api.object('create', configmaps, { body: map('1') });
  return { api, faults, revision: metadata.resourceVersion };
}

/** A request whose answer may be looked at before it is there. */
function send(api: TestApi, verb: string, request: TestRequest) {
  const sent = { code: undefined as number | undefined };
  const answer = api.send(verb, configmaps, { name: 'a', ...request }).then(
    (given) => {
      sent.code = (given as { code: number }).code;
    },
    (error: StatusError) => {
      sent.code = error.status.code;
    },
  );
  return Object.assign(sent, { answer });
}

const stale = (revision: string) => map('3', { resourceVersion: revision });

test.each([
  ['a conflict with it', 'update', (revision: string) => ({ body: stale(revision) }), 409],
  ['an update to the same', 'update', () => ({ body: map('2') }), 200],
  [
    'a deletion of the version before',
    'delete',
    (resourceVersion: string) => ({ body: { preconditions: { resourceVersion } } }),
    409,
  ],
  [
    'a create that is only tried',
    'create',
    () => ({ name: '', body: map('3'), query: { dryRun: 'All' } }),
    409,
  ],
  ['an update that is only tried', 'update', () => ({ body: map('3'), query: { dryRun: 'All' } }), 200],
])('%s is told once the update is durable', async (_, verb, request, code) => {
  const { api, faults, revision } = await open();
  faults.hold();
  const first = send(api, 'update', { body: map('2') });
  await settle();
  const second = send(api, verb, request(revision));
  await settle();
  expect([first.code, second.code]).toEqual([undefined, undefined]);
  faults.release();
  await Promise.all([first.answer, second.answer]);
  expect([first.code, second.code]).toEqual([200, code]);
});

test('that an object is not there is told once its deletion is durable', async () => {
  const { api, faults } = await open();
  faults.hold();
  const deletion = send(api, 'delete', {});
  await settle();
  const others = [send(api, 'update', { body: map('2') }), send(api, 'delete', {})];
  await settle();
  expect(others.map(({ code }) => code)).toEqual([undefined, undefined]);
  faults.release();
  await Promise.all([deletion, ...others].map(({ answer }) => answer));
  expect([deletion.code, ...others.map(({ code }) => code)]).toEqual([200, 404, 404]);
});

test('where the update fails, so does what rests on it', async () => {
  const { api, faults } = await open();
  faults.hold();
  faults.failNext();
  const first = send(api, 'update', { body: map('2') });
  await settle();
  const same = send(api, 'update', { body: map('2') });
  await settle();
  faults.release();
  await Promise.all([first.answer, same.answer]);
  expect([first.code, same.code]).toEqual([500, 500]);
  expect((await api.object('get', configmaps, { name: 'a' })).data).toEqual({ k: '1' });
});
