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
