import { configmaps, nodes } from '../../api/generated/resources.ts';
import { Client } from '../../client/client.ts';
import { HttpTransport } from '../../client/http-transport.ts';
import { hasReason, ignoring, StatusError } from '../../machinery/status-error.ts';
import { dns1123SubdomainErrors } from '../../machinery/names.ts';
import { type ClientTls, connectHttps } from '../../platform/http-client.ts';
import type { Platform } from '../../platform/platform.ts';
import { ownCertificateName } from '../server-certificates.ts';
import { UserError } from '../user-error.ts';
import { type BootstrapToken, formatToken } from './bootstrap-token.ts';
import { requestCertificate } from './certificate.ts';
import { trustedAuthority } from './discovery.ts';
import {
  type JoinedNode,
  networkFacts,
  type NodeAddresses,
  podRangesOf,
  requestServing,
} from './joined-node.ts';

export interface JoinOptions {
  /** URLs of API servers. */
  servers: readonly string[];
  token: BootstrapToken;
  /** Hashes one of which the key of the cluster's authority must have; any will do where there are none. */
  hashes: readonly string[];
  nodeName: string;
  /** Where it is found, by the ranges in which the pods of the cluster have their addresses. Throws a `UserError` where it cannot be. */
  addresses(podRanges: readonly string[]): NodeAddresses;
  platform: Platform;
}

const hasCode = (error: unknown, code: number) => error instanceof StatusError && error.code === code;

const signatureTimeoutMs = 10_000;

/** A client of whoever answers at one of `servers`. */
export function connect(
  servers: readonly string[],
  { tls, token }: { tls: ClientTls; token?: string },
): { client: Client; close(): void } {
  const asking = { ...tls, askedName: ownCertificateName };
  const options = { connect: connectHttps, servers, tls: asking, userAgent: 'k8ts-agent', timeoutMs: 15_000 };
  const transport = new HttpTransport({ ...options, token: () => token });
  return { client: new Client(transport), close: () => transport.close() };
}

/** Reads `cluster-info` from whoever answers, and believes it by the token's signature. */
export async function discoverAuthority({
  servers,
  token,
  hashes,
  platform,
}: Pick<JoinOptions, 'servers' | 'token' | 'hashes' | 'platform'>): Promise<string> {
  const { client, close } = connect(servers, { tls: { insecure: true } });
  const { clock } = platform;
  const endMs = clock.monotonic() + signatureTimeoutMs;
  try {
    for (;;) {
      const map = await client
        .of(configmaps)
        .get({ namespace: 'kube-public', name: 'cluster-info' })
        .catch((error) => {
          throw discoveryError(error, servers);
        });
      // A token that was made just now may not have signed yet.
      const isSigned = map.data?.[`jws-kubeconfig-${token.id}`] !== undefined;
      if (isSigned || clock.monotonic() > endMs) return trustedAuthority(map, { token, hashes });
      await clock.sleep(200);
    }
  } finally {
    close();
  }
}

function discoveryError(error: Error, servers: readonly string[]): Error {
  if (hasReason(error, 'ServiceUnavailable')) {
    const hint = 'is `k8ts server` running there, and may this machine reach its port?';
    return new UserError(`no API server answers at ${servers.join(', ')}: ${error.message}`, hint);
  }
  if (hasCode(error, 401) || hasCode(error, 403) || hasCode(error, 404))
    return new UserError(
      `the server does not say which cluster it is of: ${error.message}`,
      'it must be an API server that k8ts or kubeadm has set up',
    );
  return error;
}

/** What may go wrong once the authority is known. */
export function joinError(error: Error, clusterSays: string): Error {
  if (hasCode(error, 401))
    return new UserError(
      `the servers refuse the token${clusterSays}`,
      'it has ended, or is not for authentication: `k8ts token create` makes a new one',
    );
  if (hasCode(error, 403))
    return new UserError(
      `the token may not make machines nodes: ${error.message}`,
      'its groups must hold system:bootstrappers:kubeadm:default-node-token',
    );
  if (/not yet valid|has expired/.test(error.message))
    return new UserError(
      `the certificate of the server does not hold at this machine's time: ${error.message}`,
      'set the clocks of both machines right',
    );
  if (/altnames|Hostname\/IP/.test(error.message))
    return new UserError(
      `the server's certificate is not for the address it was called by: ${error.message}`,
      'start the server with --tls-san and that address',
    );
  return error;
}

async function refuseTakenName(
  client: Client,
  { nodeName, address }: Pick<JoinedNode, 'nodeName' | 'address'>,
): Promise<void> {
  const node = await client.of(nodes).get({ name: nodeName }).catch(ignoring('NotFound'));
  const isReady = node?.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True');
  const found = node?.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
  if (!node || (!isReady && found === address)) return;
  throw new UserError(
    `the cluster has a node ${nodeName} already, at ${found}`,
    `choose another with --node-name, or remove that one: kubectl delete node ${nodeName}`,
  );
}

/**
 * Makes this machine a node, from nothing but the servers' addresses and a token. Throws a `UserError` that says what
 * to do where it cannot be.
 */
export async function join(options: JoinOptions): Promise<JoinedNode> {
  const { servers, nodeName, platform } = options;
  const [wrong] = dns1123SubdomainErrors(nodeName);
  if (wrong !== undefined)
    throw new UserError(`${nodeName} cannot be the name of a node: ${wrong}`, 'choose one with --node-name');
  const authority = await discoverAuthority(options);
  const stranger = connect(servers, { tls: { ca: authority }, token: formatToken(options.token) });
  try {
    const facts = await networkFacts(stranger.client);
    const addresses = options.addresses(podRangesOf(facts));
    await refuseTakenName(stranger.client, { nodeName, ...addresses });
    const wanted = { nodeName, kind: 'client' } as const;
    const node = await requestCertificate(stranger.client, wanted, platform);
    const given = [...servers];
    const joined = { ...facts, nodeName, ...addresses, servers: given, given, authority, node };
    return { ...joined, serving: await requestServing(joined, platform) };
  } catch (error) {
    throw joinError(error as Error, ` ${options.token.id}`);
  } finally {
    stranger.close();
  }
}
