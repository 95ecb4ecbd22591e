import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemFiles } from '../platform/files.ts';
import { storeContract } from './contract.ts';
import { openLmdbEngine } from './embedded/open-engine.ts';
import { logHarness } from './test-support.ts';

storeContract('embedded', {
  persistent: true,
  async makeHarness() {
    const path = await mkdtemp(join(tmpdir(), 'k8ts-store-'));
    const openEngine = () => openLmdbEngine({ path, files: systemFiles });
    return logHarness(openEngine, () => rm(path, { recursive: true }));
  },
});
