import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { typeSchema } from '../schema.ts';
import { encodeMessage } from './encode.ts';
import { transcode } from './transcode.ts';

const pod = typeSchema('io.k8s.api.core.v1.Pod');
const hexOf = (text: string | undefined) => text && Buffer.from(text, 'latin1').toString('hex');
const transcoded = (text: string, type = pod) => {
  const json = Buffer.from(text);
  return hexOf(transcode(Buffer.concat([json, Buffer.from('"}]},:')]), json.length, type));
};
const encoded = (text: string, type = pod) =>
  Buffer.from(encodeMessage(JSON.parse(text), type)).toString('hex');

test.each([
  ['nothing', '{}'],
  [
    'fields in any order',
    '{"status":{"phase":"x"},"spec":{"nodeName":"n","containers":[]},"metadata":{"name":"a"}}',
  ],
  [
    'what is null',
    '{"metadata":{"name":null,"labels":{"a":null}},"spec":{"containers":[null,{"name":"b"}],"priority":null}}',
  ],
  [
    'what the type does not have',
    '{"kind":"Pod","nope":{"a":["]}",1,{"b":"\\\\"}]},"metadata":{"":1,"name":"a"}}',
  ],
  [
    'escapes',
    String.raw`{"metadata":{"name":"a\"b\\","labels":{"\u00e4\"":"\ud800","b":"\n"}},"spec":{"nodeName":"\\"}}`,
  ],
  ['text beyond ASCII', '{"metadata":{"name":"ä😀","labels":{"😀":"a","":"b","a":"ü"}}}'],
  ['keys of maps that are not in order', '{"metadata":{"labels":{"b":"1","a":"2","ab":"3","":"4"}}}'],
  [
    'numbers',
    '{"metadata":{"generation":9007199254740991},"spec":{"priority":-12,"activeDeadlineSeconds":0}}',
  ],
  [
    'long numbers',
    '{"metadata":{"generation":9223372036854775807,"deletionGracePeriodSeconds":-9223372036854775808}}',
  ],
  [
    'what is embedded',
    '{"spec":{"volumes":[{"configMap":{"optional":true,"name":"c","defaultMode":420},"name":"v"}]}}',
  ],
])('%s: written as if it had been decoded', (_, text) => {
  expect(transcoded(text)).toBe(encoded(text));
});

test('names are found, whatever came before', () => {
  const names = [...pod.fields.keys(), 'kind', 'a'];
  fc.assert(
    fc.property(fc.array(fc.uniqueArray(fc.constantFrom(...names))), (objects) => {
      for (const fields of objects) {
        const text = JSON.stringify(Object.fromEntries(fields.map((name) => [name, {}])));
        expect(transcoded(text)).toBe(encoded(text));
      }
    }),
  );
});

test('values that recur are written as if they were new', () => {
  const name = fc.constantFrom('a', 'b', 'c'.repeat(40), 'd'.repeat(40), 'e'.repeat(3000));
  const time = fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z');
  const toleration = fc.record({ key: name, effect: name }, { requiredKeys: [] });
  const source = fc.record({
    configMap: fc.record({ name, items: fc.array(fc.record({ key: name, path: name })) }),
  });
  const volume = fc.record({ name, projected: fc.record({ sources: fc.array(source, { maxLength: 3 }) }) });
  const container = fc.record({
    name,
    ports: fc.array(fc.record({ name, containerPort: fc.nat() }), { maxLength: 3 }),
  });
  const entry = fc.record({
    manager: name,
    time,
    fieldsV1: fc.dictionary(name, fc.constantFrom({}, null, 'ä')),
  });
  const anyPod = fc.record({
    metadata: fc.record({ name, managedFields: fc.array(entry, { maxLength: 3 }) }),
    spec: fc.record({
      containers: fc.array(container, { maxLength: 3 }),
      volumes: fc.array(volume, { maxLength: 3 }),
      tolerations: fc.array(toleration, { maxLength: 3 }),
    }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(anyPod, { maxLength: 6 }),
      fc.array(fc.nat(5), { maxLength: 30 }),
      (pods, order) => {
        for (const i of order) {
          const text = JSON.stringify(pods[i % pods.length] ?? {});
          expect(transcoded(text)).toBe(encoded(text));
        }
      },
    ),
  );
});

test('objects of one template are written as if each were new', () => {
  // Of each length texts that may take the place of another, and some that may not.
  const text = fc.constantFrom(
    'aaaa',
    'bbbb',
    'c\\cc',
    'd"dd',
    'ää',
    '',
    'longer',
    'a\nb.',
    '"',
    '\u0000',
    'x'.repeat(70),
    'y'.repeat(70),
  );
  const time = fc.constantFrom(
    '2026-01-01T00:00:00Z',
    '2099-12-31T23:59:59Z',
    '1975-12-31T23:59:59Z',
    '2026-01-01T00:00:00+01:00',
  );
  const quantity = fc.constantFrom('100m', '200m', '1Gi', '2');
  const pods = fc.record({
    kind: fc.constant('Pod'),
    apiVersion: fc.constant('v1'),
    metadata: fc.record({
      name: text,
      labels: fc.dictionary(fc.constantFrom('k1', 'k2', 'ü', 'k'), text),
      creationTimestamp: time,
      generation: fc.constantFrom(1, 2, 10),
    }),
    spec: fc.record({
      volumes: fc.array(fc.record({ name: text, hostPath: fc.record({ path: text }) }), { maxLength: 2 }),
      containers: fc.array(
        fc.record({
          name: text,
          args: fc.array(text, { maxLength: 3 }),
          resources: fc.record({ requests: fc.record({ cpu: quantity }) }),
        }),
        { maxLength: 2 },
      ),
    }),
    status: fc.record({
      conditions: fc.array(fc.record({ type: text, lastTransitionTime: time, message: text }), {
        maxLength: 2,
      }),
    }),
  });
  fc.assert(
    fc.property(fc.array(pods, { minLength: 1, maxLength: 4 }), fc.infiniteStream(text), (made, texts) => {
      for (const one of [...made, ...made.map((pod) => renamed(pod, texts)), ...made]) {
        const json = JSON.stringify(one);
        expect(transcoded(json)).toBe(encoded(json));
      }
    }),
    { numRuns: 300 },
  );
});

/** The same with another text of the same length in the place of some. */
function renamed(value: unknown, texts: IterableIterator<string>): unknown {
  if (Array.isArray(value)) return value.map((one) => renamed(one, texts));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, renamed(one, texts)]));
  if (typeof value !== 'string' || value === 'Pod' || value === 'v1' || value.includes('T')) return value;
  const other = texts.next().value as string;
  return other.length === value.length ? other : value;
}

test('what is no such JSON is left to others', () => {
  const whole = '{"metadata":{"name":"a","labels":{"b":"c"}},"spec":{"containers":[{"name":"x"}]}}';
  for (let end = 0; end < whole.length; end++) expect(transcoded(whole.slice(0, end))).toBeUndefined();
  for (const text of [
    `${whole} `,
    `${whole}}`,
    '{"metadata": {}}',
    '{"metadata":{"name":1}}',
    '{"spec":[]}',
    '[]',
  ]) {
    expect(transcoded(text)).toBeUndefined();
  }
});
