import type { Component } from '../client/component.ts';
import { kubeletClient } from '../apiserver/auth/authorizer.ts';
import type { UserInfo } from '../apiserver/registry/kind.ts';
import type { Platform } from '../platform/platform.ts';
import { certificateRenewal } from './certificate-renewal.ts';
import type { KeyPair, Pki } from './pki.ts';

/** The name in the certificate with which the server asks the servers that extend it. */
export const proxyName = 'front-proxy-client';

/** Who asks for this name is shown the cluster's own certificate, whichever others the server was given. */
export const ownCertificateName = 'apiserver-loopback-client';

/** The user whose certificate stands in the kubeconfig. */
export const administrator: UserInfo = {
  name: 'kubernetes-admin',
  groups: ['system:masters', 'system:authenticated'],
};

/** What an API server shows its clients, kubelets, and the servers that extend it, and what its administrator shows it: as it is now. */
export class ServerCertificates {
  readonly #pki: Pki;
  readonly #hosts: readonly string[];
  #serving!: KeyPair;
  #kubelet!: KeyPair;
  #proxy!: KeyPair;
  #admin!: KeyPair;

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

  get admin(): KeyPair {
    return this.#admin;
  }

  /**
   * Makes them anew in time, as long as it runs; those that are about to expire are, as at a start. `onRenewed` is called again at the
   * next look where it rejects.
   */
  renewal(world: Pick<Platform, 'clock' | 'log'>, onRenewed: () => Promise<void>): Component {
    let told = this.#all();
    return certificateRenewal('server-certificates', world, async () => {
      await this.#read();
      const all = this.#all();
      if (all === told) return false;
      await onRenewed();
      told = all;
      return true;
    });
  }

  #all(): string {
    return [this.#serving, this.#kubelet, this.#proxy, this.#admin]
      .map(({ certificate }) => certificate)
      .join('');
  }

  async #read(): Promise<void> {
    const hosts = [...this.#hosts];
    [this.#serving, this.#kubelet, this.#proxy, this.#admin] = await Promise.all([
      this.#pki.pair('apiserver', { commonName: 'kube-apiserver', hosts, usages: ['server'] }),
      this.#pki.pair('apiserver-kubelet-client', { commonName: kubeletClient, usages: ['client'] }),
      this.#pki.pair('front-proxy-client', { commonName: proxyName, usages: ['client'] }, 'front-proxy-ca'),
      this.#pki.pair('admin', {
        commonName: administrator.name,
        organizations: ['system:masters'],
        usages: ['client'],
      }),
    ]);
  }
}
