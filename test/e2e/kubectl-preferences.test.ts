import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import type { CommandClient } from './support/kubectl.ts';
import { deployment, pod } from './support/manifests.ts';

/*
 * What users set up for their kubectl: aliases and defaults (kuberc), plugins, programs that know who asks, and templates of what is printed.
 */

let cluster: E2eCluster;
let kubectl: CommandClient;

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'));
  const tokenFile = join(dataDir, 'tokens.csv');
  writeFileSync(tokenFile, 'admin-token,admin,admin,system:masters\n');
  cluster = await startE2eCluster({ nodes: 1, dataDir, args: ['--token-auth-file', tokenFile] });
});
afterAll(() => cluster?.stop());

const put = (name: string, text: string, mode = 0o600) => {
  const path = join(cluster.home, name);
  writeFileSync(path, text, { mode });
  return path;
};

describe('preferences', () => {
  const ns = 'preferred';
  let kuberc: string;

  beforeAll(() => {
    kubectl = cluster.kubectl;
    kuberc = put(
      'kuberc',
      JSON.stringify({
        apiVersion: 'kubectl.config.k8s.io/v1beta1',
        kind: 'Preference',
        aliases: [
          { name: 'crns', command: 'create namespace', appendArgs: [ns] },
          {
            name: 'runx',
            command: 'run',
            options: [
              { name: 'image', default: 'registry.test/main:1' },
              { name: 'labels', default: 'app=a,env=b' },
              { name: 'namespace', default: ns },
            ],
            appendArgs: ['one', '--', 'first', 'second'],
          },
          { name: 'setx', command: 'set image', appendArgs: ['pod/one', 'one=registry.test/main:2'] },
        ],
        defaults: [
          { command: 'apply', options: ['server-side=true', 'dry-run=server'].map(option) },
          { command: 'delete', options: ['interactive=true'].map(option) },
          { command: 'get', options: [`namespace=${ns}`, 'output=json'].map(option) },
        ],
      }),
    );
  });
  const option = (text: string) => ({ name: text.split('=')[0], default: text.split('=')[1] });
  const preferring = (...words: string[]) => [...words, `--kuberc=${kuberc}`];

  test('make commands of one’s own', async () => {
    expect(await kubectl.ok(preferring('crns'))).toBe(`namespace/${ns} created`);
    expect(await kubectl.ok(preferring('runx'))).toBe('pod/one created');
    expect(await kubectl.ok(preferring('setx', '-n', ns))).toBe('pod/one image updated');
    const one = JSON.parse(await kubectl.ok(preferring('get', 'pod/one')));
    expect(one.metadata.labels).toEqual({ app: 'a', env: 'b' });
    expect(one.spec.containers[0]).toMatchObject({
      args: ['first', 'second'],
      image: 'registry.test/main:2',
    });
  });

  test('are what flags are that nobody gives', async () => {
    expect(await kubectl.fails(preferring('get', 'pod/one', '-n', 'kube-system'))).toBe(
      'Error from server (NotFound): pods "one" not found',
    );
    const manifest = put('two.json', JSON.stringify(pod('two')));
    expect(await kubectl.ok(preferring('apply', '-n', ns, '-f', manifest))).toBe(
      'pod/two serverside-applied (server dry run)',
    );
    const deleting = await kubectl.run(preferring('delete', 'pod/one', '-n', ns), { input: 'n\n' });
    expect(deleting.stdout).toContain('Do you want to continue? (y/N): deletion is cancelled');
    expect(await kubectl.ok(`get pods -n ${ns} -o name`)).toBe('pod/one');
  });
});

test('a program in the path is a command', async () => {
  const bin = join(cluster.home, 'bin');
  mkdirSync(bin, { recursive: true });
  put('bin/kubectl-count_them', '#!/bin/sh\nexec echo "counted with $KUBECONFIG and $*"\n', 0o755);
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
  expect(await kubectl.ok('plugin list --name-only', { env })).toContain('kubectl-count_them');
  expect(await kubectl.ok('count-them all', { env })).toBe(`counted with ${cluster.kubeconfig} and all`);
});

