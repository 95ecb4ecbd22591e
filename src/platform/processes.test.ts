import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { lastingProcesses, type Processes, systemProcesses } from './processes.ts';

/** The session of a service, which is the sixth word of what the kernel says of it; the name before it may have blanks. */
async function sessionOf(processes: Processes): Promise<{ pid: number; session: number }> {
  const { pid, ended, kill } = await processes.start('sleep', ['60']);
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  kill('SIGKILL');
  await ended;
  return { pid, session: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]) };
}

test('services belong to the session of whoever starts them, or have one of their own', async () => {
  const usual = await sessionOf(systemProcesses);
  expect(usual.session).not.toBe(usual.pid);
  const lasting = await sessionOf(lastingProcesses);
  expect(lasting.session).toBe(lasting.pid);
});
