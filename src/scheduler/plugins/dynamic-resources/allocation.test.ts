import { describe, expect, test } from 'vitest';
import type { Node } from '../../../api/core/v1.ts';
import type { Device, DeviceClaim, DeviceClass, ResourceSlice } from '../../../api/resource/v1.ts';
import { allocate } from './allocation.ts';
import { readAmounts } from './capacity.ts';
import { deviceMatcher } from './device-selector.ts';
import { NodeFailure, Patience } from './patience.ts';
import { poolsOf } from './pools.ts';

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

interface Setting {
  taken?: string[];
  /** Amounts that others have of a device, by its id. */
  shared?: Record<string, Record<string, string>>;
  on?: string;
}

function marketOf(slices: ResourceSlice[], { taken, shared = {} }: Setting = {}) {
  return {
    pools: poolsOf(slices),
    taken: new Set(taken),
    shared: new Map(Object.entries(shared).map(([id, amounts]) => [id, readAmounts(amounts)])),
    classes: { get: (name: string) => (name === 'gpu' ? deviceClass : undefined) },
    matches: deviceMatcher(),
    newShareId: () => 'share',
    patience: new Patience(),
  };
}

/** What claims get together, one list a claim. */
function findAll(claims: DeviceClaim[], slices: ResourceSlice[], setting: Setting = {}) {
  const open = claims.map((devices, i) => ({ key: `default/c${i}`, devices }));
  return allocate(open, node(setting.on ?? 'a'), marketOf(slices, setting));
}

