import { expect, test } from 'vitest';
import type { Pod } from '../../api/core/v1.ts';
import { Client } from '../../client/client.ts';
import { Informers } from '../../client/informers.ts';
import { ListedObjects, type Written } from '../../client/testing-lists.ts';
import type { Transport } from '../../client/transport.ts';
import { silentLog } from '../../platform/log.ts';
import type { Processes } from '../../platform/processes.ts';
import { seededRandom } from '../../platform/random.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { NetworkPolicies } from './network-policies.ts';

const pod = (name: string, ip?: string, phase = 'Running', resourceVersion = '1'): Pod => ({
  metadata: { name, namespace: 'x', uid: `uid-${name}`, resourceVersion, labels: { app: name } },
  spec: { nodeName: 'node-1', containers: [{ name: 'c', image: 'i' }] },
  status: { phase, podIPs: ip ? [{ ip }] : [] },
});

const isolating = (name: string, app?: string): Written => ({
  metadata: { name, namespace: 'x', uid: `uid-${name}`, resourceVersion: '1' },
  spec: { podSelector: app ? { matchLabels: { app } } : {}, policyTypes: ['Ingress'] },
});

/** Network policies of node-1 whose scripts are kept; `fails` is how often nft refuses them first. */
function running(
  objects: Record<string, Written[]>,
  { fails = 0, transport = undefined as Transport | undefined, hasIPv6 = true } = {},
) {
  const server = new ListedObjects({ namespaces: [{ metadata: { name: 'x' } }], ...objects });
  const clock = new VirtualClock();
  const client = new Client(transport ?? server);
  const informers = new Informers({ client, clock, random: seededRandom(1), log: silentLog });
  const asked: string[] = [];
  const scripts: string[] = [];
  const said: string[] = [];
  const of = informers.of.bind(informers);
  informers.of = (resource, select) => (asked.push(resource.plural), of(resource, select));
  let left = fails;
  const processes = {
    run: async (command: string, args: readonly string[], { input = '' } = {}) => {
      if (command === 'sysctl') return { code: hasIPv6 ? 0 : 1, signal: undefined, stdout: '', stderr: '' };
      const isScript = args[0] === '-f';
      if (isScript) scripts.push(input);
      const code = isScript && left-- > 0 ? 1 : 0;
      return { code, signal: undefined, stdout: '', stderr: '' };
    },
  } as unknown as Processes;
  const policies = new NetworkPolicies({
    nodeName: 'node-1',
    informers,
    platform: { processes, clock, log: { ...silentLog, info: (text: string) => void said.push(text) } },
  });
  const abort = new AbortController();
  const ended = policies.run(abort.signal);
  informers.start(abort.signal);
  const stop = async () => {
    abort.abort();
    await clock.advance(0);
    await ended;
  };
  return { server, clock, policies, asked, scripts, said, stop };
}

const table = (script: string | undefined) =>
  [...(script ?? '').matchAll(/([\d.a-f:]+) : jump/g)].map(([, ip]) => ip);

const noTables = ['ip', 'ip6'].map((family) => {
  const its = `table ${family} k8ts-policies`;
  return `add ${its}\ndelete ${its}\n`;
});

test('where there is no policy nothing of the cluster is looked at, and what an earlier run has left is taken away', async () => {
  const { clock, asked, scripts, policies, stop } = running({ pods: [pod('a', '10.244.0.2') as Written] });
  await clock.advance(100);
  await policies.admit(pod('b'), ['10.244.0.3']);
  expect(asked).toEqual(['networkpolicies']);
  expect(scripts).toEqual([noTables.join('')]);
  await stop();
});

test('the containers of a pod wait until it is isolated, whatever the API has of it; those of others do not', async () => {
  const { clock, scripts, policies, stop } = running({ pods: [], networkpolicies: [isolating('p', 'a')] });
  await clock.advance(100);
  await policies.admit(pod('b'), ['10.244.0.3']);
  expect(scripts).toHaveLength(1);
  let isAdmitted = false;
  const admitted = policies.admit(pod('a'), ['10.244.0.2']).then(() => (isAdmitted = true));
  await Promise.resolve();
  expect(isAdmitted).toBe(false);
  await clock.advance(100);
  await admitted;
  expect(table(scripts.at(-1))).toEqual(['10.244.0.2']);
  await stop();
});

