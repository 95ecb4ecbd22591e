import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../platform/clock.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { type EtcdServer, type EtcdServerOptions, startEtcdServer } from './server.ts';

/** A server for tests, in a directory of its own, that can be started again on what it kept. */
export class TestServer {
  readonly #dir: string;
  readonly #options: Partial<EtcdServerOptions>;
  #server: EtcdServer | undefined;

  private constructor(dir: string, options: Partial<EtcdServerOptions>) {
    this.#dir = dir;
    this.#options = options;
  }

  static async start(options: Partial<EtcdServerOptions> = {}): Promise<TestServer> {
    const server = new TestServer(await mkdtemp(join(tmpdir(), 'k8ts-etcd-server-')), options);
    await server.restart();
    return server;
  }

  get url(): string {
    return this.#server?.urls[0] as string;
  }

  /** What the JSON gateway answers, whatever the status. */
  async post(path: string, body: object): Promise<string> {
    const response = await fetch(this.url + path, { method: 'POST', body: JSON.stringify(body) });
    return response.text();
  }

  async restart(): Promise<void> {
    await this.#server?.stop();
    const platform = { ...systemPlatform(silentLog), clock: systemClock };
    const common = { name: 'm0', writer: 'test', addresses: [{ host: '127.0.0.1', port: 0 }] };
    this.#server = await startEtcdServer({ dataDir: this.#dir, platform, ...common, ...this.#options });
  }

  async stop(): Promise<void> {
    await this.#server?.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
