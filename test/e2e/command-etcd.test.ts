import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { VirtualClock } from '../../src/platform/virtual-clock.ts';
import { storeContract } from '../../src/store/contract.ts';
import { etcdctlPath, whyNoEtcd } from '../../src/store/etcd/test-etcd.ts';
import { openEtcdStore } from '../../src/store/etcd-store.ts';
import type { Store } from '../../src/store/store.ts';
import { root } from './support/clients.ts';

const program = join(root, 'bin', 'k8ts');

/** `k8ts etcd` as a process of its own. */
class Command {
  readonly process: ChildProcess;
  readonly url: Promise<string>;
  readonly ended: Promise<number | null>;

  constructor(dataDir: string, listen = 'http://127.0.0.1:0') {
    const args = ['etcd', '--data-dir', dataDir, '--listen-client-urls', listen];
    const limits = ['--max-txn-ops', '4096', '--max-request-bytes', '10485760'];
    this.process = spawn(process.execPath, [program, ...args, ...limits], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = new Promise((resolve) => this.process.once('exit', resolve));
    this.url = new Promise((resolve, reject) => {
      this.process.stdout?.on('data', (line: Buffer) => resolve(String(line).split(' ')[1] as string));
      void this.ended.then((code) => reject(new Error(`ended with ${code}`)));
    });
    this.url.catch(() => {});
  }

  async stop(): Promise<number | null> {
    this.process.kill('SIGINT');
    return this.ended;
  }
}

/** What a program prints that succeeds. */
const output = async (command: string, ...args: string[]) =>
  (await promisify(execFile)(command, args, { timeout: 20_000 })).stdout;

/** The exit code and what is said, of a command that should fail. */
function failing(...args: string[]): Promise<{ code: unknown; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { timeout: 20_000 }, (error, _out, said) =>
      resolve({ code: error?.code, said }),
    );
  });
}

describe('k8ts etcd', () => {
  let dir: string;
  let server: Command;
  let url: string;
  let prefixes = 0;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'k8ts-etcd-command-'));
    server = new Command(join(dir, 'data'));
    url = await server.url;
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    await rm(dir, { recursive: true });
  });

  test('says that its port is taken', async () => {
    const other = await failing('etcd', '--data-dir', join(dir, 'other'), '--listen-client-urls', url);
    expect(other).toEqual({ code: 1, said: expect.stringContaining(`cannot listen on ${url}`) });
  });

  test('says that its directory is in use', async () => {
    const listen = ['--listen-client-urls', 'http://127.0.0.1:0'];
    const other = await failing('etcd', '--data-dir', join(dir, 'data'), ...listen);
    expect(other).toEqual({
      code: 1,
      said: expect.stringMatching(
        new RegExp(`process ${server.process.pid} has it open\\n.*stop that process`),
      ),
    });
  });

  test('answers JSON on the same port', async () => {
    const call = async (path: string, body: object) => {
      const response = await fetch(`${url}/v3/kv/${path}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    await call('put', { key: 'anNvbg==', value: 'MQ==' });
    const found = await call('range', { key: 'anNvbg==' });
    expect(found.body).toMatchObject({ count: '1', kvs: [{ key: 'anNvbg==', value: 'MQ==', version: '1' }] });
    expect(await call('range', {})).toMatchObject({
      status: 400,
      body: { code: 3, error: 'etcdserver: key is not provided' },
    });
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ health: 'true' });
  });

  test.skipIf(!etcdctlPath)(
    `what etcdctl saves is restored, and what that keeps is saved when it is stopped${whyNoEtcd}`,
    async () => {
      const etcdctl = (at: string, ...args: string[]) =>
        output(etcdctlPath as string, '--endpoints', at, ...args);
      const k8ts = (...args: string[]) => output(process.execPath, program, ...args);
      const [first, second] = [join(dir, 'first'), join(dir, 'second')];
      await etcdctl(url, 'put', 'saved', '1');
      await etcdctl(url, 'snapshot', 'save', first);
      const told = await k8ts('snapshot', 'inspect', first);
      expect(told).toContain('keys       not included');
      expect(told).toMatch(/^\(keys outside \/registry\) +[12] +\d+$/m);
      const dataDir = join(dir, 'restored');
      await k8ts('snapshot', 'restore', first, '--data-dir', dataDir, '--bump-revision', '0');
      expect(await k8ts('snapshot', 'save', second, '--data-dir', dataDir)).toContain('objects=');
      const again = join(dir, 'again');
      await k8ts('snapshot', 'restore', second, '--data-dir', again);
      const restored = new Command(again);
      try {
        expect(await etcdctl(await restored.url, 'get', 'saved')).toBe('saved\n1\n');
      } finally {
        expect(await restored.stop()).toBe(0);
      }
    },
  );

  storeContract('etcd', {
    persistent: true,
    makeHarness: async () => {
      const clock = new VirtualClock();
      const prefix = `/t${prefixes++}`;
      const stores: Store[] = [];
      const nothing = () => {};
      return {
        clock,
        faults: { hold: nothing, release: nothing, failNext: nothing, flushes: () => 0, busy: () => false },
        async open({ historyMs = 3_600_000 } = {}) {
          const common = { random: systemRandom, log: silentLog, callClock: systemClock };
          const store = await openEtcdStore({ ...common, endpoints: [url], prefix, clock, historyMs });
          stores.push(store);
          return store;
        },
        async dispose() {
          for (const store of stores) await store.close();
        },
      };
    },
    lacks: {
      faults: 'flushes are those of the server',
      clockedLeases: 'the server has a clock of its own',
      historyBytes: 'the server keeps its past until it is told to forget it',
      longKeys: 'the prefix is part of the key',
    },
  });
});
