import { describe, expect, test } from 'vitest';
import type { Namespace } from '../../../api/core/v1.ts';
import type {
  DeviceClaim,
  DeviceRequestAllocationResult,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimStatus,
} from '../../../api/resource/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { clone } from '../../../machinery/clone.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../shared/testing.ts';
import { resourceClaimKind, resourceClaimTemplateKind } from './resource-claim.ts';

const label = (what: string) =>
  `a lowercase RFC 1123 ${what} must consist of lower case alphanumeric characters`;
const exactly = (more: Partial<ExactDeviceRequest> = {}): DeviceClaim => ({
  requests: [{ name: 'r', exactly: { deviceClassName: 'c', ...more } }],
});
const claim = (devices: DeviceClaim = exactly()): ResourceClaim => ({
  metadata: { name: 'x', namespace: 'default' },
  spec: { devices },
});
const request = 'spec.devices.requests[0]';
const wish = `${request}.exactly`;
const oneOf = 'exactly one of `exactly` or `firstAvailable` is required';
const notThere =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";

describe('a claim', () => {
  test('is for one device unless it says otherwise', () => {
    const [made] = created(resourceClaimKind, claim()).spec.devices?.requests ?? [];
    expect(made?.exactly).toMatchObject({ allocationMode: 'ExactCount', count: 1 });
    const all = created(resourceClaimKind, claim(exactly({ allocationMode: 'All' })));
    expect(all.spec.devices?.requests?.[0]?.exactly?.count).toBeUndefined();
  });

  test.each<[string, DeviceClaim, string[]]>([
    ['what it is', exactly(), []],
    ['nothing', {}, []],
    [
      'a request that wishes for nothing',
      { requests: [{ name: 'r' }] },
      [`${request}: Required value: ${oneOf}`],
    ],
    [
      'a request that wishes in two ways',
      {
        requests: [
          {
            name: 'r',
            exactly: { deviceClassName: 'c' },
            firstAvailable: [{ name: 's', deviceClassName: 'c' }],
          },
        ],
      },
      [`${request}: Invalid value: null: ${oneOf}, but multiple fields are set`],
    ],
    [
      'two requests of a name',
      { requests: [...(exactly().requests ?? []), ...(exactly().requests ?? [])] },
      ['spec.devices.requests[1]: Duplicate value: "r"'],
    ],
    [
      'too many requests',
      {
        requests: Array.from({ length: 33 }, (_, i) => ({ name: `r${i}`, exactly: { deviceClassName: '' } })),
      },
      ['spec.devices.requests: Too many: 33: must have at most 32 items'],
    ],
    ['no class', exactly({ deviceClassName: '' }), [`${wish}.deviceClassName: Required value`]],
    [
      'more than all',
      exactly({ allocationMode: 'All', count: 2 }),
      [`${wish}.count: Invalid value: 2: must not be specified when allocationMode is 'All'`],
    ],
    [
      'less than one',
      exactly({ allocationMode: 'ExactCount', count: -1 }),
      [`${wish}.count: Invalid value: -1: must be greater than zero`],
    ],
    [
      'another mode',
      exactly({ allocationMode: 'Some' }),
      [`${wish}.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
    ],
    ['a selector that is none', exactly({ selectors: [{}] }), [`${wish}.selectors[0].cel: Required value`]],
    [
      'too many alternatives',
      {
        requests: [
          {
            name: 'r',
            firstAvailable: Array.from({ length: 9 }, (_, i) => ({ name: `s${i}`, deviceClassName: 'c' })),
          },
        ],
      },
      [`${request}.firstAvailable: Too many: 9: must have at most 8 items`],
    ],
    [
      'alternatives of a name',
      {
        requests: [
          {
            name: 'r',
            firstAvailable: [
              { name: 's', deviceClassName: 'c' },
              { name: 's', deviceClassName: 'c' },
            ],
          },
        ],
      },
      [`${request}.firstAvailable[1]: Duplicate value: "s"`],
    ],
    [
      'tolerations',
      exactly({
        tolerations: [
          { key: 'k', operator: 'Exists', value: 'v', effect: 'NoSchedule' },
          { operator: 'Like' },
          { effect: 'Never' },
        ],
      }),
      [
        `${wish}.tolerations[0].value: Invalid value: "v": must be empty for operator \`Exists\``,
        `${wish}.tolerations[1].operator: Unsupported value: "Like": supported values: "Equal", "Exists"`,
        `${wish}.tolerations[2].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"`,
      ],
    ],
    [
      'a constraint on nothing',
      { ...exactly(), constraints: [{ requests: ['r'] }] },
      [
        'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      ],
    ],
    [
      'constraints on attributes without a domain or with too much',
      {
        ...exactly(),
        constraints: [{ matchAttribute: 'size' }, { distinctAttribute: 'a.b/c/d' }, { matchAttribute: '/x' }],
      },
      [
        'spec.devices.constraints[0].matchAttribute: Invalid value: "size": a fully qualified name must be a domain and a name separated by a slash',
        'spec.devices.constraints[1].distinctAttribute: Invalid value: "a.b/c/d": must not contain more than one slash',
        'spec.devices.constraints[2].matchAttribute: Invalid value: "": the domain must not be empty',
      ],
    ],
    [
      'references to requests',
      { ...exactly(), constraints: [{ requests: ['r', 'r', 's', 'r/t', 'a/b/c'], matchAttribute: 'a.b/c' }] },
      [
        `spec.devices.constraints[0].requests[2]: Invalid value: "s": ${notThere}`,
        `spec.devices.constraints[0].requests[3]: Invalid value: "r/t": ${notThere}`,
        `spec.devices.constraints[0].requests[4]: Invalid value: "a/b/c": ${notThere}`,
        'spec.devices.constraints[0].requests[1]: Duplicate value: "r"',
      ],
    ],
    [
      'configuration',
      {
        ...exactly(),
        config: [
          {},
          { opaque: { driver: 'd.example', parameters: [1] as never } },
          { opaque: { driver: '', parameters: null as never } },
          { opaque: { driver: 'd', parameters: { a: 'x'.repeat(10_240) } as never } },
        ],
      },
      [
        'spec.devices.config[0].opaque: Required value',
        'spec.devices.config[1].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
        'spec.devices.config[2].opaque.driver: Required value',
        expect.stringContaining(
          `spec.devices.config[2].opaque.driver: Invalid value: "": ${label('subdomain')}`,
        ) as unknown as string,
        'spec.devices.config[2].opaque.parameters: Required value',
        'spec.devices.config[3].opaque.parameters: Too long: may not be more than 10240 bytes',
      ],
    ],
  ])('says what is wrong with %s', (_, devices, said) => {
    expect(createErrors(resourceClaimKind, claim(devices))).toEqual(said);
  });

  test.each<[string, string[]]>([
    ['device.driver == "d.example"', []],
    ['device.attributes["d.example"].size > 3 && device.allowMultipleAllocations', []],
    ['device.attributes["d.example"].on', []],
    ['device.capacity["d.example"].memory.compareTo(quantity("1Gi")) >= 0', []],
    ['device.attributes["d"].version.isGreaterThan(semver("1.2.3"))', []],
    [
      'device.driver',
      ['Invalid value: "device.driver": must evaluate to bool or the unknown type, not string'],
    ],
    [
      'device.name == "x"',
      [
        `Invalid value: "device.name == \\"x\\"": compilation failed: ERROR: <input>:1:7: undefined field 'name'\n | device.name == "x"\n | ......^`,
      ],
    ],
    [
      'device.attributes["d"].map(a, device.attributes["d"].map(b, device.attributes["d"].map(c, device.attributes["d"].map(e, a + b + c + e)))).size() > 0',
      ['Forbidden: too complex, exceeds cost limit'],
    ],
    ['x'.repeat(10_241), ['Too long: may not be more than 10240 bytes']],
  ])('takes conditions: %s', (expression, said) => {
    const errors = createErrors(resourceClaimKind, claim(exactly({ selectors: [{ cel: { expression } }] })));
    expect(errors).toEqual(said.map((text) => `${wish}.selectors[0].cel.expression: ${text}`));
  });

  test('may be for administrators only where its namespace is labelled for that', () => {
    const namespace = (labels: Record<string, string>): Namespace => ({
      kind: 'Namespace',
      metadata: { name: 'default', labels },
      spec: {},
    });
    const admin = claim(exactly({ adminAccess: true }));
    const errors = (...objects: Namespace[]) =>
      createErrors(resourceClaimKind, admin, testContext(objects as never));
    const key = 'resource.kubernetes.io/admin-access';
    expect(errors(namespace({ [key]: 'true' }))).toEqual([]);
    expect(errors(namespace({}))).toEqual([
      `spec.devices.requests[0].adminAccess: Forbidden: admin access to devices requires the \`${key}: true\` label on the containing namespace`,
    ]);
    expect(errors()).toEqual([
      'spec.devices.requests[0].adminAccess: Internal error: could not retrieve namespace to verify admin access: namespaces "default" not found',
    ]);
  });

  test('keeps what it is for', () => {
    const said = updateErrors(resourceClaimKind, claim(), (c) => {
      c.spec.devices = {};
    });
    expect(said).toEqual(['spec: Invalid value: {"devices":{}}: field is immutable']);
  });
});

const result: DeviceRequestAllocationResult = { request: 'r', driver: 'd.example', pool: 'p', device: 'a' };
const uid = '01234567-89ab-cdef-0123-456789abcdef';

/** What validation says of a claim's status, given what it was before. */
function statusErrors(
  status: ResourceClaimStatus,
  before: ResourceClaimStatus = {},
  change: (c: Stored<ResourceClaim>) => void = () => {},
): string[] {
  const old = { ...created(resourceClaimKind, claim()), status: before };
  change(old);
  const next: Stored<ResourceClaim> = { ...clone(old), status: clone(status) };
  const context = testContext();
  resourceClaimKind.defaults?.(next);
  resourceClaimKind.status?.prepareForUpdate?.(next, old, context);
  return texts(resourceClaimKind.status?.validateUpdate?.(next, old, context) ?? []);
}

const given: ResourceClaimStatus = { allocation: { devices: { results: [result] } } };
const consumer = { resource: 'pods', name: 'pod', uid };
const place = 'status.allocation.devices';

describe('the status of a claim', () => {
  test.each<[string, ResourceClaimStatus, string[]]>([
    ['what it is', { ...given, reservedFor: [consumer] }, []],
    [
      'a result',
      {
        allocation: {
          devices: { results: [{ request: 's', driver: 'd', pool: '', device: 'a', shareID: 'x' }] },
        },
      },
      [
        `${place}.results[0].request: Invalid value: "s": ${notThere}`,
        `${place}.results[0].pool: Required value`,
        `${place}.results[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1`,
      ],
    ],
    [
      'shares in other forms',
      {
        allocation: {
          devices: {
            results: [
              { ...result, shareID: uid.toUpperCase() },
              { ...result, shareID: 'g'.repeat(32) },
              { ...result, shareID: `<${uid}>` },
            ],
          },
        },
      },
      [
        `${place}.results[0].shareID: Invalid value: "${uid.toUpperCase()}": uid must be in RFC 4122 normalized form, \`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\` with lowercase hexadecimal characters`,
        `${place}.results[1].shareID: Invalid value: "${'g'.repeat(32)}": error validating uid: invalid UUID format`,
        `${place}.results[2].shareID: Invalid value: "<${uid}>": error validating uid: invalid bracketed UUID format`,
      ],
    ],
    [
      'conditions to wait for',
      {
        allocation: {
          devices: {
            results: [
              { ...result, bindingConditions: ['a', 'a'], bindingFailureConditions: ['a'] },
              { ...result, bindingConditions: ['a'] },
              { ...result, bindingFailureConditions: ['a'] },
            ],
          },
        },
      },
      [
        `${place}.results[0].bindingConditions[1]: Duplicate value: "a"`,
        `${place}.results[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions`,
        `${place}.results[1].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions`,
        `${place}.results[2].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions`,
      ],
    ],
    [
      'configuration',
      {
        allocation: {
          devices: { config: [{ source: 'x', opaque: { driver: 'd', parameters: {} as never } }] },
        },
      },
      [`${place}.config[0].source: Unsupported value: "x": supported values: "FromClaim", "FromClass"`],
    ],
    [
      'a consumer before there is anything',
      { reservedFor: [consumer] },
      ['status.reservedFor: Forbidden: may not be specified when `allocated` is not set'],
    ],
    [
      'consumers',
      { ...given, reservedFor: [{ resource: '', name: '', uid: '' }, consumer, consumer] },
      [
        'status.reservedFor[0].resource: Required value',
        'status.reservedFor[0].name: Required value',
        'status.reservedFor[0].uid: Required value',
        `status.reservedFor[2]: Duplicate value: "${uid}"`,
      ],
    ],
    [
      'a device that was not given',
      { ...given, devices: [{ driver: 'd.example', pool: 'p', device: 'b' }] },
      [
        'status.devices[0]: Invalid value: {"Driver":{},"Pool":{},"Device":{},"ShareID":{}}: must be an allocated device in the claim',
      ],
    ],
    [
      'what a driver says',
      {
        ...given,
        devices: [
          {
            driver: 'd.example',
            pool: 'p',
            device: 'a',
            data: 'text' as never,
            networkData: {
              interfaceName: 'x'.repeat(257),
              ips: ['10.0.0.1', '10.0.0.01/24', '10.0.0.1/24', '10.0.0.1/24'],
            },
          },
        ],
      },
      [
        'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
        'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
        'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
        'status.devices[0].networkData.ips[1]: Invalid value: "10.0.0.01/24": must be in canonical form ("10.0.0.1/24")',
        'status.devices[0].networkData.ips[3]: Duplicate value: "10.0.0.1/24"',
      ],
    ],
  ])('says what is wrong with %s', (_, status, said) => {
    expect(statusErrors(status)).toEqual(said);
  });

  test('keeps what was given', () => {
    const other = { allocation: { devices: { results: [{ ...result, device: 'b' }] } } };
    expect(statusErrors(other, given)).toEqual([
      expect.stringMatching(/^status\.allocation: Invalid value: .*: field is immutable$/),
    ]);
    expect(statusErrors({}, given)).toEqual([]);
  });

  test('takes no further consumers once the claim is being deleted', () => {
    const old = { ...given, reservedFor: [consumer] };
    const more = { ...given, reservedFor: [consumer, { ...consumer, uid: 'other' }] };
    const deleted = (c: Stored<ResourceClaim>) => {
      c.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    };
    expect(statusErrors(more, old)).toEqual([]);
    expect(statusErrors(more, old, deleted)).toEqual([
      'status.reservedFor: Forbidden: new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set',
    ]);
    expect(statusErrors(given, old, deleted)).toEqual([]);
  });

  test('says nothing more of devices that were given back', () => {
    const devices = [{ driver: 'd.example', pool: 'p', device: 'a' }];
    expect(statusErrors({ devices }, { ...given, devices })).toEqual([]);
  });

  test('grants access for administrators once, and only where that is allowed', () => {
    const results = [{ ...result, adminAccess: true }];
    const granted = { allocation: { devices: { results } } };
    expect(statusErrors(granted)).toEqual([
      expect.stringMatching(/^status\.allocation\.devices\.results\[0\]\.adminAccess: Internal error/),
    ]);
    expect(statusErrors(granted, granted)).toEqual([]);
  });
});

describe('a template of claims', () => {
  const template = (metadata: object = {}, devices: DeviceClaim = exactly()) => ({
    metadata: { name: 'x', namespace: 'default' },
    spec: { metadata, spec: { devices } },
  });

  test('gives labels and annotations, and nothing else', () => {
    expect(createErrors(resourceClaimTemplateKind, template({ labels: { a: 'b' } }))).toEqual([]);
    const odd = template({ name: 'y', annotations: { 'a b': '' }, creationTimestamp: null });
    expect(createErrors(resourceClaimTemplateKind, odd)).toEqual([
      expect.stringMatching(/^spec\.metadata\.annotations: Invalid value: "a b": name part must consist/),
      'spec.metadata.name: Forbidden: cannot be set',
    ]);
  });

  test('holds its claims to the rules of claims', () => {
    expect(createErrors(resourceClaimTemplateKind, template({}, exactly({ deviceClassName: '' })))).toEqual([
      'spec.spec.devices.requests[0].exactly.deviceClassName: Required value',
    ]);
  });

  test('stays', () => {
    const said = updateErrors(resourceClaimTemplateKind, template(), (t) => {
      t.spec.metadata = { labels: { a: 'b' } };
    });
    expect(said).toEqual([expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/)]);
    const worse = updateErrors(resourceClaimTemplateKind, template(), (t) => {
      t.spec.metadata = { labels: { 'a b': 'c' } };
    });
    expect(worse).toEqual([
      expect.stringMatching(/^spec\.metadata\.labels: Invalid value: "a b": name part must consist/),
      expect.stringMatching(/^spec: Invalid value: .*: field is immutable$/),
    ]);
  });
});
