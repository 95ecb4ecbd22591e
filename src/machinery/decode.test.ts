import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecodeOptions, decodeObject } from './decode.ts';
import { jsonSyntaxError, strictFieldErrors } from './json-text.ts';
import { kindSchema, parseApiVersion } from './schema.ts';
import { StatusError } from './status-error.ts';
import { normalizeMicroTime, normalizeTime, parseTime } from './time.ts';
import { parseYaml, parseYamlStream } from './yaml.ts';

const pod = { group: '', version: 'v1', kind: 'Pod' };
const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
const widget = { group: 'example.com', version: 'v1', kind: 'Widget' };

const decode = (body: unknown, options: Partial<DecodeOptions> = {}) =>
  decodeObject(typeof body === 'string' ? body : JSON.stringify(body), {
    format: 'json',
    expected: pod,
    fieldValidation: 'Strict',
    ...options,
  });

const failure = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(StatusError);
    expect((error as StatusError).reason).toBe('BadRequest');
    return (error as Error).message;
  }
  return 'no error';
};

const podWith = (spec: unknown, metadata: unknown = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata,
  spec,
});

describe('what comes out', () => {
  test('kind and version are filled in, unknown fields and nulls are gone', () => {
    const { object, warnings } = decode(
      {
        metadata: { name: 'a', nope: 1 },
        spec: { nodeName: null, containers: [{ name: 'c', x: { y: 1 } }] },
      },
      { fieldValidation: 'Warn' },
    );
    expect(object).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a' },
      spec: { containers: [{ name: 'c' }] },
    });
    expect(warnings).toEqual(['unknown field "metadata.nope"', 'unknown field "spec.containers[0].x"']);
  });

  test('quantities and times take their canonical form', () => {
    const resources = { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } };
    const { object } = decode(
      podWith(
        { containers: [{ name: 'c', resources }] },
        { creationTimestamp: '2026-01-02T03:04:05.9+01:00' },
      ),
    );
    expect(object).toMatchObject({
      metadata: { creationTimestamp: '2026-01-02T02:04:05Z' },
      spec: {
        containers: [
          { name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1' } } },
        ],
      },
    });
  });

  test('zero goes where upstream cannot tell it from missing, and stays where it can', () => {
    const { object } = decode(
      {
        spec: {
          replicas: 0,
          minReadySeconds: 0,
          paused: false,
          template: { spec: { volumes: [], nodeName: '' } },
        },
      },
      { expected: deployment },
    );
    expect(object).toMatchObject({ spec: { replicas: 0, template: { spec: {} } } });
    expect(Object.keys((object as unknown as { spec: object }).spec)).toEqual(['replicas', 'template']);
  });

  test('null in a list or map is the zero value', () => {
    const { object } = decode(
      podWith({ containers: [{ name: 'c', args: ['a', null] }] }, { labels: { a: null } }),
    );
    expect(object).toMatchObject({
      metadata: { labels: { a: '' } },
      spec: { containers: [{ args: ['a', ''] }] },
    });
  });

  test('an embedded type’s fields stand inline', () => {
    const volume = { name: 'v', emptyDir: {} };
    expect(decode(podWith({ containers: [], volumes: [volume] })).object).toMatchObject({
      spec: { volumes: [volume] },
    });
  });

  test('an object of no built-in kind keeps its fields', () => {
    const body = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'w', x: 1 },
      spec: { a: [null, ''] },
    };
    const { object, warnings } = decode(body, { expected: widget, fieldValidation: 'Warn' });
    expect(object).toEqual({ ...body, metadata: { name: 'w' } });
    expect(warnings).toEqual(['unknown field "metadata.x"']);
  });

  test('no key reaches a prototype', () => {
    const body =
      '{"metadata":{"labels":{"__proto__":"x","a":"b"},"__proto__":{"name":"n"}},"__proto__":{"kind":"Q"}}';
    const { object } = decode(body, { fieldValidation: 'Ignore' });
    expect(JSON.stringify(object.metadata)).toBe('{"labels":{"__proto__":"x","a":"b"}}');
    expect(object.metadata.name).toBeUndefined();
    expect(({} as { kind?: string }).kind).toBeUndefined();
  });
});

