import { expect, test } from 'vitest';
import { loadX509, readRequest } from './x509.ts';

test('of several common names a request is read by the one that its certificate will be', async () => {
  const x509 = await loadX509();
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const name = 'O=system:nodes, CN=system:node:a, CN=system:kube-scheduler';
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm });
  const read = await readRequest(Buffer.from(request.toString('pem')).toString('base64'));
  expect(read).toMatchObject({ commonName: 'system:kube-scheduler', organizations: ['system:nodes'] });
});
