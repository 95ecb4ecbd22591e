import { beforeEach, describe, expect, test } from 'vitest';
import type {
  CertificateSigningRequest,
  CertificateSigningRequestSpec,
} from '../../../api/certificates/v1.ts';
import { certificatesigningrequests } from '../../../api/generated/resources.ts';
import type { StatusError } from '../../../machinery/status-error.ts';
import { createTestCluster, type TestApi } from '../../registry/testing.ts';
import { createErrors, created, row, testContext, texts } from '../shared/testing.ts';
import { certificateSigningRequestKind } from './certificate-signing-request.ts';
import { testCertificate, testRequest } from './testing.ts';

type Request = CertificateSigningRequest;

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
/** Of `/CN=x`, signed with RSA and with Ed25519. */
const rsaPem = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIIBSzCBtQIBADAMMQowCAYDVQQDDAF4MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB',
  'iQKBgQD1wDaoeshxlojC9bSuRWIQYu9TbTD9NIkSyy6VEb9poXbIvwoRoIvR8D4u',
  'gzQqjKw1axrHuCE+fQPlRVkawJLVlfosE48WWHsUaRw+GL66a6R3IgCbwrtMsv6v',
  'TzGDbfbzG7qLXQxi9S69MPNtb4RTiWe2H08WafGw4SdVV3YkowIDAQABoAAwDQYJ',
  'KoZIhvcNAQELBQADgYEA8hjIWPPnZdaUAPBFjGLVw63Rxq1RJp0S1L1dEz3WTj3H',
  'm9onRKlV6f+mzJUTJfFJ4gUKz7hSHpg9Xu7XuSsmODFT3DtMTHsD9H5ANt2N9okz',
  'HUes99fOU4KppeHI+2wfFhFP/ZkvNWiSgh8qt4oU6YpXfD7dPiTXa+cVStYoPHg=',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');
