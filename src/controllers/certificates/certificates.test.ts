import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import {
  certificatesigningrequests,
  clusterrolebindings,
  clusterroles,
} from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import type { ApiRequest } from '../../client/transport.ts';
import { createAuthority, type KeyPair } from '../../cluster/pki.ts';
import { systemRandom } from '../../platform/random.ts';
import { loadX509 } from '../../platform/x509.ts';
import { TestCluster } from '../testing.ts';
import { createCertificateController } from './certificates.ts';
import { sign } from './x509.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

async function requestFor(name: string, addresses: string[] = []): Promise<string> {
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys,
    signingAlgorithm: algorithm,
    extensions: addresses.map((value) => new x509.SubjectAlternativeNameExtension([{ type: 'ip', value }])),
  });
  return Buffer.from(request.toString('pem')).toString('base64');
}

let cluster: TestCluster;
let authority: KeyPair;
/** What is done before the controller's first deletion. */
let meanwhile: () => Promise<unknown>;

beforeEach(async () => {
  cluster = await TestCluster.start();
  authority = await createAuthority({ clock: cluster.clock, random: systemRandom });
  meanwhile = async () => {};
  const deletes = ({ method }: ApiRequest) => method === 'DELETE';
  const context = cluster.overtaken('certificate-controller', deletes, () => meanwhile());
  await cluster.run(createCertificateController(context, { authority }));
});
afterEach(() => cluster.stop());

const create = (spec: object) =>
  cluster.create(certificatesigningrequests, { metadata: { name: 'r' }, spec });
const get = () => cluster.get(certificatesigningrequests, 'r');
/** Keys and signatures take real time, whatever the clock of the cluster says. */
const eventually = (check: () => Promise<void>) =>
  vi.waitFor(async () => {
    await cluster.settle();
    await check();
  });
const approve = async () => {
  const request = await get();
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'yes' }];
  await cluster.client.transport.request({
    method: 'PUT',
    path: '/apis/certificates.k8s.io/v1/certificatesigningrequests/r/approval',
    body: { ...request, status: { conditions } },
    cause: { reason: 'test' },
  });
};

test('an approved request of a user is signed, and cleared away', async () => {
  const request = await requestFor('CN=jane, O=dev');
  const usages = ['digital signature', 'client auth'];
  await create({
    request,
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages,
    expirationSeconds: 3600,
  });
  await cluster.settle();
  expect((await get()).status?.certificate).toBeUndefined();
  await approve();
  await eventually(async () => expect((await get()).status?.certificate).toBeDefined());
  const pem = Buffer.from((await get()).status?.certificate ?? '', 'base64').toString();
  const certificate = new X509Certificate(pem);
  expect(certificate.subject.split('\n').sort()).toEqual(['CN=jane', 'O=dev']);
  expect(certificate.verify(new X509Certificate(authority.certificate).publicKey)).toBe(true);
  expect(Date.parse(certificate.validTo)).toBe(cluster.clock.now() + 3_600_000);
  await cluster.pass(3_700_000);
  expect(await cluster.find(certificatesigningrequests, 'r')).toBeUndefined();
});

test('a request that has taken the name of one that has run out stays', async () => {
  const request = await requestFor('CN=jane, O=dev');
  const spec = { request, signerName: 'example.com/own', usages: ['client auth'] };
  await create(spec);
  const first = await get();
  meanwhile = async () => {
    const now = { cause: { reason: 'test' }, gracePeriodSeconds: 0 };
    await cluster.client.of(certificatesigningrequests).delete(first.metadata, now);
    await create(spec);
  };
  await cluster.pass(25 * 3_600_000);
  expect((await get()).metadata.uid).not.toBe(first.metadata.uid);
});

test('a request that is not what its signer signs fails for good', async () => {
  const request = await requestFor('CN=jane, O=dev', ['192.0.2.1']);
  await create({
    request,
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
  });
  await approve();
  await eventually(async () =>
    expect((await get()).status?.conditions?.map((c) => c.type)).toEqual(['Approved', 'Failed']),
  );
  expect((await get()).status?.certificate).toBeUndefined();
});

test("a node's request for itself is approved where it may ask", async () => {
  const request = await requestFor('CN=system:node:n1, O=system:nodes');
  const spec = {
    request,
    signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
    usages: ['digital signature', 'client auth'],
  };
  // Only as somebody who may: the administrator makes nodes.
  const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
  const client = new Client(cluster.server.transportFor(admin));
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec,
  };
  await client.of(certificatesigningrequests).create(body, { cause: { reason: 'test' } });
  await eventually(async () => expect((await get()).status?.certificate).toBeDefined());
  expect((await get()).status?.conditions).toMatchObject([
    {
      type: 'Approved',
      reason: 'AutoApproved',
      message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    },
  ]);
});

