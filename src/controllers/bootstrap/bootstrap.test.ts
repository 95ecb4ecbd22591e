import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { configmaps, secrets } from '../../api/generated/resources.ts';
import { formatTime } from '../../platform/clock.ts';
import { TestCluster } from '../testing.ts';
import { createBootstrapSigner, createTokenCleaner } from './bootstrap.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('cluster-info is signed by each token until the token ends', async () => {
  const cluster = await TestCluster.start();
  await cluster.run(
    createBootstrapSigner(cluster.context('bootstrap-signer')),
    createTokenCleaner(cluster.context('token-cleaner')),
  );
  const kubeconfig = 'apiVersion: v1';
  await cluster.create(configmaps, {
    metadata: { name: 'cluster-info', namespace: 'kube-public' },
    data: { kubeconfig },
  });
  const expiration = formatTime(cluster.clock.now() + 60_000);
  await cluster.create(secrets, {
    metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: {
      'token-id': base64('abcdef'),
      'token-secret': base64('0123456789abcdef'),
      'usage-bootstrap-signing': base64('true'),
      expiration: base64(expiration),
    },
  });
  await cluster.settle();
  const { data } = await cluster.get(configmaps, 'cluster-info', 'kube-public');
  const [header = '', content, signature] = (data?.['jws-kubeconfig-abcdef'] ?? '').split('.');
  expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', kid: 'abcdef' });
  expect(content).toBe('');
  const signed = `${header}.${Buffer.from(kubeconfig).toString('base64url')}`;
  expect(signature).toBe(createHmac('sha256', '0123456789abcdef').update(signed).digest('base64url'));

  await cluster.pass(61_000);
  expect(await cluster.find(secrets, 'bootstrap-token-abcdef', 'kube-system')).toBeUndefined();
  expect((await cluster.get(configmaps, 'cluster-info', 'kube-public')).data).toEqual({ kubeconfig });
  await cluster.stop();
});
