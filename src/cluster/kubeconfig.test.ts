import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemFiles } from '../platform/files.ts';
import { silentLog } from '../platform/log.ts';
import { MemoryFiles } from '../platform/memory-files.ts';
import { keepKubeconfig, kubeconfig, refuseOtherKubeconfig, writeKubeconfig } from './kubeconfig.ts';

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

test('what a person has added to a kubeconfig outlives the next start: clusters, users, and what stands in the entries', async () => {
  const fresh = JSON.parse(renewed);
  const told = { 'proxy-url': 'http://proxy', server: 'https://127.0.0.1:6443' };
  const kept = {
    ...more,
    preferences: { colors: true },
    clusters: [
      { name: 'production', cluster: {} },
      { name: 'k8ts', cluster: told },
    ],
    users: [
      { name: 'k8ts-admin', user: { as: 'me', 'client-key-data': 'old' } },
      { name: 'me', user: {} },
    ],
  };
  expect(await written(kept)).toEqual({
    ...kept,
    clusters: [
      { name: 'production', cluster: {} },
      { name: 'k8ts', cluster: { ...told, ...fresh.clusters[0].cluster } },
    ],
    users: [
      { name: 'k8ts-admin', user: { as: 'me', ...fresh.users[0].user } },
      { name: 'me', user: {} },
    ],
  });
});

test.each<[what: string, kept: object | undefined]>([
  ['nothing', undefined],
  ['one without contexts', { ...config, contexts: [], 'current-context': '' }],
  ['one whose contexts are none', { ...config, contexts: 'mine' }],
  ['one of another name', { ...config, clusters: [{ name: 'b' }], users: [{ name: 'b-admin' }] }],
])('a kubeconfig is written as it is in the place of %s', async (_what, kept) => {
  expect(await written(kept)).toEqual(JSON.parse(renewed));
});

/** A kubeconfig that is kept while its certificate is renewed to `key`. */
async function kept() {
  const dir = mkdtempSync(join(tmpdir(), 'k8ts-kubeconfig-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'kubeconfig');
  let listener = async () => {};
  const source = { kubeconfig: own, onRenewed: (told: () => Promise<void>) => void (listener = told) };
  await keepKubeconfig(path, source, { files: systemFiles, log: silentLog });
  const withKey = (key: string) =>
    kubeconfig({
      name: 'k8ts',
      server: 'https://127.0.0.1:6443',
      authority: 'a',
      client: { certificate: key, key },
    });
  const renew = (key: string) => {
    source.kubeconfig = withKey(key);
    return listener();
  };
  return { dir, path, renew, withKey, read: () => JSON.parse(readFileSync(path, 'utf8')) };
}

test('a renewed certificate takes the place of the old one in the kubeconfig, and nothing else changes, nor who may read it', async () => {
  const { path, renew, withKey, read } = await kept();
  const mine = { ...read(), extra: 1, 'current-context': 'other' };
  mine.clusters[0].cluster.server = 'https://tunnel:1';
  mine.users[0].user.as = 'me';
  writeFileSync(path, JSON.stringify(mine));
  chmodSync(path, 0o640);
  await renew('second');
  const { user } = JSON.parse(withKey('second')).users[0];
  expect(read()).toEqual({ ...mine, users: [{ name: 'k8ts-admin', user: { as: 'me', ...user } }] });
  expect(statSync(path).mode & 0o777).toBe(0o640);
  await renew('third');
  expect(read().users[0].user['client-key-data']).toBe(Buffer.from('third').toString('base64'));
});

test('a kubeconfig that somebody has given another certificate, or taken away, is left as it is', async () => {
  const { path, renew, withKey, read } = await kept();
  const own = JSON.parse(withKey('own'));
  writeFileSync(path, JSON.stringify(own));
  await renew('second');
  expect(read()).toEqual(own);
  rmSync(path);
  await renew('third');
  expect(() => read()).toThrow('ENOENT');
});
