import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemConnector } from '../../platform/connect.ts';
import { tlsNodeDialer } from './node-dialer.ts';

test('a name that stands for an address of this machine leads to no port of a node', async () => {
  const connections: unknown[] = [];
  const server = createServer((socket) => connections.push(socket.destroy()));
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const dialer = tlsNodeDialer({ connect: systemConnector, identity: () => ({ cert: '', key: '' }) });
  const address = { node: 'n', host: 'localhost', port };
  await expect(dialer.connectTo(address, { tls: false })).rejects.toMatchObject({
    status: { code: 400, message: 'address not allowed' },
  });
  expect(connections).toEqual([]);
});
