import { expect, test, vi } from 'vitest';
import { namespaces } from '../../api/generated/resources.ts';
import { allKinds } from '../kinds/kinds.ts';
import { createTestApi } from '../registry/testing.ts';
import { SystemNamespaces } from './system-namespaces.ts';
import { ownMeans } from './testing.ts';

test('the namespaces that every cluster has are there, and come back when one of them is deleted', async () => {
  const api = await createTestApi(allKinds);
  const kept = new SystemNamespaces(ownMeans(api));
  await kept.start();
  const uidOf = (name: string) => api.dispatcher.reader.get(namespaces, { name })?.metadata.uid;
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    expect(uidOf(name), name).toBeDefined();
  const first = uidOf('kube-node-lease');
  await api.send('delete', namespaces, { name: 'kube-node-lease' });
  const body = {
    ...api.dispatcher.reader.get(namespaces, { name: 'kube-node-lease' }),
    spec: { finalizers: [] },
  };
  await api.send('update', namespaces, { name: 'kube-node-lease', subresource: 'finalize', body });
  await vi.waitFor(() => expect(uidOf('kube-node-lease')).not.toBe(first));
  await vi.waitFor(() => expect(uidOf('kube-node-lease')).toBeDefined());
  kept.stop();
});
