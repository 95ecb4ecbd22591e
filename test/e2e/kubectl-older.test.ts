import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectl35, machineKubectl } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap, deployment } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());

const older: [name: string, program: () => string | undefined][] = [
  ['kubectl 1.35', kubectl35],
  ["the machine's own kubectl", () => machineKubectl],
];

describe.each(older)('%s', (name, program) => {
  const path = program();

  test.skipIf(!path)(`works all the same${path ? '' : ` (skipped: there is no ${name})`}`, async () => {
    const { kubectl: newest, ns } = await cluster.namespace();
    const kubectl: CommandClient = newest.with({ program: path });
    const { serverVersion } = await kubectl.json('version');
    expect(serverVersion).toMatchObject({ major: '1', minor: '36' });
    expect(await kubectl.apply(deployment('web'))).toBe('deployment.apps/web created');
    expect(await kubectl.ok('rollout status deployment/web --timeout=30s')).toContain(
      'successfully rolled out',
    );
    expect(await kubectl.ok('get pods')).toMatch(/web-\S+ +1\/1 +Running +0/);
    expect(await kubectl.ok('describe deployment web')).toContain(
      '2 desired | 2 updated | 2 total | 2 available',
    );
    expect(await kubectl.apply(configMap('c', { a: '1' }), '--server-side')).toBe(
      'configmap/c serverside-applied',
    );
    expect(await kubectl.ok('scale deployment web --replicas=3')).toBe('deployment.apps/web scaled');
    expect(await kubectl.ok('set image deployment/web web=registry.test/web:2')).toBe(
      'deployment.apps/web image updated',
    );
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('rollout undo deployment/web')).toBe('deployment.apps/web rolled back');
    expect(await kubectl.ok('explain pod.spec.containers.image')).toContain('image <string>');
    const odd = JSON.stringify({ ...configMap('odd'), dat: {} });
    expect(await kubectl.fails('create -f -', { input: odd })).toContain('unknown field "dat"');
    expect(await kubectl.ok('auth can-i create pods')).toBe('yes');
    const watch = kubectl.start('get configmaps -w');
    await watch.shows(/kube-root-ca\.crt/);
    await kubectl.ok('create configmap fresh');
    await watch.shows(/fresh +0/);
    await watch.stop('SIGINT');
    expect(await kubectl.ok('delete deployment web')).toMatch(
      new RegExp(`^deployment.apps "web" deleted(?: from ${ns} namespace)?$`),
    );
  });
});
