import { describe, expect, test } from 'vitest';
import type {
  CapacityRequestPolicy,
  Device,
  DeviceClass,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../../api/resource/v1.ts';
import { created, createErrors, updateErrors } from '../shared/testing.ts';
import { deviceClassKind } from './device-class.ts';
import { resourceSliceKind } from './resource-slice.ts';

const slice = (more: Partial<ResourceSliceSpec> = {}): ResourceSlice => ({
  metadata: { name: 'x' },
  spec: {
    driver: 'd.example',
    nodeName: 'n',
    pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
    ...more,
  },
});
const withDevice = (more: Partial<Device> = {}, spec: Partial<ResourceSliceSpec> = {}) =>
  slice({ devices: [{ name: 'a', ...more }], ...spec });
const device = 'spec.devices[0]';
const ways = '`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`';
const requirement = { key: 'a', operator: 'In', values: ['b'] };
const term = { matchExpressions: [requirement] };
const errors = (object: ResourceSlice) => createErrors(resourceSliceKind, object);

describe('a slice', () => {
  test.each<[string, ResourceSlice, string[]]>([
    ['what it is', withDevice({ attributes: { size: { int: 3 }, 'd.example/on': { bool: true } } }), []],
    [
      'a pool',
      slice({ pool: { name: 'A', generation: -1, resourceSliceCount: 0 } }),
      [
        expect.stringMatching(/^spec\.pool\.name: Invalid value: "A": a lowercase RFC 1123/) as never,
        'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
        'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      ],
    ],
    [
      'no place',
      slice({ nodeName: undefined as never }),
      [`spec: Required value: exactly one of ${ways} is required`],
    ],
    [
      'an empty place',
      slice({ nodeName: '', allNodes: true }),
      ['spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string'],
    ],
    [
      'two places',
      slice({ allNodes: true }),
      [
        `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": exactly one of ${ways} is required, but multiple fields are set`,
      ],
    ],
    [
      'a place denied',
      slice({ allNodes: false, perDeviceNodeSelection: false }),
      [
        'spec.allNodes: Invalid value: false: must be either unset or set to true',
        'spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true',
      ],
    ],
    [
      'two choices of nodes',
      slice({ nodeName: undefined as never, nodeSelector: { nodeSelectorTerms: [term, term] } }),
      [
        'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{"MatchExpressions":[{"Key":"a","Operator":"In","Values":["b"]}],"MatchFields":null},{"MatchExpressions":[{"Key":"a","Operator":"In","Values":["b"]}],"MatchFields":null}]: must have exactly one node selector term',
      ],
    ],
    [
      'counters beside devices',
      withDevice({}, { sharedCounters: [{ name: 'c', counters: { m: { value: '1' } } }] }),
      ['spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed'],
    ],
    [
      'counters',
      slice({
        sharedCounters: [
          { name: '', counters: {} },
          { name: 'c', counters: { 'A b': { value: '1' } } },
          { name: 'c', counters: { m: { value: '1' } } },
        ],
      }),
      [
        'spec.sharedCounters[0].name: Required value',
        'spec.sharedCounters[0].counters: Required value',
        expect.stringMatching(/^spec\.sharedCounters\[1\]\.counters: Invalid value: "A b"/) as never,
        'spec.sharedCounters[2]: Duplicate value: "c"',
      ],
    ],
    [
      'more devices than may be',
      slice({ devices: Array.from({ length: 129 }, (_, i) => ({ name: `d${i}` })) }),
      ['spec.devices: Too many: 129: must have at most 128 items'],
    ],
    [
      'more devices than may be where one has a taint',
      slice({
        devices: Array.from({ length: 65 }, (_, i) => ({
          name: `d${i}`,
          ...(i === 64 && { taints: [{ key: 'k', effect: 'None' }] }),
        })),
      }),
      ['spec.devices: Too many: 65: must have at most 64 items'],
    ],
    [
      'devices of a name',
      slice({ devices: [{ name: 'a' }, { name: 'a' }] }),
      ['spec.devices[1]: Duplicate value: "a"'],
    ],
  ])('says what is wrong with %s', (_, object, said) => {
    expect(errors(object)).toEqual(said);
  });

  test('keeps driver, pool and node', () => {
    const said = updateErrors(resourceSliceKind, slice(), ({ spec }) => {
      spec.driver = 'e.example';
      spec.pool.name = 'q';
      spec.nodeName = 'm';
    });
    expect(said).toEqual([
      'spec.pool.name: Invalid value: "q": field is immutable',
      'spec.driver: Invalid value: "e.example": field is immutable',
      'spec.nodeName: Invalid value: "m": field is immutable',
    ]);
  });

  test('is told that drivers are named in lower case', () => {
    expect(resourceSliceKind.warnings?.(slice({ driver: 'D' }), undefined)).toEqual([
      'spec.driver: driver names should be lowercase; "D" contains uppercase characters',
    ]);
  });

  test('loses what is not switched on, and dates taints', () => {
    const object = withDevice({
      attributes: { a: { ints: [1] } },
      nodeAllocatableResourceMappings: { cpu: {} },
      taints: [{ key: 'k', effect: 'NoSchedule' }],
    });
    expect(created(resourceSliceKind, object).spec.devices).toEqual([
      {
        name: 'a',
        attributes: { a: {} },
        taints: [{ key: 'k', effect: 'NoSchedule', timeAdded: expect.stringMatching(/T.*Z$/) }],
      },
    ]);
    expect(errors(object)).toEqual([
      `${device}.attributes[a]: Invalid value: "": exactly one value must be specified`,
    ]);
  });
});

describe('a device', () => {
  test.each<[string, Partial<Device>, string[]]>([
    [
      'a name',
      { name: 'A' },
      [expect.stringMatching(/^spec\.devices\[0\]\.name: Invalid value: "A"/) as never],
    ],
    [
      'names of attributes',
      { attributes: { 'a-b': { int: 1 }, 'x.y/': { int: 1 }, ['a'.repeat(33)]: { int: 1 } } },
      [
        expect.stringMatching(/^spec\.devices\[0\]\.attributes: Invalid value: "a-b": a valid C/) as never,
        `${device}.attributes: Invalid value: "": the name must not be empty`,
        `${device}.attributes: Too long: may not be more than 32 bytes`,
      ],
    ],
    [
      'attributes',
      {
        attributes: {
          a: {},
          b: { int: 1, bool: true },
          c: { version: '1.2' },
          d: { string: 'x'.repeat(65) },
          e: { version: '1.2.3-rc.1+build' },
        },
      },
      [
        `${device}.attributes[a]: Invalid value: "": exactly one value must be specified`,
        `${device}.attributes[b]: Invalid value: {"IntValue":1,"BoolValue":true,"StringValue":null,"VersionValue":null,"IntValues":null,"BoolValues":null,"StringValues":null,"VersionValues":null}: exactly one value must be specified`,
        `${device}.attributes[c].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0`,
        `${device}.attributes[d].string: Too long: may not be more than 64 bytes`,
      ],
    ],
    [
      'too many properties',
      {
        attributes: Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`a${i}`, { int: i }])),
      },
      [
        `${device}: Invalid value: 49: the total number of attributes and capacities must not exceed 32`,
        `${device}: Invalid value: 49: the total number of attribute values must not exceed 48`,
      ],
    ],
    [
      'taints',
      {
        taints: [
          { key: '', effect: '' },
          { key: 'k', value: 'a b', effect: 'Never' },
        ],
      },
      [
        `${device}.taints[0].key: Invalid value: "": name part must be non-empty`,
        expect.stringMatching(/taints\[0\]\.key: Invalid value: "": name part must consist/) as never,
        `${device}.taints[0].effect: Required value`,
        expect.stringMatching(/taints\[1\]\.value: Invalid value: "a b": a valid label must/) as never,
        `${device}.taints[1].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
      ],
    ],
    [
      'what it draws from counters',
      {
        consumesCounters: [
          { counterSet: '', counters: {} },
          { counterSet: 'c', counters: { m: { value: '1' } } },
        ],
      },
      [
        `${device}.consumesCounters[0].counterSet: Required value`,
        `${device}.consumesCounters[0].counters: Required value`,
      ],
    ],
    [
      'a place of its own where the slice has one',
      { nodeName: 'n' },
      [
        `${device}: Invalid value: null: \`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if \`perDeviceNodeSelection\` is set to true in the ResourceSlice spec`,
      ],
    ],
    [
      'conditions to wait for',
      { bindingConditions: ['a', 'b', 'c', 'd', 'e'], bindingFailureConditions: ['f'] },
      [`${device}.bindingConditions: Too many: 5: must have at most 4 items`],
    ],
    [
      'a policy for what cannot be shared',
      { capacity: { m: { value: '1', requestPolicy: {} } } },
      [`${device}.capacity[m].requestPolicy: Forbidden: allowMultipleAllocations must be true`],
    ],
  ])('says what is wrong with %s', (_, more, said) => {
    expect(errors(withDevice(more))).toEqual(said);
  });

  const each = { nodeName: undefined as never, perDeviceNodeSelection: true };
  const oneWay =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec';
  test.each<[string, Partial<Device>, string[]]>([
    ['one place', { nodeName: 'n' }, []],
    ['no place', {}, [`${device}: Required value: ${oneWay}`]],
    [
      'two places',
      { nodeName: 'n', allNodes: true },
      [`${device}: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${oneWay}`],
    ],
    [
      'an empty place',
      { nodeName: '', allNodes: true },
      [`${device}.nodeName: Invalid value: "": must not be empty`],
    ],
  ])('of a slice without a place has its own: %s', (_, more, said) => {
    expect(errors(withDevice(more, each))).toEqual(said);
  });

  const policy = `${device}.capacity[m].requestPolicy`;
  test.each<[string, CapacityRequestPolicy, string[]]>([
    ['values', { default: '1Gi', validValues: ['1Gi', '2Gi'] }, []],
    ['a range', { default: '1Gi', validRange: { min: '1Gi', max: '4Gi', step: '1Gi' } }, []],
    [
      'both',
      { default: '1', validValues: ['1'], validRange: { min: '1' } },
      [
        `${policy}: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`,
      ],
    ],
    [
      'values without a default',
      { validValues: ['1'] },
      [`${policy}.default: Required value: required when validValues is defined`],
    ],
    [
      'a range without a default',
      { validRange: { min: '1' } },
      [`${policy}.default: Required value: required when validRange is defined`],
    ],
    [
      'values out of order, too large, twice, and none of them the default',
      { default: '3', validValues: ['2', '1', '1', '9Gi'] },
      [
        `${policy}.validValues[1]: Invalid value: "1": values must be sorted in ascending order`,
        `${policy}.validValues[3]: Invalid value: "9Gi": option is larger than capacity value: 8Gi`,
        `${policy}.validValues[2]: Duplicate value: "1"`,
        `${policy}.validValues: Invalid value: "3": default value is not valid according to the requestPolicy`,
      ],
    ],
    [
      'a range without a least',
      { default: '1', validRange: {} as never },
      [`${policy}.validRange.min: Required value: required when validRange is defined`],
    ],
    [
      'a range beyond what there is',
      { default: '1Gi', validRange: { min: '9Gi', max: '10Gi' } },
      [
        `${policy}.validRange.min: Invalid value: "9Gi": min is larger than capacity value: 8Gi`,
        `${policy}.validRange.default: Invalid value: "1Gi": default is less than min: 9Gi`,
        `${policy}.validRange.max: Invalid value: "10Gi": max is larger than capacity value: 8Gi`,
      ],
    ],
    [
      'a range upside down',
      { default: '3Gi', validRange: { min: '2Gi', max: '1Gi' } },
      [
        `${policy}.validRange.max: Invalid value: "2Gi": min is larger than max: 1Gi`,
        `${policy}.validRange.default: Invalid value: "3Gi": default is more than max: 1Gi`,
      ],
    ],
    [
      'steps that miss',
      { default: '3', validRange: { min: '1', max: '6', step: '3' } },
      [
        `${policy}.validRange.step: Invalid value: "3": value is not a multiple of a given step (3) from (1)`,
        `${policy}.validRange.step: Invalid value: "6": value is not a multiple of a given step (3) from (1)`,
      ],
    ],
    [
      'steps that are none, and too large',
      { default: '1', validRange: { min: '1', step: '0' } },
      [`${policy}.validRange.step: Invalid value: "0": must be greater than zero`],
    ],
    [
      'a step beyond what there is',
      { default: '1', validRange: { min: '1', step: '8Gi' } },
      [
        `${policy}.validRange.step: Invalid value: "8Gi": one step 8589934593 is larger than capacity value: 8Gi`,
      ],
    ],
  ])('that is shared says how: %s', (_, requestPolicy, said) => {
    const capacity = { m: { value: '8Gi', requestPolicy } };
    expect(errors(withDevice({ allowMultipleAllocations: true, capacity }))).toEqual(said);
  });

  test('keeps capacity and taints that were let pass', () => {
    const wrong = withDevice({
      capacity: { m: { value: '1', requestPolicy: {} } },
      taints: [{ key: 'k', effect: 'Never', timeAdded: '2026-01-01T00:00:00Z' }],
    });
    expect(updateErrors(resourceSliceKind, wrong, (s) => void (s.spec.pool.generation = 2))).toEqual([]);
    expect(
      updateErrors(resourceSliceKind, wrong, (s) => {
        s.spec.devices?.[0]?.taints?.push({ key: 'k', effect: 'None' });
      }),
    ).toHaveLength(1);
  });
});

describe('a class of devices', () => {
  const named = (spec: DeviceClass['spec']): DeviceClass => ({ metadata: { name: 'x' }, spec });

  test('says what is wrong with it', () => {
    const spec = {
      selectors: [{ cel: { expression: 'device.driver == ' } }],
      config: [{}],
      extendedResourceName: 'cpu',
    };
    expect(createErrors(deviceClassKind, named(spec))).toEqual([
      expect.stringMatching(/^spec\.selectors\[0\]\.cel\.expression: .*compilation failed: ERROR/s),
      'spec.config[0].opaque: Required value',
      'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ]);
  });

  test('keeps conditions and configuration that were let pass', () => {
    const spec = {
      selectors: [{ cel: { expression: 'nonsense' } }],
      config: [{ opaque: { driver: 'd', parameters: { a: 'x'.repeat(10_240) } as never } }],
    };
    expect(createErrors(deviceClassKind, named(spec))).toHaveLength(2);
    expect(
      updateErrors(deviceClassKind, named(spec), (c) => void (c.spec.extendedResourceName = 'a.b/c')),
    ).toEqual([]);
  });
});
