import { connect, constants } from 'node:http2';
import { Agent, get } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
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
    limits: { keepAliveTimeoutMs: 500 },
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

test('answers that are not taken do not keep a connection over HTTP/2', async () => {
  const {
    certificate: cert,
    key,
    ca,
  } = await testCertificate({ commonName: 'server', hosts: ['127.0.0.1'], usages: ['server'] });
  const server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key },
    limits: { keepAliveTimeoutMs: 500 },
    onRequest: ({ target }, reply) => {
      if (target === '/watch') reply.open(200, {}).write(Buffer.from('x'));
      else reply.send(200, { connection: 'close' }, [Buffer.from('x')]);
    },
  });
  const session = connect(`https://127.0.0.1:${server.port}`, { ca, settings: { initialWindowSize: 0 } });
  const watch = session.request({ ':path': '/watch' });
  const stream = session.request({ ':path': '/' }).on('error', () => {});
  await new Promise((resolve) => stream.once('close', resolve));
  expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
  // Who has not been told all yet is left alone.
  expect(watch.closed).toBe(false);
  watch.close();
  await new Promise((resolve) => session.once('close', resolve));
  await server.close(0);
});

test('of connections that have shown nothing the idle ones end when there are too many; those of known clients stay', async () => {
  const of = (usage: 'server' | 'client') =>
    testCertificate({ commonName: usage, hosts: ['127.0.0.1'], usages: [usage] });
  const { certificate: cert, key, ca } = await of('server');
  const client = await of('client');
  const server = await listenHttps({
    host: '127.0.0.1',
    port: 0,
    tls: { cert, key, clientCa: client.ca },
    limits: { unknownConnections: 2, unknownGraceMs: 100 },
    onRequest: ({ headers }, reply) =>
      reply.send(headers.authorization === 'Bearer wrong' ? 401 : 200, {}, []),
  });
  const origin = `https://127.0.0.1:${server.port}`;
  const open = async (more: object = {}, authorization?: string) => {
    const session = connect(origin, { ca, ...more });
    const stream = session.request({ ':path': '/', ...(authorization && { authorization }) });
    stream.resume();
    await new Promise((resolve) => stream.once('close', resolve));
    return session;
  };
  const overHttp1 = async (authorization: string) => {
    const agent = new Agent({ keepAlive: true, ca });
    const request = get(origin, { agent, headers: { authorization } }, (response) => response.resume());
    await new Promise((resolve) => request.once('close', resolve));
    return request.socket as Socket;
  };
  const known = [
    await open({ cert: client.certificate, key: client.key }),
    await open({}, 'Bearer right'),
    await overHttp1('Bearer right'),
  ];
  const unknown = [await open(), await open({}, 'Bearer wrong'), await overHttp1('Bearer wrong')];
  await sleep(150);
  const late = [await open(), await open()];
  await Promise.all(
    unknown.map((one) => one.destroyed || new Promise((resolve) => one.once('close', resolve))),
  );
  expect([...known, ...late].map(({ destroyed }) => destroyed)).toEqual([false, false, false, false, false]);
  for (const one of [...known, ...late]) one.destroy();
  await server.close(0);
});
