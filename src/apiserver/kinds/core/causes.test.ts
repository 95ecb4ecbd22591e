import { describe, expect, test } from 'vitest';
import type {
  Endpoints,
  LimitRangeItem,
  Node,
  NodeSpec,
  NodeStatus,
  ResourceQuotaSpec,
  Service,
  ServiceSpec,
} from '../../../api/core/v1.ts';
import { endpoints } from '../../../api/generated/resources.ts';
import type { ObjectMeta } from '../../../api/meta/v1.ts';
import type { Stored } from '../../../api/resource.ts';
import { createTestCluster } from '../../registry/testing.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../shared/testing.ts';
import { endpointsKind } from './endpoints.ts';
import { nodeKind } from './node/node.ts';
import { podTemplateKind } from './pod-template.ts';
import { limitRangeKind } from './quota/limit-range.ts';
import { resourceQuotaKind } from './quota/resource-quota.ts';
import { replicationControllerKind } from './replication-controller.ts';
import { serviceAccountKind } from './service-account.ts';
import { serviceKind } from './service/service.ts';

const metadata = { name: 'x', namespace: 'default' };

describe('what is said of a node', () => {
  const node = (spec: NodeSpec = {}): Node => ({ metadata: { name: 'n' }, spec });

  test('ranges', () => {
    expect(createErrors(nodeKind, node({ podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] }))).toEqual([
      'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family',
    ]);
    const dual = node({ podCIDRs: ['10.0.0.0/24', 'fd00::/64'] });
    const why = 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid';
    const change = (...ranges: string[]) =>
      updateErrors(nodeKind, dual, (n) => {
        n.spec.podCIDRs = ranges;
        n.spec.podCIDR = ranges[0];
      });
    expect(change('10.0.1.0/24', 'fd01::/64')).toEqual([why, why]);
    expect(change('10.0.0.0/24')).toEqual([why]);
  });

  test.each<[string[], string[]]>([
    [
      ['010.0.0.0/24', '10.0.0.1/24'],
      [
        'spec.podCIDRs[0]: Invalid value: "010.0.0.0/24": must not have leading 0s in IP or prefix length',
        'spec.podCIDRs[1]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
        'spec.podCIDRs: Invalid value: ["010.0.0.0/24","10.0.0.1/24"]: may specify no more than one CIDR for each IP family',
      ],
    ],
    [
      ['x', 'fd00::/64'],
      [
        'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        'spec.podCIDRs: Internal error: invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR[0]: <nil> (invalid CIDR address: x)',
        'spec.podCIDRs: Invalid value: ["x","fd00::/64"]: may specify no more than one CIDR for each IP family',
      ],
    ],
  ])('the ranges %j', (podCIDRs, errors) => {
    expect(createErrors(nodeKind, node({ podCIDRs }))).toEqual(errors);
  });

  const features = (...declaredFeatures: string[]) => ({ declaredFeatures });
  test.each<[NodeStatus, string[]]>([
    [features('A', 'Ab/c', 'B'), []],
    [
      features('B', 'A', 'A', 'b'),
      [
        'status.declaredFeatures[1]: Invalid value: "A": list must be sorted alphabetically',
        'status.declaredFeatures[2]: Duplicate value: "A"',
        'status.declaredFeatures[3]: Invalid value: "b": invalid feature name "b": must start with an UpperCamelCase segment, with subsequent segments separated by \'/\' (e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes',
      ],
    ],
    [
      features('A'.repeat(254)),
      [
        `status.declaredFeatures[0]: Invalid value: "${'A'.repeat(254)}": invalid feature name "${'A'.repeat(254)}": must be no more than 253 characters`,
      ],
    ],
    [
      { nodeInfo: { swap: { capacity: 0 } } as NodeStatus['nodeInfo'] },
      ['metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero'],
    ],
  ])('the report %j', (status, errors) => {
    expect(createErrors(nodeKind, { ...node(), status })).toEqual(errors);
  });

  const taintsKey = 'scheduler.alpha.kubernetes.io/taints';
  const avoidKey = 'scheduler.alpha.kubernetes.io/preferAvoidPods';
  test.each<[key: string, text: string, errors: string[]]>([
    [taintsKey, '[{"key":"a","effect":"NoSchedule"}]', []],
    [
      taintsKey,
      '[{"Key":"a","Effect":"Never"},{"key":"b","effect":""}]',
      [
        `metadata.annotations.${taintsKey}[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"`,
        `metadata.annotations.${taintsKey}[1].effect: Required value`,
      ],
    ],
    [taintsKey, '{', [`metadata.annotations: Invalid value: "${taintsKey}": unexpected end of JSON input`]],
    [
      taintsKey,
      '[1]',
      [
        `metadata.annotations: Invalid value: "${taintsKey}": json: cannot unmarshal number into Go value of type core.Taint`,
      ],
    ],
    [
      avoidKey,
      '{"preferAvoidPods":[{},{"podSignature":{"podController":{}}},{"podSignature":{"podController":{"controller":true}}}]}',
      [
        `metadata.annotations.${avoidKey}[0].PodSignature: Required value`,
        `metadata.annotations.${avoidKey}[1].PodSignature.PodController.Controller: Invalid value: false: must point to a controller`,
      ],
    ],
    [
      avoidKey,
      '[]',
      [
        `metadata.annotations.AvoidPods: Invalid value: "${avoidKey}": json: cannot unmarshal array into Go value of type v1.AvoidPods`,
      ],
    ],
    [
      taintsKey,
      '[null]',
      [
        expect.stringContaining(`${taintsKey}[0].key: Invalid value: "": name part must be non-empty`),
        expect.stringContaining(`${taintsKey}[0].key: Invalid value: "": name part must consist of`),
        `metadata.annotations.${taintsKey}[0].effect: Required value`,
      ],
    ],
    [avoidKey, '{"preferAvoidPods":null}', []],
    [
      avoidKey,
      '{"preferAvoidPods":[null]}',
      [`metadata.annotations.${avoidKey}[0].PodSignature: Required value`],
    ],
    ...[
      ['5', 'number into Go struct field AvoidPods.preferAvoidPods of type []v1.PreferAvoidPodsEntry'],
      ['["a"]', 'string into Go struct field AvoidPods.preferAvoidPods of type v1.PreferAvoidPodsEntry'],
      [
        '[{"podSignature":[]}]',
        'array into Go struct field PreferAvoidPodsEntry.preferAvoidPods.podSignature of type v1.PodSignature',
      ],
      [
        '[{"podSignature":{"podController":{"controller":"yes"}}}]',
        'string into Go struct field OwnerReference.preferAvoidPods.podSignature.podController.controller of type bool',
      ],
    ].map(([entries, why]): [string, string, string[]] => [
      avoidKey,
      `{"preferAvoidPods":${entries}}`,
      [`metadata.annotations.AvoidPods: Invalid value: "${avoidKey}": json: cannot unmarshal ${why}`],
    ]),
  ])('the annotation %s: %s', (key, text, errors) => {
    const annotated = { ...node(), metadata: { name: 'n', annotations: { [key]: text } } };
    expect(createErrors(nodeKind, annotated)).toEqual(errors);
  });

  test('a report of a configuration that was not there', () => {
    const old = created(nodeKind, node());
    const now = structuredClone(old) as Node;
    now.status = { ...now.status, config: { error: 'x' } };
    nodeKind.status?.prepareForUpdate?.(now, old, testContext());
    expect(now.status).not.toHaveProperty('config');
  });

  test('fields that are out of use', () => {
    const old = { ...node({ externalID: 'a' }) };
    expect(updateErrors(nodeKind, old, (n) => (n.spec.externalID = 'b'))).toEqual([
      'spec.externalID: Forbidden: may not be updated',
    ]);
    expect(nodeKind.warnings?.(created(nodeKind, old), undefined)).toEqual([
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
    ]);
    const configured = node({
      configSource: { configMap: { kubeletConfigKey: 'k', name: 'c', namespace: 'n' } },
    });
    expect(created(nodeKind, configured).spec.configSource).toBeUndefined();
    const stored = { ...created(nodeKind, node()), ...configured } as Stored<Node>;
    const empty = structuredClone(stored) as Node;
    empty.spec.configSource = {};
    expect(texts(nodeKind.validateUpdate?.(empty, stored, testContext()) ?? [])).toEqual([
      'spec.configSource: Invalid value: {"ConfigMap":null}: exactly one reference subfield must be non-nil',
    ]);
    const partial = structuredClone(stored) as Node;
    partial.spec.configSource = { configMap: { kubeletConfigKey: '', name: '', namespace: 'n', uid: 'u' } };
    expect(texts(nodeKind.validateUpdate?.(partial, stored, testContext()) ?? [])).toEqual([
      'spec.configSource.configMap.uid: Forbidden: uid must not be set in spec',
      'spec.configSource.configMap.name: Required value',
      'spec.configSource.configMap.kubeletConfigKey: Required value',
    ]);
  });
});