/** Makes the request as somebody of these rights, and of this name. */
async function createAs(user: string, subresource?: string): Promise<void> {
  const rules = [
    { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'], verbs: ['create'] },
  ];
  await cluster.create(clusterroles, { metadata: { name: 'asks' }, rules });
  const grant = (name: string) =>
    cluster.create(clusterrolebindings, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
    });
  await grant('asks');
  if (subresource) await grant(`system:certificates.k8s.io:certificatesigningrequests:${subresource}`);
  const client = new Client(cluster.server.transportFor({ name: user, groups: ['system:authenticated'] }));
  const body = {
    apiVersion: 'certificates.k8s.io/v1',
    kind: 'CertificateSigningRequest',
    metadata: { name: 'r' },
    spec: {
      request: await requestFor('CN=system:node:n1, O=system:nodes'),
      signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
      usages: ['digital signature', 'client auth'],
    },
  };
  await client.of(certificatesigningrequests).create(body, { cause: { reason: 'test' } });
}

test.each([
  ['bootstrap', 'nodeclient', 'kubelet client'],
  ['system:node:n1', 'selfnodeclient', 'self kubelet client'],
  ['system:node:n1', 'nodeclient', 'kubelet client'],
])('%s with the right to %s gets the certificate of a %s', async (user, right, what) => {
  await createAs(user, right);
  await eventually(async () => expect((await get()).status?.conditions).toHaveLength(1));
  const message = `Auto approving ${what} certificate after SubjectAccessReview.`;
  expect((await get()).status?.conditions).toMatchObject([{ reason: 'AutoApproved', message }]);
});

test('a request of a node is approved once it may ask, also where that is said later', async () => {
  await createAs('system:node:n1');
  await eventually(async () => expect(await get()).toBeDefined());
  await cluster.pass(5_000);
  expect((await get()).status?.conditions).toBeUndefined();
  await cluster.create(clusterrolebindings, {
    metadata: { name: 'late' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:node:n1' }],
  });
  await eventually(async () => {
    await cluster.pass(30_000);
    expect((await get()).status?.conditions).toHaveLength(1);
  });
});

test('a certificate is for all that was asked, and ends early by what it begins early', async () => {
  const usages = ['signing', 'key encipherment', 'cert sign', 's/mime', 'server auth', 'client auth'];
  const expirationSeconds = 86_400;
  const sent = await requestFor('CN=x');
  const certificate = await sign(authority, sent, {
    usages,
    expirationSeconds,
    clock: cluster.clock,
    random: systemRandom,
  });
  const x509 = await loadX509();
  const read = new x509.X509Certificate(Buffer.from(certificate, 'base64').toString());
  expect(read.getExtension(x509.KeyUsagesExtension)?.usages).toBe(1 | 4 | 32);
  expect(read.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([
    '1.3.6.1.5.5.7.3.1',
    '1.3.6.1.5.5.7.3.2',
    '1.3.6.1.5.5.7.3.4',
  ]);
  expect(read.notAfter.getTime() - read.notBefore.getTime()).toBe(expirationSeconds * 1000);
});

test("a node's server gets its addresses certified", async () => {
  await create({
    request: await requestFor('CN=system:node:n1, O=system:nodes', ['192.0.2.1']),
    signerName: 'kubernetes.io/kubelet-serving',
    usages: ['digital signature', 'server auth'],
  });
  await approve();
  await eventually(async () => expect((await get()).status?.certificate).toBeDefined());
  const pem = Buffer.from((await get()).status?.certificate ?? '', 'base64').toString();
  expect(new X509Certificate(pem).subjectAltName).toBe('IP Address:192.0.2.1');
});

test('a request goes with the certificate that came of it, where that ends first', async () => {
  const usages = ['digital signature', 'client auth'];
  await create({
    request: await requestFor('CN=jane'),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages,
    expirationSeconds: 600,
  });
  await approve();
  await eventually(async () => expect((await get()).status?.certificate).toBeDefined());
  await cluster.pass(590_000);
  expect(await cluster.find(certificatesigningrequests, 'r')).toBeDefined();
  await cluster.pass(20_000);
  expect(await cluster.find(certificatesigningrequests, 'r')).toBeUndefined();
});

test('a request that nobody decides on goes after a day', async () => {
  await create({ request: await requestFor('CN=x'), signerName: 'example.com/own', usages: ['client auth'] });
  await cluster.pass(86_000_000);
  expect(await cluster.find(certificatesigningrequests, 'r')).toBeDefined();
  await cluster.pass(1_000_000);
  expect(await cluster.find(certificatesigningrequests, 'r')).toBeUndefined();
});
