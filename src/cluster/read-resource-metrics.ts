import type { Node } from '../api/core/v1.ts';
import { kubeletAddress } from '../apiserver/streams/node-dialer.ts';
import type { HttpsGetter } from '../platform/https-get.ts';

/** Upstream's `--kubelet-request-timeout`. */
const timeoutMs = 10_000;
/** Thousands of containers. All of it is read in one turn, so that a node that tells of more would hold the whole server up. */
const limitBytes = 4 * 1024 * 1024;
/** Of what a kubelet says that it cannot tell. */
const errorLength = 1000;

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
  if (status !== 200) throw new Error(`it answers ${status}: ${text.slice(0, errorLength)}`);
  return text;
}
