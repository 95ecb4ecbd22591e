import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Node, Pod, PodStatus } from '../../api/core/v1.ts';
import type { Stored } from '../../api/resource.ts';
import type { Informer } from '../../client/informer.ts';
import { systemClock } from '../../platform/clock.ts';
import { type Deferred, deferred } from '../../platform/deferred.ts';
import { systemFiles } from '../../platform/files.ts';
import { silentLog } from '../../platform/log.ts';
import { silentMeter } from '../../platform/metrics/meter.ts';
import { DeviceManager } from '../devices/device-manager.ts';
import type { StatusManager } from '../status/status-manager.ts';
import { TestDevicePlugin } from '../testing/test-device-plugin.ts';
import type { NodeContext } from './context.ts';
import { Intake } from './intake.ts';
import { PodWorkers } from './pod-workers.ts';

const resource = 'example.com/gpu';
const platform = { clock: systemClock, files: systemFiles, log: silentLog };

type Handlers = Required<Parameters<Informer<Pod>['onChange']>[0]>;

let dir: string;
let plugin: TestDevicePlugin;
let devices: DeviceManager;
let workers: PodWorkers;
let api: Handlers;
let intake: Intake;
let said: Map<string, PodStatus>;
let finished: string[];
let gate: Deferred<void>;
let node: Node;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'intake-'));
  said = new Map();
  finished = [];
  devices = new DeviceManager({ dir, platform, meter: silentMeter, onChange: () => {}, onHealth: () => {} });
  await devices.start();
  plugin = await TestDevicePlugin.start({ dir, resource, devices: ['a', 'b'] });
  await plugin.register();
  await vi.waitFor(() => expect(devices.capacity().allocatable[resource]).toBe('2'));
  gate = deferred();
  plugin.gate = gate.promise;
  // What is done for pods does not matter here: they stay as they were taken in.
  const never = () => new Promise<never>(() => {});
  const steps = { running: never, ending: never, ended: never, forgotten: never };
  workers = new PodWorkers(platform as never, steps, 60_000);
  devices.follow(() => workers.present());
  node = { metadata: { name: 'n1' }, spec: {}, status: { allocatable: { pods: '10', [resource]: '2' } } };
  const statuses = {
    set: (pod: Pod, status: PodStatus) => void said.set(pod.metadata.uid as string, status),
    finish: (pod: Pod) => void finished.push(pod.metadata.uid as string),
    check: () => {},
    forget: () => {},
  };
  const pods = {
    list: () => [],
    onChange: (handlers: Handlers) => {
      api = handlers;
    },
  };
  intake = new Intake({
    context: { nodeName: 'n1', platform, recorder: { record: () => {} } } as unknown as NodeContext,
    pods: pods as unknown as Informer<Pod>,
    node: () => node,
    workers,
    taken: () => workers.active(),
    statuses: statuses as unknown as StatusManager,
    devices,
    onMirror: () => {},
  });
  intake.start();
});

afterEach(async () => {
  plugin.stop();
  await devices.stop();
  rmSync(dir, { recursive: true, force: true });
});

function pod(uid: string, count: number, more: Partial<Pod['metadata']> = {}): Stored<Pod> {
  const amount = { [resource]: String(count) };
  const resources = count > 0 ? { limits: amount, requests: amount } : {};
  return {
    metadata: { name: uid, namespace: 'default', uid, creationTimestamp: '2026-01-01T00:00:00Z', ...more },
    spec: { containers: [{ name: 'c', image: 'i', resources }] },
  } as Stored<Pod>;
}

const asked = (...calls: string[]) => vi.waitFor(() => expect(plugin.asked).toEqual(calls));
const isIn = (uid: string) => workers.get(uid) !== undefined;

describe('a pod that asks for devices', () => {
  test('is let in once it has them, as it is by then; others need not wait for it', async () => {
    api.added(pod('p', 1));
    await asked('Allocate a');
    expect(isIn('p')).toBe(false);
    api.added(pod('plain', 0));
    expect(isIn('plain')).toBe(true);
    const newer = pod('p', 1, { labels: { is: 'newer' } });
    api.updated(newer, pod('p', 1));
    gate.resolve();
    await vi.waitFor(() => expect(workers.get('p')?.pod).toBe(newer));
    api.updated(newer, newer);
    await asked('Allocate a');
  });

  test('does not come in where it cannot have them, and is told why', async () => {
    gate.resolve();
    api.added(pod('p', 3));
    await vi.waitFor(() => expect(said.get('p')?.phase).toBe('Failed'));
    expect(said.get('p')).toMatchObject({
      reason: 'UnexpectedAdmissionError',
      message: `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${resource}. Requested: 3, Available: 2, which is unexpected`,
    });
    const going = pod('p', 3, { deletionTimestamp: '2026-01-01T00:00:01Z' });
    api.updated(going, going);
    expect([isIn('p'), finished]).toEqual([false, ['p']]);
  });

  test('leaves them to others where it is not let in for another reason', async () => {
    gate.resolve();
    api.added({ ...pod('p', 2), spec: { ...pod('p', 2).spec, nodeName: 'elsewhere' } } as Stored<Pod>);
    await vi.waitFor(() => expect(said.get('p')?.reason).toBe('NodeName'));
    api.added(pod('q', 2));
    await vi.waitFor(() => expect(isIn('q')).toBe(true));
  });

  test('has room for what it was given, though the node has less by now', async () => {
    gate.resolve();
    api.added(pod('p', 1));
    await vi.waitFor(() => expect(isIn('p')).toBe(true));
    plugin.tell([{ ID: 'a', health: 'Unhealthy' }, 'b']);
    await vi.waitFor(() => expect(devices.capacity().allocatable[resource]).toBe('1'));
    node = { ...node, status: { allocatable: { pods: '10', [resource]: '1' } } };
    api.added(pod('q', 1));
    await vi.waitFor(() => expect(isIn('q')).toBe(true));
  });

  test('that is to go meanwhile is not waited for', async () => {
    api.added(pod('p', 1));
    await asked('Allocate a');
    const going = pod('p', 1, { deletionTimestamp: '2026-01-01T00:00:01Z' });
    api.updated(going, going);
    expect(workers.get('p')?.stage).toBe('ending');
    gate.resolve();
    api.added(pod('q', 1));
    await vi.waitFor(() => expect(isIn('q')).toBe(true));
    expect(plugin.asked).toEqual(['Allocate a', 'Allocate a']);
  });

  test('that is gone meanwhile does not come in, and has nothing', async () => {
    api.added(pod('p', 2));
    await asked('Allocate a,b');
    api.deleted(pod('p', 2));
    gate.resolve();
    api.added(pod('q', 2));
    await vi.waitFor(() => expect(isIn('q')).toBe(true));
    expect([isIn('p'), said.has('p')]).toEqual([false, false]);
  });

  test('from the node itself has them too', async () => {
    gate.resolve();
    expect(await intake.admit(pod('p', 2))).toBe(true);
    expect(await intake.admit(pod('q', 1))).toBe(false);
    expect(said.get('q')?.reason).toBe('UnexpectedAdmissionError');
  });

  test('that was let in before is not asked about again', async () => {
    api.added({ ...pod('p', 1), status: { startTime: '2026-01-01T00:00:00Z' } });
    expect(isIn('p')).toBe(true);
    expect(plugin.asked).toEqual([]);
  });
});
