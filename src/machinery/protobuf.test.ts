import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { deepEqual } from './equal.ts';
import {
  decodeProtobuf,
  encodeProtobuf,
  encodeProtobufMessage,
  frameProtobufEvent,
  joinProtobufList,
  transcodeProtobuf,
  wrapProtobuf,
} from './protobuf.ts';
import { StatusError } from './status-error.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = process.env.K8TS_FIXTURES ?? join(root, '..', 'shared', 'reference', 'fixtures');
const fixtures = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith('.json')) : [];

describe.skipIf(fixtures.length === 0)(
  `upstream’s fixtures${fixtures.length === 0 ? ' (skipped: no fixtures on this machine)' : ''}`,
  () => {
    test.each(fixtures)('%s', (file) => {
      const object = JSON.parse(readFileSync(join(folder, file), 'utf8'));
      const bytes = readFileSync(join(folder, file.replace(/json$/, 'pb')));
      const { apiVersion = '', kind = '' } = object;
      const gvk = { group: '', version: 'v1', kind: file.split('.').at(-2) as string };
      const encoded = kind
        ? encodeProtobuf(object)
        : wrapProtobuf({ apiVersion, kind }, encodeProtobufMessage(object, gvk));
      expect(Buffer.from(encoded).toString('hex')).toBe(bytes.toString('hex'));
      expect(decodeProtobuf(bytes, gvk).object).toEqual({ apiVersion: 'v1', kind: gvk.kind, ...object });
    });
  },
);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const pod = { group: '', version: 'v1', kind: 'Pod' };

describe('what is written', () => {
  test('a field that is no pointer always, one that is only if it is set', () => {
    const meta = { apiVersion: 'v1', kind: 'DeleteOptions' };
    expect(hex(encodeProtobufMessage({ ...meta }, { group: '', version: 'v1', kind: 'DeleteOptions' }))).toBe(
      '',
    );
    const set = { gracePeriodSeconds: 0, orphanDependents: false };
    expect(hex(encodeProtobufMessage(set, { group: '', version: 'v1', kind: 'DeleteOptions' }))).toBe(
      '08001800',
    );
    expect(hex(encodeProtobufMessage({ message: 'x' }, { group: '', version: 'v1', kind: 'Status' }))).toBe(
      '0a060a0012001a0012001a017822003000',
    );
  });

  test('a list from the messages of its items', () => {
    const items = [
      { metadata: { name: 'a' } },
      { metadata: { name: 'b' }, spec: { priority: -1, containers: [{ name: 'c' }] } },
    ];
    const list = { apiVersion: 'v1', kind: 'PodList', metadata: { resourceVersion: '7' }, items };
    const messages = items.map((item) => {
      const json = Buffer.from(JSON.stringify(item));
      return transcodeProtobuf(json, json.length, pod);
    });
    const kind = { apiVersion: 'v1', kind: 'PodList' };
    const joined = joinProtobufList(kind, list.metadata, messages);
    expect(hex(Buffer.concat([...joined.make()]))).toBe(hex(encodeProtobuf(list)));
    expect(joined.length).toBe(encodeProtobuf(list).length);
    const none = joinProtobufList(kind, list.metadata, []);
    expect(hex(Buffer.concat([...none.make()]))).toBe(hex(encodeProtobuf({ ...list, items: [] })));
    const many = Array.from({ length: 5 }, () => '\0'.repeat(700_000));
    const pieces = [...joinProtobufList(kind, list.metadata, many).make()];
    expect(pieces.map(({ length }) => Math.round(length / 1000))).toEqual([700, 700, 700, 700, 700]);
    expect(joinProtobufList(kind, list.metadata, many).length).toBe(Buffer.concat(pieces).length);
    expect(decodeProtobuf(encodeProtobuf(list)).object).toMatchObject(list);
  });

  test('an event of a watch', () => {
    const object = encodeProtobuf({ apiVersion: 'v1', kind: 'Status' });
    const frame = frameProtobufEvent('ADDED', object);
    expect(new DataView(frame.buffer).getUint32(0)).toBe(frame.length - 4);
    expect(hex(frame.subarray(4, 11))).toBe(`0a05${Buffer.from('ADDED').toString('hex')}`);
    expect(hex(frame)).toContain(hex(object));
  });
});

describe('round trips', () => {
  test('scalars that are messages', () => {
    const object = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'x', creationTimestamp: '2026-01-02T03:04:05Z' },
      spec: {
        group: 'g',
        names: { plural: 'p', kind: 'K' },
        scope: 'Namespaced',
        versions: [
          {
            name: 'v1',
            served: true,
            storage: false,
            subresources: { status: {} },
            schema: {
              openAPIV3Schema: {
                type: 'object',
                minimum: -1.5,
                maxLength: 0,
                items: [{ type: 'string' }],
                additionalProperties: false,
                dependencies: { a: ['b'], c: { type: 'null' } },
                default: { a: [1, null] },
                enum: ['x', 1],
                properties: { a: { items: { type: 'string' }, additionalProperties: { type: 'string' } } },
              },
            },
          },
        ],
      },
    };
    expect(decodeProtobuf(encodeProtobuf(object)).object).toEqual(object);
  });

  test('whole numbers of every size', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer(), (generation, priority) => {
        const object = {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { generation },
          spec: { priority, containers: [] },
        };
        const back = decodeProtobuf(encodeProtobuf(object)).object as unknown as typeof object;
        expect(back.metadata.generation ?? 0).toBe(generation);
        expect(back.spec.priority).toBe(priority);
      }),
    );
  });

  test('labels of any text', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        (labels) => {
          const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { labels } };
          const back = decodeProtobuf(encodeProtobuf(object)).object;
          expect(deepEqual(back.metadata.labels ?? {}, labels)).toBe(true);
        },
      ),
    );
  });
});

describe('bad bytes', () => {
  const attempt = (bytes: Uint8Array) => {
    try {
      decodeProtobuf(bytes, pod);
      return 200;
    } catch (error) {
      expect(error).toBeInstanceOf(StatusError);
      return (error as StatusError).code;
    }
  };

  test('are a bad request, whatever they are', () => {
    expect(attempt(new Uint8Array())).toBe(400);
    expect(attempt(Buffer.from('{"kind":"Pod"}'))).toBe(400);
    expect(attempt(wrapProtobuf({ apiVersion: 'v1', kind: 'Nope' }, new Uint8Array()))).toBe(400);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => void attempt(Buffer.concat([Buffer.from('k8s\0'), bytes]))),
    );
    fc.assert(
      fc.property(
        fc.uint8Array(),
        (raw) => void attempt(wrapProtobuf({ apiVersion: 'v1', kind: 'Pod' }, raw)),
      ),
    );
  });

  test('a cut or flipped message never does more than fail', () => {
    const whole = encodeProtobuf({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', labels: { b: 'c' } },
      spec: { containers: [{ name: 'x' }] },
    });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        attempt(whole.subarray(0, at));
        const flipped = whole.slice();
        flipped[at] = byte;
        attempt(flipped);
      }),
    );
  });
});
