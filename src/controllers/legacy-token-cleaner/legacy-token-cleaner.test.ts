import { expect, test } from 'vitest';
import type { Secret, ServiceAccount } from '../../api/core/v1.ts';
import { configmaps, pods, secrets, serviceaccounts } from '../../api/generated/resources.ts';
import type { Stored } from '../../api/resource.ts';
import { TestCluster } from '../testing.ts';
import { createLegacyTokenCleaner } from './legacy-token-cleaner.ts';
import { planToken, readyMs } from './plan.ts';

const day = 24 * 3_600_000;
const used = 'kubernetes.io/legacy-token-last-used';
const invalid = 'kubernetes.io/legacy-token-invalid-since';
const nowMs = Date.parse('2026-06-15T12:00:00Z');

interface Case {
  labels?: Record<string, string>;
  created?: string;
  deletionTimestamp?: string;
  accountUid?: string;
  listed?: boolean;
  isMounted?: boolean;
}

function planOf({ labels, created, deletionTimestamp, accountUid, listed = true, isMounted }: Case) {
  const annotations = { 'kubernetes.io/service-account.uid': 'a1' };
  const creationTimestamp = created ?? '2020-01-01T00:00:00Z';
  const metadata = {
    name: 's',
    namespace: 'default',
    creationTimestamp,
    deletionTimestamp,
    labels,
    annotations,
  };
  const account = { metadata: { uid: accountUid ?? 'a1' }, secrets: listed ? [{ name: 's' }] : [] };
  const token = {
    secret: { metadata } as unknown as Stored<Secret>,
    account: account as unknown as Stored<ServiceAccount>,
    isMounted: () => isMounted ?? false,
  };
  return planToken(token, { nowMs, unusedMs: 10 * day });
}

test.each<[string, Case, string]>([
  ['never used', {}, 'mark'],
  ['used before the time', { labels: { [used]: '2026-06-04' } }, 'mark'],
  ['used on its first day', { labels: { [used]: '2026-06-05' } }, 'keep'],
  ['used on a day that cannot be read', { labels: { [used]: 'June' } }, 'keep'],
  ['younger than the time', { created: '2026-06-06T00:00:00Z' }, 'keep'],
  ['being deleted', { deletionTimestamp: '2026-06-15T00:00:00Z' }, 'keep'],
  ['that somebody made', { listed: false }, 'keep'],
  ['of an account that was made anew', { accountUid: 'a2' }, 'keep'],
  ['that a pod uses', { isMounted: true }, 'keep'],
  ['marked within the time', { labels: { [invalid]: '2026-06-05' } }, 'keep'],
  ['marked before the time', { labels: { [invalid]: '2026-06-04' } }, 'remove'],
  ['marked, and used since', { labels: { [invalid]: '2026-06-04', [used]: '2026-06-14' } }, 'keep'],
  ['marked with what is no day', { labels: { [invalid]: 'yes' } }, 'mark'],
])('a token %s', (_, token, step) => {
  expect(planOf(token)).toBe(step);
});

test('nothing is known of use before the first whole day on which it was noted', () => {
  expect(readyMs('2026-01-01', 10 * day)).toBe(Date.parse('2026-01-12T00:00:00Z'));
  expect(readyMs(undefined, 10 * day)).toBeNaN();
});

test('a token that nobody uses is refused after a while and gone after as long again; one that a pod has stays', async () => {
  const cluster = await TestCluster.start();
  const type = 'kubernetes.io/service-account-token';
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  await cluster.create(serviceaccounts, {
    metadata: { name: 'robot' },
    secrets: [{ name: 'forgotten' }, { name: 'mounted' }],
  });
  for (const name of ['forgotten', 'mounted', 'wanted'])
    await cluster.create(secrets, { metadata: { name, annotations }, type });
  await cluster.create(pods, {
    metadata: { name: 'p' },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'web:1',
          env: [{ name: 'T', valueFrom: { secretKeyRef: { name: 'mounted', key: 'token' } } }],
        },
      ],
    },
  });
  const context = cluster.context('legacy-service-account-token-cleaner');
  await cluster.run(createLegacyTokenCleaner(context, { unusedMs: 2 * day }));
  const marks = async () => {
    const all = await Promise.all(
      ['forgotten', 'mounted', 'wanted'].map((name) => cluster.find(secrets, name)),
    );
    return all.map((secret) => secret && (secret.metadata.labels?.[invalid] ?? 'good'));
  };
  await cluster.pass(3 * day - 60_000);
  expect(await marks()).toEqual(['good', 'good', 'good']);
  await cluster.pass(day);
  expect(await marks()).toEqual(['2026-01-04', 'good', 'good']);
  await cluster.pass(4 * day);
  expect(await marks()).toEqual([undefined, 'good', 'good']);
  const ref = { namespace: 'kube-system', name: 'kube-apiserver-legacy-service-account-token-tracking' };
  expect((await cluster.get(configmaps, ref.name, ref.namespace)).data).toEqual({ since: '2026-01-01' });
  await cluster.stop();
});