const ed25519Pem = [
  '-----BEGIN CERTIFICATE REQUEST-----',
  'MIGLMD8CAQAwDDEKMAgGA1UEAwwBeDAqMAUGAytlcAMhAB+bNsmIQApVxRW01ePB',
  'aFc0xKPiyVqOdhl4rb30AJCPoAAwBQYDK2VwA0EASSzMWzPqfiiFz0QK8LZPLVYJ',
  'c6FKW3ASP+Mn2uZklMRy9imI0V7ol4QtHsCXLAg7GNV+PhAZW1Y2EU5ScVS1Dg==',
  '-----END CERTIFICATE REQUEST-----',
].join('\n');
const encoded = (text: string) => Buffer.from(text).toString('base64');
const request = (spec: Partial<CertificateSigningRequestSpec> = {}): Request => ({
  metadata: { name: 'r' },
  spec: {
    request: encoded(testRequest),
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
    [{ request: encoded(rsaPem) }, []],
    [{ request: encoded(ed25519Pem) }, []],
    [
      { usages: ['eating'] },
      [expect.stringMatching(/^spec.usages\[0\]: Unsupported value: "eating": supported/)],
    ],
  ])('with %j', (spec, errors) => {
    expect(createErrors(certificateSigningRequestKind, request(spec))).toEqual(errors);
  });

  const condition = (type: string) => ({ ...approved, type });
  test.each<[string, Partial<CertificateSigningRequestSpec>, Request['status']]>([
    ['the old signer', { signerName: 'kubernetes.io/legacy-unknown' }, {}],
    ['usages that are none', { usages: ['eating'] }, {}],
    ['usages that stand twice', { usages: ['client auth', 'client auth'] }, {}],
    ['two verdicts', {}, { conditions: [condition('Approved'), condition('Denied')] }],
    ['conditions that stand twice', {}, { conditions: [condition('Approved'), condition('Approved')] }],
    ['conditions without a type', {}, { conditions: [condition('')] }],
  ])('may go on with %s, which no new one may have', (_, spec, status) => {
    const old = created(certificateSigningRequestKind, request(spec));
    old.status = status;
    const errors = (now: Request, before: typeof old) =>
      certificateSigningRequestKind.status?.validateUpdate?.(now, before, testContext()) ?? [];
    expect(errors({ ...old }, old)).toEqual([]);
    const plain = created(certificateSigningRequestKind, request());
    expect(texts(errors({ ...old }, plain)).length).toBeGreaterThan(0);
  });

  const errorOf = (pem: string) => {
    const [error = ''] = createErrors(certificateSigningRequestKind, request({ request: encoded(pem) }));
    return error.replace(/^spec.request: Invalid value: "[^"]*": /, '');
  };
  const resigned = (pem: string) => {
    const [head, ...lines] = pem.split('\n');
    const bytes = Buffer.from(lines.slice(0, -1).join(''), 'base64');
    bytes[bytes.length - 1]! ^= 1;
    return [head, bytes.toString('base64'), lines.at(-1)].join('\n');
  };

  test.each([
    [testRequest, 'x509: ECDSA verification failure'],
    [rsaPem, 'crypto/rsa: verification error'],
    [ed25519Pem, 'x509: Ed25519 verification failure'],
  ])('is signed with its own key', (pem, why) => {
    expect(errorOf(resigned(pem))).toBe(why);
    expect(errorOf(pem.replace(/.{8}\n-----END/, '\n-----END'))).toMatch(/^asn1: /);
    expect(errorOf(pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'))).toBe(
      'PEM block type must be CERTIFICATE REQUEST',
    );
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
    const { status } = await put('approval', {
      conditions: [approved],
      certificate: encoded(testCertificate),
    });
    expect(status?.certificate).toBeUndefined();
    expect(status?.conditions).toMatchObject([approved]);
    expect(status?.conditions?.[0]?.lastUpdateTime).toBeDefined();
    const certificate = encoded(testCertificate);
    const issued = await put('status', { ...status, certificate });
    expect(issued.status?.certificate).toBe(certificate);
    expect(
      await failure(
        put('status', { ...issued.status, certificate: encoded(`${testCertificate}\n${testCertificate}`) }),
      ),
    ).toContain('status.certificate: Forbidden: updates may not modify existing certificate content');
    expect(await failure(put('approval', { conditions: [] }))).toContain(
      'status.conditions: Forbidden: updates may not remove a condition of type "Approved"',
    );
  });

  test.each([
    ['AA==', 'must contain at least one CERTIFICATE PEM block'],
    [encoded(testRequest), 'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'],
    [encoded(testCertificate.replace('MII', 'MIH')), 'x509: malformed certificate'],
    [encoded(testCertificate.replace('-----\n', '-----\na: b\n\n')), 'no PEM block headers are permitted'],
    [
      encoded(`${testCertificate}\n${testRequest}`),
      'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"',
    ],
    [
      encoded('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'),
      'found CERTIFICATE PEM block containing 0 certificates',
    ],
  ])('ends with certificates alone, not %s', async (certificate, why) => {
    expect(await failure(put('status', { certificate }))).toContain(
      `is invalid: status.certificate: Invalid value: "<certificate data>": ${why}`,
    );
  });

  test('keeps the verdict as it was given when it is signed', async () => {
    const { status } = await put('approval', { conditions: [approved] });
    const other = { type: 'Ready', status: 'Unknown' };
    const signed = await put('status', {
      conditions: [other, { ...approved, reason: 'Changed', message: 'no' }],
    });
    expect(signed.status?.conditions).toMatchObject([other, status?.conditions?.[0] as object]);
  });

  test('is not both approved and denied', async () => {
    const denied = { type: 'Denied', status: 'True' };
    expect(await failure(put('approval', { conditions: [approved, denied] }))).toContain(
      'status.conditions: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
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
    const cut = encoded(testRequest.replace('MIHV', 'MIIB'));
    expect(await failure(create('s', { request: cut }))).toContain('asn1: ');
    await create('s', { request: mighty, signerName: 'example.com/others' });
  });
});
