import { afterEach, expect, test } from 'vitest';
import { deployments, nodes, pods } from '../../src/api/generated/resources.ts';
import type { VirtualCluster } from '../../src/cluster/simulation/virtual-cluster.ts';
import { startCluster } from '../../src/cluster/testing.ts';

const cause = { reason: 'a test says so' };
const namespace = 'default';

let cluster: VirtualCluster;
afterEach(() => cluster?.stop());

async function deploy(name: string, replicas: number): Promise<void> {
  const labels = { app: name };
  const containers = [{ name: 'main', image: 'app:1' }];
  await cluster.client.of(deployments).create(
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace },
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers } },
      },
    },
    { cause },
  );
  await cluster.settle();
}

const podsOf = async (app: string) =>
  (await cluster.client.of(pods).list({ namespace, labelSelector: `app=${app}` })).items;
const conditionOf = (
  object: { status?: { conditions?: { type: string; status: string }[] } },
  type: string,
) => object.status?.conditions?.find((condition) => condition.type === type)?.status;
const readyOf = async (name: string) => conditionOf(await cluster.client.of(nodes).get({ name }), 'Ready');

test('a clock that is set ahead by hours makes no node silent and sends no pod away', async () => {
  cluster = await startCluster({ clock: 'virtual', nodes: 3 });
  await deploy('web', 3);
  const before = (await podsOf('web')).map(({ metadata }) => metadata.uid);
  const troubles: string[] = [];
  await cluster.follow(({ events }) => {
    for (const event of events) {
      if (event.type !== 'put' || !event.entry.key.startsWith('/registry/minions/')) continue;
      const node = JSON.parse(Buffer.from(event.entry.value).toString());
      if (conditionOf(node, 'Ready') !== 'True') troubles.push(node.metadata.name);
    }
  });
  // Between a heartbeat that has been seen and the next.
  await cluster.advance('67s');
  troubles.length = 0;
  cluster.shiftWall('5h');
  await cluster.advance('10m');
  expect(troubles).toEqual([]);
  expect((await podsOf('web')).map(({ metadata }) => metadata.uid)).toEqual(before);
  expect((await podsOf('web')).map((pod) => conditionOf(pod, 'Ready'))).toEqual(['True', 'True', 'True']);
});

test('a clock that is set back by hours keeps nobody from noticing a silent node and making up for its pods', async () => {
  cluster = await startCluster({ clock: 'virtual', nodes: 3 });
  await deploy('web', 3);
  await cluster.advance('1m');
  cluster.shiftWall('-5h');
  cluster.switchOff('node-1');
  await cluster.advance('1m');
  expect(await readyOf('node-1')).toBe('Unknown');
  await cluster.advance('6m');
  const alive = (await podsOf('web')).filter(({ metadata }) => !metadata.deletionTimestamp);
  expect(alive.map((pod) => conditionOf(pod, 'Ready'))).toEqual(['True', 'True', 'True']);
  expect(alive.map(({ spec }) => spec.nodeName)).not.toContain('node-1');
});

test('pods that were told to go after a while go then, although the clock was set back meanwhile', async () => {
  cluster = await startCluster({ clock: 'virtual', nodes: 2 });
  await deploy('web', 2);
  cluster.switchOff('node-1');
  await cluster.advance('2m');
  cluster.shiftWall('-5h');
  await cluster.advance('5m');
  const alive = (await podsOf('web')).filter(({ metadata }) => !metadata.deletionTimestamp);
  expect(alive.map(({ spec }) => spec.nodeName)).toEqual(['node-2', 'node-2']);
});
