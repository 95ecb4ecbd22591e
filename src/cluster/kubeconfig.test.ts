import { expect, test } from 'vitest';
import { MemoryFiles } from '../platform/memory-files.ts';
import { kubeconfig, refuseOtherKubeconfig } from './kubeconfig.ts';

const own = kubeconfig({
  ...{ name: 'k8ts', server: 'https://127.0.0.1:6443', authority: 'a' },
  client: { certificate: 'c', key: 'k' },
});
const config = JSON.parse(own) as { clusters: object[]; users: object[] };
const more = { ...config, clusters: [...config.clusters, { name: 'production', cluster: {} }] };
const other = {
  ...config,
  clusters: [{ name: 'production', cluster: {} }],
  users: [{ name: 'me', user: { token: 't' } }],
};

async function taken(text: string | undefined): Promise<void> {
  const files = new MemoryFiles();
  if (text !== undefined) await files.write('/config', text);
  await refuseOtherKubeconfig('/config', files);
}

test.each<[what: string, text: string | undefined]>([
  ['nothing', undefined],
  ['an empty file', '\n'],
  ['what was written before', own],
  [
    'what kubectl has made of that',
    [
      'apiVersion: v1\nclusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: k8ts\ncontexts:',
      '- context:\n    cluster: k8ts\n    namespace: mine\n    user: k8ts-admin\n  name: k8ts',
      'current-context: k8ts\nkind: Config\nusers:\n- name: k8ts-admin\n  user: {}\n',
    ].join('\n'),
  ],
])('a kubeconfig takes the place of %s', async (_what, text) => {
  await taken(text);
});

test.each([
  ['of another cluster', JSON.stringify(other)],
  ['to which another cluster was added', JSON.stringify(more)],
  ['that is something else', 'the thesis'],
  ['that cannot be read', '{"a": '],
])('a file is not overwritten %s', async (_what, text) => {
  await expect(taken(text)).rejects.toMatchObject({
    name: 'UserError',
    message: '/config holds something else, which would be lost',
  });
});
