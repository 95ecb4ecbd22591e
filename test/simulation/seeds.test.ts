import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

// In processes of their own: what vitest makes of the modules takes half as long again.
test('1000 random lives of a cluster break no rule', async () => {
  const args = ['scripts/simulate.mjs', '--seeds', '1000'];
  const child = spawn(process.execPath, args, { cwd: root });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
  const [status] = await once(child, 'exit');
  console.log(said.trimEnd());
  expect(said).toMatch(/1000 lives in .*, 0 of them break a rule/);
  expect(status).toBe(0);
}, 3_600_000);
