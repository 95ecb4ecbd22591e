import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import { withoutRest } from '../../../machinery/cel/rest.ts';
import { createErrors, testContext, texts, updateErrors } from '../../kinds/shared/testing.ts';
import { testCertificate, testRequest } from '../../kinds/certificates/testing.ts';
import { afterTurn } from '../../../platform/turn.ts';
import { widgets } from '../testing.ts';
import { planStatus } from './status-plan.ts';
import { checkingDefinition } from './definition-errors.ts';
import { customResourceDefinitionKind as kind } from './custom-resource-definition.ts';

const withSchema = (properties: Record<string, JSONSchemaProps>) => widgets({ v1: { properties } });
const at = (path: string) => `spec.validation.openAPIV3Schema.properties[x]${path}`;
const ofX = (x: JSONSchemaProps) => createErrors(kind, withSchema({ x }));

function changed(change: (definition: CustomResourceDefinition) => void): CustomResourceDefinition {
  const definition = withSchema({});
  change(definition);
  return definition;
}

describe('a definition', () => {
  test('that is sound says nothing', () => {
    expect(createErrors(kind, withSchema({ x: { type: 'string', default: 'a' } }))).toEqual([]);
  });

  test.each<[string, (definition: CustomResourceDefinition) => void, string]>([
    [
      'its name',
      (d) => {
        d.metadata.name = 'others.example.com';
      },
      'metadata.name: Invalid value: "others.example.com": must be spec.names.plural+"."+spec.group',
    ],
    [
      'its group',
      (d) => {
        d.spec.group = 'example';
        d.metadata.name = 'widgets.example';
      },
      'spec.group: Invalid value: "example": should be a domain with at least one dot',
    ],
    [
      'its scope',
      (d) => {
        d.spec.scope = 'Galaxy';
      },
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
    ],
    [
      'a protected group',
      (d) => {
        d.spec.group = 'x.k8s.io';
        d.metadata.name = 'widgets.x.k8s.io';
      },
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
    [
      'unknown fields everywhere',
      (d) => {
        d.spec.preserveUnknownFields = true;
      },
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
    [
      'a conversion without a webhook',
      (d) => {
        d.spec.conversion = { strategy: 'Webhook', webhook: { conversionReviewVersions: ['v1'] } };
      },
      'spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook',
    ],
    [
      'a version without a schema',
      (d) => {
        delete d.spec.versions[0]!.schema;
      },
      'spec.versions[0].schema.openAPIV3Schema: Required value',
    ],
    [
      'a column',
      (d) => {
        d.spec.versions[0]!.additionalPrinterColumns = [{ name: 'a', type: 'text', jsonPath: '.a' }];
      },
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
    [
      'a scale',
      (d) => {
        d.spec.versions[0]!.subresources = {
          scale: { specReplicasPath: '.a', statusReplicasPath: '.status.r' },
        };
      },
      'spec.subresources.scale.specReplicasPath: Invalid value: ".a": should be a json path under .spec',
    ],
    [
      'a selectable field',
      (d) => {
        d.spec.versions[0]!.selectableFields = [{ jsonPath: '.none' }];
        d.spec.versions[0]!.schema!.openAPIV3Schema!.properties = { a: { type: 'string' } };
      },
      'spec.selectableFields[0].jsonPath: Invalid value: ".none": is an invalid path: does not refer to a valid field',
    ],
    [
      'a name that is to be made up',
      (d) => {
        d.metadata.generateName = 'widgets-';
      },
      'metadata.generateName: Invalid value: "widgets-": must be spec.names.plural+"."+spec.group',
    ],
    [
      'selectable fields that differ from the schemas in being the same in all versions',
      (d) => {
        const [v1] = d.spec.versions;
        v1!.schema!.openAPIV3Schema!.properties = { a: { type: 'string' } };
        v1!.selectableFields = [{ jsonPath: '.a' }];
        d.spec.versions.push({ ...structuredClone(v1!), name: 'v2', storage: false });
        d.spec.versions[1]!.schema!.openAPIV3Schema!.description = 'Other.';
      },
      'spec.selectableFields: Invalid value: "": may only be set when validations.schema is included',
    ],
    [
      'a schema that names its language',
      (d) => {
        d.spec.versions[0]!.schema!.openAPIV3Schema!.$schema = 'x';
      },
      `spec.validation.openAPIV3Schema: Invalid value: "": OpenAPIV3Schema 'schema' is not supported`,
    ],
    [
      'a reference',
      (d) => {
        d.spec.versions[0]!.schema!.openAPIV3Schema!.properties = { a: { $ref: '#/x' } };
      },
      'spec.validation.openAPIV3Schema.properties[a].$ref: Forbidden: $ref is not supported',
    ],
  ])('%s', (_, change, said) => {
    expect(createErrors(kind, changed(change))).toEqual([said]);
  });

  const label =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
  test.each<[string, (definition: CustomResourceDefinition) => void, string[]]>([
    [
      'the name of its first version',
      (d) => {
        d.spec.versions[0]!.name = '1';
      },
      [`spec.versions[0].name: Invalid value: "1": ${label}`, `spec.version: Invalid value: "1": ${label}`],
    ],
    [
      'unknown fields everywhere, with defaults and conversion beside them',
      (d) => {
        d.spec.preserveUnknownFields = true;
        d.spec.versions[0]!.schema!.openAPIV3Schema!.properties = { a: { type: 'string', default: '' } };
        const clientConfig = { url: 'https://example.com/' };
        d.spec.conversion = {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v1'], clientConfig },
        };
      },
      [
        'spec.preserveUnknownFields: Invalid value: true: must be false in order to use defaults in the schema',
        'spec.conversion.strategy: Invalid value: "Webhook": must be None if spec.preserveUnknownFields is true',
        'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ],
    ],
    [
      'a webhook that is not asked',
      (d) => {
        const clientConfig = { url: 'https://example.com/', caBundle: 'IA==' };
        d.spec.conversion = {
          strategy: 'None',
          webhook: { conversionReviewVersions: ['v1'], clientConfig },
        };
      },
      [
        'spec.conversion.webhookClientConfig: Forbidden: should not be set when strategy is not set to Webhook',
        'spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook',
      ],
    ],
  ])('%s: each thing in its turn', (_, change, said) => {
    expect(createErrors(kind, changed(change))).toEqual(said);
  });

  test('says what had to stay before what is wrong with its names', () => {
    const said = updateErrors(kind, withSchema({}), (next) => {
      next.spec.group = 'other.example.com';
      next.spec.versions[0]!.name = 'v2';
    });
    expect(said.map((text) => text.split(':', 1)[0])).toEqual(['spec.group', 'status.storedVersions[0]']);
  });

  describe('keeps what it had before that was forbidden', () => {
    const list = (type: string, items: JSONSchemaProps): JSONSchemaProps => ({
      type: 'array',
      'x-kubernetes-list-type': type,
      items,
    });
    const key = { type: 'string' } as const;
    const keyed = (items: JSONSchemaProps): JSONSchemaProps => ({
      ...list('map', { type: 'object', properties: { k: key }, ...items }),
      'x-kubernetes-list-map-keys': ['k'],
    });
    test.each<[string, JSONSchemaProps]>([
      ['a set of objects', list('set', { type: 'object', properties: { a: key } })],
      ['a key that may be missing', keyed({})],
      ['a key that may be null', keyed({ required: ['k'], properties: { k: { ...key, nullable: true } } })],
      ['elements that may be null', keyed({ required: ['k'], nullable: true })],
      ['elements of a set that may be null', list('set', { type: 'string', nullable: true })],
      ['a default with unknown fields', { type: 'object', properties: {}, default: { a: 1 } }],
      ['a type that is none', { type: 'text' }],
    ])('%s', (_, x) => {
      const add = (next: CustomResourceDefinition) => {
        next.spec.versions[0]!.schema!.openAPIV3Schema!.properties!.y = x;
      };
      expect(updateErrors(kind, withSchema({ x: key }), add)).toHaveLength(1);
      expect(updateErrors(kind, withSchema({ x }), add)).toEqual([]);
    });

    test('more selectable fields than there may be, as long as they stay', () => {
      const names = [...'abcdefghi'];
      const many = withSchema(Object.fromEntries(names.map((name) => [name, key])));
      const fields = names.map((name) => ({ jsonPath: `.${name}` }));
      many.spec.versions[0]!.selectableFields = fields;
      const tooMany = 'spec.selectableFields: Too many: 9: must have at most 8 items';
      expect(createErrors(kind, many)).toEqual([tooMany]);
      expect(updateErrors(kind, many, () => {})).toEqual([]);
      const turned = updateErrors(
        kind,
        many,
        (next) => void next.spec.versions[0]!.selectableFields!.reverse(),
      );
      expect(turned).toEqual([tooMany]);
    });

    test('reviews that this server does not know, and unknown fields', () => {
      const old = changed((d) => {
        const clientConfig = { url: 'https://example.com/' };
        d.spec.conversion = {
          strategy: 'Webhook',
          webhook: { conversionReviewVersions: ['v7'], clientConfig },
        };
      });
      expect(updateErrors(kind, old, () => {})).toEqual([]);
      expect(createErrors(kind, old)).toEqual([
        'spec.conversion.conversionReviewVersions: Invalid value: ["v7"]: must include at least one of v1, v1beta1',
      ]);
      const open = changed((d) => void (d.spec.preserveUnknownFields = true));
      expect(updateErrors(kind, open, () => {})).toEqual([]);
    });
  });

  test('has versions that it is stored in, whatever its status is said to be', () => {
    const definition = widgets({ v1: {} });
    definition.status = { storedVersions: [] };
    kind.defaults?.(definition);
    expect(definition.status).toMatchObject({ storedVersions: ['v1'] });
  });

  test('with versions that differ says which one is wrong', () => {
    const definition = widgets({ v1: {}, v2: { properties: { x: {} } } });
    expect(createErrors(kind, definition)).toEqual([
      'spec.versions[1].schema.openAPIV3Schema.properties[x].type: Required value: must not be empty for specified object fields',
    ]);
  });

  test('has rules that cost little, each and together', () => {
    const rules = (n: number) =>
      Array.from({ length: n }, () => ({ rule: 'self.all(a, self.all(b, a != b))' }));
    const numbers = (maxItems: number | undefined, n: number): JSONSchemaProps => ({
      type: 'array',
      items: { type: 'integer' },
      'x-kubernetes-validations': rules(n),
      ...(maxItems !== undefined && { maxItems }),
    });
    const hint =
      '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)';
    const rule = (i: number) => at(`.x-kubernetes-validations[${i}].rule`);
    expect(ofX(numbers(100, 1))).toEqual([]);
    expect(ofX(numbers(1500, 1))).toEqual([
      `${rule(0)}: Forbidden: estimated rule cost exceeds budget by factor of 1.125750x ${hint}`,
    ]);
    expect(ofX(numbers(undefined, 1)).at(0)).toBe(
      `${rule(0)}: Forbidden: estimated rule cost exceeds budget by factor of more than 100x ${hint}`,
    );
    const contributed =
      'Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema';
    expect(ofX(numbers(1200, 14))).toEqual([
      ...[0, 1, 2, 3].map((i) => `${rule(i)}: ${contributed}`),
      `spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of 1.008840x ${hint}`,
    ]);
    const inList = { type: 'array', maxItems: 10, items: numbers(500, 1) };
    expect(ofX(inList)).toEqual([
      `${at('.items.x-kubernetes-validations[0].rule')}: Forbidden: estimated rule cost exceeds budget by factor of 1.252502x ${hint}`,
    ]);
  });

  test('keeps rules that were let pass, as long as its schema stays', () => {
    const costly = withSchema({
      x: {
        type: 'array',
        items: { type: 'integer' },
        maxItems: 1500,
        'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, a != b))' }],
      },
    });
    expect(updateErrors(kind, costly, () => {})).toEqual([]);
    const changed = updateErrors(kind, costly, (next) => {
      next.spec.versions[0]!.schema!.openAPIV3Schema!.description = 'Other.';
    });
    expect(changed).toHaveLength(1);
  });

  test('keeps its scope and its kind once it is established', () => {
    const old = widgets({ v1: {} });
    old.status = { conditions: [{ type: 'Established', status: 'True' }], storedVersions: ['v1'] };
    const next = { ...old, spec: { ...old.spec, scope: 'Cluster' } };
    const said = withoutRest(checkingDefinition(next, old));
    expect(texts(said)).toContain('spec.scope: Invalid value: "Cluster": field is immutable');
  });

  test('keeps the versions in which objects may be stored', () => {
    const old = widgets({ v1: {}, v2: { properties: { a: { type: 'string' } } } });
    const said = updateErrors(kind, old, (next) => {
      next.spec.versions = next.spec.versions.slice(1);
      next.spec.versions[0]!.storage = true;
    });
    expect(said[0]).toMatch(
      /^status.storedVersions\[0\]: Invalid value: "v1": missing from spec.versions; v1 was/,
    );
  });

  describe('with a webhook', () => {
    const encoded = (text: string) => Buffer.from(text).toString('base64');
    const converted = (caBundle: string, more: object = {}) => ({
      ...changed((definition) => {
        const clientConfig = { url: 'https://example.com/', ...(caBundle && { caBundle }) };
        const webhook = { conversionReviewVersions: ['v1'], clientConfig };
        definition.spec.conversion = { strategy: 'Webhook', webhook };
      }),
      status: { storedVersions: ['v1'], ...more },
    });
    const good = encoded(testCertificate);
    const bad = encoded('   \n');
    const established = (definition: CustomResourceDefinition) => {
      const { status } = planStatus(definition, [], '2026-01-01T00:00:00Z') ?? definition;
      return status?.conditions?.find(({ type }) => type === 'Established');
    };

    test('is established once that can be trusted', () => {
      expect(createErrors(kind, converted(bad))).toEqual([]);
      expect(established(converted(bad))).toMatchObject({
        status: 'False',
        reason: 'InvalidCABundle',
        message: 'The conversion webhook CABundle is invalid',
      });
      for (const caBundle of ['', good]) expect(established(converted(caBundle))?.status).toBe('True');
      const conditions = [{ type: 'Established', status: 'True' as const }];
      expect(established(converted(bad, { conditions }))?.status).toBe('True');
    });

    test.each([
      [bad, 'unable to parse bytes as PEM block'],
      [encoded(testRequest), 'no valid certificate authority data seen'],
      [
        encoded(testCertificate.replace('MII', 'MIH')),
        'failed to parse certificate: x509: malformed certificate',
      ],
    ])('does not lose that trust again: %s', (caBundle, why) => {
      const conditions = [{ type: 'Established', status: 'True' as const }];
      const errorsAfter = (old: CustomResourceDefinition) => {
        const next = { ...old, spec: converted(caBundle).spec };
        kind.defaults?.(next);
        return texts(withoutRest(checkingDefinition(next, old)));
      };
      const field = 'spec.conversion.webhookClientConfig.caBundle';
      expect(errorsAfter(converted(good, { conditions }))).toEqual([
        `${field}: Invalid value: "${caBundle}": unable to load root certificates: ${why}`,
      ]);
      expect(errorsAfter(converted(good))).toEqual([]);
      expect(errorsAfter(converted(bad, { conditions }))).toEqual([]);
    });
  });

  test('warns of formats that nobody checks', () => {
    const definition = withSchema({ x: { type: 'string', format: 'odd' } });
    expect(kind.warnings?.(definition, undefined)).toEqual(['unrecognized format "odd"']);
  });
});

/** What is found out of a definition that takes turns, and how many turns others have meanwhile. */
async function checkedInTurns(object: CustomResourceDefinition) {
  const { signal } = new AbortController();
  kind.defaults?.(object);
  kind.prepareForCreate?.(object, testContext());
  const checking = kind.validateInTurns?.({ object, found: [], context: testContext(), signal });
  if (!(checking instanceof Promise)) throw new Error('it took no turns');
  let [turns, isOver] = [0, false];
  const count = () => {
    turns++;
    if (!isOver) afterTurn(count);
  };
  afterTurn(count);
  const errors = texts(await checking);
  isOver = true;
  return { errors, turns };
}

test('a rule may ask what something is', () => {
  const rule = 'type(self) == string ? self.endsWith("%") : self > 0';
  const port = { 'x-kubernetes-int-or-string': true, maxLength: 20, 'x-kubernetes-validations': [{ rule }] };
  expect(createErrors(kind, withSchema({ port }))).toEqual([]);
});

test('many rules are compiled in turns', async () => {
  const ofOne = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1 && self < 10' }] };
  const bad = { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > other' }] };
  const names = Array.from({ length: 4000 }, (_, i) => [`x${i}`, i < 3999 ? ofOne : bad] as const);
  const { errors, turns } = await checkedInTurns(withSchema(Object.fromEntries(names)));
  expect(turns).toBeGreaterThan(10);
  expect(errors).toEqual([expect.stringContaining("undeclared reference to 'other'")]);
});

describe('defaults', () => {
  test('of the metadata that every object has are refused, whatever is in them', () => {
    const name = { type: 'string', default: 'a' };
    const metadata = { type: 'object', properties: { name }, default: { name: 'a', b: 1 } };
    expect(createErrors(kind, withSchema({ metadata }))).toEqual([
      'spec.validation.openAPIV3Schema.properties[metadata].default: Forbidden: must not be set in top-level metadata',
      'spec.validation.openAPIV3Schema.properties[metadata].properties[name].default: Forbidden: must not be set in top-level metadata',
    ]);
  });

  test('may cost the rules on them as much as those on one object, all together; others have their turn meanwhile', async () => {
    const rule = `!self.matches('${'b'.repeat(360)}')`;
    const dear = { type: 'string', default: 'a'.repeat(100_000), 'x-kubernetes-validations': [{ rule }] };
    const names = Array.from({ length: 20 }, (_, i) => `x${i}`);
    const object = withSchema(Object.fromEntries(names.map((name) => [name, dear])));
    const { errors, turns } = await checkedInTurns(object);
    expect(turns).toBeGreaterThan(10);
    expect(errors.filter((text) => text.includes('running out of cost budget'))).toHaveLength(1);
  });
});

describe('a schema is refused for', () => {
  const embeddedMetadata = (value: object): JSONSchemaProps => ({
    type: 'object',
    'x-kubernetes-embedded-resource': true,
    properties: { metadata: { type: 'object', default: value } },
  });

  const ofResource = {
    type: 'object',
    properties: {
      inner: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        'x-kubernetes-preserve-unknown-fields': true,
      },
    },
  } as const;

  test.each<[string, JSONSchemaProps, string[]]>([
    ['no type', {}, [`${at('.type')}: Required value: must not be empty for specified object fields`]],
    ['a list of nothing', { type: 'array' }, [`${at('.items')}: Required value: must be specified`]],
    [
      'a type in a combination',
      { type: 'string', anyOf: [{ type: 'string' }] },
      [`${at('.anyOf[0].type')}: Forbidden: must be empty to be structural`],
    ],
    [
      'whole numbers or texts not',
      { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
      [],
    ],
    [
      'a bad default',
      { type: 'integer', default: 'a' },
      [`${at('.default')}: Invalid value: "string":  in body must be of type integer: "string"`],
    ],
    [
      'a default with unknown fields',
      { type: 'object', properties: {}, default: { a: 1 } },
      [`${at('.default')}: Invalid value: {"a":1}: must not have unknown fields`],
    ],
    ['no unknown fields of metadata in a default', embeddedMetadata({ name: 'a', unknown: 'b' }), []],
    [
      'a default that is no metadata',
      embeddedMetadata({ labels: { a: 'b c' } }),
      [
        expect.stringMatching(
          /properties\[metadata\]\.default: Invalid value: \{"labels":\{"a":"b c"\}\}: must result in valid metadata: metadata\.labels: Invalid value: "b c": a valid label must be/,
        ),
      ],
    ],
    [
      'a default that is metadata of other types',
      embeddedMetadata({ labels: { a: 1 } }),
      [
        expect.stringMatching(
          /must result in valid metadata: metadata: Invalid value: .*json: cannot unmarshal number/,
        ),
      ],
    ],
    [
      'a default with a resource in it that has no type, and no metadata',
      { ...ofResource, default: { inner: { metadata: 1 } } },
      [
        `${at('.default.inner.metadata')}: Invalid value: 1: json: cannot unmarshal number into Go value of type v1.ObjectMeta`,
      ],
    ],
    [
      'a default that is a resource without a type',
      { ...ofResource.properties.inner, default: { metadata: { name: 'a/b' } } },
      [
        `${at('.default.apiVersion')}: Required value`,
        `${at('.default.kind')}: Required value`,
        expect.stringContaining(`${at('.default.metadata.name')}: Invalid value: "a/b"`),
      ],
    ],
    [
      'a default that breaks a rule on what is in it',
      {
        type: 'array',
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > 1' }] },
        maxItems: 2,
        default: [2, 1],
      },
      [`${at('.default[1]')}: Invalid value: 1: failed rule: self > 1`],
    ],
    [
      'a default that breaks a rule where it stays',
      { type: 'integer', default: 1, 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] },
      [`${at('.default')}: Invalid value: 1: failed rule: self > oldSelf`],
    ],
    [
      'a default that breaks a rule where nothing was',
      {
        type: 'integer',
        default: 1,
        'x-kubernetes-validations': [{ rule: 'oldSelf.hasValue()', optionalOldSelf: true }],
      },
      [`${at('.default')}: Invalid value: 1: failed rule: oldSelf.hasValue()`],
    ],
    [
      'uniqueItems',
      { type: 'array', uniqueItems: true, items: { type: 'string' } },
      [
        `${at('.uniqueItems')}: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic`,
      ],
    ],
    [
      'keys that may be missing',
      {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['k'],
        items: { type: 'object', properties: { k: { type: 'string' } } },
      },
      [
        `${at('.items.properties[k].default')}: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property`,
      ],
    ],
    [
      'a rule that compares what cannot be compared',
      {
        type: 'array',
        items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] },
      },
      [
        `${at('.items.x-kubernetes-validations[0].rule')}: Invalid value: "self > oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at('')}`,
      ],
    ],
    [
      'a rule that compares what is in a map of no known type',
      {
        type: 'object',
        'x-kubernetes-map-type': 'best',
        properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] } },
      },
      [
        `${at('.x-kubernetes-map-type')}: Unsupported value: "best": supported values: "atomic", "granular"`,
        `${at('.properties[a].x-kubernetes-validations[0].rule')}: Invalid value: "self > oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within ${at('')}`,
      ],
    ],
    [
      'not a rule that compares what is in a map that changes as a whole',
      {
        type: 'object',
        'x-kubernetes-map-type': 'atomic',
        properties: { a: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self > oldSelf' }] } },
      },
      [],
    ],
    [
      'what rules say',
      {
        type: 'object',
        properties: { a: { type: 'integer' } },
        'x-kubernetes-validations': [
          { rule: ' ' },
          { rule: 'true', message: ' ' },
          { rule: 'true', message: 'a\nb' },
          { rule: 'true\n&& true' },
          { rule: 'true', messageExpression: ' ' },
          { rule: 'true', reason: 'Odd' },
          { rule: 'true', fieldPath: ' ' },
          { rule: 'true', fieldPath: '.b' },
          { rule: 'true', fieldPath: '.a\n' },
        ],
      },
      [
        `${at('.x-kubernetes-validations[0].rule')}: Required value: rule is not specified`,
        `${at('.x-kubernetes-validations[1].message')}: Invalid value: " ": must be non-empty if specified`,
        `${at('.x-kubernetes-validations[2].message')}: Invalid value: "a\\nb": must not contain line breaks`,
        `${at('.x-kubernetes-validations[3].message')}: Required value: message must be specified if rule contains line breaks`,
        `${at('.x-kubernetes-validations[4].messageExpression')}: Required value: messageExpression must be non-empty if specified`,
        `${at('.x-kubernetes-validations[5].reason')}: Unsupported value: "Odd": supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"`,
        `${at('.x-kubernetes-validations[6].fieldPath')}: Invalid value: " ": must be non-empty if specified`,
        `${at('.x-kubernetes-validations[6].fieldPath')}: Invalid value: " ": must be a valid path`,
        `${at('.x-kubernetes-validations[7].fieldPath')}: Invalid value: ".b": must be a valid path`,
        `${at('.x-kubernetes-validations[8].fieldPath')}: Invalid value: ".a\\n": must not contain line breaks`,
        `${at('.x-kubernetes-validations[8].fieldPath')}: Invalid value: ".a\\n": must be a valid path`,
      ],
    ],
    [
      'unknown fields that do not stay',
      { type: 'array', 'x-kubernetes-preserve-unknown-fields': false, items: { type: 'odd' } },
      [
        `${at('.items.type')}: Unsupported value: "odd": supported values: "array", "boolean", "integer", "number", "object", "string"`,
        `${at('.x-kubernetes-preserve-unknown-fields')}: Invalid value: false: must be true or undefined`,
      ],
    ],
    [
      'a rule that is none',
      { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self + 1' }] },
      [
        `${at('.x-kubernetes-validations[0].rule')}: Invalid value: {"Rule":"self + 1","Message":"","MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: cel expression must evaluate to a bool`,
      ],
    ],
  ])('%s', (_, schema, said) => {
    expect(ofX(schema)).toEqual(said);
  });
});
