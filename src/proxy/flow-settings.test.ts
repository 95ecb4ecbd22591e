import { expect, test } from 'vitest';
import { flowChanges, mostFlows, parseSettings } from './flow-settings.ts';

const established = 'net.netfilter.nf_conntrack_tcp_timeout_established';
const closeWait = 'net.netfilter.nf_conntrack_tcp_timeout_close_wait';

test('connections are remembered as long as upstream does it', () => {
  const current = parseSettings(`${established} = 432000\n${closeWait} = 60\n${mostFlows} = 262144\n`);
  expect(flowChanges(current, 2)).toEqual({ [established]: 86_400, [closeWait]: 3600 });
  expect(flowChanges({ [established]: 86_400, [closeWait]: 3600, [mostFlows]: 262_144 }, 2)).toEqual({});
});

test('the machine remembers more flows where that is too few, and never fewer', () => {
  const changed = (now: number, processors: number) =>
    flowChanges({ [mostFlows]: now }, processors)[mostFlows];
  expect(changed(65_536, 1)).toBe(131_072);
  expect(changed(262_144, 16)).toBe(524_288);
  expect(changed(1_000_000, 16)).toBeUndefined();
});

test('what the kernel does not have is not set', () => {
  expect(flowChanges({}, 64)).toEqual({});
});
