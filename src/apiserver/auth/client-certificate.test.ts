import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../../platform/http.ts';
import { peerOf } from '../../platform/peer.ts';
import { loadX509 } from '../../platform/x509.ts';
import { certificateAuthenticator } from './client-certificate.ts';

type Subject = Record<string, string[]>[];

/** What a server makes of a client whose certificate has this subject. */
async function userWith(subject: Subject, { now = Date.now } = {}) {
  const x509 = await loadX509();
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
  });
  const shown = new X509Certificate(certificate.toString('pem')).toLegacyObject();
  const socket = { authorized: true, getPeerCertificate: () => shown } as unknown as TLSSocket;
  const peer = peerOf(socket, { cert: '', key: '' });
  return certificateAuthenticator({ now }).authenticate({ peer } as HttpRequest);
}

const uid = (...values: string[]) => values.map((value) => ({ '1.3.6.1.4.1.57683.2': [value] }));

test('the subject of a certificate names a user, groups and a UID', async () => {
  const who: Subject = [{ CN: ['jane'] }, { O: ['dev'] }, { O: ['ops'] }];
  const groups = ['dev', 'ops', 'system:authenticated'];
  expect(await userWith([...who, ...uid('u-1')])).toMatchObject({ name: 'jane', uid: 'u-1', groups });
  const without = await userWith(who);
  expect(without).toMatchObject({ name: 'jane', groups });
  expect(without).not.toHaveProperty('uid');
});

test('a subject with several UIDs, or an empty one, is nobody', async () => {
  for (const uids of [uid('a', 'b'), uid('')])
    await expect(userWith([{ CN: ['jane'] }, ...uids])).rejects.toMatchObject({ code: 401 });
});

test('a connection that lives longer than the certificate it began with asks for nobody any more', async () => {
  const who: Subject = [{ CN: ['jane'] }];
  const inDays = (days: number) => ({ now: () => Date.now() + days * 86_400_000 });
  expect(await userWith(who, inDays(364))).toMatchObject({ name: 'jane' });
  await expect(userWith(who, inDays(366))).rejects.toMatchObject({ code: 401 });
});
