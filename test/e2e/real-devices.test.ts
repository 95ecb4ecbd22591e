import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestDraDriver } from '../../src/kubelet/testing/test-dra-driver.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { shell, shellArchive, shellPod, untilStopped, whyNoRealNodes } from './support/real.ts';

const why = whyNoRealNodes();
const name = 'test.dra.example';
const apiVersion = 'resource.k8s.io/v1';

let cluster: E2eCluster;
let kubectl: CommandClient;
let driver: TestDraDriver;

const deviceClass = (className: string, more: object = {}) => ({
  apiVersion,
  kind: 'DeviceClass',
  metadata: { name: className },
  spec: { selectors: [{ cel: { expression: `device.driver == "${name}"` } }], ...more },
});

const slice = () => ({
  apiVersion,
  kind: 'ResourceSlice',
  metadata: { name: 'node-1-gpus' },
  spec: {
    driver: name,
    nodeName: 'node-1',
    pool: { name: 'node-1', generation: 1, resourceSliceCount: 1 },
    devices: [{ name: 'gpu-0' }, { name: 'gpu-1' }],
  },
});

const ready = (pod: string) => kubectl.ok(`wait pod/${pod} --for=condition=Ready --timeout=60s`);
const variableOf = async (pod: string) =>
  (await kubectl.ok(['exec', pod, '--', 'sh', '-c', 'echo $GPU'])).trim();

// One story: each test goes on where the one before has ended.
describe.skipIf(why)(`devices of a driver on a real node${why ? ` (skipped: ${why})` : ''}`, () => {
  beforeAll(async () => {
    const archive = await shellArchive();
    cluster = await startE2eCluster({ nodes: 1, runtime: 'containerd' });
    kubectl = cluster.kubectl.with({ namespace: 'default' });
    expect(await cluster.k8ts('image', 'load', archive)).toMatchObject({ code: 0 });
    const edits = { env: ['GPU=given'] };
    const spec = {
      cdiVersion: '0.6.0',
      kind: `${name}/gpu`,
      devices: [{ name: 'one', containerEdits: edits }],
    };
    const node = `${cluster.dataDir}/nodes/node-1`;
    // Where a driver of this node finds it as `/var/run/cdi`.
    writeFileSync(`${node}/cdi/${name}.json`, JSON.stringify(spec));
    driver = await TestDraDriver.start({
      dir: `${node}/kubelet/plugins`,
      registry: `${node}/kubelet/plugins_registry`,
      name,
      devices: () => [{ poolName: 'node-1', deviceName: 'gpu-0', cdiDeviceIds: [`${name}/gpu=one`] }],
    });
    await eventually(() => (driver.registrations.includes('registered') ? true : undefined));
    await kubectl.apply(slice());
  });
  afterAll(async () => {
    driver?.stop();
    await cluster?.stop();
  });

  test('are claimed by a template, made ready for the pod, and free again after it', async () => {
    await kubectl.apply(deviceClass('gpus'));
    await kubectl.apply({
      apiVersion,
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'gpu' },
      spec: { spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpus' } }] } } },
    });
    const container = { resources: { claims: [{ name: 'gpu' }] } };
    const spec = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpu' }] };
    await kubectl.apply(shellPod('claims', untilStopped, { container, spec }));
    await ready('claims');
    expect(await variableOf('claims')).toBe('given');
    const { items } = await kubectl.json('get resourceclaims');
    const claim = items[0].metadata.name as string;
    expect(items[0].status.reservedFor).toMatchObject([{ name: 'claims' }]);
    expect(driver.asked).toEqual([`prepare ${claim}`]);
    const metrics = await kubectl.ok(['get', '--raw', '/api/v1/nodes/node-1/proxy/metrics']);
    expect(metrics).toContain(`dra_resource_claims_in_use{driver_name="${name}"} 1\n`);
    expect(metrics).toMatch(
      /^dra_operations_duration_seconds_count\{operation_name="PrepareResources",is_error="false"\} [1-9]/m,
    );
    await kubectl.ok('delete pod claims');
    expect(driver.asked).toEqual([`prepare ${claim}`, `unprepare ${claim}`]);
    await kubectl.ok(`wait resourceclaim/${claim} --for=delete --timeout=30s`);
    driver.asked.length = 0;
  });

  test('are had as an extended resource', async () => {
    const resource = 'example.com/gpu';
    await kubectl.apply(deviceClass('extended', { extendedResourceName: resource }));
    const amount = { [resource]: '1' };
    const containers = [
      shell(untilStopped, { resources: { requests: amount, limits: amount } }),
      { ...shell(untilStopped), name: 'without' },
    ];
    await kubectl.apply(shellPod('extended', '', { spec: { containers } }));
    await ready('extended');
    expect(await variableOf('extended')).toBe('given');
    const without = ['exec', 'extended', '-c', 'without', '--', 'sh', '-c', 'echo "<$GPU>"'];
    expect((await kubectl.ok(without)).trim()).toBe('<>');
    const { status } = await kubectl.json('get pod extended');
    const claim = status.extendedResourceClaimStatus.resourceClaimName as string;
    expect(driver.asked).toEqual([`prepare ${claim}`]);
    await kubectl.ok('delete pod extended');
    expect(driver.asked.at(-1)).toBe(`unprepare ${claim}`);
    driver.asked.length = 0;
  });

  test('are said to be there by a driver alone: when a kubelet starts, its drivers have to say it again', async () => {
    expect((await cluster.k8ts('node', 'stop', 'node-1')).code).toBe(0);
    expect(await kubectl.ok('get resourceslices -o name')).toContain('node-1-gpus');
    expect((await cluster.k8ts('node', 'start', 'node-1')).code).toBe(0);
    await kubectl.ok('wait resourceslice/node-1-gpus --for=delete --timeout=60s');
  });
});
