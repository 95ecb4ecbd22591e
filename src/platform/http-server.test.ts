import { connect } from 'node:http2';
import { expect, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import { listenHttps } from './http-server.ts';

test('a connection over HTTP/2 on which nobody asks for anything ends, and one that is in use does not', async () => {
  const {
    certificate: cert,
    key,
    ca,
  } = await testCertificate({
    commonName: 'server',
    hosts: ['127.0.0.1'],
    usages: ['server'],
  });
  const server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key },
    limits: { keepAliveTimeoutMs: 20 },
    onRequest: (_, reply) => reply.open(200, {}).write(Buffer.from('x')),
  });
  const origin = `https://127.0.0.1:${server.port}`;
  const used = connect(origin, { ca });
  const unused = connect(origin, { ca });
  const stream = used.request({ ':path': '/' });
  await new Promise((resolve) => stream.once('data', resolve));
  await new Promise((resolve) => unused.once('close', resolve));
  expect(used.closed).toBe(false);
  stream.close();
  await new Promise((resolve) => used.once('close', resolve));
  await server.close(0);
});
