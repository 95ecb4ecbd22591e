import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleProgram } from '../../src/platform/testing-program.ts';
import { root } from '../e2e/support/clients.ts';

export const hasStrace = spawnSync('strace', ['-V']).status === 0;

/** Bundles a program of the tests for a process of its own; below node_modules, where it finds lmdb. */
export async function bundle(source: string): Promise<{ path: string; remove(): void }> {
  const dir = join(root, 'node_modules', '.cache', `crash-${process.pid}`);
  const name = source.slice(source.lastIndexOf('/') + 1).replace(/\.ts$/, '.mjs');
  const path = join(dir, name);
  const options = { external: ['lmdb'], mainFields: ['module', 'main'], requires: true };
  await bundleProgram(join(root, source), path, options);
  return { path, remove: () => rmSync(path) };
}

/** Folders for a test, removed by `remove`. */
export class TestDirs {
  readonly #all: string[] = [];

  make(): string {
    const dir = mkdtempSync(join(tmpdir(), 'k8ts-crash-'));
    this.#all.push(dir);
    return dir;
  }

  remove(): void {
    for (const dir of this.#all.splice(0)) rmSync(dir, { recursive: true, force: true });
  }
}
