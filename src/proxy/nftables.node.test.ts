import { spawn } from 'node:child_process';
import { on } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ipv4, ipv6 } from '../machinery/address-family.ts';
import { mustRun, type Processes, systemProcesses } from '../platform/processes.ts';
import { systemFiles } from '../platform/files.ts';
import { contributionOf } from './contribution.ts';
import type { Front } from './fronts.ts';
import { nftablesBackend } from './nftables.ts';
import { Ruleset } from './ruleset.ts';

const isRoot = process.getuid?.() === 0 && (await systemFiles.exists('/usr/sbin/nft'));
const hasIPv6 = await systemFiles.exists('/proc/sys/net/ipv6');
const namespace = `k8ts-test-nft-${process.pid}`;

/** The same programs, inside the test's own network namespace. */
const inside: Processes = {
  run: (command, args, options) =>
    systemProcesses.run('nsenter', [`--net=/run/netns/${namespace}`, command, ...args], options),
  start: () => Promise.reject(new Error('not used')),
};

const text = (lines: Iterable<string>) => `${[...lines].join('\n')}\n`;

const front = (backends: string[], more: Partial<Front> = {}): Front => ({
  address: '10.96.1.1',
  protocol: 'tcp',
  port: 80,
  action: {
    type: 'spread',
    masquerade: 'none',
    pool: 'web',
    backends: backends.map((address) => ({ address, port: 8080 })),
  },
  ...more,
});

