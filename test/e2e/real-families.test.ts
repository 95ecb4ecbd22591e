import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { scriptArchive, scriptImage, shellPod, untilStopped, whyNoRealNodes } from './support/real.ts';

const why = whyNoRealNodes();
const isIPv6 = (address: string) => address.includes(':');
const inUrl = (address: string) => (isIPv6(address) ? `[${address}]` : address);

/** Answers with the pod's name on all its addresses. */
const answers = `mkdir -p /www; hostname > /www/index.html; httpd -p '[::]:8080' -h /www; ${untilStopped}`;
const fieldOf = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });

/** Pods by their nodes: two on one, so that neighbours are asked as well. */
const places = { here: 'node-1', beside: 'node-1', there: 'node-2' } as const;
type Name = keyof typeof places;

interface Seen {
  podIP: string;
  podIPs: { ip: string }[];
  hostIP: string;
  hostIPs: { ip: string }[];
}

describe.skipIf(why).each([
  ['two families', '10.244.0.0/16,fd00:10:244::/56', [/^10\.244\.[01]\.\d+$/, /^fd00:10:244:/]],
  ['two families, IPv6 first', 'fd00:10:244::/56,10.244.0.0/16', [/^fd00:10:244:/, /^10\.244\.[01]\.\d+$/]],
  ['IPv6 alone', 'fd00:10:244::/56', [/^fd00:10:244:/]],
])(`a cluster whose pods are of %s${why ? ` (skipped: ${why})` : ''}`, (_, clusterCidr, patterns) => {
  let dataDir: string;
  let cluster: E2eCluster;
  let kubectl: CommandClient;
  const seen: Partial<Record<Name, Seen>> = {};

  const inPod = (pod: Name, ...command: string[]) => kubectl.ok(['exec', pod, '--', ...command]);
  const script = (from: Name | 'on-node', text: string) =>
    kubectl.ok(['exec', from, '--', 'node', '-e', text]);
  /** What answers at each of these places, asked from a pod. */
  const getAll = async (from: Name, at: readonly [address: string, port: number][]): Promise<string[]> => {
    const urls = JSON.stringify(at.map(([address, port]) => `http://${inUrl(address)}:${port}/`));
    const said = await script(
      from,
      `const get = async (url) => (await (await fetch(url, { signal: AbortSignal.timeout(5000) })).text()).trim();
       Promise.all(${urls}.map(get)).then((all) => console.log(JSON.stringify(all)));`,
    );
    return JSON.parse(said);
  };
  /** What a name server says of a name: the one in the pod's `/etc/resolv.conf` unless another is given. */
  const resolve = async (from: Name, name: string, server?: string): Promise<string[]> =>
    JSON.parse(
      await script(
        from,
        `const { Resolver } = require('dns').promises;
         const all = new Resolver({ timeout: 2000, tries: 2 });
         ${server === undefined ? '' : `all.setServers(['${server}']);`}
         const none = () => [];
         Promise.all([all.resolve4('${name}').catch(none), all.resolve6('${name}').catch(none)])
           .then((both) => console.log(JSON.stringify(both.flat())));`,
      ),
    );
  const addressesOf = (pod: Name) => (seen[pod] as Seen).podIPs.map(({ ip }) => ip);

  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
    const args = ['--cluster-cidr', clusterCidr, '--uplink', 'none'];
    cluster = await startE2eCluster({ nodes: 2, runtime: 'containerd', dataDir, args });
    kubectl = cluster.kubectl.with({ namespace: 'default' });
    expect((await cluster.k8ts('image', 'load', await scriptArchive())).code).toBe(0);
    const env = [fieldOf('POD_IPS', 'status.podIPs'), fieldOf('HOST_IPS', 'status.hostIPs')];
    for (const [name, nodeName] of Object.entries(places)) {
      const ports = [{ containerPort: 8080, ...(name === 'there' && { hostPort: 7070 }) }];
      const labels = { app: 'answers' };
      await kubectl.apply(
        shellPod(name, answers, {
          labels,
          container: { image: scriptImage, env, ports },
          spec: { nodeName },
        }),
      );
    }
    const host = { container: { image: scriptImage }, spec: { nodeName: 'node-1', hostNetwork: true } };
    await kubectl.apply(shellPod('on-node', untilStopped, host));
    await kubectl.ok('wait pods --all --for=condition=Ready --timeout=60s');
    for (const name of Object.keys(places) as Name[])
      seen[name] = (await kubectl.json(`get pod ${name}`)).status;
  }, 120_000);
  afterAll(async () => {
    await cluster?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('nodes and pods have an address of each, in their order', async () => {
    const { items } = await kubectl.json('get nodes');
    for (const { spec, status } of items) {
      expect(spec.podCIDR).toBe(spec.podCIDRs[0]);
      const all = status.addresses.filter(({ type }: { type: string }) => type === 'InternalIP');
      const families = patterns.map((pattern) => pattern.source.includes('fd00'));
      expect(spec.podCIDRs.map(isIPv6)).toEqual(families);
      expect(all.map(({ address }: { address: string }) => isIPv6(address))).toEqual(families);
    }
    for (const { podIP, podIPs, hostIP, hostIPs } of Object.values(seen)) {
      expect(podIPs).toEqual(patterns.map((pattern) => ({ ip: expect.stringMatching(pattern) })));
      expect(podIP).toBe(podIPs[0]?.ip);
      expect(hostIP).toBe(hostIPs[0]?.ip);
      expect(hostIPs).toHaveLength(patterns.length);
    }
    const onNode = (await kubectl.json('get pod on-node')).status;
    expect(onNode.podIPs).toEqual(seen.here?.hostIPs);
  });

  test('a pod is told of them all', async () => {
    const told = await inPod('here', 'sh', '-c', 'echo $POD_IPS $HOST_IPS; cat /etc/hosts');
    const [first] = told.split('\n');
    const hosts = seen.here?.hostIPs.map(({ ip }) => ip).join(',');
    expect(first).toBe(`${addressesOf('here').join(',')} ${hosts}`);
    for (const address of addressesOf('here')) expect(told).toContain(`${address}\there`);
  });

  test('pods reach each other by all of them, on one node and across nodes', async () => {
    const names = Object.keys(places) as Name[];
    const all = names.flatMap((to) => addressesOf(to).map((address) => ({ to, address })));
    for (const from of names)
      expect(
        await getAll(
          from,
          all.map(({ address }) => [address, 8080]),
        ),
      ).toEqual(all.map(({ to }) => to));
  });

  test('ports of a node lead to its pod, at each of its addresses', async () => {
    const at = (seen.there?.hostIPs ?? []).map(({ ip }): [string, number] => [ip, 7070]);
    for (const from of ['here', 'there'] as const)
      expect(await getAll(from, at)).toEqual(patterns.map(() => 'there'));
  });

  test('a Service has endpoints, addresses and names of each', async () => {
    const policy = patterns.length > 1 ? 'RequireDualStack' : 'SingleStack';
    const spec = {
      ipFamilyPolicy: policy,
      selector: { app: 'answers' },
      ports: [{ port: 80, targetPort: 8080 }],
    };
    const service = (name: string, more: object) =>
      kubectl.apply({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ...spec, ...more } });
    await service('web', {});
    await service('headless', { clusterIP: 'None' });
    const all = (Object.keys(places) as Name[]).flatMap(addressesOf).sort();
    await eventually(async () => {
      const { items } = await kubectl.json('get endpointslices -l kubernetes.io/service-name=headless');
      const found: string[] = items.flatMap((slice: { endpoints: { addresses: string[] }[] }) =>
        (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
      );
      return found.sort().join() === all.join() ? found : undefined;
    });
    const { clusterIPs } = (await kubectl.json('get service web')).spec;
    expect(clusterIPs.map(isIPv6)).toEqual(addressesOf('here').map(isIPv6));
    for (const address of clusterIPs as string[])
      await eventually(
        async () => ((await getAll('here', [[address, 80]]))[0] as string) in places || undefined,
      );
    expect((await resolve('here', 'headless.default.svc.cluster.local')).sort()).toEqual(all);
    // Each node answers at all of its addresses.
    for (const { ip } of seen.there?.hostIPs ?? [])
      expect((await resolve('here', 'web.default.svc.cluster.local', ip)).sort()).toEqual(clusterIPs.sort());
  });

  test('pods and nodes reach the API by its Service', async () => {
    const { clusterIP } = (await kubectl.json('get service kubernetes')).spec;
    expect(isIPv6(clusterIP)).toBe(isIPv6(addressesOf('here')[0] as string));
    const answer = `require('https').get('https://${inUrl(clusterIP)}/version', { rejectUnauthorized: false, timeout: 3000 },
      (said) => (console.log(said.statusCode), process.exit()))`;
    for (const pod of ['here', 'there', 'on-node'] as const)
      expect((await script(pod, answer)).trim()).toMatch(/^(200|401)$/);
  });
});
