import type { KeyPair } from './pki.ts';

/** What a kubeconfig leads to. */
export interface KubeconfigOptions {
  /** Name of the cluster, user and context. */
  name: string;
  server: string;
  /** The cluster's authority, PEM. */
  authority: string;
  client: KeyPair;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** A kubeconfig with everything inline, as YAML (JSON is YAML, and needs no library to write). */
export function kubeconfig(options: KubeconfigOptions): string {
  const { name, server, authority, client } = options;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      {
        name: `${name}-admin`,
        user: {
          'client-certificate-data': base64(client.certificate),
          'client-key-data': base64(client.key),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: `${name}-admin` } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