describe.skipIf(!isRoot)('rules that nft takes (needs root and nft)', () => {
  const backend = nftablesBackend(inside);
  const list = (...what: string[]) => mustRun(inside, 'nft', ['list', ...what]);

  beforeAll(async () => void (await mustRun(systemProcesses, 'ip', ['netns', 'add', namespace])));
  afterAll(async () => void (await mustRun(systemProcesses, 'ip', ['netns', 'delete', namespace])));

  test('made anew, changed, flushed by others, removed', async () => {
    const rules = new Ruleset(ipv4, '10.244.0.0/16');
    rules.set('default/a', contributionOf([front(['10.244.1.2', '10.244.1.3'])], '10.96.1.1'));
    rules.set(
      'default/b',
      contributionOf([front([], { address: '10.96.1.2', action: { type: 'reject' } })], '10.96.1.2'),
    );
    expect(await backend.isInstalled(ipv4)).toBe(false);
    await backend.apply(text(rules.reload()));
    await backend.apply(text(rules.reload()));
    expect(await backend.isInstalled(ipv4)).toBe(true);
    const slots = () => list('map', 'ip', 'k8ts-proxy', 'slots');
    expect(await slots()).toContain(': 10.244.1.3 . 8080');
    expect(await list('map', 'ip', 'k8ts-proxy', 'refused')).toContain('10.96.1.2 . tcp . 80 : goto refuse');

    rules.set('default/a', contributionOf([front(['10.244.1.3', '10.244.1.4', '10.244.1.5'])], '10.96.1.1'));
    rules.set('default/b', undefined);
    await backend.apply(text(rules.takeChanges()));
    expect(await slots()).toContain(': 10.244.1.5 . 8080');
    expect(await slots()).not.toContain('10.244.1.2 ');
    expect(await list('table', 'ip', 'k8ts-proxy')).not.toContain('spread-2');
    expect(await list('map', 'ip', 'k8ts-proxy', 'refused')).not.toContain('10.96.1.2');

    await mustRun(inside, 'nft', ['flush', 'ruleset']);
    expect(await backend.isInstalled(ipv4)).toBe(false);
    await backend.apply(text(rules.reload()));
    await backend.remove();
    expect(await backend.isInstalled(ipv4)).toBe(false);
  });

  test('client affinity comes, changes and goes', async () => {
    const rules = new Ruleset(ipv4, '10.244.0.0/16');
    await backend.apply(text(rules.reload()));
    const sticky = (backends: string[], affinitySeconds = 60) =>
      contributionOf([front(backends, { affinitySeconds })], '10.96.1.1');
    for (const next of [
      sticky(['10.244.1.2']),
      sticky(['10.244.1.2', '10.244.1.3']),
      sticky(['10.244.1.3'], 90),
      contributionOf([front(['10.244.1.3'])], '10.96.1.1'),
      sticky(['10.244.1.3']),
      undefined,
    ]) {
      rules.set('default/a', next);
      await backend.apply(text(rules.takeChanges()));
    }
    const left = await list('table', 'ip', 'k8ts-proxy');
    expect(left).not.toContain('sticky');
    expect(left).not.toMatch(/(choices|slots|live) \{[^}]*elements/);
    await backend.remove();
  });

  test.skipIf(!hasIPv6)(
    'the table of IPv6 stands beside the other, and changes and goes by itself',
    async () => {
      expect((await backend.families()).map(({ name }) => name)).toEqual(['IPv4', 'IPv6']);
      const four = new Ruleset(ipv4, undefined);
      const six = new Ruleset(ipv6, undefined);
      await backend.apply(text(four.reload()));
      expect([await backend.isInstalled(ipv4), await backend.isInstalled(ipv6)]).toEqual([true, false]);
      const served = (backends: string[], more: Partial<Front> = {}) =>
        contributionOf([front(backends, { address: 'fd00:96::1', ...more })], 'fd00:96::1');
      six.setServiceRanges(['fd00:96::/112', 'fd00:97::/112']);
      for (const next of [
        served(['fd00:244::2']),
        served(['fd00:244::2', 'fd00:244::3'], { affinitySeconds: 60 }),
        served(['fd00:244::3'], { affinitySeconds: 90, sources: ['fd00::/16', '2001:db8::7/128'] }),
        served(['fd00:244::3'], { sources: ['fd00::/17'] }),
        served(['fd00:244::4', 'fd00:244::3']),
      ]) {
        six.set('default/a', next);
        await backend.apply(text(six.takeChanges()));
      }
      six.setServiceRanges(['fd00:96::/111']);
      await backend.apply(text(six.takeChanges()));
      const changed = await list('table', 'ip6', 'k8ts-proxy');
      expect(changed).toContain(': fd00:244::4 . 8080');
      expect(changed).not.toContain('sticky');
      await mustRun(inside, 'nft', ['delete', 'table', 'ip6', 'k8ts-proxy']);
      expect([await backend.isInstalled(ipv4), await backend.isInstalled(ipv6)]).toEqual([true, false]);
      await backend.apply(text(six.reload()));
      await backend.remove();
      expect([await backend.isInstalled(ipv4), await backend.isInstalled(ipv6)]).toEqual([false, false]);
    },
  );

  test('only those in the ranges of a load balancer get through, as these change', async () => {
    const balanced = '198.19.46.9';
    await mustRun(inside, 'ip', ['link', 'set', 'lo', 'up']);
    for (const address of [balanced, '198.19.46.8'])
      await mustRun(inside, 'ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
    const rules = new Ruleset(ipv4, '10.244.0.0/16');
    const guarded = (sources?: string[]) =>
      contributionOf([front(['198.19.46.8'], { address: balanced, sources })], undefined);
    const isDropped = async () => {
      const connect = `net.connect(80, '${balanced}').on('error', (e) => console.log(e.code)); setTimeout(process.exit, 500)`;
      return (await mustRun(inside, process.execPath, ['-e', connect])).trim() === '';
    };
    for (const [sources, dropped] of [
      [['10.0.0.0/8', '192.0.2.7/32'], true],
      [['10.0.0.0/8', '198.19.0.0/16'], false],
      [['10.1.0.0/16', '198.19.47.0/24'], true],
      [undefined, false],
    ] as const) {
      rules.set('default/a', guarded(sources && [...sources]));
      await backend.apply(text(rules.takeChanges()));
      expect(await isDropped(), String(sources)).toBe(dropped);
    }
    await backend.remove();
  });

  test('connections that one side has closed are remembered for an hour', async () => {
    const closeWait = async () =>
      (await mustRun(inside, 'sysctl', ['-n', 'net.netfilter.nf_conntrack_tcp_timeout_close_wait'])).trim();
    expect(await closeWait()).not.toBe('3600');
    await backend.prepare();
    expect(await closeWait()).toBe('3600');
    await backend.prepare();
  });

  test('a script with an error changes nothing', async () => {
    const rules = new Ruleset(ipv4, '10.244.0.0/16');
    rules.set('default/a', contributionOf([front(['10.244.1.2'])], '10.96.1.1'));
    await backend.apply(text(rules.reload()));
    const before = await list('ruleset');
    await expect(
      backend.apply('flush map ip k8ts-proxy services\nadd rule ip k8ts-proxy no-such-chain drop\n'),
    ).rejects.toThrow('no-such-chain');
    expect(await list('ruleset')).toBe(before);
    await backend.remove();
  });

  test('what runs between a backend and itself goes on when rules come', async () => {
    const address = '198.19.46.1';
    await mustRun(inside, 'ip', ['link', 'set', 'lo', 'up']);
    await mustRun(inside, 'ip', ['address', 'add', `${address}/32`, 'dev', 'lo']);
    const echo = `
      const server = net.createServer((socket) => socket.pipe(socket)).listen(0, '${address}', () => {
        const socket = net.connect(server.address().port, '${address}', () => socket.write('open'));
        socket.setEncoding('utf8').on('data', (text) => console.log(text));
        process.stdin.on('data', (text) => socket.write(text));
      });`;
    const peers = spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, '-e', echo]);
    try {
      const said = on(peers.stdout.setEncoding('utf8'), 'data', { signal: AbortSignal.timeout(10_000) });
      expect((await said.next()).value).toEqual(['open\n']);
      const rules = new Ruleset(ipv4, '10.244.0.0/16');
      rules.set('default/a', contributionOf([front([address])], '10.96.1.1'));
      await backend.apply(text(rules.reload()));
      peers.stdin.write('still');
      expect((await said.next()).value).toEqual(['still\n']);
    } finally {
      peers.kill('SIGKILL');
      await backend.remove();
    }
  });
});
