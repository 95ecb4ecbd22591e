import { Client } from '../client/client.ts';
import { Informers } from '../client/informers.ts';
import { ListedObjects, type Written } from '../client/testing-lists.ts';
import { type AddressFamily, ipv4 } from '../machinery/address-family.ts';
import { silentLog } from '../platform/log.ts';
import { listenPlainHttp, type PlainHttpListener } from '../platform/plain-http-server.ts';
import { seededRandom } from '../platform/random.ts';
import { VirtualClock } from '../platform/virtual-clock.ts';
import { createProxy } from './proxy.ts';

/** A Service of the namespace `default`, with one port of UDP. */
export const service = (name: string, born: string, spec: object): Written => ({
  metadata: {
    name,
    namespace: 'default',
    resourceVersion: '1',
    creationTimestamp: `2026-01-${born}T00:00:00Z`,
  },
  spec: { ports: [{ port: 53, protocol: 'UDP' }], ...spec },
});

/** Its slice of one family, with one endpoint. */
export const slice = (name: string, address: string, addressType = 'IPv4'): Written => ({
  metadata: {
    name: `${name}-${addressType}`,
    namespace: 'default',
    resourceVersion: '1',
    labels: { 'kubernetes.io/service-name': name },
  },
  ...{ addressType, ports: [{ port: 53, protocol: 'UDP' }], endpoints: [{ addresses: [address] }] },
});

/** A proxy whose scripts are kept; `step` lets it see and apply what has been told. */
export async function running(
  objects: Record<string, Written[]>,
  families: readonly AddressFamily[] = [ipv4],
) {
  const server = new ListedObjects(objects);
  const clock = new VirtualClock();
  const said: string[] = [];
  const log = { ...silentLog, info: (text: string) => void said.push(text) };
  const informers = new Informers({ client: new Client(server), clock, random: seededRandom(1), log });
  const scripts: string[] = [];
  let refused = 0;
  let refusedFamily = '';
  const backend = {
    prepare: async () => {},
    families: async () => families,
    apply: async (script: string) => {
      if (script.includes(refusedFamily) && refused-- > 0) throw new Error('refused');
      scripts.push(script);
    },
    isInstalled: async () => true,
    forgetFlows: async () => 2,
    remove: async () => {},
  };
  const abort = new AbortController();
  const open = new Map<number, number>();
  const listen: PlainHttpListener = async (options) => {
    const opened = await listenPlainHttp({ ...options, host: '127.0.0.1', port: 0 });
    if (options.host !== '::1') open.set(options.port, opened.port);
    const close = async () => {
      if (options.host !== '::1') open.delete(options.port);
      await opened.close();
    };
    return { ...opened, close };
  };
  const health = { listen, hosts: { IPv4: '127.0.0.1', IPv6: '::1' }, port: 10_256 };
  const events = { record: () => {} };
  const proxy = createProxy({
    nodeName: 'node-1',
    podRanges: ['10.244.0.0/16', 'fd00:10:244::/48'],
    informers,
    backend,
    health,
    diagnostics: { host: '127.0.0.1', port: 10_249 },
    events,
    clock,
    log,
  });
  const ended = proxy.run(abort.signal);
  informers.start(abort.signal);
  const step = async () => {
    const before = scripts.length;
    while (scripts.length === before) {
      await clock.advance(50);
      await new Promise(setImmediate);
    }
    return scripts.at(-1) ?? '';
  };
  const stop = async () => {
    abort.abort();
    await clock.advance(60_000);
    await ended;
  };
  /** Has nft refuse scripts of a family so often. */
  const refuse = (times: number, family = '') => void ([refused, refusedFamily] = [times, family]);
  return { server, clock, step, stop, open, refuse, scripts, said };
}
