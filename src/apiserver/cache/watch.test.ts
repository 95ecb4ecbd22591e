import { describe, expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';

const notOlder = (resourceVersion: string) => ({ resourceVersion, resourceVersionMatch: 'NotOlderThan' });

const window = { events: 4, bytes: 1e6 };

const map = (name: string, labels: Record<string, string> = {}, namespace = 'default') => ({
  metadata: { name, labels, namespace },
});

async function put(api: TestApi, name: string, labels: Record<string, string> = {}): Promise<void> {
  await api.send('update', configmaps, { name, body: map(name, labels) });
}

describe('a watch', () => {
  test('sees objects enter and leave its label selection', async () => {
    const api = await createTestApi([configMapKind]);
    const watch = await api.watch(configmaps, { query: { labelSelector: 'app=web' } });
    await api.send('create', configmaps, { body: map('a') });
    await put(api, 'a', { app: 'web' });
    await put(api, 'a', { app: 'web', more: '1' });
    await put(api, 'a', { app: 'db' });
    await put(api, 'a', { app: 'cache' });
    await api.send('delete', configmaps, { name: 'a' });
    expect(watch.said).toEqual(['ADDED a@3', 'MODIFIED a@4', 'DELETED a@5']);
    const [, modified, deleted] = watch.frames as { cached: { object: object } }[];
    expect(deleted?.cached.object).toMatchObject({
      metadata: { labels: { app: 'web', more: '1' }, resourceVersion: '5' },
    });
    expect(modified?.cached.object).toMatchObject({ metadata: { resourceVersion: '4' } });
  });

  test('stays in its namespace, and with one name', async () => {
    const api = await createTestApi([configMapKind]);
    const here = await api.watch(configmaps, { namespace: 'x' });
    const named = await api.watch(configmaps, { namespace: '', query: { fieldSelector: 'metadata.name=b' } });
    await api.send('create', configmaps, { namespace: 'x', body: map('a', {}, 'x') });
    await api.send('create', configmaps, { namespace: 'xy', body: map('b', {}, 'xy') });
    expect(here.said).toEqual(['ADDED a@2']);
    expect(named.said).toEqual(['ADDED b@3']);
  });

  test('goes on after a revision, and only then', async () => {
    const api = await createTestApi([configMapKind]);
    for (const name of ['a', 'b', 'c']) await api.send('create', configmaps, { body: map(name) });
    const after3 = await api.watch(configmaps, { query: { resourceVersion: '3' } });
    const future = await api.watch(configmaps, { query: { resourceVersion: '5' } });
    for (const name of ['d', 'e']) await api.send('create', configmaps, { body: map(name) });
    expect(after3.said).toEqual(['ADDED c@4', 'ADDED d@5', 'ADDED e@6']);
    expect(future.said).toEqual(['ADDED e@6']);
  });

  test('is refused with 410 where its revision is too old', async () => {
    const api = await createTestApi([configMapKind], { window });
    await api.send('create', configmaps, { body: map('a') });
    for (let i = 0; i < 10; i++) await put(api, 'a', { i: String(i) });
    const watch = await api.watch(configmaps, { query: { resourceVersion: '2' } });
    expect(watch.ended?.error?.status).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'too old resource version: 2 (8)',
    });
  });

  test('marks the end of the initial events, and sends bookmarks each minute', async () => {
    const api = await createTestApi([configMapKind]);
    await api.send('create', configmaps, { body: map('a') });
    const query = {
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    };
    const watch = await api.watch(configmaps, { query });
    await api.clock.advance(60_000);
    expect(watch.said).toEqual(['ADDED a@2', 'BOOKMARK -@2', 'BOOKMARK -@2']);
    const marks = watch.frames.slice(1).map((f) => f.type === 'BOOKMARK' && f.object.metadata.annotations);
    expect(marks).toEqual([{ 'k8s.io/initial-events-end': 'true' }, undefined]);
    expect(watch.frames[1]).toMatchObject({ object: { kind: 'ConfigMap', apiVersion: 'v1' } });
  });

  test('sends bookmarks to each watcher once a minute, and never to all at once', async () => {
    const api = await createTestApi([configMapKind]);
    const opening = Array.from({ length: 180 }, () =>
      api.watch(configmaps, {
        query: { allowWatchBookmarks: 'true', sendInitialEvents: 'false', ...notOlder('') },
      }),
    );
    const watches = await Promise.all(opening);
    for (const gone of watches.splice(0, 30)) gone.stop();
    const told = () => watches.reduce((sum, { said }) => sum + said.length, 0);
    const steps: number[] = [];
    for (let second = 0; second < 60; second++) {
      const before = told();
      await api.clock.advance(1000);
      steps.push(told() - before);
    }
    expect(Math.max(...steps)).toBeLessThanOrEqual(25);
    // Who watches for a moment is not told a moment later that nothing has happened.
    expect(steps.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 0));
    expect(watches.map(({ said }) => said)).toEqual(watches.map(() => ['BOOKMARK -@1']));
  });

  test('from nothing marks the end of the initial events for a client that takes bookmarks', async () => {
    const api = await createTestApi([configMapKind]);
    await api.send('create', configmaps, { body: map('a') });
    for (const resourceVersion of ['', '0']) {
      const query = { allowWatchBookmarks: 'true', ...(resourceVersion && { resourceVersion }) };
      const watch = await api.watch(configmaps, { query });
      expect(watch.said).toEqual(['ADDED a@2', 'BOOKMARK -@2']);
    }
    const plain = await api.watch(configmaps, { query: { sendInitialEvents: 'false', ...notOlder('0') } });
    expect(plain.said).toEqual([]);
  });

  test('says among its events that the state it is to begin with has not been seen', async () => {
    const api = await createTestApi([configMapKind]);
    const opening = api.watch(configmaps, { query: { sendInitialEvents: 'true', ...notOlder('99') } });
    await api.clock.advance(3000);
    expect((await opening).ended?.error?.status).toMatchObject({
      code: 504,
      reason: 'Timeout',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ResourceVersionTooLarge' }] },
    });
    const query = { resourceVersion: '99', allowWatchBookmarks: 'true', timeoutSeconds: '300' };
    const later = await api.watch(configmaps, { query });
    await api.clock.advance(60_000);
    expect([later.said, later.ended]).toEqual([[], undefined]);
  });

  test.each([
    [
      { sendInitialEvents: 'true' },
      'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    ],
    [
      { resourceVersionMatch: 'NotOlderThan' },
      'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    ],
    [
      { sendInitialEvents: 'true', resourceVersionMatch: 'Exact' },
      'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"',
    ],
    [
      { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan', continue: 'x' },
      'resourceVersionMatch is forbidden when continue is provided',
    ],
  ] as [Record<string, string>, string][])('refuses what makes no sense: %o', async (query, text) => {
    const api = await createTestApi([configMapKind]);
    const refusal = await api.watch(configmaps, { query }).catch((error: StatusError) => error.status);
    expect(refusal).toMatchObject({ code: 422, message: expect.stringContaining(text) });
  });

  test('says where it stands once, two seconds before its time is up, where it lasts longer than that', async () => {
    const api = await createTestApi([configMapKind]);
    const open = (timeoutSeconds: string) =>
      api.watch(configmaps, { query: { timeoutSeconds, allowWatchBookmarks: 'true', resourceVersion: '1' } });
    const [long, short] = [await open('5'), await open('2')];
    await api.send('create', configmaps, { body: map('a') });
    await api.clock.advance(2999);
    expect(long.said).toEqual(['ADDED a@2']);
    await api.clock.advance(1);
    expect(long.said).toEqual(['ADDED a@2', 'BOOKMARK -@2']);
    await api.send('create', configmaps, { body: map('b') });
    await api.clock.advance(2000);
    expect([long.said.slice(2), long.ended]).toEqual([['ADDED b@3'], { error: undefined }]);
    expect([short.said, short.ended]).toEqual([['ADDED a@2'], { error: undefined }]);
  });

  test('ends after its timeout', async () => {
    const api = await createTestApi([configMapKind]);
    const watch = await api.watch(configmaps, { query: { timeoutSeconds: '5' } });
    await api.clock.advance(4999);
    expect(watch.ended).toBeUndefined();
    await api.clock.advance(1);
    expect(watch.ended).toEqual({ error: undefined });
    await api.send('create', configmaps, { body: map('a') });
    expect(watch.said).toEqual([]);
  });

  test('that stops hears nothing more', async () => {
    const api = await createTestApi([configMapKind]);
    const watch = await api.watch(configmaps);
    watch.stop();
    await api.send('create', configmaps, { body: map('a') });
    expect([watch.said, watch.ended]).toEqual([[], undefined]);
  });

  test('shares what it shows with lists and other watches', async () => {
    const api = await createTestApi([configMapKind]);
    const one = await api.watch(configmaps);
    const two = await api.watch(configmaps);
    await api.send('create', configmaps, { body: map('a') });
    const [listed] = (await api.list(configmaps)).items;
    const cached = (watch: typeof one) => (watch.frames[0] as { cached: unknown }).cached;
    expect(cached(one)).toBe(listed);
    expect(cached(two)).toBe(listed);
  });
});

describe('a client that does not keep up', () => {
  const open = async (api: TestApi, sink: FrameSink) =>
    ((await api.send('watch', configmaps)) as WatchAnswer).open(sink);

  test('is ended where it cannot say when it is ready', async () => {
    const api = await createTestApi([configMapKind]);
    let frames = 0;
    let ended = false;
    await open(api, { onFrame: () => ++frames < 2, onEnd: () => (ended = true) });
    for (const name of ['a', 'b', 'c']) await api.send('create', configmaps, { body: map(name) });
    expect([frames, ended]).toEqual([2, true]);
  });

  test('goes on from where it stood once it is ready', async () => {
    const api = await createTestApi([configMapKind]);
    const names: (string | undefined)[] = [];
    let ready = () => {};
    await open(api, {
      onFrame(frame) {
        names.push(frame.type === 'BOOKMARK' ? '' : frame.cached.object.metadata.name);
        return false;
      },
      drained: () => new Promise((resolve) => (ready = resolve)),
      onEnd: () => names.push('end'),
    });
    for (const name of ['a', 'b', 'c']) await api.send('create', configmaps, { body: map(name) });
    expect(names).toEqual(['a']);
    ready();
    await api.clock.advance(0);
    expect(names).toEqual(['a', 'b']);
    ready();
    await api.clock.advance(0);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  test('is ended where the kept events no longer reach back to it', async () => {
    const api = await createTestApi([configMapKind], { window });
    let ready = () => {};
    let error: string | undefined;
    await open(api, {
      onFrame: () => false,
      drained: () => new Promise((resolve) => (ready = resolve)),
      onEnd: (e) => (error = e?.message),
    });
    await api.send('create', configmaps, { body: map('a') });
    for (let i = 0; i < 10; i++) await put(api, 'a', { i: String(i) });
    ready();
    await api.clock.advance(0);
    expect(error).toBe('the watch fell behind the kept events');
  });
});
