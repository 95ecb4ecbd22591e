import type { Component } from '../client/component.ts';
import { ServingTls } from '../kubelet/server/serving-tls.ts';
import type { ServerTls } from '../platform/http.ts';
import type { Platform } from '../platform/platform.ts';
import { certificateRenewal } from './certificate-renewal.ts';
import { type NodeProcessOptions, writeNodeConfig } from './node-process.ts';
import { type Pki, serverTls } from './pki.ts';

/** The certificates of the nodes of one machine's cluster, which are renewed while they run. */
export class NodeCertificates {
  readonly #pki: Pki;
  readonly #agents: NodeProcessOptions[] = [];
  readonly #simulated: ServingTls[] = [];
  #simulatedTls: Promise<ServerTls> | undefined;

  constructor(pki: Pki) {
    this.#pki = pki;
  }

  /** An agent that takes new certificates from its configuration file. */
  addAgent(options: NodeProcessOptions): void {
    this.#agents.push(options);
  }

  /** What a simulated node shows whoever asks it for logs and the like: all show the same. */
  async simulated(): Promise<ServingTls> {
    // Thousands ask at once.
    this.#simulatedTls ??= this.#readSimulated();
    const serving = new ServingTls(await this.#simulatedTls);
    this.#simulated.push(serving);
    return serving;
  }

  async #readSimulated(): Promise<ServerTls> {
    const request = {
      commonName: 'system:node:simulated',
      hosts: ['127.0.0.1'],
      usages: ['server'],
    } as const;
    const pair = await this.#pki.pair('serving-simulated', request);
    return serverTls(pair, (await this.#pki.authority()).certificate);
  }

  /** Makes them anew in time, as long as it runs. */
  renewal(world: Pick<Platform, 'clock' | 'log'>): Component {
    return certificateRenewal('node-certificates', world, async () => {
      const isRenewed = [await this.#renewSimulated()];
      for (const agent of this.#agents) isRenewed.push(await writeNodeConfig(agent));
      return isRenewed.includes(true);
    });
  }

  async #renewSimulated(): Promise<boolean> {
    if (!this.#simulatedTls) return false;
    const before = await this.#simulatedTls;
    const tls = await this.#readSimulated();
    if (tls.cert === before.cert) return false;
    this.#simulatedTls = Promise.resolve(tls);
    for (const serving of this.#simulated) serving.set(tls);
    return true;
  }
}
