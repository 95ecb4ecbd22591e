import { expect, test } from 'vitest';
import type { Dialer } from '../../platform/dial.ts';
import type { NodeContext } from './context.ts';
import { Hooks } from './hooks.ts';

test('of all that a hook complains of only the beginning is told: it goes into the status of its pod', async () => {
  const stderr = Buffer.alloc(16 << 20, 'x');
  const execSync = async () => ({ exitCode: 1, stdout: Buffer.alloc(0), stderr });
  const context = { runtime: { containers: { execSync } } } as unknown as NodeContext;
  const hooks = new Hooks(context, {} as Dialer);
  const handler = { exec: { command: ['sh', '-c', 'y'.repeat(1 << 20)] } };
  const hook = { handler, container: { name: 'c', image: 'i' }, containerId: 'id', podIp: '10.0.0.1' };
  const message = await hooks.run(hook).catch((error: Error) => error.message);
  expect(message).toMatch(/^command 'sh -c y+.* exited with 1: x+$/);
  expect(message?.length).toBeLessThan(25_000);
});
