import { describe, expect, test } from 'vitest';
import type {
  HTTPIngressPath,
  Ingress,
  IngressClass,
  IngressSpec,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../api/networking/v1.ts';
import { created, createErrors, row, testContext, texts, updateErrors } from '../shared/testing.ts';
import { ipAddressKind, serviceCidrKind } from './addresses.ts';
import { ingressClassKind } from './ingress-class.ts';
import { ingressKind } from './ingress.ts';
import { networkPolicyKind } from './network-policy.ts';

const metadata = { name: 'x', namespace: 'default' };
const backend = { service: { name: 's', port: { number: 80 } } };
const ingress = (spec: IngressSpec): Ingress => ({ metadata, spec });
const withPath = (path: Partial<HTTPIngressPath>) =>
  ingress({ rules: [{ http: { paths: [{ pathType: 'Prefix', path: '/', backend, ...path }] } }] });
const at = 'spec.rules[0].http.paths[0]';

describe('an ingress', () => {
  test('goes somewhere', () => {
    expect(createErrors(ingressKind, ingress({}))).toEqual([
      'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
    ]);
    expect(createErrors(ingressKind, ingress({ defaultBackend: backend }))).toEqual([]);
    expect(createErrors(ingressKind, withPath({}))).toEqual([]);
  });

  test.each<[Partial<HTTPIngressPath>, string[]]>([
    [{ path: 'a' }, [`${at}.path: Invalid value: "a": must be an absolute path`]],
    [{ path: '/a//b' }, [`${at}.path: Invalid value: "/a//b": must not contain '//'`]],
    [{ path: '/a/..' }, [`${at}.path: Invalid value: "/a/..": cannot end with '/..'`]],
    [{ path: '', pathType: 'ImplementationSpecific' }, []],
    [
      { pathType: 'Regex' },
      [
        `${at}.pathType: Unsupported value: "Regex": supported values: "Exact", "ImplementationSpecific", "Prefix"`,
      ],
    ],
    [{ backend: {} }, [`${at}.backend: Invalid value: "": resource or service backend is required`]],
    [
      { backend: { service: { name: 's' } } },
      [`${at}.backend: Required value: port name or number is required`],
    ],
    [
      { backend: { service: { name: 's', port: { name: 'a', number: 1 } } } },
      [`${at}.backend: Invalid value: "": cannot set both port name & port number`],
    ],
    [
      { backend: { resource: { apiGroup: 'a.io', kind: '', name: '' } } },
      [
        `${at}.backend.resource.kind: Required value: kind is required`,
        `${at}.backend.resource.name: Required value: name is required`,
      ],
    ],
  ])('with the path %j', (path, errors) => {
    expect(createErrors(ingressKind, withPath(path))).toEqual(errors);
  });

  test('is for names, not addresses', () => {
    const errors = createErrors(ingressKind, ingress({ rules: [{ host: '1.2.3.4' }, { host: '*.com' }] }));
    expect(errors).toEqual([
      'spec.rules[0].host: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
  });

  test('is of one class when it is made', () => {
    const annotations = { 'kubernetes.io/ingress.class': 'a' };
    const object: Ingress = {
      metadata: { ...metadata, annotations },
      spec: { defaultBackend: backend, ingressClassName: 'b' },
    };
    expect(createErrors(ingressKind, object)).toEqual([
      'annotations.kubernetes.io/ingress.class: Invalid value: "a": must match `ingressClassName` when both are specified',
    ]);
    expect(updateErrors(ingressKind, object, () => undefined)).toEqual([]);
  });

  test('is reached at addresses and names that are such', () => {
    const old = created(ingressKind, withPath({}));
    const points = [{ ip: '1.2.3' }, { hostname: '1.2.3.4' }, { ip: '1.2.3.4', hostname: 'a.example' }];
    const now = { ...old, status: { loadBalancer: { ingress: points } } };
    expect(texts(ingressKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([
      'status.loadBalancer.ingress[0].ip: Invalid value: "1.2.3": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'status.loadBalancer.ingress[1].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ]);
  });

  test('shows its first names', () => {
    const rules = ['a', 'b', 'c', 'd', 'e'].map((host) => ({ host }));
    expect(row(ingressKind, created(ingressKind, ingress({ rules, tls: [{}] })))).toMatchObject({
      Class: '<none>',
      Hosts: 'a,b,c + 2 more...',
      Address: '',
      Ports: '80, 443',
    });
  });
});

describe('an ingress class', () => {
  const object = (spec: IngressClass['spec']): IngressClass => ({ metadata: { name: 'c' }, spec });

  test('has a controller for good', () => {
    expect(createErrors(ingressClassKind, object({ controller: 'nginx' }))).toEqual([
      'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as "acme.io/foo")',
    ]);
    const change = (c: IngressClass) => void (c.spec.controller = 'example.com/b');
    expect(updateErrors(ingressClassKind, object({ controller: 'example.com/a' }), change)).toEqual([
      'spec.controller: Invalid value: "example.com/b": field is immutable',
    ]);
  });

  test('has parameters in a namespace, or in none', () => {
    const parameters = { kind: 'K', name: 'n', namespace: 'd' };
    expect(createErrors(ingressClassKind, object({ controller: 'a.io/b', parameters }))).toEqual([
      "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
    ]);
  });
});

describe('a network policy', () => {
  const policy = (ports: NetworkPolicyPort[], from: NetworkPolicyPeer[]): NetworkPolicy => ({
    metadata,
    spec: { ingress: [{ ports, from }] },
  });

  test('is filled in', () => {
    expect(created(networkPolicyKind, { metadata, spec: { podSelector: {}, egress: [{}] } }).spec).toEqual({
      podSelector: {},
      egress: [{}],
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  test('names ports and ranges of ports', () => {
    const ports = [{ port: 80, endPort: 70 }, { port: 'web', endPort: 90 }, { endPort: 1 }];
    expect(createErrors(networkPolicyKind, policy(ports, []))).toEqual([
      'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
      'spec.ingress[0].ports[1].endPort: Invalid value: 90: may not be specified when `port` is non-numeric',
      'spec.ingress[0].ports[2].endPort: Invalid value: 1: may not be specified when `port` is not specified',
    ]);
  });

  test('names peers by labels or by addresses', () => {
    const cidr = '10.0.0.0/8';
    const peers = [
      {},
      { podSelector: {}, ipBlock: { cidr } },
      { ipBlock: { cidr, except: ['11.0.0.0/16', '10.0.0.0/8'] } },
    ];
    expect(createErrors(networkPolicyKind, policy([], peers))).toEqual([
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
      'spec.ingress[0].from[2].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
      'spec.ingress[0].from[2].ipBlock.except[1]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
    ]);
  });
});

describe('addresses', () => {
  test('are named in their canonical form, and belong to somebody', () => {
    expect(ipAddressKind.validateName?.('2001:DB8::1', false)).toEqual([
      'must be in canonical form ("2001:db8::1")',
    ]);
    const object = { metadata: { name: '1.2.3.4' }, spec: { parentRef: { resource: '', name: 's' } } };
    expect(createErrors(ipAddressKind, object)).toEqual(['spec.parentRef.resource: Required value']);
  });

  test('come from ranges of which one of the other family may join', () => {
    const object = (...cidrs: string[]) => ({ metadata: { name: 'r' }, spec: { cidrs } });
    expect(createErrors(serviceCidrKind, object('10.0.0.0/24', '10.1.0.0/24'))).toEqual([
      'spec.cidrs: Invalid value: {"cidrs":["10.0.0.0/24","10.1.0.0/24"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    expect(createErrors(serviceCidrKind, object('x', '2001:db8::/64'))).toEqual([
      'spec.cidrs: Invalid value: {"cidrs":["x","2001:db8::/64"]}: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
    ]);
    const change = (...cidrs: string[]) =>
      updateErrors(serviceCidrKind, object('10.0.0.0/24'), (o) => void (o.spec.cidrs = cidrs));
    expect(change('10.0.0.0/24', '2001:db8::/64')).toEqual([]);
    expect(change('10.9.0.0/24')).toEqual([
      'spec.cidrs[0]: Invalid value: "10.9.0.0/24": field is immutable',
    ]);
  });
});

describe('advice', () => {
  test('a class in an annotation is out of date, unless the class is said in its place too', () => {
    const annotations = { 'kubernetes.io/ingress.class': 'c' };
    const old = created(ingressKind, ingress({ defaultBackend: backend }));
    const annotated: Ingress = { ...old, metadata: { ...metadata, annotations } };
    expect(ingressKind.warnings?.(annotated, undefined)).toEqual([
      `annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`,
    ]);
    expect(ingressKind.warnings?.(annotated, old)).toEqual([]);
    const both = { ...annotated, spec: { ...annotated.spec, ingressClassName: 'c' } };
    expect(ingressKind.warnings?.(both, undefined)).toEqual([]);
    expect(ingressKind.warnings?.(old, undefined)).toEqual([]);
  });

  test('ranges of a policy are written in one way only', () => {
    const policy: NetworkPolicy = {
      metadata,
      spec: {
        ingress: [
          { from: [{ podSelector: {} }, { ipBlock: { cidr: '10.0.0.1/8', except: ['10.01.0.0/16'] } }] },
        ],
        egress: [{}, { to: [{ ipBlock: { cidr: '2001:0db8::/32' } }, { ipBlock: { cidr: '10.0.0.0/8' } }] }],
      },
    };
    expect(networkPolicyKind.warnings?.(policy, undefined)).toEqual([
      'spec.ingress[0].from[1].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      'spec.ingress[0].from[1].ipBlock.except[0]: non-standard CIDR value "10.01.0.0/16" is invalid: use "10.1.0.0/16"',
      'spec.egress[1].to[0].ipBlock.cidr: IPv6 CIDR value "2001:0db8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    ]);
  });
});
