import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../platform/clock.ts';
import { type ContractSubject, runtimeContract } from '../contract.ts';
import { createTestNode, testImage, whyNoContainers } from './test-node.ts';

const why = whyNoContainers();

async function containerdSubject(): Promise<ContractSubject> {
  const node = await createTestNode();
  const logRoot = `${node.directory}/logs`;
  mkdirSync(`${logRoot}/data`, { recursive: true });
  writeFileSync(`${logRoot}/data/file`, 'content of the file\n');
  return {
    runtime: node.daemon.runtime,
    image: testImage,
    cgroupRoot: node.cgroupRoot,
    logRoot,
    readLog: (path) => readFile(path, 'utf8'),
    until: async (check) => {
      for (;;) {
        const found = await check();
        if (found) return found;
        await systemClock.sleep(10);
      }
    },
    remove: node.remove,
  };
}

describe.skipIf(why)(`containerd keeps the runtime contract${why ? ` (skipped: ${why})` : ''}`, () => {
  runtimeContract(containerdSubject, { executes: true });
});

describe.skipIf(why)(`a node's containerd${why ? ` (skipped: ${why})` : ''}`, () => {
  test('leaves nothing behind', async () => {
    const node = await createTestNode();
    const { pid } = node.daemon;
    await node.remove();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(node.directory);
    expect(() => readFileSync(`${node.directory}/config.toml`)).toThrow(/ENOENT/);
  });
});
