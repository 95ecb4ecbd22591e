import type { Service } from '../api/core/v1.ts';
import type { EndpointSlice } from '../api/discovery/v1.ts';
import { endpointslices, services } from '../api/generated/resources.ts';
import type { Component } from '../client/component.ts';
import type { Informer } from '../client/informer.ts';
import type { Informers } from '../client/informers.ts';
import { canonicalIp } from '../machinery/ip.ts';
import { type DnsServer, type DnsSocket, forwardDns, listenDns } from '../platform/dns-socket.ts';
import type { Log } from '../platform/log.ts';
import { orAborted } from '../platform/on-abort.ts';
import type { Random } from '../platform/random.ts';
import {
  addressesIn,
  bareAnswer,
  isOwnQuery,
  ownAnswer,
  ownRecords,
  questionFor,
  readQuery,
  typeOf,
} from './answer.ts';
import type { ClusterView } from './records.ts';

export interface DnsOptions {
  informers: Informers;
  log: Log;
  random: Random;
  /** Where to listen. */
  addresses: readonly string[];
  port: number;
  /** Such as `cluster.local`. */
  domain: string;
  /** Servers for all other names; without any, other names are refused. */
  upstreams: readonly DnsServer[];
}

const upstreamTimeoutMs = 2000;
/** Queries that wait for other servers at once, as kubeadm has CoreDNS do it: each has a socket of its own. */
const mostForwarded = 1000;
const byService = 'service';
const byAddress = 'address';

/** Answers the names of Services on one node, from the same informers as the proxy. */
export function createDns(options: DnsOptions): Component {
  return {
    name: 'cluster-dns',
    async run(signal) {
      const view = clusterView(options);
      const { informers } = options;
      const synced = [informers.of(services), informers.of(endpointslices)].map(
        (informer) => informer.synced,
      );
      await orAborted(Promise.all(synced), signal);
      if (signal.aborted) return;
      const { addresses, port } = options;
      const forwarded = { count: 0 };
      const sockets: DnsSocket[] = [];
      try {
        for (const address of addresses) {
          const socket = await listenDns({
            address,
            port,
            onQuery: (message, over) => onQuery(message, over, { options, view, forwarded }),
          });
          sockets.push(socket);
          options.log.info('answering', { address, port: socket.port });
        }
        if (signal.aborted) return;
        await new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        );
      } finally {
        for (const socket of sockets) await socket.close();
      }
    },
  };
}

async function onQuery(
  message: Buffer,
  over: 'udp' | 'tcp',
  { options, view, forwarded }: { options: DnsOptions; view: ClusterView; forwarded: { count: number } },
): Promise<Buffer | undefined> {
  const query = readQuery(message);
  if (!query) return undefined;
  if (query.opcode !== 'QUERY') return bareAnswer(query, 'NOTIMP', over);
  const about = { options, forwarded };
  // Who asked over UDP is told that the answer was cut off, and asks again over TCP.
  if (!isOwnQuery(query, view))
    return askOthers(message, { ...about, whole: over === 'tcp' }).catch((error) =>
      bareAnswer(query, error instanceof Refused ? 'REFUSED' : 'SERVFAIL', over),
    );
  const { random } = options;
  const { outside: name } = ownRecords(query, view);
  const asked = name === undefined ? undefined : questionFor(name, typeOf(query), random);
  // Where nobody knows more the alias itself is all there is to say.
  const outside =
    asked &&
    (await askOthers(asked, { ...about, whole: true })
      .then(addressesIn)
      .catch(() => []));
  return ownAnswer(query, view, { over, random, outside });
}

/** Nobody is asked. */
class Refused extends Error {}

/** What the first of the other servers that answers has to say. */
async function askOthers(
  message: Buffer,
  about: { options: DnsOptions; forwarded: { count: number }; whole: boolean },
): Promise<Buffer> {
  const { options, forwarded, whole } = about;
  if (options.upstreams.length === 0 || forwarded.count >= mostForwarded)
    throw new Refused('other names are not answered');
  forwarded.count++;
  try {
    for (const { address, port } of options.upstreams) {
      try {
        return await forwardDns(message, { address, port }, { timeoutMs: upstreamTimeoutMs, whole });
      } catch (error) {
        options.log.debug('another server did not answer', { address, error: String(error) });
      }
    }
    throw new Error('no other server has answered');
  } finally {
    forwarded.count--;
  }
}

/** There is one way to write an address of IPv4 here. */
const canonical = (ip: string) => (ip.includes(':') ? (canonicalIp(ip) ?? ip) : ip);

/** What the informers know, found by index. */
function clusterView({ informers, domain }: DnsOptions): ClusterView {
  const serviceInformer: Informer<Service> = informers.of(services);
  const slices: Informer<EndpointSlice> = informers.of(endpointslices);
  serviceInformer.addIndex(byAddress, ({ spec: { clusterIP = '', clusterIPs } }) =>
    (clusterIPs?.length ? clusterIPs : [clusterIP]).filter((ip) => ip !== '' && ip !== 'None').map(canonical),
  );
  serviceInformer.addIndex('namespace', (s) => [s.metadata.namespace ?? '']);
  slices.addIndex(byService, (slice) => {
    const name = slice.metadata.labels?.['kubernetes.io/service-name'];
    return name ? [`${slice.metadata.namespace}/${name}`] : [];
  });
  slices.addIndex(byAddress, (slice) => (slice.endpoints ?? []).flatMap((e) => e.addresses).map(canonical));
  return {
    domain,
    service: (namespace, name) => serviceInformer.get(`${namespace}/${name}`),
    slices: (namespace, name) => slices.byIndex(byService, `${namespace}/${name}`),
    // Namespaces are not watched here: one without Services has no names to tell apart either.
    hasNamespace: (namespace) => serviceInformer.countByIndex('namespace', namespace) > 0,
    serviceByAddress: (address) => serviceInformer.byIndex(byAddress, address)[0],
    slicesByAddress: (address) => slices.byIndex(byAddress, address),
  };
}
