import type { Node } from '../api/core/v1.ts';
import { kubeletAddress } from '../apiserver/streams/node-dialer.ts';
import type { HttpsGetter } from '../platform/https-get.ts';

/** Upstream's `--kubelet-request-timeout`. */
const timeoutMs = 10_000;
/** Thousands of containers. */
const limitBytes = 16 * 1024 * 1024;

/** Asks a kubelet what is used on its node: the text of `/metrics/resource`. `kubelets` has the API server's certificate for them. */
export async function readResourceMetrics(
  kubelets: HttpsGetter,
  node: Node,
  signal: AbortSignal,
): Promise<string> {
  const address = kubeletAddress(node);
  if (!address) throw new Error('the node names no address');
  const { host, port } = address;
  const target = '/metrics/resource';
  const { status, text } = await kubelets.get({ host, port, target, timeoutMs, limitBytes, signal });
  if (status !== 200) throw new Error(`it answers ${status}: ${text}`);
  return text;
}
