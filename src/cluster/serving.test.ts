import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { connect } from 'node:tls';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { configmaps, namespaces } from '../api/generated/resources.ts';
import { Client } from '../client/client.ts';
import { HttpTransport } from '../client/http-transport.ts';
import { systemClock, sleepOn, type Clock } from '../platform/clock.ts';
import { connectHttps } from '../platform/http-client.ts';
import { silentLog } from '../platform/log.ts';
import { systemPlatform } from '../platform/platform.ts';
import type { ApiServerSettings } from './api-server-settings.ts';
import { nodeClient } from './node-client.ts';
import { createAuthority, issue, type KeyPair, Pki } from './pki.ts';
import { ownCertificateName } from './server-certificates.ts';
import { readServing, type ServingSettings } from './serving.ts';
import { clientFromKubeconfig } from './status.ts';
import { up } from './up.ts';

/** The machine's clock, on which files are looked at much more often. */
const clock: Clock = {
  ...systemClock,
  sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  after: (delayMs, fn) => systemClock.after(delayMs === 10_000 ? 50 : delayMs, fn),
};
const platform = { ...systemPlatform(silentLog), clock };
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function newDir(): string {
  const dir = mkdtempSync(`${tmpdir()}/k8ts-serving-`);
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

const authorityOf = (name: string) => createAuthority(platform, name);
const serverPair = (authority: KeyPair, commonName: string, hosts: string[] = []) =>
  issue(authority, { commonName, hosts, usages: ['server'] }, platform);

/** Writes a pair, and gives the paths. */
function put(dir: string, name: string, { certificate, key }: KeyPair, behind = '') {
  const paths = { certFile: `${dir}/${name}.crt`, keyFile: `${dir}/${name}.key` };
  writeFileSync(paths.certFile, `${certificate}${behind}`);
  writeFileSync(paths.keyFile, key);
  return paths;
}

describe('a running cluster', () => {
  const start = async (dataDir: string, apiServer: ApiServerSettings) => {
    const cluster = await up({
      options: {
        ...{ nodes: 0, runtime: 'simulated', store: 'memory', uplink: 'none' },
        ...{ dataDir, port: 0, kubeconfig: undefined, apiServer },
      },
      platform,
      program: { command: '', script: '' },
      pid: process.pid,
      onStep: () => {},
    });
    onTestFinished(() => cluster.stop());
    return cluster;
  };

  /** Who shows itself to whoever asks for a name; to whoever asks for none, where none is given. */
  const shownAt = (url: string, servername?: string) =>
    new Promise<string>((resolve, reject) => {
      const port = Number(new URL(url).port);
      const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve([socket.getPeerCertificate().subject.CN].flat()[0] ?? '');
        socket.destroy();
      });
    });

  const clientOf = (url: string, tls: { ca: string; cert?: string; key?: string }, token?: string) => {
    const servers = [url];
    const options = { connect: connectHttps, servers, tls, userAgent: 'test', token: () => token };
    const transport = new HttpTransport(options);
    onTestFinished(() => transport.close());
    return new Client(transport);
  };

  test('shows the certificates it is given, follows their files, and is there for its own as before', async () => {
    const dir = newDir();
    const elsewhere = await authorityOf('elsewhere');
    const usual = await serverPair(elsewhere, 'usual', ['127.0.0.1']);
    const { certFile, keyFile } = put(dir, 'usual', usual, elsewhere.certificate);
    const named = put(dir, 'named', await serverPair(elsewhere, 'named', ['api.test']));
    const serving = {
      tlsCertFile: certFile,
      tlsPrivateKeyFile: keyFile,
      tlsSniCertKeys: [{ ...named, names: [] }],
    };
    const { controlPlane, kubeconfigPath } = await start(`${dir}/data`, { serving });
    const { url, admin } = controlPlane;
    const shown = () =>
      Promise.all([undefined, 'api.test', ownCertificateName].map((name) => shownAt(url, name)));
    expect(await shown()).toEqual(['usual', 'named', 'kube-apiserver']);
    expect(await clientOf(url, { ca: elsewhere.certificate }).of(namespaces).list().catch(String)).toMatch(
      'forbidden',
    );

    const { client, close } = await clientFromKubeconfig(platform, kubeconfigPath);
    onTestFinished(close);
    const rootOfPods = () =>
      client
        .of(configmaps)
        .get({ namespace: 'default', name: 'kube-root-ca.crt' })
        .then(
          ({ data }) => data?.['ca.crt'] ?? '',
          () => '',
        );
    await expect.poll(rootOfPods, { timeout: 10_000 }).not.toBe('');
    const trusted = await rootOfPods();
    const subjects = (trusted.match(pemBlock) ?? []).map((pem) => new X509Certificate(pem).subject);
    expect(subjects).toEqual(['CN=kubernetes', 'CN=elsewhere']);

    const pki = new Pki(`${dir}/data/pki`, platform);
    const node = await pki.pair('a-node', {
      commonName: 'system:node:n',
      organizations: ['system:nodes'],
      usages: ['client'],
    });
    const { certificate: authority } = await pki.authority();
    const agent = nodeClient({ servers: [url], authority }, node, 'test');
    onTestFinished(() => agent.close());
    expect((await agent.client.of(namespaces).list().catch(String)) as unknown).not.toContain('certificate');

    put(dir, 'usual', await serverPair(elsewhere, 'fresh', ['127.0.0.1']), elsewhere.certificate);
    put(dir, 'named', await serverPair(elsewhere, 'fresh-named', ['other.test']));
    await expect.poll(shown, { timeout: 10_000 }).toEqual(['fresh', 'fresh', 'kube-apiserver']);
    expect(await shownAt(url, 'other.test')).toBe('fresh-named');
    expect(await admin.of(namespaces).list()).toBeDefined();
  }, 60_000);

  test('believes the clients of authorities it is given, as long as these stand in their file', async () => {
    const dir = newDir();
    const [first, second] = await Promise.all(['first', 'second'].map(authorityOf));
    const clientCaFile = `${dir}/clients.crt`;
    writeFileSync(clientCaFile, first?.certificate ?? '');
    const { controlPlane } = await start(`${dir}/data`, { serving: { clientCaFile } });
    const { url, admin } = controlPlane;
    const { certificate: ca } = await new Pki(`${dir}/data/pki`, platform).authority();
    const askAs = async (authority: KeyPair | undefined) => {
      const request = { commonName: 'jane', organizations: ['system:masters'], usages: ['client'] } as const;
      const { certificate: cert, key } = await issue(authority as KeyPair, request, platform);
      return clientOf(url, { ca, cert, key })
        .of(namespaces)
        .list()
        .then(() => 'is believed')
        .catch((error: Error) => error.message);
    };
    const told = async () => {
      const { data } = await admin
        .of(configmaps)
        .get({ namespace: 'kube-system', name: 'extension-apiserver-authentication' });
      const bundle = data?.['client-ca-file'] ?? '';
      return (bundle.match(pemBlock) ?? []).map((pem) => new X509Certificate(pem).subject);
    };
    expect(await askAs(first)).toBe('is believed');
    expect(await askAs(second)).toBe('Unauthorized');
    expect(await told()).toEqual(['CN=kubernetes', 'CN=first']);

    writeFileSync(clientCaFile, second?.certificate ?? '');
    await expect.poll(told, { timeout: 10_000 }).toEqual(['CN=kubernetes', 'CN=second']);
    expect(await askAs(second)).toBe('is believed');
    expect(await askAs(first)).toBe('Unauthorized');
  }, 60_000);

  test('signs tokens with the key it is given, and believes those of others', async () => {
    const dir = newDir();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const [signingKeyFile, keyFile] = [`${dir}/sa.key`, `${dir}/sa.pub`];
    writeFileSync(signingKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }));
    writeFileSync(keyFile, publicKey.export({ type: 'spki', format: 'pem' }));
    const serviceAccounts = { signingKeyFile, keyFiles: [keyFile] };
    const { controlPlane } = await start(`${dir}/data`, { serviceAccounts });
    const { url, admin } = controlPlane;
    const account = '/api/v1/namespaces/kube-system/serviceaccounts';
    const cause = { reason: 'a test' };
    const post = (path: string, body: object) =>
      admin.transport.request({ method: 'POST', path, body, cause }) as Promise<{
        status: { token: string };
      }>;
    await post(account, { metadata: { name: 'robot' } });
    const { status } = await post(`${account}/robot/token`, {});
    const [head = ''] = status.token.split('.');
    expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toMatchObject({ alg: 'RS256' });
    const { certificate: ca } = await new Pki(`${dir}/data/pki`, platform).authority();
    const robot = clientOf(url, { ca }, status.token);
    expect(await robot.of(namespaces).list().catch(String)).toMatch(
      'system:serviceaccount:kube-system:robot" cannot list',
    );
  }, 60_000);
});