describe('programs that know who asks', () => {
  const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
  const who = 'auth whoami -o jsonpath={.status.userInfo.username}';

  /** A kubeconfig whose user is known by a program. */
  const asking = async (apiVersion: string, program: { command: string; args?: string[] }) => {
    const { clusters } = await cluster.kubectl.json('config view --raw --minify');
    const exec = { apiVersion, ...program, interactiveMode: 'IfAvailable' };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters,
      contexts: [{ name: 'c', context: { cluster: clusters[0].name, user: 'u' } }],
      'current-context': 'c',
      users: [{ name: 'u', user: { exec } }],
    };
    return cluster.kubectl.with({ kubeconfig: put('exec.json', JSON.stringify(config)) });
  };
  const answering = (apiVersion: string) => {
    const credential = { apiVersion, kind: 'ExecCredential', status: { token: 'admin-token' } };
    return asking(apiVersion, { command: 'echo', args: [JSON.stringify(credential)] });
  };

  test.each(versions)('in %s are asked, and only where nobody says', async (apiVersion) => {
    expect(await (await answering(apiVersion)).ok(who)).toBe('admin');
    const broken = await asking(apiVersion, { command: 'echo', args: ['nonsense'] });
    expect(await broken.fails(who)).toContain('getting credentials: decoding stdout');
    expect(await broken.ok(`${who} --token=admin-token`)).toBe('admin');
  });

  test('are not asked for a user with a password, whom nobody knows here', async () => {
    const other = '--username=bad --password=wrong';
    const answered = await answering('client.authentication.k8s.io/v1');
    expect(await answered.fails(`get namespaces ${other}`)).toContain(
      'User "system:anonymous" cannot list resource "namespaces"',
    );
  });
});

describe('templates', () => {
  beforeAll(async () => {
    ({ kubectl } = await cluster.namespace());
    await kubectl.apply(
      [pod('one'), deployment('web', { replicas: 0 })].map((o) => JSON.stringify(o)).join('\n---\n'),
    );
    await kubectl.ok('set image deployment/web web=registry.test/web:2');
  });

  test.each([
    ['patch pod/one --type=merge -p {"metadata":{"labels":{"a":"b"}}}', 'one'],
    ['label pod/one x=y', 'one'],
    ['annotate pod/one x=y', 'one'],
    ['autoscale deployment/web --max=2', 'web'],
    ['expose deployment/web --port=80', 'web'],
    ['taint node node-1 dedicated=foo:PreferNoSchedule', 'node-1'],
    ['create job now --image=registry.test/main:1', 'now'],
    ['create clusterrole reader --verb=get --resource=pods --dry-run=server', 'reader'],
    ['set env pod/one A=B --dry-run=client', 'one'],
    ['set resources deployment/web --limits=memory=256Mi', 'web'],
    ['set serviceaccount deployment/web other', 'web'],
    ['rollout pause deployment/web', 'web'],
    ['rollout history deployment/web', 'web'],
    ['rollout resume deployment/web', 'web'],
    ['rollout undo deployment/web --to-revision=1', 'web'],
  ])('print what comes of `%s`', async (command, name) => {
    const args = [...command.split(' '), '--template={{ .metadata.name }}:'];
    expect(await kubectl.ok(args)).toBe(`${name}:`);
  });

  test('fail for what is not there where they are told to', async () => {
    const strict = ['get', 'pod', 'one', '--allow-missing-template-keys=false'];
    expect(await kubectl.fails([...strict, '-o', 'jsonpath={.missing}'])).toContain('missing is not found');
    expect(await kubectl.ok('get pod one -o jsonpath={.missing}')).toBe('');
  });

  test('give way to another output', async () => {
    const both = ['create', 'configmap', 'cm', '--dry-run=client', '--template={{ .kind }}', '-o', 'yaml'];
    expect(await kubectl.ok(both)).toContain('kind: ConfigMap');
  });
});
