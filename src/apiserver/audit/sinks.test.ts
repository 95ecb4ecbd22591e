import { gunzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { deferred } from '../../platform/deferred.ts';
import { printJson } from '../../machinery/exact-json.ts';
import type { HttpPost } from '../../platform/http-post.ts';
import { silentLog } from '../../platform/log.ts';
import { MemoryFiles } from '../../platform/memory-files.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { AuditLog, type AuditLogOptions } from './audit-log.ts';
import { AuditWebhook, type AuditWebhookOptions } from './audit-webhook.ts';
import type { AuditEvent } from './event.ts';
import { eventLine } from './event-line.ts';

const event = (auditID: string): AuditEvent => ({
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID,
  stage: 'ResponseComplete',
  requestURI: '/api/v1/namespaces/default/pods',
  verb: 'list',
  user: { username: 'jane', groups: ['dev', 'ops'] },
  sourceIPs: ['192.0.2.1'],
  userAgent: 'kubectl',
  objectRef: { resource: 'pods', namespace: 'default', apiVersion: 'v1' },
  responseStatus: { metadata: {}, code: 200 },
  requestReceivedTimestamp: '2026-01-02T03:04:05.000000Z',
  stageTimestamp: '2026-01-02T03:04:05.001000Z',
});

describe('a line of the log', () => {
  test('is the event', () => {
    expect(eventLine(event('a'), 'json')).toBe(`${JSON.stringify(event('a'))}\n`);
  });

  test('is its most important parts in the format of old', () => {
    expect(eventLine(event('a'), 'legacy')).toBe(
      '2026-01-02T03:04:05.000000Z AUDIT: id="a" stage="ResponseComplete" ip="192.0.2.1" method="list" user="jane" groups="\\"dev\\",\\"ops\\"" as="<self>" asgroups="<lookup>" user-agent="kubectl" namespace="default" uri="/api/v1/namespaces/default/pods" response="200"\n',
    );
    const { responseStatus: _, objectRef: _ref, ...bare } = event('a');
    const text = eventLine({ ...bare, user: {}, impersonatedUser: { username: 'joe' } }, 'legacy');
    expect(text).toContain('user="<none>" groups="<none>" as="joe" asgroups="<lookup>"');
    expect(text).toContain('namespace="<none>"');
    expect(text).toContain('response="<deferred>"');
  });
});

describe('the log', () => {
  const dayMs = 86_400_000;
  const start = Date.parse('2026-01-02T03:04:05Z');
  const files = new MemoryFiles();
  const clock = new VirtualClock(start);
  let last = 0;

  async function opened(options: Partial<AuditLogOptions> = {}) {
    const dir = `/audit-${++last}`;
    const all: AuditLogOptions = {
      path: `${dir}/audit.log`,
      format: 'json',
      maxBytes: 0,
      maxBackups: 0,
      maxAgeMs: 0,
      compress: false,
      ...options,
    };
    return { dir, log: await AuditLog.open(all, { files, clock, log: silentLog }) };
  }
  const ids = async (path: string) => {
    const lines = (await files.readText(path)).trimEnd().split('\n');
    return lines.map((line) => (JSON.parse(line) as AuditEvent).auditID);
  };
  const size = Buffer.byteLength(eventLine(event('a'), 'json'));

  test('has the events in their order, and nobody else may read it', async () => {
    const { dir, log } = await opened();
    for (const id of ['a', 'b', 'c']) log.record(event(id));
    await log.close();
    expect(await ids(`${dir}/audit.log`)).toEqual(['a', 'b', 'c']);
    expect((await files.stat(`${dir}/audit.log`))?.mode).toBe(0o600);
  });

  test('goes on in a file that nobody else may read where somebody has taken it away', async () => {
    const { dir, log } = await opened();
    await files.rename(`${dir}/audit.log`, `${dir}/rotated`);
    log.record(event('a'));
    await log.close();
    expect(await ids(`${dir}/audit.log`)).toEqual(['a']);
    expect((await files.stat(`${dir}/audit.log`))?.mode).toBe(0o600);
  });

  test('goes on where it ended', async () => {
    const { dir, log } = await opened();
    log.record(event('a'));
    await log.close();
    const path = `${dir}/audit.log`;
    const again = (await opened({ path, maxBytes: 2 * size })).log;
    again.record(event('b'));
    again.record(event('c'));
    await again.close();
    expect(await ids(path)).toEqual(['c']);
    expect(await ids(`${dir}/audit-2026-01-02T03-04-05.000.log`)).toEqual(['a', 'b']);
  });

  test('keeps only so many files that it has put aside', async () => {
    const { dir, log } = await opened({ maxBytes: size, maxBackups: 2 });
    await files.write(`${dir}/audit-of-mine.log`, 'x');
    for (const id of ['a', 'b', 'c', 'd']) {
      log.record(event(id));
      await log.close();
      await clock.advance(1000);
    }
    const names = await files.list(dir);
    expect(names).toHaveLength(4);
    expect(names).toContain('audit-of-mine.log');
    const aside = names.filter((name) => name.startsWith('audit-2026'));
    expect(await Promise.all(aside.map((name) => ids(`${dir}/${name}`)))).toEqual([['b'], ['c']]);
  });

  test('keeps them only so long', async () => {
    const { dir, log } = await opened({ maxBytes: size, maxAgeMs: dayMs });
    for (const id of ['a', 'b', 'c']) {
      log.record(event(id));
      await log.close();
      await clock.advance(0.7 * dayMs);
    }
    const aside = (await files.list(dir)).filter((name) => name !== 'audit.log');
    expect(await Promise.all(aside.map((name) => ids(`${dir}/${name}`)))).toEqual([['a'], ['b']]);
    log.record(event('d'));
    await log.close();
    expect((await files.list(dir)).filter((name) => name !== 'audit.log')).toHaveLength(2);
  });

  test('packs them', async () => {
    const { dir, log } = await opened({ maxBytes: size, compress: true });
    log.record(event('a'));
    log.record(event('b'));
    await log.close();
    const [aside = ''] = (await files.list(dir)).filter((name) => name !== 'audit.log');
    expect(aside).toMatch(/\.log\.gz$/);
    expect(gunzipSync(await files.read(`${dir}/${aside}`)).toString()).toBe(eventLine(event('a'), 'json'));
  });

  test('goes on where what was put aside cannot be packed', async () => {
    const cramped = new MemoryFiles();
    const write = cramped.write.bind(cramped);
    cramped.write = (path, ...more) =>
      path.endsWith('.gz') ? Promise.reject(new Error('ENOSPC')) : write(path, ...more);
    const options = { path: '/cramped/audit.log', format: 'json', maxBytes: size, maxBackups: 0 } as const;
    const log = await AuditLog.open(
      { ...options, maxAgeMs: 0, compress: true },
      { files: cramped, clock, log: silentLog },
    );
    for (const id of ['a', 'b']) log.record(event(id));
    await log.close();
    expect(log.lost).toBe(0);
    expect(await cramped.readText('/cramped/audit.log')).toBe(eventLine(event('b'), 'json'));
  });

  test('counts what could not be written', async () => {
    const broken = new MemoryFiles();
    broken.append = () => Promise.reject(new Error('ENOSPC'));
    const options = { path: '/full/audit.log', format: 'json', maxBytes: 0, maxBackups: 0 } as const;
    const log = await AuditLog.open(
      { ...options, maxAgeMs: 0, compress: false },
      { files: broken, clock, log: silentLog },
    );
    log.record(event('a'));
    log.record(event('b'));
    await log.close();
    expect(log.lost).toBe(2);
  });
});

describe('the webhook', () => {
  function opened(options: Partial<AuditWebhookOptions> = {}) {
    const clock = new VirtualClock(0);
    const posts: HttpPost[] = [];
    const answers: (() => Promise<number>)[] = [];
    const poster = {
      async post(what: HttpPost) {
        posts.push(what);
        return { status: await (answers.shift()?.() ?? Promise.resolve(200)), text: '' };
      },
      close: vi.fn(),
    };
    const all = { url: new URL('https://audit.test/x'), headers: { authorization: 'Bearer t' } };
    const webhook = new AuditWebhook(
      { ...all, batchSize: 2, batchWaitMs: 30_000, backoffMs: 10_000, ...options },
      { clock, log: silentLog, poster },
    );
    const sent = () =>
      posts.map(({ body }) =>
        JSON.parse(Buffer.from(body).toString()).items.map((e: AuditEvent) => e.auditID),
      );
    return { clock, posts, answers, poster, webhook, sent };
  }

  test('gets as many events at once as it takes, in a list', async () => {
    const { webhook, posts, sent, clock } = opened();
    for (const id of ['a', 'b', 'c', 'd', 'e']) webhook.record(event(id));
    await clock.advance(1000);
    expect(sent()).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(posts[0]).toMatchObject({
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
    });
    expect(JSON.parse(Buffer.from(posts[0]?.body ?? '').toString())).toMatchObject({
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      metadata: {},
    });
  });

  test('gets no more at once than may be large together, but one event whatever its size', async () => {
    const bytes = Buffer.byteLength(printJson(event('a')));
    const { webhook, sent, clock } = opened({ batchSize: 4, batchBytes: 2 * bytes });
    for (const id of ['a', 'b', 'c', 'd']) webhook.record(event(id));
    await clock.advance(1000);
    expect(sent()).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    const small = opened({ batchSize: 2, batchBytes: 1 });
    for (const id of ['a', 'b']) small.webhook.record(event(id));
    await small.clock.advance(1000);
    expect(small.sent()).toEqual([['a'], ['b']]);
  });

  test('is asked no more often than it may be, but for some at once', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e'];
    const sentAfter = async (throttle: AuditWebhookOptions['throttle'], ms: number) => {
      const { webhook, sent, clock } = opened({ batchSize: 1, throttle });
      for (const id of ids) webhook.record(event(id));
      await clock.advance(ms);
      return sent().length;
    };
    expect(await sentAfter({ perSecond: 1, burst: 2 }, 500)).toBe(2);
    expect(await sentAfter({ perSecond: 1, burst: 2 }, 2500)).toBe(4);
    expect(await sentAfter(false, 0)).toBe(5);
  });

  test('gets none of those that are too many waiting', async () => {
    const { webhook, sent, clock } = opened({ batchSize: 10, mostWaiting: 2 });
    for (const id of ['a', 'b', 'c']) webhook.record(event(id));
    await clock.advance(30_000);
    expect(sent()).toEqual([['a', 'b']]);
    expect(webhook.lost).toBe(1);
  });

  test('gets few of them after a while', async () => {
    const { webhook, sent, clock } = opened();
    webhook.record(event('a'));
    await clock.advance(29_000);
    expect(sent()).toEqual([]);
    await clock.advance(1000);
    expect(sent()).toEqual([['a']]);
  });

  test('gets them again where it has failed, five times in all', async () => {
    const { webhook, sent, clock, answers } = opened({ batchSize: 1 });
    answers.push(
      async () => 500,
      () => Promise.reject(new Error('refused')),
    );
    webhook.record(event('a'));
    await clock.advance(9000);
    expect(sent()).toHaveLength(1);
    await clock.advance(1000);
    expect(sent()).toHaveLength(2);
    await clock.advance(15_000);
    expect(sent()).toEqual([['a'], ['a'], ['a']]);
    expect(webhook.lost).toBe(0);
    answers.push(...Array.from({ length: 5 }, () => async () => 503));
    webhook.record(event('b'));
    await clock.advance(600_000);
    expect(sent()).toHaveLength(8);
    expect(webhook.lost).toBe(1);
  });

  test('loses what comes while too many wait', async () => {
    const { webhook, answers } = opened({ batchSize: 1 });
    const slow = deferred<number>();
    answers.push(() => slow.promise);
    for (let i = 0; i < 10_011; i++) webhook.record(event(String(i)));
    expect(webhook.lost).toBe(10);
    slow.resolve(200);
  });

  test('loses what comes while those that wait are too large, and nothing else', async () => {
    const { webhook, answers, posts } = opened({ batchSize: 400 });
    const slow = deferred<number>();
    answers.push(() => slow.promise);
    const large = { ...event('large'), requestObject: 'x'.repeat(1024 * 1024) };
    for (let i = 0; i < 400; i++) webhook.record(large);
    expect(webhook.lost).toBe(337);
    webhook.record(event('small'));
    expect(webhook.lost).toBe(337);
    const closing = webhook.close();
    slow.resolve(200);
    await closing;
    expect(JSON.parse(Buffer.from(posts[0]?.body ?? '').toString()).items).toHaveLength(64);
  });

  test('gets the last of them at the end, without being waited for again', async () => {
    const { webhook, sent, answers, poster } = opened({ batchSize: 10 });
    answers.push(async () => 500);
    webhook.record(event('a'));
    await webhook.close();
    expect(sent()).toEqual([['a']]);
    expect(webhook.lost).toBe(1);
    expect(poster.close).toHaveBeenCalled();
  });

  test('is not tried with the rest of them at the end once it has failed then', async () => {
    const { webhook, sent, answers } = opened({ batchSize: 10 });
    for (let i = 0; i < 9; i++) webhook.record(event(String(i)));
    answers.push(async () => 500);
    const closing = webhook.close();
    for (let i = 9; i < 25; i++) webhook.record(event(String(i)));
    await closing;
    expect(sent()).toHaveLength(1);
    expect(webhook.lost).toBe(25);
  });
});
