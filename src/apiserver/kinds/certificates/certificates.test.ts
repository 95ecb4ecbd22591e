import { beforeEach, describe, expect, test } from 'vitest';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
} from '../../../api/certificates/v1.ts';
import { certificatesigningrequests } from '../../../api/generated/resources.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from '../../registry/testing.ts';
import { createErrors, row } from '../shared/testing.ts';
import { certificateSigningRequestKind } from './certificate-signing-request.ts';

type Request = CertificateSigningRequest;

/** Of `/O=dev/CN=x`. */
const pem = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHVMHwCAQAwGjEMMAoGA1UECgwDZGV2MQowCAYDVQQDDAF4MFkwEwYHKoZIzj0C',
  'AQYIKoZIzj0DAQcDQgAEWU/3mBLPF2ZvI2VZCcF0YKySQR9e0jChALUDS8KKjkVC',
  'leoC/uhuKAS9jNgfd03bufFjXLUxd0BXdRyLw9MXkKAAMAoGCCqGSM49BAMCA0kA',
  'MEYCIQD2So/ZqDZfiRtIXPBSqp9TxvW3QVWStmPsJkpdJeEEQQIhAN7eOUCa7Y2j',
  '8SpTTPlC8aIY02p6zMwFHs6QiYUGM9Cg',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');
/** Of `/O=dev/O=system:masters/CN=x`. */
const mastersPem = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIHvMIGVAgEAMDMxDDAKBgNVBAoMA2RldjEXMBUGA1UECgwOc3lzdGVtOm1hc3Rl',
  'cnMxCjAIBgNVBAMMAXgwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATdVZq1SEl9',
  'RCx1JrEr36JB6WMt80/bF8y3EdMlJqMctsk4UfGcY9lDoL954nNZqDC3M1enW0Y6',
  't0pBLngUalbmoAAwCgYIKoZIzj0EAwIDSQAwRgIhAMmPtTVH5l1I/i+yvgR1Re26',
  '6HiLSOm9i4z8zcSTtrYCAiEA3PDbRY+m3MSmygxOZy4xqH68s5W03NhSqkP/oUbg',
  'dLs=',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');
const encoded = (text: string) => Buffer.from(text).toString('base64');
const request = (spec: Partial<CertificateSigningRequestSpec> = {}): Request => ({
  metadata: { name: 'r' },
  spec: {
    request: encoded(pem),
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    ...spec,
  },
});
const approved = { type: 'Approved', status: 'True', reason: 'Fine', message: 'so be it' };

describe('a request', () => {
  test.each<[Partial<CertificateSigningRequestSpec>, string[]]>([
    [{}, []],
    [{ usages: [] }, ['spec.usages: Required value']],
    [{ usages: ['server auth', 'server auth'] }, ['spec.usages[1]: Duplicate value: "server auth"']],
    [
      { expirationSeconds: 599 },
      [
        'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
      ],
    ],
    [
      { signerName: 'kubelet' },
      [
        'spec.signerName: Invalid value: "kubelet": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      ],
    ],
    [
      { signerName: 'kubernetes.io/legacy-unknown' },
      [
        'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
      ],
    ],
    [
      { request: 'AA==' },
      ['spec.request: Invalid value: "AA==": PEM block type must be CERTIFICATE REQUEST'],
    ],
  ])('with %j', (spec, errors) => {
    expect(createErrors(certificateSigningRequestKind, request(spec))).toEqual(errors);
  });

  test('shows how far it has come', () => {
    const object = { ...request(), status: { conditions: [approved], certificate: 'AA==' } };
    expect(row(certificateSigningRequestKind, object)).toMatchObject({
      SignerName: 'kubernetes.io/kube-apiserver-client',
      RequestedDuration: '<none>',
      Condition: 'Approved,Issued',
    });
  });
});

describe('the way of a request', () => {
  let api: TestApi;
  beforeEach(async () => {
    api = await createTestCluster();
    const body = {
      ...request({ username: 'root', groups: ['system:masters'] }),
      status: { conditions: [approved] },
    };
    await api.send('create', certificatesigningrequests, { body });
  });

  const get = () => api.object<Request>('get', certificatesigningrequests, { name: 'r' });
  const put = async (subresource: string, status: Request['status']) =>
    api.object<Request>('update', certificatesigningrequests, {
      name: 'r',
      subresource,
      body: { ...(await get()), status },
    });
  const failure = (promise: Promise<unknown>) =>
    promise.then(
      () => expect.fail('it went through'),
      (error) => (error as StatusError).message,
    );

  test('begins with who really asks, and nothing decided', async () => {
    const { spec, status } = await get();
    expect(spec.username).not.toBe('root');
    expect(spec.groups).not.toContain('system:masters');
    expect(status).toEqual({});
  });

  test('goes through approval to the certificate', async () => {
    expect(await failure(put('status', { conditions: [approved] }))).toContain(
      'status.conditions: Forbidden: updates may not add a condition of type "Approved"',
    );
    const { status } = await put('approval', { conditions: [approved], certificate: 'AA==' });
    expect(status?.certificate).toBeUndefined();
    expect(status?.conditions).toMatchObject([approved]);
    expect(status?.conditions?.[0]?.lastUpdateTime).toBeDefined();
    const issued = await put('status', { ...status, certificate: 'AA==' });
    expect(issued.status?.certificate).toBe('AA==');
    expect(await failure(put('status', { ...issued.status, certificate: 'AQ==' }))).toContain(
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    );
    expect(await failure(put('approval', { conditions: [] }))).toContain(
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    );
  });

  test('is not both approved and denied', async () => {
    const denied = { type: 'Denied', status: 'True' };
    expect(await failure(put('approval', { conditions: [approved, denied] }))).toContain(
      'status.conditions[1].type: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
    );
  });

  test('is not for the group that may do everything, where a client of this API is to be made', async () => {
    const create = (name: string, spec: Partial<CertificateSigningRequestSpec>) => {
      const body = { ...request(spec), metadata: { name } };
      return api.send('create', certificatesigningrequests, { body });
    };
    const mighty = encoded(mastersPem);
    expect(await failure(create('s', { request: mighty }))).toBe(
      'certificatesigningrequests.certificates.k8s.io "s" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
    );
    const cut = encoded(pem.replace('MIHV', 'MIIB'));
    expect(await failure(create('s', { request: cut }))).toContain('failed to parse CSR');
    await create('s', { request: mighty, signerName: 'example.com/others' });
  });
});
