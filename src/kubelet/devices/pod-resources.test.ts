import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Container, Pod } from '../../api/core/v1.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemFiles } from '../../platform/files.ts';
import type { GrpcChannel } from '../../platform/grpc-channel.ts';
import { PodResourcesLister } from '../plugins/generated/podresources/v1/podresources_pb.js';
import { PodResourcesLister as Before } from '../plugins/generated/podresources/v1alpha1/podresources_pb.js';
import { pluginChannel } from '../plugins/plugin-channel.ts';
import type { DraManager } from '../dra/dra-manager.ts';
import type { DeviceManager } from './device-manager.ts';
import { PodResourcesServer } from './pod-resources-server.ts';
import { toldDevices } from './pod-resources.ts';

const within = { timeoutMs: 10_000 };
const { method } = PodResourcesLister;
let dir: string;
let nowMs: number;
let server: PodResourcesServer;
let channel: GrpcChannel;

const claimedDevice = {
  driver: 'd.example',
  pool: 'n1',
  device: 'gpu-0',
  shareId: 's1',
  requests: [],
  cdiDevices: ['d.example/gpu=0'],
};

const pod = (name: string): Pod => ({
  metadata: { name, namespace: 'n', uid: name },
  spec: {
    initContainers: [
      { name: 'init', image: 'i' },
      { name: 'side', image: 'i', restartPolicy: 'Always' },
    ],
    containers: [{ name: 'c', image: 'i' }],
  },
});

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'podres-'));
  nowMs = 0;
  const socketPath = `${dir}/pod-resources/kubelet.sock`;
  const has: Record<string, [string, Record<string, string[]>][]> = {
    'p/init': [['example.com/gpu', { '-1': ['z'] }]],
    'p/side': [['example.com/nic', { '-1': ['eth0'] }]],
    'p/c': [['example.com/gpu', { 0: ['b', 'a'], 1: ['b'] }]],
  };
  const devices = {
    given: (uid: string, container: string) => has[`${uid}/${container}`] ?? [],
    allocatable: () => [['example.com/gpu', { '-1': ['z'], 0: ['a'] }]],
  } as unknown as DeviceManager;
  const platform = { files: systemFiles, clock: { ...systemClock, monotonic: () => nowMs } };
  const [active, all] = [() => [pod('p')], () => [pod('p'), pod('over')]];
  const claims = {
    claimed: ({ metadata: { uid } }: Pod, { name }: Container): ReturnType<DraManager['claimed']> =>
      uid === 'p' && name === 'c' ? [['gpus', [claimedDevice]]] : [],
  };
  server = new PodResourcesServer({ socketPath, platform, devices, claims, active, all });
  await server.start();
  channel = pluginChannel(socketPath, systemClock);
});

afterEach(async () => {
  channel.close();
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

const on = (node: bigint) => ({ topology: { nodes: [{ ID: node }] } });
const resources = {
  name: 'p',
  namespace: 'n',
  containers: [
    { name: 'side', devices: [{ resourceName: 'example.com/nic', deviceIds: ['eth0'] }] },
    {
      name: 'c',
      devices: [
        { resourceName: 'example.com/gpu', deviceIds: ['a'], ...on(0n) },
        { resourceName: 'example.com/gpu', deviceIds: ['b'], ...on(0n) },
        { resourceName: 'example.com/gpu', deviceIds: ['b'], ...on(1n) },
      ],
      dynamicResources: [
        {
          claimName: 'gpus',
          claimNamespace: 'n',
          claimResources: [
            {
              cdiDevices: [{ name: 'd.example/gpu=0' }],
              driverName: 'd.example',
              poolName: 'n1',
              deviceName: 'gpu-0',
              shareId: 's1',
            },
          ],
        },
      ],
    },
  ],
};

describe('agents that watch over devices', () => {
  test('are told what pods have that have not ended, those of before too', async () => {
    const { podResources } = await channel.call(method.list, {}, within);
    expect(podResources).toHaveLength(1);
    expect(podResources[0]).toMatchObject(resources);
    expect(podResources[0]?.containers[0]?.devices[0]?.topology).toBeUndefined();
    expect((await channel.call(Before.method.list, {}, within)).podResources).toHaveLength(1);
  });

  test('are told of one pod by its name, or that there is none', async () => {
    const get = (podName: string) => channel.call(method.get, { podName, podNamespace: 'n' }, within);
    expect((await get('p')).podResources).toMatchObject(resources);
    expect((await get('over')).podResources?.containers.map(({ devices }) => devices)).toEqual([[], []]);
    await expect(get('q')).rejects.toThrow('rpc error: code = Unknown desc = pod q in namespace n not found');
  });

  test('are told which devices there are that are well', async () => {
    const told = await channel.call(method.getAllocatableResources, {}, within);
    expect(told).toMatchObject({
      devices: [
        { resourceName: 'example.com/gpu', deviceIds: ['a'], ...on(0n) },
        { resourceName: 'example.com/gpu', deviceIds: ['z'] },
      ],
      cpuIds: [],
      memory: [],
    });
  });

  test('who ask too often have to wait', async () => {
    const list = () => channel.call(method.list, {}, within);
    for (let i = 0; i < 10; i++) await list();
    await expect(list()).rejects.toThrow('rpc error: code = ResourceExhausted desc = rejected by rate limit');
    nowMs = 10;
    await list();
  });
});

test('devices come in one order, whoever tells them', () => {
  const ids = (resources: [string, Record<string, string[]>][]) =>
    toldDevices(resources).map(({ resourceName, deviceIds }) => `${resourceName}/${deviceIds[0]}`);
  expect(
    ids([
      ['b', { '-1': ['2', '1'] }],
      ['a', { '-1': ['3'] }],
    ]),
  ).toEqual(['a/3', 'b/1', 'b/2']);
});
