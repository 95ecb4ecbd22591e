import { expect, test } from 'vitest';
import type { Node, Pod } from '../../api/core/v1.ts';
import * as resources from '../../api/generated/resources.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { podConnector } from './pod-connector.ts';

const address = '10.244.1.5';

const pod = (name: string, nodeName: string): Pod => ({
  metadata: { namespace: 'default', name },
  spec: { nodeName, containers: [] },
  status: { podIP: address },
});

const node = (name: string, ...podCIDRs: string[]): Node => ({
  metadata: { name },
  spec: { podCIDRs },
  status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
});

/** Which node's kubelet is asked for the pod of the address. */
async function askedNode(pods: Pod[], nodes: Node[]): Promise<string> {
  const reader = {
    listWhere: () => pods,
    get: (resource: unknown, { name }: { name: string }) =>
      resource === resources.nodes ? nodes.find(({ metadata }) => metadata.name === name) : undefined,
  } as unknown as ObjectReader;
  let asked = '';
  const connect = async ({ node: name }: { node: string }) => {
    asked = name;
    throw new Error('no further');
  };
  const connector = podConnector({ reader, nodes: { connect, connectTo: connect } });
  await expect(connector({ host: address, port: 80, timeoutMs: 1000 })).rejects.toThrow('no further');
  return asked;
}

test('a node that says that its pod has the address of another one gets none of what is meant for that', async () => {
  const nodes = [node('hostile', '10.244.9.0/24'), node('own', '10.244.1.0/24', 'fd00:1::/64')];
  const pods = [pod('a', 'hostile'), pod('b', 'gone'), pod('c', 'own')];
  expect(await askedNode(pods, nodes)).toBe('own');
});

test('pods of a network that gives nodes no ranges of their own are found where they say they are', async () => {
  expect(await askedNode([pod('a', 'one')], [node('one')])).toBe('one');
  expect(await askedNode([pod('a', 'one')], [node('one', '10.0.0.0/24')])).toBe('one');
});
