import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import { httpsGetter } from '../platform/https-get.ts';
import { readResourceMetrics } from './read-resource-metrics.ts';

/** What becomes of the answer of a kubelet. */
async function read(code: number, body: Buffer): Promise<string> {
  const { certificate, key, ca } = await testCertificate({
    commonName: 'system:node:n',
    hosts: ['127.0.0.1'],
    usages: ['server'],
  });
  const kubelet = createServer({ cert: certificate, key }, (_request, response) => {
    response.writeHead(code).end(body);
  });
  await new Promise<void>((resolve) => kubelet.listen(0, '127.0.0.1', resolve));
  const getter = httpsGetter({ ca });
  onTestFinished(() => {
    getter.close();
    kubelet.close();
    kubelet.closeAllConnections();
  });
  const { port: Port } = kubelet.address() as AddressInfo;
  const addresses = [{ type: 'InternalIP' as const, address: '127.0.0.1' }];
  const node = {
    metadata: { name: 'n' },
    spec: {},
    status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port } } },
  };
  return readResourceMetrics(getter, node, new AbortController().signal);
}

test('a kubelet that tells of more than a node holds is not heard: reading it would hold the server up', async () => {
  expect(await read(200, Buffer.alloc(3 << 20, '\n'))).toHaveLength(3 << 20);
  await expect(read(200, Buffer.alloc(5 << 20, '\n'))).rejects.toThrow('body is larger than 4194304 bytes');
});

test('of an error of a kubelet the beginning is told', async () => {
  const { message } = await read(500, Buffer.alloc(1 << 20, 'x')).then(
    () => new Error(),
    (error: Error) => error,
  );
  expect(message).toMatch(/^it answers 500: x+$/);
  expect(message.length).toBeLessThan(2000);
});
