import { describe, expect, test, vi } from 'vitest';
import type { Written } from '../client/testing-lists.ts';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { NftTable } from './testing-table.ts';
import { running, service, slice } from './testing-proxy.ts';

describe('of both families', () => {
  const both = (name: string, n: number) =>
    service(name, '01', { clusterIP: `10.96.0.${n}`, clusterIPs: [`10.96.0.${n}`, `fd00:96::${n}`] });

  /** Followed by a table of each family, which take what is of theirs. */
  async function followed(objects: Record<string, Written[]>) {
    const proxy = await running(objects, [ipv4, ipv6]);
    const tables = { IPv4: new NftTable('ip'), IPv6: new NftTable('ip6') };
    let seen = 0;
    /** Lets time pass; gives the scripts that came, each of which is of one family. */
    const pass = async (ms = 100) => {
      for (let left = ms; left > 0; left -= 50) {
        await proxy.clock.advance(50);
        await new Promise(setImmediate);
      }
      const fresh = proxy.scripts.slice(seen);
      seen = proxy.scripts.length;
      for (const script of fresh) for (const table of Object.values(tables)) table.apply(script);
      return fresh;
    };
    return { ...proxy, tables, pass };
  }

  test('each has its table, with its own backends, and changes alone', async () => {
    const endpointslices = [slice('web', '10.244.0.2'), slice('web', 'fd00:244::2', 'IPv6')];
    const { server, tables, pass, said, stop } = await followed({
      services: [both('web', 1), service('four', '01', { clusterIP: '10.96.0.4' })],
      endpointslices,
    });
    const whole = await pass();
    expect(whole.map((script) => script.match(/^add table (\S+)/)?.[1]).sort()).toEqual(['ip', 'ip6']);
    expect(whole.find((script) => script.includes(' ip6 '))).toContain('ip6 saddr fd00:10:244::/48');
    const served = () => [
      tables.IPv4.backendsOf('10.96.0.1 . udp . 53'),
      tables.IPv6.backendsOf('fd00:96::1 . udp . 53'),
    ];
    expect(served()).toEqual([['10.244.0.2 . 53'], ['fd00:244::2 . 53']]);
    await server.tell('MODIFIED', 'endpointslices', {
      ...slice('web', 'fd00:244::3', 'IPv6'),
      metadata: { ...slice('web', '', 'IPv6').metadata, resourceVersion: '2' },
    });
    const six = await pass();
    expect([six.length, six.join().includes(' ip k8ts')]).toEqual([1, false]);
    expect(served()).toEqual([['10.244.0.2 . 53'], ['fd00:244::3 . 53']]);
    await server.tell('DELETED', 'services', both('web', 1));
    expect(await pass()).toHaveLength(2);
    expect(served()).toEqual([[], []]);
    expect(said).toEqual([]);
    await stop();
  });

  test('what is of IPv4 alone costs nothing in the other', async () => {
    const { server, pass, open, stop } = await followed({});
    await pass();
    const count = async () => {
      await vi.waitFor(() => expect(open.has(10_249)).toBe(true));
      const text = await (await fetch(`http://127.0.0.1:${open.get(10_249)}/metrics`)).text();
      const read = (name: string) => Number(new RegExp(`^kubeproxy_${name} (\\S+)$`, 'm').exec(text)?.[1]);
      const syncs = (family: string) =>
        read(`sync_proxy_rules_duration_seconds_count{ip_family="${family}"}`);
      return [
        ...[syncs('IPv4'), syncs('IPv6')],
        read('sync_proxy_rules_service_changes_total'),
        read('sync_proxy_rules_endpoint_changes_total'),
      ];
    };
    expect(await count()).toEqual([1, 1, 0, 0]);
    await server.tell('ADDED', 'services', service('four', '01', { clusterIP: '10.96.0.4' }));
    await server.tell('ADDED', 'endpointslices', slice('four', '10.244.0.2'));
    const scripts = await pass();
    expect(scripts.join()).not.toContain('ip6');
    // Upstream too has each family count what changes of Services, and slices in theirs alone.
    expect(await count()).toEqual([2, 1, 2, 1]);
    await stop();
  });

  test('one whose rules are refused keeps the other from nothing, and is not healthy by itself', async () => {
    const { server, pass, refuse, tables, open, stop } = await followed({});
    await pass();
    refuse(1000, 'ip6');
    await server.tell('ADDED', 'services', both('web', 1));
    await server.tell('ADDED', 'endpointslices', slice('web', '10.244.0.2'));
    await server.tell('ADDED', 'endpointslices', slice('web', 'fd00:244::2', 'IPv6'));
    await pass(61_000);
    expect(tables.IPv4.backendsOf('10.96.0.1 . udp . 53')).toEqual(['10.244.0.2 . 53']);
    expect(tables.IPv6.size).toBe(0);
    const answer = await fetch(`http://127.0.0.1:${open.get(10_256)}/livez`);
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { status: { IPv4: { healthy: true }, IPv6: { healthy: false } } },
    ]);
    refuse(0);
    await pass(2000);
    expect(tables.IPv6.backendsOf('fd00:96::1 . udp . 53')).toEqual(['fd00:244::2 . 53']);
    await stop();
  });

  test('ranges of Services are left out in each where a node is in them', async () => {
    const range = {
      metadata: { name: 'r', resourceVersion: '1' },
      spec: { cidrs: ['10.96.0.0/12', 'fd00:96::/112'] },
    };
    const node = (ips: string[], resourceVersion: string): Written => ({
      metadata: { name: 'node-2', resourceVersion },
      spec: {},
      ...{ status: { addresses: ips.map((address) => ({ type: 'InternalIP', address })) } },
    });
    const { server, tables, pass, stop } = await followed({
      servicecidrs: [range],
      nodes: [node(['198.18.0.2', 'fd00:198::2'], '1')],
    });
    const ranges = async () => {
      await pass();
      return Object.values(tables).flatMap((table) => [...table.elements('service-ranges').keys()]);
    };
    expect(await ranges()).toEqual(['10.96.0.0/12', 'fd00:96::/112']);
    await server.tell('MODIFIED', 'nodes', node(['198.18.0.2', 'fd00:96::9'], '2'));
    expect(await ranges()).toEqual(['10.96.0.0/12']);
    await stop();
  });
});

test('where the kernel has no IPv6 Services are served by IPv4 alone, which is said once', async () => {
  const { step, said, stop } = await running({ services: [service('a', '01', { clusterIP: '10.96.0.1' })] });
  expect(await step()).not.toContain('ip6');
  await stop();
  expect(said).toEqual(['this machine has no IPv6: Services are served by IPv4 alone']);
});
