import { describe, expect, test } from 'vitest';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../../api/apiextensions/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { createErrors, testContext, texts, updateErrors } from '../../kinds/shared/testing.ts';
import { testCertificate, testRequest } from '../../kinds/certificates/testing.ts';
import { widgets } from '../testing.ts';
import { planStatus } from './status-plan.ts';
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
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
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
  ])('%s', (_, change, said) => {
    expect(createErrors(kind, changed(change))).toEqual([said]);
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
    const said = kind.validateUpdate?.(next, old as Stored<CustomResourceDefinition>, testContext()) ?? [];
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
        return texts(
          kind.validateUpdate?.(next, old as Stored<CustomResourceDefinition>, testContext()) ?? [],
        );
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

describe('a schema is refused for', () => {
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
