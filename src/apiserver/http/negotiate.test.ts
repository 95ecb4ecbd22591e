import { describe, expect, test } from 'vitest';
import { acceptedFormat, bodyMediaType, type Endpoint, negotiate, wantsPretty } from './negotiate.ts';

const brief = (accept: string | undefined, endpoint: Endpoint) => {
  const format = acceptedFormat(accept, endpoint);
  return format && [format.encoding, format.convert?.kind, format.convert?.version].filter(Boolean).join(' ');
};
const as = (type: string, kind: string, version = 'v1') =>
  `application/${type};as=${kind};v=${version};g=meta.k8s.io`;

describe('what a client accepts', () => {
  test.each<[string | undefined, Endpoint, string | undefined]>([
    [undefined, 'resource', 'json'],
    ['*/*', 'resource', 'json'],
    ['application/*', 'resource', 'json'],
    ['text/html, application/yaml;q=0.9, */*;q=0.8', 'resource', 'yaml'],
    ['application/json;q=0.5, application/vnd.kubernetes.protobuf', 'resource', 'protobuf'],
    ['application/vnd.kubernetes.protobuf,application/json', 'custom', 'json'],
    ['application/vnd.kubernetes.protobuf', 'custom', undefined],
    [as('vnd.kubernetes.protobuf', 'PartialObjectMetadata'), 'custom', 'protobuf PartialObjectMetadata v1'],
    [as('json', 'Table'), 'resource', 'json Table v1'],
    [`${as('json', 'Table')},${as('json', 'Table', 'v1beta1')},application/json`, 'watch', 'json Table v1'],
    [`${as('json', 'Table')},application/json`, 'plain', 'json'],
    [as('json', 'Table'), 'plain', undefined],
    [as('json', 'Table'), 'review', undefined],
    [as('json', 'PartialObjectMetadata'), 'review', 'json PartialObjectMetadata v1'],
    [as('json', 'Nonsense'), 'resource', undefined],
    [`${as('vnd.kubernetes.protobuf', 'Table')},application/json`, 'resource', 'json'],
    ['application/json;stream=watch', 'watch', 'json'],
    ['application/vnd.kubernetes.protobuf;stream=watch', 'watch', 'protobuf'],
    ['application/yaml', 'watch', undefined],
    ['image/png', 'resource', undefined],
    ['', 'resource', 'json'],
    [';;;,,/', 'resource', undefined],
  ])('%s at %s: %s', (accept, endpoint, expected) => {
    expect(brief(accept, endpoint)).toBe(expected);
  });

  test.each([
    ['image/png', 'application/json, application/yaml, application/vnd.kubernetes.protobuf'],
    [
      as('vnd.kubernetes.protobuf', 'Table'),
      'application/json, application/yaml, application/vnd.kubernetes.protobuf',
    ],
    ['application/yaml', 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'],
  ])('a watch in %s is refused with what there is', (accept, offered) => {
    expect(() => negotiate(accept, 'watch')).toThrow(
      `only the following media types are accepted: ${offered}`,
    );
  });
});

test('the type of a body', () => {
  expect(bodyMediaType(undefined)).toBe('application/json');
  expect(bodyMediaType('Application/JSON; charset=utf-8')).toBe('application/json');
});

test('people get it pretty', () => {
  const pretty = (query: string, userAgent = '') => wantsPretty(new URLSearchParams(query), userAgent);
  expect(pretty('pretty=true')).toBe(true);
  expect(pretty('pretty=0', 'curl/8')).toBe(false);
  expect(pretty('', 'curl/8')).toBe(true);
  expect(pretty('', 'kubectl/v1.36')).toBe(false);
});
