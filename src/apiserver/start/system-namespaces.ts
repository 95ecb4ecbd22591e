import { namespaces } from '../../api/generated/resources.ts';
import type { ObjectReader } from '../auth/object-reader.ts';
import { Keeper, type KeeperOptions, writeOnce } from './keeper.ts';

export interface SystemNamespacesOptions extends KeeperOptions {
  reader: ObjectReader;
}

const names = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
const path = '/api/v1/namespaces';
const cause = { reason: 'every cluster has it' };

/**
 * The namespaces that cannot be missing. Admission refuses to delete all of them but `kube-node-lease`; without that one, no node
 * could say any longer that it lives.
 */
export class SystemNamespaces extends Keeper {
  readonly #options: SystemNamespacesOptions;

  constructor(options: SystemNamespacesOptions) {
    super(options, { what: 'the namespaces of the system', paths: [path], pass: () => this.#pass() });
    this.#options = options;
  }

  async #pass(): Promise<void> {
    const { reader, transport } = this.#options;
    const missing = names.filter((name) => !reader.get(namespaces, { name }));
    const make = (name: string) => {
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      return writeOnce(transport, { method: 'POST', path, body, cause });
    };
    await Promise.all(missing.map(make));
  }
}
