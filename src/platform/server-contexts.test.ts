import { X509Certificate } from 'node:crypto';
import { connect, type ConnectionOptions } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import type { ServerTls } from './http.ts';
import { listenHttps } from './http-server.ts';
import { chooseCertificate } from './server-contexts.ts';

const made = async (commonName: string, hosts: string[]) => {
  const { certificate: cert, key } = await testCertificate({ commonName, hosts, usages: ['server'] });
  return { cert, key };
};
const nameOf = (cert: string) => new X509Certificate(cert).subject.replace('CN=', '');
const usual = await made('usual', ['usual.test']);
const tls: ServerTls = {
  ...usual,
  named: [
    { names: ['a.test', '*.b.test'], ...(await made('first', ['x.test'])) },
    { names: ['a.test', 'c.b.test', '127.0.0.1'], ...(await made('second', ['y.test', 'usual.test'])) },
  ],
};

describe('who asks for', () => {
  test.each([
    ['a.test', 'first'],
    ['A.Test', 'first'],
    ['c.b.test', 'second'],
    ['d.b.test', 'first'],
    ['e.d.b.test', 'usual'],
    ['y.test', 'second'],
    ['usual.test', 'usual'],
    ['other.test', 'usual'],
  ])('%s is shown the certificate of %s', (name, shown) => {
    expect(nameOf(chooseCertificate(name, tls)?.cert ?? usual.cert)).toBe(shown);
  });
});

describe('a server with several certificates', () => {
  const listen = async (more: Partial<ServerTls> = {}) => {
    const server = await listenHttps({
      host: '127.0.0.1',
      port: 0,
      tls: { ...tls, ...more },
      onRequest: (_, reply) => reply.send(200, {}),
    });
    onTestFinished(() => server.close(0));
    const ask = (options: ConnectionOptions = {}) =>
      new Promise<{ name: string | undefined; protocol: string | null; cipher: string }>(
        (resolve, reject) => {
          const socket = connect({
            host: '127.0.0.1',
            port: server.port,
            rejectUnauthorized: false,
            ...options,
          });
          socket.once('error', reject);
          socket.once('secureConnect', () => {
            const [shown] = [socket.getPeerCertificate().subject.CN].flat();
            resolve({ name: shown, protocol: socket.getProtocol(), cipher: socket.getCipher().name });
            socket.destroy();
          });
        },
      );
    return { server, ask };
  };

  test('shows that of the name, or of the address it is asked at', async () => {
    const { ask } = await listen();
    expect((await ask({ servername: 'd.b.test' })).name).toBe('first');
    expect((await ask({ servername: 'none.test' })).name).toBe('second');
    expect((await ask()).name).toBe('second');
  });

  test('shows others as soon as it has them', async () => {
    const { server, ask } = await listen();
    const fresh = await made('fresh', []);
    server.setTls({ ...fresh, named: [{ names: ['a.test'], ...(await made('fresh-a', [])) }] });
    expect((await ask({ servername: 'a.test' })).name).toBe('fresh-a');
    expect((await ask({ servername: 'd.b.test' })).name).toBe('fresh');
    expect((await ask()).name).toBe('fresh');
  });

  test('speaks what it is told to, under each name and after a change', async () => {
    const only = { minVersion: 'TLSv1.3' } as const;
    const { server, ask } = await listen(only);
    for (const servername of ['a.test', 'none.test']) {
      expect((await ask({ servername })).protocol).toBe('TLSv1.3');
      await expect(ask({ servername, maxVersion: 'TLSv1.2' })).rejects.toThrow();
    }
    const ciphers = 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES256-SHA';
    server.setTls({ ...tls, ciphers });
    for (const servername of ['a.test', 'none.test']) {
      expect((await ask({ servername, maxVersion: 'TLSv1.2' })).cipher).toBe('ECDHE-ECDSA-AES256-SHA');
      expect((await ask({ servername })).cipher).toBe('TLS_AES_128_GCM_SHA256');
    }
  });
});
