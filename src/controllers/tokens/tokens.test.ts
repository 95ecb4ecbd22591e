import { expect, test, vi } from 'vitest';
import { secrets, serviceaccounts } from '../../api/generated/resources.ts';
import { TestCluster } from '../testing.ts';
import { createTokensController } from './tokens.ts';

test('a token Secret is filled, and goes with its account', async () => {
  const cluster = await TestCluster.start();
  await cluster.run(createTokensController(cluster.context('tokens-controller'), { authority: 'PEM' }));
  await cluster.create(serviceaccounts, { metadata: { name: 'robot' } });
  const annotations = { 'kubernetes.io/service-account.name': 'robot' };
  const type = 'kubernetes.io/service-account-token';
  await cluster.create(secrets, { metadata: { name: 't', annotations }, type });
  // Signing takes real time, whatever the clock of the cluster says.
  const { data, metadata } = await vi.waitFor(async () => {
    await cluster.settle();
    const secret = await cluster.get(secrets, 't');
    expect(secret.data?.token).toBeDefined();
    return secret;
  });
  expect(Buffer.from(data?.['ca.crt'] ?? '', 'base64').toString()).toBe('PEM');
  expect(Buffer.from(data?.namespace ?? '', 'base64').toString()).toBe('default');
  const [, claims = ''] = Buffer.from(data?.token ?? '', 'base64')
    .toString()
    .split('.');
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    sub: 'system:serviceaccount:default:robot',
    'kubernetes.io': { secret: { name: 't', uid: metadata.uid } },
  });
  expect(metadata.annotations?.['kubernetes.io/service-account.uid']).toBeDefined();
  await cluster.delete(serviceaccounts, 'robot');
  expect(await cluster.find(secrets, 't')).toBeUndefined();
  await cluster.stop();
});
