import { expect, test } from 'vitest';
import type { ConfigMap, Pod } from '../../../api/core/v1.ts';
import { configMapKind } from '../core/config-map.ts';
import { podKind } from '../core/pod/pod.ts';
import { withStandardFinalizers } from './finalizers.ts';
import { created, createErrors, testContext, texts, updateErrors } from './testing.ts';

const why = 'name is neither a standard finalizer name nor is it fully qualified';
const metadata = { name: 'x', namespace: 'default', finalizers: ['orphan', 'mine', 'example.com/mine'] };

test('finalizers of kinds of the server are qualified, or one of Kubernetes', () => {
  const kind = withStandardFinalizers(configMapKind);
  const map: ConfigMap = { metadata };
  const error = `metadata.finalizers[1]: Invalid value: "mine": ${why}`;
  expect(createErrors(kind, map)).toEqual([error]);
  expect(updateErrors(kind, map, (m) => (m.data = { a: 'b' }))).toEqual([error]);
});

test('so they are where only the state or a part changes', () => {
  const kind = withStandardFinalizers(podKind);
  const old = created(kind, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } } as Pod);
  const said = [kind.status, kind.parts?.resize].map((s) =>
    texts(s?.validateUpdate?.(structuredClone(old), old, testContext()) ?? []),
  );
  expect(said.map(([first]) => first)).toEqual(
    Array(2).fill(`metadata.finalizers[1]: Invalid value: "mine": ${why}`),
  );
});
