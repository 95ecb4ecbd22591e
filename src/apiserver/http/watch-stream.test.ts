import { describe, expect, test } from 'vitest';
import { configmaps } from '../../api/generated/resources.ts';
import { expired } from '../../machinery/status-error.ts';
import { cachedObject } from '../corridor/testing-dispatcher.ts';
import { configMapKind } from '../kinds/core/config-map.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import { standardCodecs } from './standard-codecs.ts';
import { TurnWriter } from './turn-writer.ts';
import { watchEncoder } from './watch-encoder.ts';
import { streamWatch } from './watch-stream.ts';

const json = { encoding: 'json', pretty: false } as const;
const configMap = (name: string) =>
  cachedObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion: '3' } });
const frame = (name: string) => ({ type: 'ADDED', cached: configMap(name) }) as const;
const turn = () => new Promise<void>((resolve) => queueMicrotask(resolve));

/** A client whose reading the test controls. */
function testClient(reads: boolean) {
  const written: Uint8Array[] = [];
  const state = { buffered: 0, ended: false, aborted: false, reads };
  let onDrain: (() => void) | undefined;
  const stream = {
    write(bytes: Uint8Array) {
      written.push(bytes);
      if (!state.reads) state.buffered += bytes.length;
    },
    get bufferedBytes() {
      return state.buffered;
    },
    drained: () => new Promise<void>((resolve) => (onDrain = resolve)),
    end: () => void (state.ended = true),
    pipe: async () => {},
    abort: () => void (state.aborted = true),
  };
  const drain = () => {
    state.buffered = 0;
    onDrain?.();
  };
  const events = () =>
    Buffer.concat(written)
      .toString()
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { stream, written, state, drain, events };
}

function openStream(options: { bufferBytes: number; reads?: boolean; answer?: WatchAnswer }) {
  const { bufferBytes, reads = false } = options;
  const client = testClient(reads);
  const sinks: FrameSink[] = [];
  const calls = { stopped: false, over: 0 };
  const open = (sink: FrameSink) => {
    sinks.push(sink);
    return { stop: () => void (calls.stopped = true) };
  };
  const abort = new AbortController();
  streamWatch({
    stream: client.stream,
    answer: options.answer ?? { type: 'watch', open },
    encoder: watchEncoder(json, standardCodecs),
    writer: new TurnWriter(),
    bufferBytes,
    signal: abort.signal,
    onOver: () => calls.over++,
  });
  return { ...client, calls, abort, sink: sinks[0] as FrameSink };
}

describe('what a watch is sent', () => {
  test('is written once a turn, whatever happened in it', async () => {
    const { sink, written, events } = openStream({ bufferBytes: 5000 });
    for (const name of ['a', 'b', 'c']) sink.onFrame(frame(name));
    expect(written).toEqual([]);
    await turn();
    expect(written).toHaveLength(1);
    expect(events().map((e) => e.object.metadata.name)).toEqual(['a', 'b', 'c']);
  });

  test('is put together once for all who are sent the same', async () => {
    const writer = new TurnWriter();
    const clients = Array.from({ length: 3 }, () => testClient(true));
    const boxes = clients.map(({ stream }) => writer.open(stream));
    const [one, two] = [Buffer.from('one'), Buffer.from('two')];
    for (const box of boxes) for (const bytes of [one, two]) writer.write(box, bytes, 100);
    writer.write(writer.open((clients[2] as ReturnType<typeof testClient>).stream), one, 100);
    await turn();
    const firsts = clients.map(({ written }) => written[0]);
    expect(String(firsts[0])).toBe('onetwo');
    expect(new Set(firsts).size).toBe(1);
    expect(clients[2]?.written[1]).toBe(one);
  });

  test('counts as too much before it is written', () => {
    const { sink } = openStream({ bufferBytes: 250 });
    const taken = ['a', 'b', 'c', 'd'].map((name) => sink.onFrame(frame(name)));
    expect(taken).toEqual([true, true, false, false]);
  });

  test('ends with the reason, or breaks off where nobody reads', async () => {
    const failed = openStream({ bufferBytes: 500, reads: true });
    failed.sink.onFrame(frame('a'));
    failed.sink.onEnd(expired('gone'));
    expect(failed.events()).toMatchObject([{ type: 'ADDED' }, { type: 'ERROR', object: { code: 410 } }]);
    expect(failed).toMatchObject({ state: { ended: true, aborted: false }, calls: { over: 1 } });
    expect(failed.sink.onFrame(frame('late'))).toBe(false);
    const stuck = openStream({ bufferBytes: 50 });
    stuck.sink.onFrame(frame('a'));
    stuck.sink.onEnd(expired('gone'));
    expect(stuck).toMatchObject({ state: { ended: false, aborted: true }, calls: { over: 1 } });
    const left = openStream({ bufferBytes: 500 });
    left.sink.onFrame(frame('a'));
    left.abort.abort();
    await turn();
    expect(left).toMatchObject({ calls: { stopped: true, over: 1 }, written: [] });
  });
});

describe('a client that reads slowly', () => {
  const named = (name: string) => ({ body: { metadata: { name }, data: { text: 'x'.repeat(500) } } });
  const watched = async (api: TestApi, bufferBytes: number) =>
    openStream({ bufferBytes, answer: (await api.send('watch', configmaps)) as WatchAnswer });

  test('gets everything in its own time, and nothing is kept for it meanwhile', async () => {
    const api = await createTestApi([configMapKind]);
    const names = Array.from({ length: 30 }, (_, i) => `m${i}`);
    for (const name of names.slice(0, 10)) await api.send('create', configmaps, named(name));
    const client = await watched(api, 2000);
    for (const name of names.slice(10)) await api.send('create', configmaps, named(name));
    expect(client.state.buffered).toBeLessThan(4000);
    while (client.events().length < 30) {
      client.drain();
      await api.clock.advance(0);
    }
    expect(client.events().map((e) => e.object.metadata.name)).toEqual(names);
    expect(client.state.ended).toBe(false);
  });

  test('is broken off where it does not even read the beginning', async () => {
    const api = await createTestApi([configMapKind], { window: { events: 4, bytes: 1e6 } });
    for (let i = 0; i < 10; i++) await api.send('create', configmaps, named(`m${i}`));
    const client = await watched(api, 1000);
    for (let i = 10; i < 20; i++) await api.send('create', configmaps, named(`m${i}`));
    await api.clock.advance(60_000);
    expect(client.state).toMatchObject({ aborted: true, ended: false });
  });

  test('is broken off where it has stopped reading and events are gone that it has not had', async () => {
    const api = await createTestApi([configMapKind], { window: { events: 4, bytes: 1e6 } });
    const client = await watched(api, 1000);
    for (let i = 0; i < 20; i++) await api.send('create', configmaps, named(`m${i}`));
    expect(client.state.aborted).toBe(false);
    await api.clock.advance(60_000);
    expect(client.state).toMatchObject({ aborted: true, ended: false });
  });
});
