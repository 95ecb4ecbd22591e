import { expect, test } from 'vitest';
import { systemFiles } from '../files.ts';
import { MemoryFiles } from '../memory-files.ts';
import { ProcessMetrics } from './process-metrics.ts';

async function read(files: ConstructorParameters<typeof ProcessMetrics>[0]) {
  const metrics = await new ProcessMetrics(files).metrics();
  return Object.fromEntries(metrics.map(({ name, values }) => [name, values()[0]?.value]));
}

test('they are what the kernel says', async () => {
  const files = new MemoryFiles();
  for (const directory of ['/proc/self/fd', '/proc/self/net']) await files.makeDir(directory);
  for (const fd of ['0', '1', '2']) await files.write(`/proc/self/fd/${fd}`, '');
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 3));
  fields.splice(14 - 3, 2, '250', '50');
  fields.splice(22 - 3, 1, '1050');
  await files.write('/proc/self/stat', `42 (a ) b) ${fields.join(' ')}\n`);
  await files.write('/proc/stat', 'cpu 1 2 3\nbtime 1700000000\nprocesses 7\n');
  await files.write('/proc/self/status', 'VmSize:\t  2000 kB\nVmRSS:\t 1000 kB\nVmData:\t500 kB\n');
  await files.write(
    '/proc/self/limits',
    'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096    files \nMax address space         unlimited            unlimited            bytes \n',
  );
  await files.write(
    '/proc/self/net/netstat',
    'TcpExt: InOctets\nTcpExt: 5\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 0 700 900\n',
  );
  expect(await read(files)).toEqual({
    process_cpu_seconds_total: 3,
    process_max_fds: 1024,
    process_open_fds: 3,
    process_network_receive_bytes_total: 700,
    process_network_transmit_bytes_total: 900,
    process_resident_memory_bytes: 1_024_000,
    process_heap_bytes: 512_000,
    process_start_time_seconds: 1_700_000_010.5,
    process_virtual_memory_bytes: 2_048_000,
    process_virtual_memory_max_bytes: 2 ** 64,
  });
});

test('what the system does not tell is left out', async () => {
  expect(Object.values(await read(new MemoryFiles())).every((value) => value === undefined)).toBe(true);
});

test('of this very process they are about right', async () => {
  const now = await read(systemFiles);
  const { user, system } = process.cpuUsage();
  expect(now.process_cpu_seconds_total).toBeGreaterThan(0);
  expect(now.process_cpu_seconds_total).toBeLessThanOrEqual((user + system) / 1e6 + 0.1);
  expect(Math.abs((now.process_start_time_seconds as number) - performance.timeOrigin / 1000)).toBeLessThan(
    60,
  );
  expect(now.process_open_fds).toBeLessThan(now.process_max_fds as number);
  expect(now.process_resident_memory_bytes).toBeLessThan(now.process_virtual_memory_bytes as number);
});
