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

test.each([1, 32])('%d who write one thing after the other let others have their turn', async (writers) => {
  const store = createMemoryStore({ clock: new VirtualClock() });
  let turns = 0;
  let isCounting = true;
  const count = () => void setImmediate(() => (turns++, isCounting && count()));
  count();
  const write = async (writer: number) => {
    for (let i = writer; i < 640; i += writers) await store.commit(put(`/${i}`, '1'));
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  isCounting = false;
  expect(turns).toBeGreaterThanOrEqual(10);
  await store.close();
});
