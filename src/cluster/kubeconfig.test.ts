import { expect, test } from 'vitest';
import { MemoryFiles } from '../platform/memory-files.ts';
import { kubeconfig, refuseOtherKubeconfig, writeKubeconfig } from './kubeconfig.ts';

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

const renewed = own.replaceAll('6443', '7443');

async function written(kept: object | undefined): Promise<unknown> {
  const files = new MemoryFiles();
  if (kept) await files.write('/config', JSON.stringify(kept));
  await writeKubeconfig('/config', renewed, files);
  return JSON.parse(await files.readText('/config'));
}

test('what kubectl has made of the contexts outlives the next start, the server and the certificate do not', async () => {
  const context = { cluster: 'k8ts', user: 'k8ts-admin' };
  const mine = {
    contexts: [
      { name: 'k8ts', context: { ...context, namespace: 'mine' } },
      { name: 'second', context },
    ],
    'current-context': 'second',
  };
  const fresh = JSON.parse(renewed);
  expect(await written({ ...config, ...mine })).toEqual({ ...fresh, ...mine });
  const lost = { ...config, ...mine, 'current-context': 'third' };
  expect(await written(lost)).toEqual({ ...fresh, ...mine, 'current-context': 'k8ts' });
});

test.each<[what: string, kept: object | undefined]>([
  ['nothing', undefined],
  ['one without contexts', { ...config, contexts: [], 'current-context': '' }],
  ['one whose contexts are none', { ...config, contexts: 'mine' }],
  ['one of another name', { ...config, clusters: [{ name: 'b' }], users: [{ name: 'b-admin' }] }],
])('a kubeconfig is written as it is in the place of %s', async (_what, kept) => {
  expect(await written(kept)).toEqual(JSON.parse(renewed));
});
