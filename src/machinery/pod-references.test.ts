import { expect, test } from 'vitest';
import type { Pod, Volume } from '../api/core/v1.ts';
import { namesIn } from './pod-references.ts';

test('every place of a pod that names Secrets or ConfigMaps counts', () => {
  const plugins = ['cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos'];
  const volumes = [
    ...plugins.map((plugin) => ({ name: 'v', [plugin]: { secretRef: { name: `of-${plugin}` } } })),
    { name: 'v', azureFile: { secretName: 'of-azureFile', shareName: 's' } },
    { name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name: 'of-csi' } } },
    { name: 'v', secret: { secretName: 'mounted' } },
    { name: 'v', configMap: { name: 'mounted-map' } },
    {
      name: 'v',
      projected: { sources: [{ secret: { name: 'part' } }, { configMap: { name: 'part-map' } }] },
    },
  ] as unknown as Volume[];
  const env = [
    { name: 'a', valueFrom: { secretKeyRef: { name: 'value', key: 'k' } } },
    { name: 'b', valueFrom: { configMapKeyRef: { name: 'value-map', key: 'k' } } },
  ];
  const envFrom = [{ secretRef: { name: 'all' } }, { configMapRef: { name: 'all-map' } }];
  const pod: Pod = {
    metadata: { name: 'x' },
    spec: {
      volumes,
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [{ name: 'i', image: 'i', env }],
      containers: [{ name: 'c', image: 'i', envFrom }],
    },
  };
  const found = (kind: 'secret' | 'configMap') => namesIn(pod, kind).filter((name) => name !== undefined);
  const secrets = [...plugins, 'azureFile', 'csi'].map((plugin) => `of-${plugin}`);
  expect(found('secret').toSorted()).toEqual(
    ['all', 'mounted', 'part', 'pull', 'value', ...secrets].toSorted(),
  );
  expect(found('configMap').toSorted()).toEqual(['all-map', 'mounted-map', 'part-map', 'value-map']);
});
