import { expect, test } from 'vitest';
import { expiryMs, isOwnServer, refusal } from './plan.ts';

const request = {
  metadata: { name: 'r' },
  spec: {
    request: '',
    signerName: 'kubernetes.io/kubelet-serving',
    username: 'system:node:n1',
    usages: ['digital signature', 'server auth'],
  },
};
const content = {
  commonName: 'system:node:n1',
  organizations: ['system:nodes'],
  dnsNames: ['n1'],
  addresses: ['10.0.0.1'],
  emails: [],
  uris: [],
};
const node = (name: string, address: string) => ({
  metadata: { name },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const nodes = [node('n1', '10.0.0.1'), node('n2', '10.0.0.2')];
const services = [{ metadata: { name: 'kubernetes' }, spec: { clusterIP: '10.96.0.1' } }];
const neighbours = { nodes, services };

test('a node may serve under its own name and address', () =>
  expect(isOwnServer(request, content, neighbours)).toBe(true));

test.each([
  ["another's name", { dnsNames: ['n2'] }],
  ["another's address", { addresses: ['10.0.0.2'] }],
  ['the loopback address', { addresses: ['127.0.0.1'] }],
  ["a Service's address", { addresses: ['10.0.0.1', '10.96.0.1'] }],
  ['a URI', { uris: ['spiffe://x'] }],
  ['no name at all', { dnsNames: [], addresses: [] }],
  ['another node', { commonName: 'system:node:n2' }],
  ['more groups', { organizations: ['system:nodes', 'system:masters'] }],
])('and not under %s', (_what, change) =>
  expect(isOwnServer(request, { ...content, ...change }, neighbours)).toBe(false),
);

test.each([
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'a.b.svc.cluster.local',
  'localhost',
])('and not under the name %s, even where it is called that', (name) => {
  const commonName = `system:node:${name}`;
  const spec = { ...request.spec, username: commonName };
  const asked = { ...content, commonName, dnsNames: [name], addresses: ['10.0.0.9'] };
  expect(isOwnServer({ ...request, spec }, asked, neighbours)).toBe(false);
  expect(isOwnServer({ ...request, spec }, { ...asked, dnsNames: [] }, neighbours)).toBe(true);
});

test('and not as a client', () => {
  const spec = { ...request.spec, usages: ['digital signature', 'client auth'] };
  expect(isOwnServer({ ...request, spec }, content, neighbours)).toBe(false);
});

const client = { ...content, dnsNames: [], addresses: [] };
const clientUsages = ['digital signature', 'client auth'];
const servingUsages = ['digital signature', 'key encipherment', 'server auth'];

test.each<[string, object, string[], string | undefined]>([
  ['kube-apiserver-client-kubelet', {}, clientUsages, undefined],
  ['kube-apiserver-client-kubelet', {}, [...clientUsages, 'key encipherment'], undefined],
  [
    'kube-apiserver-client-kubelet',
    { organizations: ['other'] },
    clientUsages,
    'subject organization is not system:nodes',
  ],
  [
    'kube-apiserver-client-kubelet',
    { dnsNames: ['n1'] },
    clientUsages,
    'DNS subjectAltNames are not allowed',
  ],
  [
    'kube-apiserver-client-kubelet',
    { emails: ['a@b'] },
    clientUsages,
    'Email subjectAltNames are not allowed',
  ],
  [
    'kube-apiserver-client-kubelet',
    { addresses: ['10.0.0.1'] },
    clientUsages,
    'IP subjectAltNames are not allowed',
  ],
  [
    'kube-apiserver-client-kubelet',
    { uris: ['spiffe://x'] },
    clientUsages,
    'URI subjectAltNames are not allowed',
  ],
  [
    'kube-apiserver-client-kubelet',
    { commonName: 'n1' },
    clientUsages,
    'subject common name does not begin with system:node:',
  ],
  [
    'kube-apiserver-client-kubelet',
    {},
    ['client auth'],
    'usages did not match [client auth digital signature key encipherment]',
  ],
  ['kubelet-serving', { dnsNames: ['n1'] }, servingUsages, undefined],
  ['kubelet-serving', {}, servingUsages, 'DNS or IP subjectAltName is required'],
  [
    'kubelet-serving',
    { dnsNames: ['n1'], emails: ['a@b'] },
    servingUsages,
    'Email subjectAltNames are not allowed',
  ],
  [
    'kubelet-serving',
    { dnsNames: ['n1'] },
    [...servingUsages, 'client auth'],
    'usages did not match [digital signature key encipherment server auth]',
  ],
  ['kube-apiserver-client', { commonName: 'jane', organizations: ['dev'] }, clientUsages, undefined],
  ['kube-apiserver-client', {}, ['client auth'], undefined],
  [
    'kube-apiserver-client',
    {},
    [...clientUsages, 'code signing'],
    'invalid usage for client certificate: code signing',
  ],
  [
    'kube-apiserver-client',
    {},
    ['digital signature'],
    'missing required usage for client certificate: client auth',
  ],
  ['legacy-unknown', { organizations: ['any'], uris: ['spiffe://x'] }, ['cert sign'], undefined],
])('%s with %j for %j: %s', (signer, change, usages, why) => {
  const spec = { ...request.spec, signerName: `kubernetes.io/${signer}`, usages };
  expect(refusal({ ...request, spec }, { ...client, ...change })).toBe(why);
});

test.each([
  ['approved, issued', ['Approved:0'], 'a certificate', 1],
  ['approved, for somebody to sign', ['Approved:0'], undefined, undefined],
  ['approved, and failed later', ['Approved:0', 'Failed:2'], undefined, 3],
  ['denied', ['Denied:5'], undefined, 6],
  ['not decided on', [], undefined, 24],
])('a request that is %s goes in time', (_what, said, certificate, hours) => {
  const created = Date.parse('2026-01-01T00:00:00Z');
  const conditions = said.map((text) => {
    const [type = '', hour] = text.split(':');
    const lastUpdateTime = new Date(created + Number(hour) * 3_600_000).toISOString();
    return { type, status: 'True', lastUpdateTime };
  });
  const metadata = { name: 'r', creationTimestamp: '2026-01-01T00:00:00Z' };
  const endMs = expiryMs({ ...request, metadata, status: { conditions, certificate } });
  expect(endMs).toBe(hours && created + hours * 3_600_000);
});