describe('what is of no use is refused:', () => {
  const dir = mkdtempSync(`${tmpdir()}/k8ts-serving-`);
  const cases: [what: string, settings: () => Promise<ServingSettings>, why: string][] = [
    [
      'a certificate without a key',
      async () => ({ tlsCertFile: `${dir}/a.crt` }),
      'missing filename for serving cert',
    ],
    [
      'a file that is not there',
      async () => ({ tlsCertFile: `${dir}/none`, tlsPrivateKeyFile: `${dir}/none` }),
      'none cannot be read',
    ],
    [
      'the key of another',
      async () => {
        const authority = await authorityOf('a');
        const { certFile } = put(dir, 'a', await serverPair(authority, 'a'));
        const { keyFile } = put(dir, 'b', await serverPair(authority, 'b'));
        return { tlsSniCertKeys: [{ certFile, keyFile, names: ['a'] }] };
      },
      'the key is not that of the certificate',
    ],
    [
      'an authority that is none',
      async () => {
        writeFileSync(`${dir}/ca`, 'words');
        return { clientCaFile: `${dir}/ca` };
      },
      `client-ca-bundle::${dir}/ca cannot be used`,
    ],
    [
      'an empty file',
      async () => {
        writeFileSync(`${dir}/empty`, '');
        return { clientCaFile: `${dir}/empty` };
      },
      `missing content for CA bundle "client-ca-bundle::${dir}/empty"`,
    ],
  ];

  test.each(cases)('%s', async (_, settings, why) => {
    await expect(readServing(await settings(), platform)).rejects.toThrow(why);
  });
  afterAll(() => rmSync(dir, { recursive: true }));
});
