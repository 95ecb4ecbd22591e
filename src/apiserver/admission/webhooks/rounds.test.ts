import { request as httpsRequest } from 'node:https';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Transport } from '../../../client/transport.ts';
import { systemConnector } from '../../../platform/connect.ts';
import type { AuditEvent } from '../../audit/event.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';
import { type Answer, startWebhook, type TestWebhook } from './testing-webhook.ts';

// The cases of upstream's tests of reinvocation and of time that is up
// (test/integration/apiserver/admissionwebhook, reinvocation_test.go and timeout_test.go).

let t: TestApiServer;
let hook: TestWebhook;
let api: Transport;
let last = 0;
const audited: AuditEvent[] = [];
const configurations = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const pods = '/api/v1/namespaces/default/pods';

const send = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
  api.request({ method, path, body }) as Promise<any>;

beforeAll(async () => {
  hook = await startWebhook({});
  t = await startApiServer({
    outside: systemConnector,
    audit: {
      policy: { rules: [{ level: 'Request', resources: [{ group: '', resources: ['pods'] }] }] },
      sinks: [{ record: (event) => void audited.push(event) }],
    },
  });
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  await send('POST', '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } });
  for (const [name, value] of Object.entries({ 'low-priority': 1, 'high-priority': 10 }))
    await send('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value });
});
afterEach(() => send('DELETE', configurations));
afterAll(async () => {
  await t.stop();
  hook.close();
});

const label = (key: string, value = 'true') => [{ op: 'add', path: `/metadata/labels/${key}`, value }];

/** What webhooks do to a pod, by their paths. */
const answers: Record<string, Answer> = {
  '/noop': () => ({}),
  '/addlabel': ({ object }) => (object.metadata.labels.a ? {} : label('a')),
  '/conditionaladdlabel': ({ object }) => (object.metadata.labels.a ? label('b') : {}),
  '/settrue': () => label('fight'),
  '/setfalse': () => label('fight', 'false'),
  '/setpriority': ({ object }) =>
    object.spec.priorityClassName === 'high-priority'
      ? {}
      : [
          { op: 'add', path: '/spec/priorityClassName', value: 'high-priority' },
          { op: 'remove', path: '/spec/priority' },
        ],
  '/setinvalidpriority': () => [{ op: 'add', path: '/spec/priorityClassName', value: 'invalid' }],
};

interface Hook {
  path: string;
  reinvocationPolicy?: 'Never' | 'IfNeeded';
  [field: string]: unknown;
}

async function register(...hooks: Hook[]): Promise<void> {
  const webhooks = hooks.map(({ path, ...more }, i) => ({
    name: `test.${i}.${path.slice(1)}`,
    rules: [{ operations: ['*'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    clientConfig: { url: `https://127.0.0.1:${hook.port}${path}`, caBundle: hook.caBundle },
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  }));
  await send('POST', configurations, { metadata: { name: 'test' }, webhooks });
}

const again = (path: string, more: object = {}): Hook => ({ path, reinvocationPolicy: 'IfNeeded', ...more });
const podOf = (priorityClassName?: string) => ({
  metadata: { name: `p${++last}`, labels: { x: 'true' } },
  spec: { containers: [{ name: 'c', image: 'i' }], ...(priorityClassName && { priorityClassName }) },
});

interface Case {
  /** Of which something that is built in has to make something. */
  priorityClassName?: string;
  hooks: Hook[];
  /** Who is asked, in this order. */
  asked: string[];
  labels?: Record<string, string>;
  /** Where somebody was asked, by round and place among all, and whether that changed the pod. */
  notes: Record<string, boolean>;
}

const low = 'low-priority';
const cases: Record<string, Case> = {
  'not for what is built in alone': {
    priorityClassName: low,
    hooks: [again('/noop')],
    asked: ['/noop'],
    notes: { '0_0': false },
  },
  'not where the second round of what is built in changes nothing': {
    priorityClassName: low,
    hooks: [again('/addlabel')],
    asked: ['/addlabel'],
    labels: { a: 'true' },
    notes: { '0_0': true },
  },
  'where it does': {
    priorityClassName: low,
    hooks: [again('/setpriority')],
    asked: ['/setpriority', '/setpriority'],
    notes: { '0_0': true, '1_0': false },
  },
  'whom another follows that changes the object, and not that one': {
    hooks: [again('/addlabel'), again('/conditionaladdlabel')],
    asked: ['/addlabel', '/conditionaladdlabel', '/addlabel'],
    labels: { a: 'true', b: 'true' },
    notes: { '0_0': true, '0_1': true, '1_0': false },
  },
  'all whom the second round of one concerns': {
    hooks: [again('/settrue'), again('/setfalse')],
    asked: ['/settrue', '/setfalse', '/settrue', '/setfalse'],
    labels: { fight: 'false' },
    notes: { '0_0': true, '0_1': true, '1_0': true, '1_1': true },
  },
  'nobody who was not asked at first': {
    hooks: [
      again('/conditionaladdlabel', { objectSelector: { matchLabels: { a: 'true' } } }),
      again('/addlabel'),
    ],
    asked: ['/addlabel'],
    labels: { a: 'true' },
    notes: { '0_1': true },
  },
  'nobody who does not want that': {
    hooks: [{ path: '/conditionaladdlabel', reinvocationPolicy: 'Never' }, { path: '/addlabel' }],
    asked: ['/conditionaladdlabel', '/addlabel'],
    labels: { a: 'true' },
    notes: { '0_0': false, '0_1': true },
  },
};

test.each(Object.entries(cases))(
  'a second time are asked: %s',
  async (_, { priorityClassName, ...given }) => {
    Object.assign(hook.answers, answers);
    await register(...given.hooks);
    hook.asked.length = 0;
    const { metadata } = await send('POST', pods, podOf(priorityClassName));
    expect(hook.asked.map(({ path }) => path)).toEqual(given.asked);
    expect(metadata.labels).toEqual({ x: 'true', ...given.labels });
    const said = Object.entries(audited.at(-1)?.annotations ?? {}).flatMap(([key, value]) => {
      const [, round, index] =
        /^mutation\.webhook\.admission\.k8s\.io\/round_(\d)_index_(\d)$/.exec(key) ?? [];
      return round ? [[`${round}_${index}`, JSON.parse(value).mutated]] : [];
    });
    expect(Object.fromEntries(said)).toEqual(given.notes);
  },
);

test('what is built in refuses what a webhook has made of the pod', async () => {
  Object.assign(hook.answers, answers);
  await register(again('/setinvalidpriority'));
  hook.asked.length = 0;
  await expect(send('POST', pods, podOf())).rejects.toThrow('no PriorityClass with name invalid was found');
  expect(hook.asked).toHaveLength(1);
});

test('nobody is asked any more once the time of the request is up, whatever the policy', async () => {
  hook.answers['/silent'] = () => undefined;
  hook.answers['/next'] = () => ({});
  const lenient = { failurePolicy: 'Ignore' };
  await register({ path: '/silent', timeoutSeconds: 4, ...lenient }, { path: '/next', ...lenient });
  hook.asked.length = 0;
  const client = await t.client('root', 'system:masters');
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...podOf() });
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const call = { method: 'POST', headers, agent: false as const, ...client };
    const request = httpsRequest(`${t.origin}${pods}?timeout=1s`, call, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.on('error', reject).end(body);
  });
  expect(answer.status).toBe(504);
  expect(JSON.parse(answer.text).reason).toBe('Timeout');
  expect(hook.asked.map(({ path, query }) => [path, query])).toEqual([['/silent', 'timeout=1s']]);
});