describe('what is refused', () => {
  const podError = 'Pod in version "v1" cannot be handled as a Pod: ';
  test.each([
    [
      podWith({ containers: [{ name: 1 }] }),
      'json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
    ],
    [
      podWith({ containers: {} }),
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [podWith([]), 'json: cannot unmarshal array into Go struct field Pod.spec of type v1.PodSpec'],
    [
      podWith({ priority: 2 ** 31 }),
      'json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      podWith({ priority: 1.5 }),
      'json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      podWith({ hostNetwork: 'yes' }),
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      podWith({}, { labels: { a: 1 } }),
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      podWith({}, { creationTimestamp: 'soon' }),
      'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
    ],
    [
      podWith({ overhead: { cpu: 'x' } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      podWith({ nodeSelectr: 1, restart: 2 }),
      'strict decoding error: unknown field "spec.nodeSelectr", unknown field "spec.restart"',
    ],
    [
      '{"metadata":{"name":"a","name":"b","labels":{"x":"1","x":"2"}}}',
      'strict decoding error: duplicate field "metadata.name", duplicate field "metadata.labels.x"',
    ],
  ])('%j', (body, message) => expect(failure(() => decode(body))).toBe(podError + message));

  test('another kind', () => {
    const other = (body: object) => failure(() => decode(body));
    expect(other({ apiVersion: 'v1', kind: 'Service' })).toBe(
      'Service in version "v1" cannot be handled as a Pod: converting (v1.Service) to (core.Pod): unknown conversion',
    );
    expect(other({ apiVersion: 'v1', kind: 'Nope' })).toBe(
      'Nope in version "v1" cannot be handled as a Pod: no kind "Nope" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"',
    );
  });

  test('a version that is gone, and options of another group', () => {
    expect(
      failure(() => decode({ apiVersion: 'apps/v1beta1', kind: 'Deployment' }, { expected: deployment })),
    ).toContain('no kind "Deployment" is registered for version "apps/v1beta1"');
    const options = { group: '', version: 'v1', kind: 'DeleteOptions' };
    expect(
      decode({ apiVersion: 'apps/v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 }, { expected: options })
        .object,
    ).toEqual({
      apiVersion: 'apps/v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 0,
    });
  });

  test.each([
    ['', 'unexpected end of JSON input (<empty>)'],
    ['{"a":}', `invalid character '}' looking for beginning of value ({"a":})`],
    [
      '[]',
      'json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" } (5b5d)',
    ],
  ])('text that is no object: %s', (body, why) => {
    expect(failure(() => decode(body))).toBe(
      `the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: ${why}`,
    );
  });

  test('nesting without end, of every sort', () => {
    const deep = (open: string, close: string) => open.repeat(99_000) + close.repeat(99_000);
    const ext = { group: 'apiextensions.k8s.io', version: 'v1', kind: 'CustomResourceDefinition' };
    const schema = `${'{"properties":{"a":'.repeat(3000)}{}${'}}'.repeat(3000)}`;
    const crd = `{"spec":{"versions":[{"schema":{"openAPIV3Schema":${schema}}}]}}`;
    expect(
      failure(() => decode(`{"kind":"Widget","spec":${deep('[', ']')}}`, { expected: widget })),
    ).toContain('exceeded max depth');
    expect(failure(() => decode(crd, { expected: ext }))).toContain('exceeded max depth');
    expect(failure(() => decode(deep('[', ''), { format: 'yaml' }))).toContain('unrecognized');
    const limits = `{"spec":{"containers":[{"resources":{"limits":{"cpu":${deep('[', ']')}}}}]}}`;
    expect(failure(() => decode(limits))).toContain('quantities must match');
  });

  test('base64 that is none', () => {
    const secret = { group: '', version: 'v1', kind: 'Secret' };
    const of = (data: string) => decode({ data: { a: data } }, { expected: secret });
    expect(failure(() => of('a b='))).toContain('illegal base64 data at input byte 1');
    expect(of('YQ==\n').object).toMatchObject({ data: { a: 'YQ==' } });
    expect(of('A'.repeat(3_000_000)).object).toBeDefined();
  });
});

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const folder = process.env.K8TS_FIXTURES ?? join(root, '..', 'shared', 'reference', 'fixtures');
const readFixture = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'));
const kindOf = ({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }) => ({
  ...(parseApiVersion(apiVersion) ?? pod),
  kind,
});
const fixtures = (existsSync(folder) ? readdirSync(folder) : [])
  .filter((file) => file.endsWith('.json'))
  .filter((file) => kindSchema(kindOf(readFixture(file))) !== undefined);

describe.skipIf(fixtures.length === 0)(
  `upstream’s filled objects${fixtures.length === 0 ? ' (skipped: no fixtures on this machine)' : ''}`,
  () => {
    test.each(fixtures)('%s is taken as it is, strictly', (file) => {
      const object = readFixture(file);
      expect(decode(object, { expected: kindOf(object) }).object).toEqual(object);
    });
  },
);

test('nothing but a StatusError ever comes out', () => {
  const key = fc.constantFrom(
    'apiVersion',
    'kind',
    'metadata',
    'spec',
    'labels',
    'containers',
    'name',
    '__proto__',
    'ports',
  );
  const { node } = fc.letrec((tie) => ({
    node: fc.oneof(
      fc.constantFrom(null, true, 1, -1.5, 'v1', 'Pod', ''),
      fc.array(tie('node')),
      fc.dictionary(key, tie('node')),
    ),
  }));
  fc.assert(
    fc.property(
      fc.oneof(node, fc.jsonValue()),
      fc.constantFrom<'json' | 'yaml'>('json', 'yaml'),
      (value, format) => {
        try {
          decode(JSON.stringify(value), { format });
        } catch (error) {
          expect(error).toBeInstanceOf(StatusError);
        }
      },
    ),
  );
  fc.assert(
    fc.property(fc.string(), fc.constantFrom<'json' | 'yaml'>('json', 'yaml'), (text, format) => {
      try {
        decode(text, { format });
      } catch (error) {
        expect(error).toBeInstanceOf(StatusError);
      }
    }),
  );
});

describe('JSON text', () => {
  test('agrees with JSON.parse about what is JSON', () => {
    const soup = fc.string({
      unit: fc.constantFrom(...'{}[]",:\\tu0 -.e1', 'true', 'null', '"a"'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.oneof(soup, fc.json(), fc.string()), (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        expect([text, jsonSyntaxError(text) === undefined]).toEqual([text, valid]);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['{a}', "invalid character 'a' looking for beginning of object key string"],
    ['tru', 'unexpected end of JSON input'],
    ['trux', "invalid character 'x' in literal true (expecting 'e')"],
    ['"\n"', "invalid character '\\n' in string literal"],
    ['1 2', "invalid character '2' after top-level value"],
    ['01', "invalid character '1' after top-level value"],
    ["'a'", "invalid character '\\'' looking for beginning of value"],
  ])('%s', (text, message) => expect(jsonSyntaxError(text)).toBe(message));

  test('duplicates are found at any depth, whatever the keys look like', () => {
    expect(strictFieldErrors('{"a":[{"b":1},{"b":1,"c":{"d\\"":1,"d\\u0022":2}}]}')).toEqual([
      'duplicate field "a[1].c.d\\""',
    ]);
    fc.assert(
      fc.property(fc.jsonValue(), (v) => void expect(strictFieldErrors(JSON.stringify(v))).toEqual([])),
    );
  });

  test('every duplicate is found among objects in objects and lists', () => {
    const tree = fc.letrec<{ value: Tree }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant('1'),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.record({
          fields: fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ab', ''), tie('value')), { maxLength: 4 }),
        }),
      ),
    })).value;
    fc.assert(
      fc.property(tree, (value) => {
        expect(strictFieldErrors(textOf(value)).length > 0).toBe(repeats(value));
      }),
    );
  });

  test('strict errors come in the order of the text, each once, and not from within what is unknown', () => {
    const text = '{"x":{"d":1,"d":2},"a":1,"y":1,"a":2,"b":[{"z":1}],"a":3,"x":1}';
    expect(strictFieldErrors(text, ['x', 'y', 'b[0].z'])).toEqual([
      'unknown field "x"',
      'unknown field "y"',
      'duplicate field "a"',
      'unknown field "b[0].z"',
    ]);
    const many = `{${Array.from({ length: 300 }, (_, i) => `"k${i >> 1}":1`).join(',')}}`;
    expect(strictFieldErrors(many)).toHaveLength(100);
  });

  // Each level looked at by its whole path would take minutes.
  test('take no longer for what is nested deeply', () => {
    const bomb = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
    expect(strictFieldErrors(`{"x":${bomb(300_000)},"x":[1],"y":[{"k":2,"k":3}]}`, ['x'])).toEqual([
      'unknown field "x"',
      'duplicate field "y[0].k"',
    ]);
    const twice = `{${'"a":1,'.repeat(200_000)}"a":1}`;
    const path = Array.from({ length: 400 }, () => 'a').join('.');
    expect(strictFieldErrors(`${'{"a":'.repeat(400)}${twice}${'}'.repeat(400)}`)).toEqual([
      `duplicate field "${path}.a"`,
    ]);
  });

  test('strict errors of YAML come in the order of the keys', () => {
    const yaml = 'kind: Pod\napiVersion: v1\nzz: 1\nspec:\n  q: 1\n  p: 1\naa: 1\n';
    const { warnings } = decodeObject(yaml, {
      format: 'yaml',
      expected: { group: '', version: 'v1', kind: 'Pod' },
      fieldValidation: 'Warn',
    });
    expect(warnings).toEqual([
      'unknown field "aa"',
      'unknown field "spec.p"',
      'unknown field "spec.q"',
      'unknown field "zz"',
    ]);
  });
});

describe('times', () => {
  test.each([
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['2026-01-02T03:04:05.123456789-07:00', '2026-01-02T10:04:05Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0001-01-01T00:00:00Z', undefined],
  ])('%s', (text, wanted) => expect(normalizeTime(text)).toBe(wanted));

  test.each([
    '',
    '2026',
    '2026-13-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00',
  ])('%s is no time', (text) => expect(() => normalizeTime(text)).toThrow(/^parsing time/));

  test('micro times have six digits', () => {
    expect(normalizeMicroTime('2026-01-02T03:04:05.123456+01:00')).toBe('2026-01-02T02:04:05.123456Z');
    expect(() => normalizeMicroTime('2026-01-02T03:04:05Z')).toThrow('cannot parse "Z" as ".000000"');
    expect(parseTime('1970-01-01T00:00:01.5Z')).toBe(1500);
  });
});

describe('YAML', () => {
  test('scalars are go-yaml’s', () => {
    const text = 'a: yes\nb: 010\nc: 0x1F\nd: 1e3\ne: 2020-01-01\nf: ~\ng: 1_000\nh: "yes"\ni: 1:30\n1: x\n';
    expect(parseYaml(text)).toEqual({
      a: true,
      b: 8,
      c: 31,
      d: 1000,
      e: '2020-01-01',
      f: null,
      g: 1000,
      h: 'yes',
      i: '1:30',
      '1': 'x',
    });
    expect(parseYamlStream('a: 1\n---\n- b\n')).toEqual([{ a: 1 }, ['b']]);
    expect(parseYaml('')).toBeNull();
  });

  test('what an alias shares is copied, without end it is refused', () => {
    const shared = parseYaml('a: &x {b: 1}\nc: *x\n') as { a: object; c: object };
    expect(shared.a).toEqual(shared.c);
    expect(shared.a).not.toBe(shared.c);
    const rows = [...'bcdefghi'].map((n, i) => `${n}: &${n} [${Array(9).fill(`*${'abcdefgh'[i]}`)}]`);
    expect(() => parseYaml(['a: &a [x,x,x,x,x,x,x,x,x]', ...rows].join('\n'))).toThrow('excessive aliasing');
  });

  test('duplicate keys are strict decoding errors', () => {
    const body = 'metadata:\n  name: a\n  name: b\n';
    expect(failure(() => decode(body, { format: 'yaml' }))).toBe(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: yaml: unmarshal errors:\n  line 3: key "name" already set in map',
    );
    expect(decode(body, { format: 'yaml', fieldValidation: 'Ignore' }).object.metadata.name).toBe('b');
  });

  test('a broken document is a bad request', () => {
    expect(failure(() => decode('a: [1', { format: 'yaml' }))).toMatch(
      /^the object provided is unrecognized \(must be of type Pod\): yaml: line 1: .* \(613a205b31\)$/,
    );
  });
});

/** JSON in which a field may stand twice. */
type Tree = string | Tree[] | { fields: [string, Tree][] };

function textOf(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  if (Array.isArray(tree)) return `[${tree.map(textOf).join(',')}]`;
  return `{${tree.fields.map(([name, value]) => `"${name}":${textOf(value)}`).join(', ')}}`;
}

function repeats(tree: Tree): boolean {
  if (typeof tree === 'string') return false;
  if (Array.isArray(tree)) return tree.some(repeats);
  const { fields } = tree;
  return (
    new Set(fields.map(([name]) => name)).size < fields.length || fields.some(([, value]) => repeats(value))
  );
}