describe('what is said of limits', () => {
  test.each<[LimitRangeItem, string[]]>([
    [
      { type: 'Pod', max: { cpu: '1' }, default: { cpu: '2' } },
      ["spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"],
    ],
    [
      { type: 'Container', default: { 'example.com/gpu': '2' }, defaultRequest: { 'example.com/gpu': '1' } },
      [
        'spec.limits[0].defaultRequest[example.com/gpu]: Invalid value: "1": default value 2 must equal to defaultRequest value 1 in example.com/gpu',
      ],
    ],
    [
      { type: 'PersistentVolumeClaim', max: { 'a b': '1' }, maxLimitRequestRatio: { 'a b': '1' } },
      [
        expect.stringMatching(/^spec\.limits\[0\]\.max\[a b\]: Invalid value/) as unknown as string,
        'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
        expect.stringMatching(
          /^spec\.limits\[0\]\.maxLimitRequestRatio\[a b\]: Invalid value/,
        ) as unknown as string,
      ],
    ],
    [
      { type: 'Container', min: { memory: '2048Mi' }, max: { memory: '1Gi' } },
      ['spec.limits[0].min[memory]: Invalid value: "2Gi": min value 2Gi is greater than max value 1Gi'],
    ],
  ])('%j', (item, errors) => {
    const found = createErrors(limitRangeKind, { metadata, spec: { limits: [item] } });
    expect(found.slice(0, errors.length)).toEqual(errors);
  });
});

