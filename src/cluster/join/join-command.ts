import { configmaps } from '../../api/generated/resources.ts';
import type { Client } from '../../client/client.ts';
import { type BootstrapToken, formatToken } from './bootstrap-token.ts';
import { type FirstKubeconfig, publicKeyHash } from './discovery.ts';

/** The command that makes a machine a node of the cluster. */
export async function joinCommand(client: Client, token: BootstrapToken): Promise<string> {
  const map = await client.of(configmaps).get({ namespace: 'kube-public', name: 'cluster-info' });
  const cluster = (JSON.parse(map.data?.kubeconfig ?? '{}') as FirstKubeconfig).clusters?.[0]?.cluster;
  const authority = Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString();
  const hash = publicKeyHash(authority);
  const text = formatToken(token);
  return `k8ts agent --server ${cluster?.server} --token ${text} --discovery-token-ca-cert-hash ${hash}`;
}
