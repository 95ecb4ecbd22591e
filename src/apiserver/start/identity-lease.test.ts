import { createHash } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { leases, namespaces } from '../../api/generated/resources.ts';
import { formatMicroTime } from '../../platform/clock.ts';
import { seededRandom } from '../../platform/random.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi, type TestApi } from '../registry/testing.ts';
import { IdentityLease, serverId } from './identity-lease.ts';
import { ownMeans } from './testing.ts';

const namespace = 'kube-system';

/** Five bytes as eight digits. */
const base32Of = (bytes: Buffer) =>
  [...bytes.readUIntBE(0, 5).toString(32).padStart(8, '0')]
    .map((digit) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(digit, 32)])
    .join('');
let api: TestApi;

beforeEach(async () => {
  api = await createTestApi(allKinds);
  if (!api.dispatcher.reader.get(namespaces, { name: namespace }))
    await api.send('create', namespaces, { body: { metadata: { name: namespace } } });
});

const make = async (hostName: string, address = '10.0.0.1:6443') => {
  const { platform, ...means } = ownMeans(api);
  const lease = new IdentityLease({
    ...means,
    platform: { ...platform, random: seededRandom(1) },
    hostName,
    address,
  });
  await lease.start();
  return lease;
};
const standing = (hostName: string, address = '10.0.0.1:6443') =>
  api.dispatcher.reader.get(leases, { namespace, name: serverId(hostName, address) });

test('a server says that it runs, and renews that', async () => {
  const lease = await make('one');
  const name = serverId('one', '10.0.0.1:6443');
  expect(name).toMatch(/^apiserver-[a-z2-7]{26}$/);
  const before = standing('one');
  expect(before).toMatchObject({
    metadata: {
      labels: { 'apiserver.kubernetes.io/identity': 'kube-apiserver', 'kubernetes.io/hostname': 'one' },
    },
    spec: { leaseDurationSeconds: 3600 },
  });
  expect(before?.spec.holderIdentity).toMatch(new RegExp(`^${name}_[0-9a-f-]{36}$`));
  await api.clock.advance(10_000);
  const [was, is] = [before?.spec.renewTime, standing('one')?.spec.renewTime].map((t) => Date.parse(t ?? ''));
  expect((is as number) - (was as number)).toBe(10_000);
  lease.stop();
});

test('a server that is alone on its store is called by its machine alone, as upstream has it', () => {
  const hash = createHash('sha256').update('\0\x04host\0\x0ekube-apiserver').digest();
  const name = serverId('host');
  expect(name).toMatch(/^apiserver-[a-z2-7]{26}$/);
  expect(name.slice('apiserver-'.length, 'apiserver-'.length + 8)).toBe(base32Of(hash.subarray(0, 5)));
  expect(serverId('host', '10.0.0.1:6443')).not.toBe(name);
});

test('two servers of a machine have a lease each; the next start of one takes its own again', async () => {
  const [first, second] = [await make('one', '10.0.0.1:6443'), await make('one', '10.0.0.2:6443')];
  expect(standing('one', '10.0.0.1:6443')?.spec.holderIdentity).not.toBe(
    standing('one', '10.0.0.2:6443')?.spec.holderIdentity,
  );
  first.stop();
  second.stop();
  const again = await make('one', '10.0.0.1:6443');
  expect([...api.dispatcher.reader.list(leases, namespace)]).toHaveLength(2);
  again.stop();
});

test('the lease of a server that is gone is collected by one that runs, and no other lease is', async () => {
  const put = async (name: string, agoMs: number, labels?: Record<string, string>) => {
    const renewTime = formatMicroTime(api.clock.now() - agoMs);
    const spec = { holderIdentity: name, leaseDurationSeconds: 3600, renewTime };
    await api.send('create', leases, { namespace, body: { metadata: { namespace, name, labels }, spec } });
  };
  const server = { 'apiserver.kubernetes.io/identity': 'kube-apiserver' };
  await put('gone', 3_600_001, server);
  await put('silent', 3_600_000, server);
  await put('no-server', 7_200_000);
  const lives = await make('lives');
  const names = [...api.dispatcher.reader.list(leases, namespace)].map(({ metadata }) => metadata.name);
  expect(names.sort()).toEqual([serverId('lives', '10.0.0.1:6443'), 'no-server', 'silent']);
  lives.stop();
});
