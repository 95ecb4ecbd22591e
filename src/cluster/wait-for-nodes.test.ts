import { expect, test } from 'vitest';
import { Client } from '../client/client.ts';
import { TestApi } from '../kubelet/testing/test-api.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { waitForNodes } from './wait-for-nodes.ts';

test('of a thousand nodes that do not come a few are named', async () => {
  const clock = new VirtualClock();
  const names = Array.from({ length: 1000 }, (_, i) => `node-${i + 1}`);
  const client = new Client(new TestApi());
  const failed = new Promise<string>(() => {});
  const waiting = waitForNodes({ client, clock, names, timeoutMs: 3000, sinceMs: 0, failed });
  const told = expect(waiting).rejects.toThrow(
    /^not ready after 3 s: node-1 has not registered; .*; node-5 has not registered; 995 more are not ready either$/,
  );
  await clock.advance(5000);
  await told;
});
