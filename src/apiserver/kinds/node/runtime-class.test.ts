import { expect, test } from 'vitest';
import type { RuntimeClass } from '../../../api/node/v1.ts';
import { updateErrors } from '../shared/testing.ts';
import { runtimeClassKind } from './runtime-class.ts';

const runtimeClass = (more: Partial<RuntimeClass> = {}): RuntimeClass => ({
  metadata: { name: 'x' },
  handler: 'h',
  ...more,
});

test('a runtime class is checked as a whole when it changes', () => {
  const errors = updateErrors(runtimeClassKind, runtimeClass(), (c) => {
    Object.assign(c, { handler: '', scheduling: { nodeSelector: { 'a b': 'c' } } });
  });
  expect(errors).toEqual([
    expect.stringMatching(/^handler: Invalid value: "": a lowercase RFC 1123 label must consist of/),
    expect.stringMatching(/^scheduling.nodeSelector: Invalid value: "a b": name part must consist of/),
    'handler: Invalid value: "": field is immutable',
  ]);
});

test('nodes of a runtime class are better not chosen by labels that have other names now', () => {
  const nodeSelector = { a: 'b', 'beta.kubernetes.io/os': 'linux' };
  expect(runtimeClassKind.warnings?.(runtimeClass({ scheduling: { nodeSelector } }), undefined)).toEqual([
    'scheduling.nodeSelector: deprecated since v1.14; use "kubernetes.io/os" instead',
  ]);
  expect(runtimeClassKind.warnings?.(runtimeClass(), undefined)).toEqual([]);
});
