import fc from 'fast-check';

/*
 * Changes to a request, as values: what to change, and a number that says where. A number is taken modulo the places
 * there are, so each means something whatever it is applied to.
 */

/** A piece of JSON text that no value stands for. */
export interface RawJson {
  raw: string;
}

const nested = (open: string, close: string, depth: number): RawJson => ({
  raw: open.repeat(depth) + close.repeat(depth),
});

/** JSON that has broken something somewhere. */
export const oddValues: readonly (RawJson | unknown)[] = [
  null,
  true,
  0,
  -1,
  1.5,
  '',
  ' ',
  'a',
  '\0',
  '\ud800',
  '\ufeff',
  '../..',
  'a/b',
  '%00',
  '💥'.repeat(50),
  'x'.repeat(300),
  'x'.repeat(100_000),
  `${'a'.repeat(50)}!`,
  'A'.repeat(64),
  [],
  [null],
  [[]],
  {},
  { a: { b: 1 } },
  { '': '' },
  { $patch: 'replace' },
  { $patch: 'delete' },
  { $retainKeys: ['a'] },
  { __proto__x: 1 },
  { constructor: { prototype: { polluted: true } } },
  '1e999999999',
  '9223372036854775807',
  '-9223372036854775808',
  '0.1n',
  '100m',
  '1Ei',
  '2026-01-01T00:00:00Z',
  '2026-13-45T99:99:99Z',
  '9999999h',
  'self.all(x, x.all(y, y.all(z, z == x)))',
  '(((((a*)*)*)*)*)*$',
  '(?=a)b',
  '[',
  'metadata.name=',
  '-----BEGIN CERTIFICATE-----',
  'AAAA',
  '====',
  { raw: '{"__proto__":{"polluted":"yes"}}' },
  { raw: '{"a":1,"a":2}' },
  { raw: '1e400' },
  { raw: '-1e400' },
  { raw: '9223372036854775808' },
  { raw: '1234567890123456789012345678901234567890' },
  { raw: '0.1e-400' },
  { raw: '-0' },
  { raw: '"\\ud800\\u0000"' },
  { raw: 'nul' },
  { raw: '01' },
  { raw: '"\n"' },
  nested('[', ']', 600),
  nested('{"a":', '}', 600).raw.replace('{"a":}', '{"a":1}'),
  { raw: `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}` },
  nested('[', ']', 9000),
  { raw: `${'['.repeat(20_000)}` },
];

export const oddKeys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  'metadata',
  'spec',
  'status',
  'kind',
  'apiVersion',
  'name',
  'a.b/c',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  'x'.repeat(300),
  '\0',
  '~1',
];

export const oddParameters: readonly [string, string][] = [
  ['limit', '-1'],
  ['limit', '1e9'],
  ['limit', '99999999999999999999'],
  ['continue', 'AAAA'],
  ['continue', Buffer.from('{"v":"meta.k8s.io/v1","rv":-1,"start":"../"}').toString('base64url')],
  ['continue', Buffer.from('null').toString('base64url')],
  ['timeoutSeconds', 'NaN'],
  ['timeoutSeconds', '-5'],
  ['timeoutSeconds', '1e308'],
  ['timeoutSeconds', '9'.repeat(30)],
  ['timeout', '1ns'],
  ['timeout', '-1h'],
  ['timeout', 'x'],
  ['resourceVersion', '-1'],
  ['resourceVersion', '99999999999'],
  ['resourceVersion', '1'],
  ['resourceVersionMatch', 'Exact'],
  ['watch', 'true'],
  ['watch', 'maybe'],
  ['sendInitialEvents', 'true'],
  ['labelSelector', 'a in ('],
  ['labelSelector', 'a=b,a!=b,,'],
  ['labelSelector', '!'],
  ['labelSelector', `a in (${'x,'.repeat(20_000)}y)`],
  ['labelSelector', 'a>1,b<99999999999999999999'],
  ['fieldSelector', 'metadata.name'],
  ['fieldSelector', 'spec.nodeName=a,status.phase!=b'],
  ['fieldSelector', '\\'],
  ['fieldSelector', `metadata.name=${'x'.repeat(10_000)}`],
  ['fieldManager', 'x'.repeat(200)],
  ['fieldManager', '\n'],
  ['fieldValidation', 'Never'],
  ['fieldValidation', 'Ignore'],
  ['dryRun', 'Some'],
  ['dryRun', 'All'],
  ['force', 'yes'],
  ['pretty', 'true'],
  ['propagationPolicy', 'Orphan'],
  ['propagationPolicy', 'Sideways'],
  ['orphanDependents', 'true'],
  ['gracePeriodSeconds', '-1'],
  ['gracePeriodSeconds', '99999999999999999999'],
  ['includeObject', 'Object'],
  ['includeObject', 'Everything'],
  ['__proto__', 'x'],
];

