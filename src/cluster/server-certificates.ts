import type { Component } from '../client/component.ts';
import { kubeletClient } from '../apiserver/auth/authorizer.ts';
import type { Platform } from '../platform/platform.ts';
import type { KeyPair, Pki } from './pki.ts';

/** The name in the certificate with which the server asks the servers that extend it. */
export const proxyName = 'front-proxy-client';

/** How often it is looked whether certificates are about to expire. */
const lookEveryMs = 3_600_000;

/** What an API server shows its clients, kubelets, and the servers that extend it: as it is now. */
export class ServerCertificates {
  readonly #pki: Pki;
  readonly #hosts: readonly string[];
  #serving!: KeyPair;
  #kubelet!: KeyPair;
  #proxy!: KeyPair;

  private constructor(pki: Pki, hosts: readonly string[]) {
    this.#pki = pki;
    this.#hosts = hosts;
  }

  /** `hosts`: all names and addresses under which the server is called. */
  static async open(pki: Pki, hosts: readonly string[]): Promise<ServerCertificates> {
    const certificates = new ServerCertificates(pki, hosts);
    await certificates.#read();
    return certificates;
  }

  get serving(): KeyPair {
    return this.#serving;
  }

  get kubelet(): KeyPair {
    return this.#kubelet;
  }

  get proxy(): KeyPair {
    return this.#proxy;
  }

  /** Makes them anew in time, as long as it runs; those that are about to expire are, as at a start. */
  renewal({ clock, log }: Pick<Platform, 'clock' | 'log'>, onRenewed: () => void): Component {
    const look = async () => {
      const before = this.#all();
      await this.#read();
      if (this.#all() === before) return;
      onRenewed();
      log.info('certificates renewed');
    };
    return {
      name: 'server-certificates',
      run: async (signal) => {
        while (!signal.aborted) {
          await clock.sleep(lookEveryMs, signal).catch(() => {});
          // There are weeks to try it again.
          if (!signal.aborted)
            await look().catch((error) => log.error('certificates could not be renewed yet', { error }));
        }
      },
    };
  }

  #all(): string {
    return [this.#serving, this.#kubelet, this.#proxy].map(({ certificate }) => certificate).join('');
  }

  async #read(): Promise<void> {
    const hosts = [...this.#hosts];
    [this.#serving, this.#kubelet, this.#proxy] = await Promise.all([
      this.#pki.pair('apiserver', { commonName: 'kube-apiserver', hosts, usages: ['server'] }),
      this.#pki.pair('apiserver-kubelet-client', { commonName: kubeletClient, usages: ['client'] }),
      this.#pki.pair('front-proxy-client', { commonName: proxyName, usages: ['client'] }, 'front-proxy-ca'),
    ]);
  }
}
