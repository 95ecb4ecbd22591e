import type { Node } from '../api/core/v1.ts';
import { hostOf } from '../apiserver/streams/kubelet-way.ts';
import { kubeletAddress, type NodeDialer } from '../apiserver/streams/node-dialer.ts';
import { readBody } from '../platform/http-body.ts';
import { callOver } from '../platform/http1-call.ts';

/** Upstream's `--kubelet-request-timeout`. */
const timeoutMs = 10_000;
/** Thousands of containers. */
const mostBytes = 16 * 1024 * 1024;

/** Asks a kubelet, in the way of the API server, what is used on its node: the text of `/metrics/resource`. */
export async function readResourceMetrics(
  dialer: NodeDialer,
  node: Node,
  signal: AbortSignal,
): Promise<string> {
  const address = kubeletAddress(node);
  if (!address) throw new Error('the node names no address');
  const socket = await dialer.connect(address);
  const headers = { host: hostOf(address) };
  const answer = await callOver(socket, {
    method: 'GET',
    target: '/metrics/resource',
    headers,
    timeoutMs,
    signal,
  });
  const text = Buffer.from(await readBody(answer.body, mostBytes)).toString();
  if (answer.status !== 200) throw new Error(`it answers ${answer.status}: ${text}`);
  return text;
}
