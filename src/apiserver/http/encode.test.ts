import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { expired } from '../../machinery/status-error.ts';
import { cachedObject } from '../corridor/testing-dispatcher.ts';
import type { FrameSink, WatchAnswer } from '../request.ts';
import { encodeList } from './encode.ts';
import { standardCodecs } from './standard-codecs.ts';
import { watchEncoder } from './watch-encoder.ts';
import { streamWatch } from './watch-stream.ts';

const configMap = (name: string) =>
  cachedObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion: '3' } });
const json = { encoding: 'json', pretty: false } as const;
const text = (chunks: readonly Uint8Array[]) => Buffer.concat(chunks).toString();

describe('lists', () => {
  const list = {
    type: 'list',
    apiVersion: 'v1',
    kind: 'ConfigMapList',
    metadata: { resourceVersion: '9' },
    items: [configMap('a'), configMap('b')],
  } as const;

  test('are put together from the bytes of their items', () => {
    const bytes = text(encodeList(list, json, { typed: true, codecs: standardCodecs }));
    const item = (name: string) => `{"metadata":{"name":"${name}","resourceVersion":"3"}}`;
    const head = '{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"9"},"items":[';
    expect(bytes).toBe(`${head}${item('a')},${item('b')}]}\n`);
  });

  test('of custom resources repeat the kind', () => {
    const bytes = text(encodeList(list, json, { typed: false, codecs: standardCodecs }));
    expect(JSON.parse(bytes).items[1]).toEqual(configMap('b').object);
  });

  test('are the same in every format', () => {
    const options = { typed: true, codecs: standardCodecs };
    const plain = JSON.parse(text(encodeList(list, json, options)));
    expect(JSON.parse(text(encodeList(list, { encoding: 'json', pretty: true }, options)))).toEqual(plain);
    const empty = { ...list, items: [] };
    expect(text(encodeList(empty, json, options))).toContain('"items":[]}');
    expect(text(encodeList(list, { encoding: 'yaml', pretty: false }, options))).toContain(
      'items:\n- metadata:\n    name: a',
    );
  });
});

describe('watches', () => {
  test('an event is encoded once for all who watch it', () => {
    const cached = configMap('a');
    const frame = { type: 'ADDED', cached } as const;
    const [one, two] = [watchEncoder(json, standardCodecs), watchEncoder(json, standardCodecs)];
    expect(one.frame(frame)).toBe(two.frame(frame));
    expect(one.frame(frame)).not.toBe(one.frame({ type: 'MODIFIED', cached }));
    expect(String(one.frame(frame))).toBe(`{"type":"ADDED","object":${cached.json()}}\n`);
  });

  test('as protobuf, an event has its length in front', () => {
    const encoder = watchEncoder({ encoding: 'protobuf', pretty: false }, standardCodecs);
    const bytes = Buffer.from(encoder.frame({ type: 'ADDED', cached: configMap('a') }));
    expect(bytes.readUInt32BE(0)).toBe(bytes.length - 4);
    expect(bytes.subarray(4, 11).toString()).toBe('\n\x05ADDED');
    expect(bytes.includes('k8s\0')).toBe(true);
  });

  /** A client whose reading the test controls. */
  function openStream(options: { bufferBytes: number; initial: number }) {
    const written: string[] = [];
    const state = { buffered: 0, ended: false, aborted: false, stopped: false, reads: false };
    const stream = {
      write(bytes: Uint8Array) {
        written.push(Buffer.from(bytes).toString());
        if (!state.reads) state.buffered += bytes.length;
      },
      get bufferedBytes() {
        return state.buffered;
      },
      end: () => void (state.ended = true),
      pipe: async () => {},
      abort: () => void (state.aborted = true),
    };
    const sinks: FrameSink[] = [];
    const answer: WatchAnswer = {
      type: 'watch',
      open(given) {
        sinks.push(given);
        for (let i = 0; i < options.initial; i++)
          given.onFrame({ type: 'ADDED', cached: configMap(`i${i}`) });
        return { stop: () => void (state.stopped = true) };
      },
    };
    const clock = new VirtualClock();
    const abort = new AbortController();
    const encoder = watchEncoder(json, standardCodecs);
    streamWatch({
      stream,
      answer,
      encoder,
      clock,
      timeoutMs: 1000,
      bufferBytes: options.bufferBytes,
      signal: abort.signal,
    });
    return { written, state, sink: sinks[0] as FrameSink, clock, abort };
  }

  const frame = (name: string) => ({ type: 'ADDED', cached: configMap(name) }) as const;

  test('a large beginning is let through; who then does not read is ended', () => {
    const { sink, state } = openStream({ bufferBytes: 500, initial: 100 });
    expect(state.buffered).toBeGreaterThan(5000);
    let taken = 0;
    while (sink.onFrame(frame('x')) && taken < 100) taken++;
    expect(taken).toBeGreaterThan(2);
    expect(taken).toBeLessThan(10);
    sink.onEnd(expired('too slow'));
    expect(state).toMatchObject({ aborted: true, ended: false });
  });

  test('once the beginning has been read, its size no longer counts', () => {
    const { sink, state } = openStream({ bufferBytes: 500, initial: 100 });
    state.buffered = 0;
    expect(sink.onFrame(frame('a'))).toBe(true);
    let taken = 0;
    while (sink.onFrame(frame('x')) && taken < 100) taken++;
    expect(state.buffered).toBeLessThan(800);
  });

  test('ends with the reason, by its time, or when the client goes', async () => {
    const failed = openStream({ bufferBytes: 500, initial: 0 });
    failed.state.reads = true;
    failed.sink.onEnd(expired('gone'));
    expect(JSON.parse(failed.written[0] as string)).toMatchObject({ type: 'ERROR', object: { code: 410 } });
    expect(failed.state.ended).toBe(true);
    const timed = openStream({ bufferBytes: 500, initial: 0 });
    await timed.clock.advance(1000);
    expect(timed.state).toMatchObject({ ended: true, stopped: true });
    expect(timed.sink.onFrame(frame('late'))).toBe(false);
    const left = openStream({ bufferBytes: 500, initial: 0 });
    left.abort.abort();
    expect(left.state.stopped).toBe(true);
  });
});