test('what nft refuses is tried again as a whole, and who waits goes on waiting', async () => {
  const { clock, scripts, policies, stop } = running(
    { pods: [], networkpolicies: [isolating('p')] },
    { fails: 2 },
  );
  const admitted = policies.admit(pod('a'), ['10.244.0.2']);
  await clock.advance(5000);
  await admitted;
  expect(scripts.map(table)).toEqual([['10.244.0.2'], ['10.244.0.2'], ['10.244.0.2']]);
  expect(scripts.every((script) => script.startsWith('add table'))).toBe(true);
  await stop();
});

test('a server that does not answer keeps no pod from starting for ever, and nobody from stopping', async () => {
  const silent = { request: () => new Promise<never>(() => {}), watch: () => new Promise<never>(() => {}) };
  const { clock, policies, stop } = running({}, { transport: silent });
  const admitted = policies.admit(pod('a'), ['10.244.0.2']);
  await clock.advance(10_000);
  await admitted;
  const later = policies.admit(pod('b'), ['10.244.0.3']);
  await clock.advance(0);
  await later;
  await stop();
});

test('an address has the isolation of the pod that has it now', async () => {
  const ended = pod('ended', '10.244.0.2', 'Succeeded') as Written;
  const objects = {
    pods: [ended, pod('a', '10.244.0.3') as Written],
    networkpolicies: [isolating('p', 'ended'), isolating('q', 'a')],
  };
  const { server, clock, scripts, stop } = running(objects);
  await clock.advance(100);
  expect(table(scripts.at(-1))).toEqual(['10.244.0.3']);
  const moved = pod('a', '10.244.0.4', 'Running', '2') as Written;
  await server.tell('MODIFIED', 'pods', moved);
  await clock.advance(100);
  expect(scripts.at(-1)).toContain('delete element ip k8ts-policies ingress { 10.244.0.3 }');
  expect(table(scripts.at(-1))).toEqual(['10.244.0.4']);
  await server.tell('DELETED', 'pods', moved);
  await clock.advance(100);
  expect(scripts.at(-1)).toBe(noTables[0]);
  await stop();
});

test('a pod is isolated at its addresses of both families, in one transaction, and each may change alone', async () => {
  const both = (ips: string[], resourceVersion: string): Pod => {
    const one = pod('a', undefined, 'Running', resourceVersion);
    return { ...one, status: { ...one.status, podIPs: ips.map((ip) => ({ ip })) } };
  };
  const { server, clock, scripts, policies, stop } = running({
    pods: [both(['10.244.0.2', 'FD00:0::2'], '1') as Written],
    networkpolicies: [isolating('p')],
  });
  await clock.advance(100);
  expect(scripts).toHaveLength(1);
  expect(table(scripts[0])).toEqual(['10.244.0.2', 'fd00::2']);
  await server.tell('MODIFIED', 'pods', both(['10.244.0.2', 'fd00::3'], '2') as Written);
  await clock.advance(100);
  expect(table(scripts.at(-1))).toEqual(['fd00::3']);
  expect(scripts.at(-1)).not.toContain(' ip k8ts');
  const admitted = policies.admit(pod('b'), ['fd00::4', '10.244.0.4']);
  await clock.advance(100);
  await admitted;
  expect(table(scripts.at(-1))).toEqual(['10.244.0.4', 'fd00::4']);
  await stop();
});

test('where the kernel has no IPv6 policies hold for IPv4 alone, which is said once', async () => {
  const { clock, scripts, said, policies, stop } = running(
    { pods: [], networkpolicies: [isolating('p')] },
    { hasIPv6: false },
  );
  for (const address of ['10.244.0.2', '10.244.0.3']) {
    const admitted = policies.admit(pod(address), [address, 'fd00::2']);
    await clock.advance(100);
    await admitted;
  }
  expect(scripts.join()).toContain('10.244.0.3');
  expect(scripts.join()).not.toContain('ip6');
  expect(said).toEqual(['this machine has no IPv6: network policies hold for IPv4 alone']);
  await stop();
});