export const oddHeaders: readonly [string, string][] = [
  ['accept', 'application/vnd.kubernetes.protobuf'],
  ['accept', 'application/yaml'],
  ['accept', 'application/json;as=Table;v=v1;g=meta.k8s.io'],
  ['accept', 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'],
  ['accept', 'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'],
  ['accept', 'application/cbor'],
  ['accept', ';;;,,,q=x'],
  ['accept', 'a/b,'.repeat(2000)],
  ['accept-encoding', 'gzip;q=0, br'],
  ['content-type', 'application/json'],
  ['content-type', 'application/yaml'],
  ['content-type', 'application/vnd.kubernetes.protobuf'],
  ['content-type', 'application/merge-patch+json'],
  ['content-type', 'application/json-patch+json'],
  ['content-type', 'application/strategic-merge-patch+json'],
  ['content-type', 'application/apply-patch+yaml'],
  ['content-type', 'application/apply-patch+cbor'],
  ['content-type', 'text/plain; charset=utf-16'],
  ['content-type', ';'],
  ['content-encoding', 'gzip'],
  ['impersonate-user', 'jane'],
  ['impersonate-user', 'system:serviceaccount:default:seed'],
  ['impersonate-group', 'system:masters'],
  ['impersonate-extra-%zz', 'x'],
  ['authorization', 'Bearer nobody'],
  ['authorization', 'Basic eDp5'],
  ['k8ts-cause', '%7B%22reason%22:1%7D'],
  ['audit-id', 'x'.repeat(500)],
  ['user-agent', '\x7f'.repeat(300)],
  ['if-none-match', '*'],
  ['x-forwarded-for', '::1'],
  ['connection', 'upgrade'],
  ['upgrade', 'websocket'],
  ['sec-websocket-protocol', 'v5.channel.k8s.io'],
];

export const oddSegments: readonly string[] = [
  '',
  '.',
  '..',
  '%2e%2e',
  '%2F',
  '%00',
  '%ff',
  '%',
  '%zz',
  'status',
  'scale',
  'proxy',
  'exec',
  'log',
  'watch',
  'namespaces',
  'seed',
  'default',
  'pods',
  'deployments',
  'things',
  'v1',
  'v2',
  'apis',
  '__proto__',
  'constructor',
  'x'.repeat(5000),
  'é',
  'a:b:c',
];

const place = fc.nat({ max: 1 << 20 });

export type JsonMutation =
  | { type: 'replace'; at: number; with: number }
  | { type: 'remove'; at: number }
  | { type: 'rename'; at: number; key: number }
  | { type: 'put'; at: number; key: number; value: number }
  | { type: 'repeat'; at: number; times: number }
  | { type: 'swap'; at: number; with: number };

export const jsonMutation: fc.Arbitrary<JsonMutation> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('replace' as const), at: place, with: place }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('remove' as const), at: place }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('rename' as const), at: place, key: place }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('put' as const), at: place, key: place, value: place }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('repeat' as const),
      at: place,
      times: fc.constantFrom(1, 2, 50, 2000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('swap' as const), at: place, with: place }) },
);

export type ByteMutation =
  | { type: 'flip'; at: number; bit: number }
  | { type: 'insert'; at: number; bytes: Uint8Array }
  | { type: 'delete'; at: number; count: number }
  | { type: 'double'; at: number; count: number }
  | { type: 'truncate'; at: number };

export const byteMutation: fc.Arbitrary<ByteMutation> = fc.oneof(
  fc.record({ type: fc.constant('flip' as const), at: place, bit: fc.nat({ max: 7 }) }),
  fc.record({
    type: fc.constant('insert' as const),
    at: place,
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.constantFrom(
        Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
        Uint8Array.of(0xef, 0xbb, 0xbf),
        Uint8Array.of(0xed, 0xa0, 0x80),
        Buffer.from('*a'),
        Buffer.from('&a '),
        Buffer.from('\n---\n'),
        Buffer.from('!!binary '),
        Buffer.from('<<: *a\n'),
      ),
    ),
  }),
  fc.record({ type: fc.constant('delete' as const), at: place, count: fc.nat({ max: 16 }) }),
  fc.record({ type: fc.constant('double' as const), at: place, count: fc.nat({ max: 64 }) }),
  fc.record({ type: fc.constant('truncate' as const), at: place }),
);

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** A request to be, and what is done to it. */
export interface Plan {
  resource: number;
  object: number;
  intent: number;
  /** Whether the request is one of those about no kind in particular. */
  other: boolean;
  encoding: Encoding;
  json: JsonMutation[];
  bytes: ByteMutation[];
  query: number[];
  headers: number[];
  segments: { at: number; segment: number; insert: boolean }[];
  method: number;
}

const rarely = <T>(arbitrary: fc.Arbitrary<T>, max: number) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant([] as T[]) },
    { weight: 2, arbitrary: fc.array(arbitrary, { minLength: 1, maxLength: max }) },
  );

export const plan: fc.Arbitrary<Plan> = fc.record({
  resource: place,
  object: place,
  intent: place,
  other: fc.oneof({ weight: 8, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  encoding: fc.oneof(
    { weight: 6, arbitrary: fc.constant('json' as const) },
    { weight: 1, arbitrary: fc.constant('yaml' as const) },
    { weight: 2, arbitrary: fc.constant('protobuf' as const) },
  ),
  json: fc.oneof(
    { weight: 1, arbitrary: fc.constant([] as JsonMutation[]) },
    { weight: 4, arbitrary: fc.array(jsonMutation, { minLength: 1, maxLength: 4 }) },
  ),
  bytes: fc.oneof(
    { weight: 5, arbitrary: fc.constant([] as ByteMutation[]) },
    { weight: 1, arbitrary: fc.array(byteMutation, { minLength: 1, maxLength: 4 }) },
  ),
  query: rarely(place, 3),
  headers: fc.oneof(
    { weight: 6, arbitrary: fc.constant([] as number[]) },
    { weight: 1, arbitrary: fc.array(place, { minLength: 1, maxLength: 2 }) },
  ),
  segments: fc.oneof(
    { weight: 8, arbitrary: fc.constant([] as Plan['segments']) },
    {
      weight: 1,
      arbitrary: fc.array(fc.record({ at: place, segment: place, insert: fc.boolean() }), {
        minLength: 1,
        maxLength: 2,
      }),
    },
  ),
  method: fc.oneof({ weight: 20, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat({ max: 8 }) }),
});
