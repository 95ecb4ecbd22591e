import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { configmaps } from '../api/generated/resources.ts';
import { systemClock } from '../platform/clock.ts';
import { createLog, silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import { type FrontProxySettings, readFrontProxy } from './front-proxy.ts';
import { createAuthority, issue, type KeyPair, Pki } from './pki.ts';
import { up } from './up.ts';

const platform = systemPlatform(silentLog);

function newDir(): string {
  const dir = mkdtempSync(`${tmpdir()}/k8ts-front-proxy-`);
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

/** A cluster with these settings, and what somebody is told of itself there who shows a certificate and says headers. */
async function start(dataDir: string, frontProxy: FrontProxySettings) {
  const { controlPlane, stop } = await up({
    options: {
      ...{ nodes: 0, runtime: 'simulated', store: 'memory', uplink: 'none' },
      ...{ dataDir, port: 0, kubeconfig: undefined, apiServer: { frontProxy } },
    },
    platform,
    program: { command: '', script: '' },
    pid: process.pid,
    onStep: () => {},
  });
  onTestFinished(stop);
  const { certificate: ca } = await new Pki(`${dataDir}/pki`, platform).authority();
  const whoIs = async ({ certificate: cert, key }: KeyPair, headers: Record<string, string | string[]>) => {
    const session = connect(controlPlane.url, { ca, cert, key });
    onTestFinished(() => session.destroy());
    const stream = session.request({
      ':method': 'POST',
      ':path': '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      'content-type': 'application/json',
      ...headers,
    });
    stream.end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
    let text = '';
    for await (const chunk of stream) text += chunk;
    return JSON.parse(text) as { code?: number; status?: { userInfo?: object } };
  };
  return { admin: controlPlane.admin, whoIs };
}

const proxy = (authority: KeyPair, commonName: string) =>
  issue(authority, { commonName, usages: ['client'] }, platform);

test('who stands on the authority of proxies and has one of their names says for whom it asks', async () => {
  const dir = newDir();
  const authority = await createAuthority(platform, 'proxies');
  writeFileSync(`${dir}/proxies.crt`, authority.certificate);
  const { admin, whoIs } = await start(`${dir}/data`, {
    requestheaderClientCaFile: `${dir}/proxies.crt`,
    requestheaderAllowedNames: ['gate'],
    requestheaderUsernameHeaders: ['X-User', 'X-Remote-User'],
    requestheaderGroupHeaders: ['X-Remote-Group', 'X-Group'],
    requestheaderExtraHeadersPrefix: ['X-Remote-Extra-', 'X-More-'],
  });
  const jane = {
    'x-remote-user': 'john',
    'x-user': 'jane',
    'x-group': 'b',
    'x-remote-group': 'a',
    'x-more-seat': '1',
  };
  expect(await whoIs(await proxy(authority, 'gate'), jane)).toMatchObject({
    status: {
      userInfo: { username: 'jane', groups: ['a', 'b', 'system:authenticated'], extra: { seat: ['1'] } },
    },
  });
  expect(await whoIs(await proxy(authority, 'other'), jane)).toMatchObject({ code: 401 });
  const own = await new Pki(`${dir}/data/pki`, platform).authority('front-proxy-ca');
  expect(await whoIs(await proxy(own, 'front-proxy-client'), jane)).toMatchObject({
    status: { userInfo: { username: 'jane' } },
  });
  const { data } = await admin
    .of(configmaps)
    .get({ namespace: 'kube-system', name: 'extension-apiserver-authentication' });
  expect(data).toMatchObject({
    'requestheader-allowed-names': '["gate","front-proxy-client"]',
    'requestheader-client-ca-file': `${own.certificate}${authority.certificate}`,
    'requestheader-username-headers': '["X-User","X-Remote-User"]',
    'requestheader-uid-headers': '["X-Remote-Uid"]',
    'requestheader-group-headers': '["X-Remote-Group","X-Group"]',
    'requestheader-extra-headers-prefix': '["X-Remote-Extra-","X-More-"]',
  });
}, 60_000);

test('the certificate that is given is shown to servers of extensions', async () => {
  const dir = newDir();
  const given = await proxy(await createAuthority(platform, 'proxies'), 'gate');
  writeFileSync(`${dir}/c`, given.certificate);
  writeFileSync(`${dir}/k`, given.key);
  const own = { certificate: 'own', key: 'own' };
  const settings = { proxyClientCertFile: `${dir}/c`, proxyClientKeyFile: `${dir}/k` };
  const { identity } = (await readFrontProxy(settings, platform)).options(() => own, 'authority');
  expect(identity()).toEqual({ cert: given.certificate, key: given.key });
  const usual = (await readFrontProxy({}, platform)).options(() => own, 'authority');
  expect(usual).toMatchObject({ ca: 'authority\n', names: ['front-proxy-client'] });
  expect(usual.identity()).toEqual({ cert: 'own', key: 'own' });
});

test('without names, everybody on the authority is believed', async () => {
  const dir = newDir();
  writeFileSync(`${dir}/ca`, (await createAuthority(platform)).certificate);
  const proxies = await readFrontProxy({ requestheaderClientCaFile: `${dir}/ca` }, platform);
  expect(proxies.options(() => ({ certificate: '', key: '' }), '').names).toEqual([]);
});

test.each<[FrontProxySettings, string]>([
  [{ requestheaderAllowedNames: ['a', ' '] }, 'empty value in "requestheader-allowed-names"'],
  [{ requestheaderUsernameHeaders: [''] }, 'empty value in "requestheader-username-headers"'],
  [
    { requestheaderUidHeaders: ['X-Uid'] },
    '--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work',
  ],
  [{ proxyClientCertFile: '/c' }, 'missing filename for serving cert'],
  [{ requestheaderClientCaFile: '/none' }, '/none cannot be read'],
])('%j is refused', async (settings, why) => {
  await expect(readFrontProxy(settings, platform)).rejects.toThrow(why);
});

test('headers without the usual ones among them are warned about', async () => {
  const said: string[] = [];
  const log = createLog({
    clock: systemClock,
    level: 'warn',
    write: ({ message }) => void said.push(message),
  });
  await readFrontProxy(
    { requestheaderGroupHeaders: ['X-Group'], requestheaderExtraHeadersPrefix: ['X-'] },
    { ...platform, log },
  );
  expect(said).toEqual([
    '--requestheader-group-headers is set without specifying the standard X-Remote-Group header - API aggregation will not work',
    '--requestheader-extra-headers-prefix is set without specifying the standard X-Remote-Extra- header prefix - API aggregation will not work',
  ]);
});
