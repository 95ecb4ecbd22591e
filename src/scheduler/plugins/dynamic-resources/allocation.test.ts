import { describe, expect, test } from 'vitest';
import type { Node } from '../../../api/core/v1.ts';
import type { Device, DeviceClaim, DeviceClass, ResourceSlice } from '../../../api/resource/v1.ts';
import { allocate, offersOf } from './allocation.ts';
import { deviceMatcher } from './device-selector.ts';

const node = (name: string): Node => ({ metadata: { name, labels: {} }, spec: {} });

function slice(devices: Device[], more: Partial<ResourceSlice['spec']> = {}): ResourceSlice {
  const pool = { name: 'p', generation: 1, resourceSliceCount: 1 };
  return {
    metadata: { name: 's' },
    spec: { driver: 'gpu.example.com', pool, nodeName: 'a', devices, ...more },
  };
}

const gpu = (name: string, memory: string, more: Partial<Device> = {}): Device => ({
  name,
  attributes: {
    model: { string: `model-${memory}` },
    numa: { int: name.endsWith('1') ? 1 : 0 },
    version: { version: '1.2.0' },
  },
  capacity: { memory: { value: memory } },
  ...more,
});

const deviceClass: DeviceClass = {
  metadata: { name: 'gpu' },
  spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] },
};

function find(claim: DeviceClaim, slices: ResourceSlice[], more: { taken?: string[]; on?: string } = {}) {
  const market = {
    offers: offersOf(slices),
    taken: new Set(more.taken),
    classes: { get: (name: string) => (name === 'gpu' ? deviceClass : undefined) },
    matches: deviceMatcher(),
  };
  const result = allocate(claim, node(more.on ?? 'a'), market);
  return result?.devices?.results?.map(({ request, device }) => `${request}=${device}`);
}

const ask = (name: string, more: object = {}) => ({ name, exactly: { deviceClassName: 'gpu', ...more } });
const where = (expression: string) => ({ selectors: [{ cel: { expression } }] });
const three = [slice([gpu('g0', '10Gi'), gpu('g1', '20Gi'), gpu('h1', '40Gi')])];

describe('devices for claims', () => {
  test('on the node that has them, each to one claim', () => {
    expect(find({ requests: [ask('r')] }, three)).toEqual(['r=g0']);
    expect(find({ requests: [ask('r')] }, three, { on: 'b' })).toBeUndefined();
    expect(find({ requests: [ask('r')] }, three, { taken: ['gpu.example.com/p/g0'] })).toEqual(['r=g1']);
    expect(find({ requests: [ask('r', { count: 4 })] }, three)).toBeUndefined();
    expect(find({ requests: [ask('r', { allocationMode: 'All' })] }, three)).toEqual([
      'r=g0',
      'r=g1',
      'r=h1',
    ]);
    expect(find({ requests: [{ name: 'r', exactly: { deviceClassName: 'none' } }] }, three)).toBeUndefined();
  });

  test('by what they are', () => {
    const by = (expression: string) => find({ requests: [ask('r', where(expression))] }, three);
    expect(by('device.capacity["gpu.example.com"].memory.compareTo(quantity("20Gi")) >= 0')).toEqual([
      'r=g1',
    ]);
    expect(by('device.attributes["gpu.example.com"].model == "model-40Gi"')).toEqual(['r=h1']);
    expect(by('device.attributes["gpu.example.com"].version.isGreaterThan(semver("1.0.0"))')).toEqual([
      'r=g0',
    ]);
    expect(by('"other" in device.attributes')).toBeUndefined();
    expect(by('has(device.attributes["other.example.com"].x)')).toBeUndefined();
    expect(() => by('device.attributes["gpu.example.com"].nope == 1')).toThrow();
  });

  test('that belong together, or apart, also where the first try was wrong', () => {
    const requests = [ask('x'), ask('y')];
    const matchAttribute = 'gpu.example.com/numa';
    expect(find({ requests, constraints: [{ matchAttribute }] }, three)).toEqual(['x=g1', 'y=h1']);
    const distinctAttribute = 'gpu.example.com/numa';
    expect(find({ requests: [ask('x', { count: 2 })], constraints: [{ distinctAttribute }] }, three)).toEqual(
      ['x=g0', 'x=g1'],
    );
    expect(
      find({ requests: [ask('x', { count: 3 })], constraints: [{ distinctAttribute }] }, three),
    ).toBeUndefined();
  });

  test('of the first kind that there is', () => {
    const sub = (name: string, memory: string) => ({
      name,
      deviceClassName: 'gpu',
      ...where(`device.attributes["gpu.example.com"].model == "model-${memory}"`),
    });
    const requests = [
      { name: 'r', firstAvailable: [sub('big', '80Gi'), sub('mid', '40Gi'), sub('low', '10Gi')] },
    ];
    expect(find({ requests }, three)).toEqual(['r/mid=h1']);
  });

  test('not those that are tainted, unless that is tolerated', () => {
    const tainted = [slice([gpu('g0', '10Gi', { taints: [{ key: 'bad', effect: 'NoSchedule' }] })])];
    expect(find({ requests: [ask('r')] }, tainted)).toBeUndefined();
    const tolerations = [{ key: 'bad', operator: 'Exists' }];
    expect(find({ requests: [ask('r', { tolerations })] }, tainted)).toEqual(['r=g0']);
  });

  test('only of the newest generation of a pool, and only when it is all there', () => {
    const at = (generation: number, resourceSliceCount: number) => ({
      pool: { name: 'p', generation, resourceSliceCount },
    });
    const old = slice([gpu('old', '1Gi')], at(1, 1));
    expect(find({ requests: [ask('r')] }, [old, slice([gpu('new', '1Gi')], at(2, 1))])).toEqual(['r=new']);
    expect(find({ requests: [ask('r')] }, [old, slice([gpu('new', '1Gi')], at(2, 2))])).toBeUndefined();
  });
});
