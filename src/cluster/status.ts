import type { Node, Pod } from '../api/core/v1.ts';
import { nodes, pods } from '../api/generated/resources.ts';
import type { Stored } from '../api/resource.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { connectHttps } from '../platform/http-client.ts';
import type { Platform } from '../platform/platform.ts';
import { hasAgent } from './node-control.ts';
import { readServerConfig } from './server-kubeconfig.ts';
import { type ClusterState, isRunning, readState } from './state.ts';
import { UserError } from './user-error.ts';

/** What runs, and what is unwell and why. */
export interface StatusReport {
  state: ClusterState;
  running: boolean;
  nodes: { name: string; ready: boolean; why: string; pods: number }[];
  /** Pods that should run and do not. */
  unwell: { pod: string; why: string }[];
}

/** A client of the cluster that a kubeconfig leads to. Throws a `UserError` that says what is wrong with the file. */
export async function clientFromKubeconfig(
  platform: Pick<Platform, 'files'>,
  path: string,
): Promise<{ client: Client; close(): void }> {
  const { url, tls, headers } = await readServerConfig(path, platform.files).catch((error: Error) => {
    const hint = 'say with --kubeconfig where that of an administrator is';
    throw new UserError(`the kubeconfig ${path} cannot be used: ${error.message}`, hint);
  });
  const token = headers.authorization?.replace(/^Bearer /, '');
  const servers = [url.origin];
  const transport = new HttpTransport({
    ...{ connect: connectHttps, servers, tls, userAgent: 'k8ts' },
    token: () => token,
  });
  return { client: new Client(transport), close: () => transport.close() };
}

/** Control characters: whoever writes them into a message could move about on the terminal of who reads it (CVE-2021-25743). */
// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]+/g;
const inOneLine = (text: string) => text.replace(controls, ' ');

/** Why a pod does not run as it should, in one line; undefined where it does. */
export function whyUnwell(pod: Pod): string | undefined {
  const why = troubleOf(pod);
  return why && inOneLine(why);
}

function troubleOf(pod: Pod): string | undefined {
  const { phase, conditions, initContainerStatuses, containerStatuses, reason, message } = pod.status ?? {};
  if (pod.metadata.deletionTimestamp || phase === 'Succeeded') return undefined;
  if (phase === 'Failed') return [reason, message].filter(Boolean).join(': ') || 'failed';
  const unscheduled = conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False');
  if (unscheduled) return unscheduled.message ?? 'not scheduled';
  for (const status of [...(initContainerStatuses ?? []), ...(containerStatuses ?? [])]) {
    const waiting = status.state?.waiting;
    if (waiting?.reason && waiting.reason !== 'PodInitializing') {
      return `container ${status.name}: ${[waiting.reason, waiting.message].filter(Boolean).join(': ')}`;
    }
    const ended = status.state?.terminated;
    if (ended && ended.exitCode !== 0)
      return `container ${status.name} ended with exit code ${ended.exitCode}`;
  }
  const unready = conditions?.find((c) => c.type === 'Ready' && c.status === 'False');
  return unready ? (unready.message ?? unready.reason ?? 'not ready') : undefined;
}

/** Whether a node is ready, and why not: of its agent, where that runs on this machine, the machine knows better. */
async function healthOf(
  platform: Platform,
  { nodes: own, dataDir }: ClusterState & { dataDir: string },
  { metadata: { name }, status }: Stored<Node>,
): Promise<{ ready: boolean; why: string }> {
  const condition = status?.conditions?.find((c) => c.type === 'Ready');
  const ready = condition?.status === 'True';
  const isOwn = own.some((node) => node.name === name && node.runtimeSocket);
  if (!ready && isOwn && !(await hasAgent(platform, dataDir, name)))
    return { ready, why: `its agent does not run: \`k8ts node start ${name}\` starts it` };
  return { ready, why: inOneLine(condition?.message ?? 'has not reported') };
}

/** The state of the cluster in a data directory; undefined where none is known. */
export async function clusterStatus(platform: Platform, dataDir: string): Promise<StatusReport | undefined> {
  const state = await readState(platform.files, dataDir);
  if (!state) return undefined;
  if (!(await isRunning(platform.files, state))) return { state, running: false, nodes: [], unwell: [] };
  if (state.server === '') return { state, running: true, nodes: [], unwell: [] };
  const { client, close } = await clientFromKubeconfig(platform, state.kubeconfig);
  try {
    const [nodeList, podList] = await Promise.all([client.of(nodes).list(), client.of(pods).list()]);
    const onNode = (name: string) => podList.items.filter((pod) => pod.spec.nodeName === name).length;
    return {
      state,
      running: true,
      nodes: await Promise.all(
        nodeList.items.map(async (node) => {
          const { name } = node.metadata;
          return { name, ...(await healthOf(platform, { ...state, dataDir }, node)), pods: onNode(name) };
        }),
      ),
      unwell: podList.items.flatMap((pod) => {
        const why = whyUnwell(pod);
        return why ? [{ pod: `${pod.metadata.namespace}/${pod.metadata.name}`, why }] : [];
      }),
    };
  } finally {
    close();
  }
}
