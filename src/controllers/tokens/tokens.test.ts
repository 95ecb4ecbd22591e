import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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

describe('a token Secret', () => {
  const account = 'kubernetes.io/service-account.name';
  const type = 'kubernetes.io/service-account-token';
  let cluster: TestCluster;
  beforeEach(async () => {
    cluster = await TestCluster.start();
    await cluster.run(createTokensController(cluster.context('tokens-controller'), { authority: 'PEM' }));
    await cluster.create(serviceaccounts, { metadata: { name: 'robot' } });
  });
  afterEach(() => cluster.stop());
  const filled = (name: string) =>
    vi.waitFor(async () => {
      await cluster.settle();
      const secret = await cluster.get(secrets, name);
      expect(secret.metadata.annotations?.['kubernetes.io/service-account.uid']).toBeDefined();
      return secret;
    });
  const make = (name: string, data: object = {}, annotations: object = {}) =>
    cluster.create(secrets, {
      metadata: { name, annotations: { [account]: 'robot', ...annotations } },
      type,
      data,
    });

  test('keeps the namespace that stands there, and has the authority put right', async () => {
    await make('t', { token: 'dG9rZW4=', namespace: 'b3RoZXI=', 'ca.crt': 'b2xk' });
    const { data } = await filled('t');
    expect(data).toEqual({ token: 'dG9rZW4=', namespace: 'b3RoZXI=', 'ca.crt': 'UEVN' });
  });

  test('that is for another account of the name goes', async () => {
    await make('t', {}, { 'kubernetes.io/service-account.uid': 'of-another' });
    await cluster.settle();
    expect(await cluster.find(secrets, 't')).toBeUndefined();
  });

  test('that goes is no longer referred to by its account', async () => {
    await make('t');
    await filled('t');
    await cluster.patch(serviceaccounts, 'robot', { secrets: [{ name: 'other' }, { name: 't' }] });
    await cluster.delete(secrets, 't');
    expect((await cluster.get(serviceaccounts, 'robot')).secrets).toEqual([{ name: 'other' }]);
  });
});
