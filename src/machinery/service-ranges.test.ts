import { expect, test } from 'vitest';
import type { Node } from '../api/core/v1.ts';
import { ownServiceRanges } from './service-ranges.ts';

const node = (name: string, address: string): Node => ({
  metadata: { name },
  spec: {},
  status: { addresses: [{ type: 'InternalIP', address }] },
});

test('ranges of Services are theirs alone, but for those in which pods or nodes have addresses, and those of IPv6', () => {
  const nodes = [node('a', '198.18.0.2'), node('b', '203.0.113.3')];
  const serviceCidrs = [
    ['10.96.0.0/12', 'fd00::/112'],
    ['10.112.0.0/16'],
    ['10.240.0.0/12'],
    ['203.0.113.0/28'],
    ['0.0.0.0/1'],
    ['10.112.0.0/16'],
    ['10.113.0.0/16; reboot'],
  ].map((cidrs, i) => ({ metadata: { name: `range-${i}` }, spec: { cidrs } }));
  expect(ownServiceRanges({ serviceCidrs, nodes, podRange: '10.244.0.0/16' })).toEqual([
    '10.96.0.0/12',
    '10.112.0.0/16',
  ]);
});
