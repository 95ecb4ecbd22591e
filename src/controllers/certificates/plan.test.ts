import { expect, test } from 'vitest';
import { isOwnServer } from './plan.ts';

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
  others: 0,
};
const node = (name: string, address: string) => ({
  metadata: { name },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const nodes = [node('n1', '10.0.0.1'), node('n2', '10.0.0.2')];

test('a node may serve under its own name and address', () =>
  expect(isOwnServer(request, content, nodes)).toBe(true));

test.each([
  ["another's name", { dnsNames: ['n2'] }],
  ["another's address", { addresses: ['10.0.0.2'] }],
  ['the loopback address', { addresses: ['127.0.0.1'] }],
  ['a URI', { others: 1 }],
  ['no name at all', { dnsNames: [], addresses: [] }],
  ['another node', { commonName: 'system:node:n2' }],
  ['more groups', { organizations: ['system:nodes', 'system:masters'] }],
])('and not under %s', (_what, change) =>
  expect(isOwnServer(request, { ...content, ...change }, nodes)).toBe(false),
);

test('and not as a client', () => {
  const spec = { ...request.spec, usages: ['digital signature', 'client auth'] };
  expect(isOwnServer({ ...request, spec }, content, nodes)).toBe(false);
});
