import { expect, test } from 'vitest';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { storeContract } from './contract.ts';
import { MemoryEngine } from './memory-engine.ts';
import { createMemoryStore } from './memory-store.ts';
import { logHarness, put, text } from './test-support.ts';

storeContract('memory', {
  makeHarness: async () => logHarness(async () => new MemoryEngine()),
  persistent: false,
});

test('createMemoryStore makes an empty store', async () => {
  const store = createMemoryStore({ clock: new VirtualClock() });
  expect(await store.status()).toMatchObject({
    backend: 'memory',
    keys: 0,
    revision: 1,
    compactedRevision: 0,
  });
  await store.commit(put('/a', '1'));
  expect(text(await store.get('/a'))).toBe('1');
  await store.close();
});