describe('what is said of a quota', () => {
  test.each<[ResourceQuotaSpec, string[]]>([
    [
      { scopeSelector: { matchExpressions: [{ scopeName: 'BestEffort', operator: 'In', values: ['a'] }] } },
      [
        'spec.scopeSelector.matchExpressions.operator: Invalid value: "In": must be \'Exists\' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity',
      ],
    ],
    [
      {
        hard: { services: '1' },
        scopeSelector: { matchExpressions: [{ scopeName: 'Terminating', operator: 'Exists' }] },
      },
      [
        'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"Terminating","Operator":"Exists","Values":null}]}: unsupported scope applied to resource',
      ],
    ],
    [
      { scopes: ['BestEffort', 'NotBestEffort'] },
      ['spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes'],
    ],
  ])('%j', (spec, errors) => {
    expect(createErrors(resourceQuotaKind, { metadata, spec })).toEqual(errors);
  });
});

describe('advice on a service', () => {
  test.each<[ServiceSpec, string[]]>([
    [
      { clusterIP: 'None', externalIPs: ['1.2.3.4'], sessionAffinity: 'ClientIP' },
      [
        'spec.externalIPs is ignored for headless services',
        'spec.SessionAffinity is ignored for headless services',
      ],
    ],
    [
      { externalIPs: ['010.2.3.4'] },
      [
        'spec.externalIPs[0]: non-standard IP address "010.2.3.4" is invalid: use "10.2.3.4"',
        'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      ],
    ],
    [
      { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.1.2.3/24'], loadBalancerIP: 'FD00::1' },
      [
        'spec.loadBalancerIP: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
        'spec.loadBalancerSourceRanges[0]: CIDR value "10.1.2.3/24" is ambiguous in this context (should be "10.1.2.0/24" or "10.1.2.3/32"?)',
      ],
    ],
    [
      { trafficDistribution: 'PreferClose' },
      ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ],
  ])('%j', (spec, warnings) => {
    const service = { metadata, spec: { ports: [{ port: 80 }], ...spec } } as Service;
    serviceKind.defaults?.(service);
    expect(serviceKind.warnings?.(service, undefined)).toEqual(warnings);
  });
});

test('advice on the addresses of endpoints', () => {
  const subsets = [{ addresses: [{ ip: '::ffff:1.2.3.4' }] }];
  expect(endpointsKind.warnings?.({ metadata, subsets }, undefined)).toEqual([
    'subsets[0].addresses[0].ip: non-standard IP address "::ffff:1.2.3.4" is invalid: use "1.2.3.4"',
  ]);
});

test('advice on an account that enforces what its pods mount, once', () => {
  const plain = created(serviceAccountKind, { metadata });
  const annotations = { 'kubernetes.io/enforce-mountable-secrets': 'false' };
  const enforcing = created(serviceAccountKind, { metadata: { ...metadata, annotations } });
  const why =
    'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets';
  expect(serviceAccountKind.warnings?.(plain, undefined)).toEqual([]);
  expect(serviceAccountKind.warnings?.(enforcing, undefined)).toEqual([why]);
  expect(serviceAccountKind.warnings?.(enforcing, plain)).toEqual([why]);
  expect(serviceAccountKind.warnings?.(enforcing, enforcing)).toEqual([]);
});

test('endpoints come by PUT, too', async () => {
  const api = await createTestCluster();
  const body = { metadata: { name: 'e' }, subsets: [] };
  await api.send('update', endpoints, { name: 'e', body });
  expect((await api.object<Endpoints>('get', endpoints, { name: 'e' })).metadata.name).toBe('e');
});

test('addresses of endpoints stay as they are', () => {
  const odd = { metadata, subsets: [{ addresses: [{ ip: '010.0.0.1' }], ports: [{ port: 80 }] }] };
  const why = 'subsets[0].addresses[0].ip: Invalid value: "010.0.0.1": must not have leading 0s';
  expect(createErrors(endpointsKind, odd)).toEqual([why]);
  expect(updateErrors(endpointsKind, odd, (e) => (e.metadata.labels = { a: 'b' }))).toEqual([]);
  expect(updateErrors(endpointsKind, odd, (e) => e.subsets?.push({ notReadyAddresses: [] }))).toContain(why);
});

test('a template keeps what was right by the rules of its time', () => {
  const sysctls = [{ name: 'net.ipv4.tcp_syncookies', value: '1' }];
  const containers = [{ name: 'c', image: 'i' }];
  const spec = { hostNetwork: true, securityContext: { sysctls }, containers };
  const template = { metadata: { labels: { a: 'b' } }, spec };
  const label = (o: { metadata: ObjectMeta }) => (o.metadata.labels = { c: 'd' });
  expect(createErrors(podTemplateKind, { metadata, template })).toHaveLength(1);
  expect(updateErrors(podTemplateKind, { metadata, template }, label)).toEqual([]);
  const controller = { metadata, spec: { selector: { a: 'b' }, template } };
  expect(createErrors(replicationControllerKind, controller)).toHaveLength(1);
  expect(updateErrors(replicationControllerKind, controller, label)).toEqual([]);
});

test('a replication controller selects, and says everything twice when it changes', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const controller = { metadata, spec: { selector: { a: 'c' }, template } };
  const mismatch =
    'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`';
  expect(createErrors(replicationControllerKind, controller)).toEqual([mismatch]);
  expect(updateErrors(replicationControllerKind, controller, (c) => (c.spec.replicas = 2))).toEqual([
    mismatch,
    mismatch,
  ]);
});
