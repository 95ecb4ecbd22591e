import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../../../cluster/pki.ts';
import { systemClock } from '../../../platform/clock.ts';
import { systemConnector } from '../../../platform/connect.ts';
import { systemRandom } from '../../../platform/random.ts';
import type { ObjectReader } from '../../auth/object-reader.ts';
import { WebhookCaller, type WebhookCredentials } from './caller.ts';

const platform = { clock: systemClock, random: systemRandom };
let authority: KeyPair;
let server: ReturnType<typeof createServer>;
let url = '';

/** A webhook that says who asks it. */
beforeAll(async () => {
  authority = await createAuthority(platform);
  const { certificate: cert, key } = await issue(
    authority,
    { commonName: 'hook', hosts: ['127.0.0.1'], usages: ['server'] },
    platform,
  );
  const tls = { cert, key, ca: authority.certificate, requestCert: true, rejectUnauthorized: false };
  server = createServer(tls, ({ socket, headers }, outgoing) => {
    const { subject } = (socket as TLSSocket).getPeerCertificate();
    outgoing.end(JSON.stringify({ name: subject?.CN, authorization: headers.authorization }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const ask = (credentials?: (target: string) => WebhookCredentials | undefined) =>
  new WebhookCaller({ ...platform, reader: {} as ObjectReader, outside: systemConnector, credentials }).call({
    client: { url, caBundle: Buffer.from(authority.certificate).toString('base64') },
    body: {},
    timeoutSeconds: 10,
    signal: new AbortController().signal,
  });

test('a webhook is shown who asks, where that is told for it', async () => {
  expect(await ask()).toEqual({});
  const { certificate: cert, key } = await issue(
    authority,
    { commonName: 'apiserver', organizations: [], usages: ['client'] },
    platform,
  );
  const asked: string[] = [];
  const told = await ask((target) => {
    asked.push(target);
    return { cert, key, headers: { authorization: 'Bearer t' } };
  });
  expect(told).toEqual({ name: 'apiserver', authorization: 'Bearer t' });
  expect(asked).toEqual([new URL(url).host]);
});

test('a connection is kept for the next question of the same caller, and made anew where it has been closed', async () => {
  const connections = new Set<object>();
  const note = (socket: object) => void connections.add(socket);
  server.on('secureConnection', note);
  const caller = new WebhookCaller({ ...platform, reader: {} as ObjectReader, outside: systemConnector });
  const client = { url, caBundle: Buffer.from(authority.certificate).toString('base64') };
  const call = () =>
    caller.call({ client, body: {}, timeoutSeconds: 10, signal: new AbortController().signal });
  const several = () => Promise.all(Array.from({ length: 5 }, call));
  await several();
  await several();
  expect(connections.size).toBe(5);
  server.closeIdleConnections();
  expect(await several()).toEqual([{}, {}, {}, {}, {}]);
  await ask();
  expect(connections.size).toBe(11);
  server.off('secureConnection', note);
});
