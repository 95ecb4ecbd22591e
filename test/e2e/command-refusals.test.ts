import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from './support/clients.ts';
import { type Ended, runToEnd } from './support/commands.ts';
import { whyNoRealNodes } from './support/real.ts';

/** What a user can mend is told in a line and a hint, with code 1 and without a stack. */

const dir = mkdtempSync(join(tmpdir(), 'k8ts-refusals-'));
const at = (name: string) => join(dir, name);
const k8ts = (...args: string[]) => runToEnd(process.execPath, [join(root, 'bin', 'k8ts'), ...args]);
const token = 'abcdef.0123456789abcdef';

beforeAll(() => {
  mkdirSync(at('directory'));
  writeFileSync(at('garbage'), 'garbage\n');
  writeFileSync(at('empty.json'), '{}');
  mkdirSync(at('open'));
  chmodSync(at('open'), 0o777);
});
afterAll(() => rmSync(dir, { recursive: true }));

async function refused(args: string[], why: RegExp): Promise<Ended> {
  const ended = await k8ts(...args);
  const { code, stderr } = ended;
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(why) });
  expect(stderr).not.toMatch(/^ {4}at |unexpected error/m);
  return ended;
}

const etcd = ['etcd', '--data-dir', at('etcd'), '--listen-client-urls'];
const server = ['server', '--data-dir', at('server'), '--port', '0', '--bind-address'];
const agent = [
  'agent',
  '--runtime',
  'simulated',
  '--data-dir',
  at('agent'),
  '--server',
  'https://127.0.0.1:1',
];
const pair = (name: string) => ['--cert-file', at(name), '--key-file', at(name)];

test.each<[what: string, args: string[], why: RegExp]>([
  [
    'no kubeconfig',
    ['token', 'list', '--kubeconfig', at('none')],
    /kubeconfig .*none cannot be used: ENOENT/,
  ],
  ['a directory', ['token', 'list', '--kubeconfig', at('directory')], /directory cannot be used: EISDIR/],
  ['another file', ['token', 'list', '--kubeconfig', at('garbage')], /garbage cannot be used: invalid conf/],
  [
    'an empty one',
    ['token', 'list', '--kubeconfig', at('empty.json')],
    /empty.json cannot be used: invalid conf/,
  ],
  ['an endless token', ['token', 'create', '--ttl', '99999999999h'], /longer than a century/],
  ['a node of no servers', ['agent', '--config', at('empty.json')], /cannot be read: it names no servers/],
  [
    'a node at no address',
    [...agent, '--token', token, '--node-ip', 'banana'],
    /banana is not an IP address/,
  ],
  [
    'a name that is a path',
    [...agent, '--token', token, '--node-ip', '10.0.0.1', '--node-name', '../x'],
    /\.\.\/x cannot be the name of a node/,
  ],
  [
    'an empty hash',
    [...agent, '--token', token, '--node-ip', '10.0.0.1', '--discovery-token-ca-cert-hash', ''],
    /is not the hash of an authority/,
  ],
  ['a server nowhere', [...server, 'banana.invalid', '--advertise-address', '10.0.0.1'], /no address banana/],
  ['a server found nowhere', [...server, '127.0.0.1', '--advertise-address', 'x'], /x is not an IP address/],
  [
    'addresses of services that pods have',
    ['up', '--nodes', '0', '--data-dir', at('up'), '--service-cluster-ip-range', '10.0.0.0/8'],
    /10\.0\.0\.0\/8 has addresses that pods have: 10\.244\.0\.0\/16/,
  ],
  ['an empty token', ['server', '--data-dir', at('fresh'), '--token', ''], /--token is empty/],
  [
    'servers of an etcd that would not be used',
    ['up', '--nodes', '0', '--data-dir', at('up'), '--etcd-servers', 'http://127.0.0.1:1'],
    /--etcd-servers is not heeded with --store embedded/,
  ],
  [
    'servers of an etcd that a server would not use',
    ['server', '--data-dir', at('up'), '--etcd-servers', 'http://127.0.0.1:1'],
    /--etcd-servers is not heeded with --store embedded/,
  ],
  ['no place at all', ['up', '--nodes', '0', '--data-dir', ''], /--data-dir <dir>' argument '' is invalid/],
  ['no place for an etcd', ['etcd', '--data-dir', ''], /--data-dir <dir>' argument '' is invalid/],
  ['an etcd nowhere', [...etcd, 'http://banana.invalid:0'], /cannot listen on .*banana\.invalid/],
  ['an etcd at a path', [...etcd, 'http://127.0.0.1:0/path'], /path is not an http/],
  ['no certificate', [...etcd, 'https://127.0.0.1:0', ...pair('garbage')], /certificates cannot be used/],
  ['a directory of all', ['etcd', '--data-dir', at('open')], /everybody may write into the data directory/],
  [
    'another file as kubeconfig',
    ['up', '--nodes', '0', '--port', '0', '--data-dir', at('new'), '--kubeconfig', at('garbage')],
    /garbage holds something else/,
  ],
  [
    'a foreign directory',
    ['down', '--purge', '--data-dir', dir],
    /is not removed: it holds what k8ts has not/,
  ],
])('refused in a line: %s', async (_what, args, why) => {
  await refused(args, why);
});

const isRoot = process.getuid?.() === 0;
test.skipIf(!isRoot)(`a directory of another user is not used${isRoot ? '' : ' (needs root)'}`, async () => {
  mkdirSync(at('theirs'));
  chownSync(at('theirs'), 12_345, 12_345);
  await refused(['up', '--nodes', '0', '--port', '0', '--data-dir', at('theirs')], /belongs to another user/);
  expect(readdirSync(at('theirs'))).toEqual([]);
});

test('a process that may open too few files says which limit to raise', async () => {
  const up = `ulimit -n 48; exec "${process.execPath}" "${join(root, 'bin', 'k8ts')}" up --nodes 0 --port 0 --data-dir "${at('few')}"`;
  const { code, stderr } = await runToEnd('sh', ['-c', up]);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('EMFILE') });
  expect(stderr).toContain('raise the limit of open files of this process (ulimit -n)');
  expect(stderr).not.toMatch(/^ {4}at |unexpected error/m);
});

const why = whyNoRealNodes();
test.skipIf(why)(
  `what cannot be used is told before a network is built${why ? ` (skipped: ${why})` : ''}`,
  async () => {
    const up = ['up', '--nodes', '1', '--port', '0', '--data-dir', at('up')];
    for (const [flags, why] of [
      [['--store', 'etcd', '--etcd-servers', 'nowhere'], /not the URL of an etcd server: nowhere/],
      [['--scheduler-config', at('none')], /none/],
    ] as const) {
      const { stderr } = await refused([...up, ...flags], why);
      expect(stderr).not.toContain('network of the nodes');
    }
  },
);
