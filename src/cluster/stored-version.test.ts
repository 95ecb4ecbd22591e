import { beforeEach, expect, test } from 'vitest';
import { systemClock } from '../platform/clock.ts';
import { createMemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { claimStore } from './stored-version.ts';

let store: Store;
beforeEach(async () => {
  store = createMemoryStore({ clock: systemClock });
});

const claim = (kubernetes: string, mostOlder: 0 | 1 = 0) =>
  claimStore(store, { mostOlder, own: { kubernetes, k8ts: kubernetes.replace('v1.', '0.') } });
const revision = async () => (await store.status()).revision;

test('a server of a newer version, or of the same, may follow another', async () => {
  await claim('v1.36.0');
  const first = await revision();
  await claim('v1.36.3');
  expect(await revision()).toBe(first);
  await claim('v1.37.0');
  await claim('v1.37.0');
  expect(await revision()).toBe(first + 1);
});

test('one of an older minor version is refused, and told what to do', async () => {
  await claim('v1.37.1');
  const before = await revision();
  await expect(claim('v1.36.0')).rejects.toMatchObject({
    name: 'UserError',
    message:
      'the objects of this cluster have been written by Kubernetes v1.37.1 (k8ts 0.37.1), and this is Kubernetes v1.36.0 (k8ts 0.36.0), which may not know all that is in them',
    hint: expect.stringContaining('start k8ts 0.37.1 or a newer one'),
  });
  expect(await revision()).toBe(before);
  await claim('v1.37.0');
});

test('while servers are replaced one after the other, one may still be a minor version behind, and no more', async () => {
  await claim('v1.37.0');
  await claim('v1.36.0', 1);
  await expect(claim('v1.35.9', 1)).rejects.toThrow('v1.37.0');
  await expect(claim('v1.36.0')).rejects.toThrow('v1.37.0');
});

test('the next major version is newer than all of this one', async () => {
  await claim('v2.0.0');
  await expect(claim('v1.36.0', 1)).rejects.toThrow('v2.0.0');
});

test('of two that start at once both know which is newer', async () => {
  await Promise.all([claim('v1.36.0'), claim('v1.36.0'), claim('v1.37.0')]);
  await expect(claim('v1.36.0')).rejects.toThrow('v1.37.0');
});
