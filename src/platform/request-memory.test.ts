import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';
import { testCertificate } from '../apiserver/corridor/testing-server.ts';
import { mustRun, systemProcesses } from './processes.ts';
import { bundleProgram } from './testing-program.ts';

test('what belongs to a request over HTTP/2 goes with it, and does not grow old', async () => {
  const dir = join(import.meta.dirname, '../../node_modules/.cache', `request-memory-${process.pid}`);
  const [bundle, certificates] = [join(dir, 'child.mjs'), join(dir, 'certificates.json')];
  await mkdir(dir, { recursive: true });
  await bundleProgram(join(import.meta.dirname, 'testing-memory-child.ts'), bundle);
  const made = await testCertificate({ commonName: 'server', hosts: ['127.0.0.1'], usages: ['server'] });
  await writeFile(certificates, JSON.stringify({ cert: made.certificate, key: made.key, ca: made.ca }));
  const [requests, heldBytes] = [24_000, 8000];
  // V8 would make old at once what it takes for long-lived, and from Node.js 22 on, what code makes that is half compiled.
  const flags = ['--expose-gc', '--no-allocation-site-pretenuring', '--no-maglev'];
  const args = [...flags, bundle, certificates, String(requests), String(heldBytes)];
  const output = await mustRun(systemProcesses, execPath, args);
  await rm(dir, { recursive: true });
  const { asked, grownOldEach } = JSON.parse(output);
  expect(asked).toBe(requests);
  expect(grownOldEach).toBeLessThan(heldBytes / 4);
});