function find(claim: DeviceClaim, slices: ResourceSlice[], setting?: Setting) {
  const [result] = findAll([claim], slices, setting) ?? [];
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
    expect(() => find({ requests: [{ name: 'r', exactly: { deviceClassName: 'none' } }] }, three)).toThrow(
      'claim default/c0, request r: could not retrieve device class none',
    );
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
    expect(() => by('device.attributes["gpu.example.com"].nope == 1')).toThrow(
      /^claim default\/c0: selector #0: CEL runtime error: /,
    );
    expect(() => by('device ==')).toThrow(
      /^claim default\/c0: selector #0: CEL compile error: compilation failed: ERROR: <input>:1:10: Syntax error/,
    );
  });

  test('by selectors that cost much, on some nodes after others: what has been found out is known the next time', () => {
    const tens = '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]';
    const numbers = (depth: number): string =>
      depth === 0 ? 'true' : `${tens}.all(x${depth}, ${numbers(depth - 1)})`;
    const dear = Array.from({ length: 8 }, () => numbers(4)).join(' && ');
    const expression = `${dear} && device.attributes["gpu.example.com"].model == "model-31Gi"`;
    const devices = Array.from({ length: 32 }, (_, i) => gpu(`g${i}`, `${i}Gi`));
    const market = marketOf([slice(devices)]);
    const claims = [{ key: 'default/c0', devices: { requests: [ask('r', where(expression))] } }];
    let decisions = 1;
    for (; decisions < 20; decisions++) {
      try {
        expect(allocate(claims, node('a'), { ...market, patience: new Patience() })).toHaveLength(1);
        break;
      } catch (error) {
        expect(error).toEqual(new NodeFailure('timed out trying to allocate devices'));
      }
    }
    expect(decisions).toBeGreaterThan(1);
    expect(decisions).toBeLessThan(8);
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

  test('of wishes that are too many together the smaller ones, without trying all devices for it', () => {
    const many = [slice(Array.from({ length: 64 }, (_, i) => gpu(`g${i}`, '1Gi')))];
    const sub = (name: string, count: number) => ({ name, deviceClassName: 'gpu', count });
    const ofSize = (name: string, ...counts: number[]) => ({
      name,
      firstAvailable: counts.map((count, i) => sub(`s${i}`, count)),
    });
    const names = find({ requests: [ofSize('x', 32, 16), ofSize('y', 32, 16)] }, many);
    expect(new Set(names?.map((name) => name.split('=')[0]))).toEqual(new Set(['x/s1', 'y/s1']));
    expect(find({ requests: [ofSize('x', 16), ask('y', { count: 16 })] }, many)).toHaveLength(32);
  });

  test('not at any price: a search that takes too long is given up, for this node', () => {
    const many = [slice(Array.from({ length: 24 }, (_, i) => gpu(`g${i}`, '1Gi')))];
    const requests = [ask('some', { count: 12 }), ask('none', where('false'))];
    expect(() => find({ requests }, many)).toThrow(new NodeFailure('timed out trying to allocate devices'));
  });

  test('not on every node at the same price: those that come after such a search are worth less, and still found if they have all at hand', () => {
    const everywhere = { nodeName: undefined, allNodes: true };
    const local = { nodeName: 'b', pool: { name: 'local', generation: 1, resourceSliceCount: 1 } };
    const many = Array.from({ length: 24 }, (_, i) => gpu(`g${i}`, '1Gi'));
    const market = marketOf([slice(many, everywhere), slice([gpu('big', '9Gi')], local)]);
    const ofModel = (model: string) => where(`device.attributes["gpu.example.com"].model == "${model}"`);
    const some = ask('some', { count: 12, ...ofModel('model-1Gi') });
    const devices = { requests: [some, ask('big', ofModel('model-9Gi'))] };
    let tries = 0;
    const counting = { ...market, taken: { has: () => ++tries < 0 } as unknown as Set<string> };
    const allocateOn = (name: string) => allocate([{ key: 'default/c', devices }], node(name), counting);
    for (let i = 0; i < 100; i++) expect(() => allocateOn(`n${i}`)).toThrow(NodeFailure);
    expect(tries).toBeLessThan(200_000);
    expect(allocateOn('b')).toHaveLength(1);
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

  test('one pool after the other by name, those last that are to be waited for', () => {
    const named = (name: string, devices: Device[]) =>
      slice(devices, { pool: { name, generation: 1, resourceSliceCount: 1 } });
    const slow = gpu('slow', '1Gi', { bindingConditions: ['Ready'] });
    const all = [named('c', [gpu('c', '1Gi')]), named('a', [slow]), named('b', [gpu('b', '1Gi')])];
    expect(find({ requests: [ask('r', { count: 2 })] }, all)).toEqual(['r=b', 'r=c']);
    expect(find({ requests: [ask('r', { count: 3 })] }, all)).toEqual(['r=b', 'r=c', 'r=slow']);
  });

  test('all of them only where every pool is whole', () => {
    const part = slice([gpu('g', '1Gi')], { pool: { name: 'p', generation: 1, resourceSliceCount: 2 } });
    const all = { requests: [ask('r', { allocationMode: 'All' })] };
    expect(() => find(all, [part])).toThrow(
      'claim default/c0, request r: asks for all devices, but resource pool gpu.example.com/p is currently being updated',
    );
    expect(find(all, three, { on: 'b' })).toBeUndefined();
    const twice = [slice([gpu('g', '1Gi'), gpu('g', '2Gi')])];
    expect(() => find({ requests: [ask('r')] }, twice)).toThrow('invalid resource pools were encountered');
  });

  test('several claims together: what one can do without goes to the other', () => {
    const any = { requests: [ask('any')] };
    const small = {
      requests: [ask('small', where('device.attributes["gpu.example.com"].model == "model-10Gi"'))],
    };
    const results = findAll([any, small], three)?.map((r) => r.devices?.results?.map(({ device }) => device));
    expect(results).toEqual([['g1'], ['g0']]);
  });

  test('no more than a claim can note', () => {
    const many = [slice(Array.from({ length: 40 }, (_, i) => gpu(`g${i}`, '1Gi')))];
    expect(find({ requests: [ask('r', { count: 32 })] }, many)).toHaveLength(32);
    expect(() => find({ requests: [ask('r', { count: 33 })] }, many)).toThrow(
      'claim default/c0: number of requested devices 33 exceeds the claim limit of 32',
    );
  });

  test('parts of one device as long as there is enough of what they share', () => {
    const pool = { name: 'p', generation: 1, resourceSliceCount: 2 };
    const counters = {
      metadata: { name: 'counters' },
      spec: { driver: 'gpu.example.com', pool, nodeName: 'a' },
    };
    const sharedCounters = [{ name: 'card', counters: { memory: { value: '40Gi' } } }];
    const part = (name: string, value: string) =>
      gpu(name, value, { consumesCounters: [{ counterSet: 'card', counters: { memory: { value } } }] });
    const slices = [
      { ...counters, spec: { ...counters.spec, sharedCounters } },
      slice([part('whole', '40Gi'), part('half0', '20Gi'), part('half1', '20Gi')], { pool }),
    ];
    expect(find({ requests: [ask('r')] }, slices)).toEqual(['r=whole']);
    expect(find({ requests: [ask('r', { count: 2 })] }, slices)).toEqual(['r=half0', 'r=half1']);
    expect(find({ requests: [ask('r', { count: 3 })] }, slices)).toBeUndefined();
    expect(find({ requests: [ask('r')] }, slices, { taken: ['gpu.example.com/p/half1'] })).toEqual([
      'r=half0',
    ]);
    expect(find({ requests: [ask('r')] }, slices, { taken: ['gpu.example.com/p/whole'] })).toBeUndefined();
    const nowhere = [slice([part('lost', '1Gi')])];
    expect(() => find({ requests: [ask('r')] }, nowhere)).toThrow('invalid resource pools were encountered');
    const ofNothing = [
      slice([gpu('lost', '1Gi', { consumesCounters: [{ counterSet: 'x', counters: {} }] })]),
    ];
    expect(() => find({ requests: [ask('r')] }, ofNothing)).toThrow('invalid resource pools');
  });

  test('shares of a device that several may use', () => {
    const requestPolicy = { default: '2Gi', validRange: { min: '1Gi', max: '8Gi', step: '1Gi' } };
    const shared: Device = {
      name: 's',
      allowMultipleAllocations: true,
      capacity: { memory: { value: '10Gi', requestPolicy } },
    };
    const slices = [slice([shared])];
    const capacity = (memory: string) => ({ capacity: { requests: { memory } } });
    const share = (claim: DeviceClaim, setting?: Setting) =>
      findAll([claim], slices, setting)?.[0]?.devices?.results?.map(({ shareID, consumedCapacity }) => [
        shareID,
        consumedCapacity?.memory,
      ]);
    expect(share({ requests: [ask('r')] })).toEqual([['share', '2Gi']]);
    expect(share({ requests: [ask('r', capacity('2500Mi'))] })).toEqual([['share', '3Gi']]);
    expect(share({ requests: [ask('r', capacity('9Gi'))] })).toBeUndefined();
    expect(share({ requests: [ask('r', { capacity: { requests: { other: '1' } } })] })).toBeUndefined();
    expect(share({ requests: [ask('x', capacity('5Gi')), ask('y', capacity('5Gi'))] })).toHaveLength(2);
    expect(share({ requests: [ask('x', capacity('5Gi')), ask('y', capacity('6Gi'))] })).toBeUndefined();
    const others = { shared: { 'gpu.example.com/p/s': { memory: '9Gi' } } };
    expect(share({ requests: [ask('r')] }, others)).toBeUndefined();
    expect(share({ requests: [ask('r', capacity('1Gi'))] }, others)).toEqual([['share', '1Gi']]);
  });

  test('where they can be reached from is noted with them', () => {
    const key = 'zone';
    const term = { matchExpressions: [{ key, operator: 'Exists' }] };
    const nodeSelector = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] }],
    };
    const remote = slice([gpu('g0', '1Gi'), gpu('g1', '1Gi', { bindsToNode: true })], {
      nodeName: undefined,
      nodeSelector,
    });
    const reach = (count: number) =>
      findAll([{ requests: [ask('r', { count })] }], [remote])?.[0]?.nodeSelector;
    expect(reach(1)).toEqual(nodeSelector);
    const here = [{ key: 'metadata.name', operator: 'In', values: ['a'] }];
    expect(reach(2)).toEqual({ nodeSelectorTerms: [{ matchFields: here }] });
    expect(findAll([{ requests: [ask('r')] }], three)?.[0]?.nodeSelector).toEqual({
      nodeSelectorTerms: [{ matchFields: here }],
    });
    const everywhere = slice([gpu('g', '1Gi')], { nodeName: undefined, allNodes: true });
    expect(findAll([{ requests: [ask('r')] }], [everywhere])?.[0]?.nodeSelector).toBeUndefined();
    const zoned = slice([gpu('g', '1Gi')], {
      nodeName: undefined,
      nodeSelector: { nodeSelectorTerms: [term] },
    });
    expect(find({ requests: [ask('r')] }, [zoned])).toBeUndefined();
  });
});
