import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap, deployment, list, pod } from './support/manifests.ts';

/*
 * What upstream's own scripts for kubectl (`test/cmd/*.sh`) try, as far as other tests here do not.
 */

let cluster: E2eCluster;
let kubectl: CommandClient;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());

const node = 'node-1';
const inNewNamespace = async () => ({ kubectl } = await cluster.namespace());

describe('wait', () => {
  beforeAll(inNewNamespace);

  test('for a field that is not there ends in time, for one that is, at once', async () => {
    await kubectl.apply(deployment('never', { replicas: 0 }));
    expect(await kubectl.fails('wait --for=jsonpath=.status.readyReplicas=1 deploy/never --timeout=1s')).toBe(
      'error: timed out waiting for the condition on deployments/never',
    );
    await kubectl.apply(deployment('web', { replicas: 3 }));
    expect(await kubectl.ok("wait --for=jsonpath='{.status.replicas}' deploy/web")).toBe(
      'deployment.apps/web condition met',
    );
    const began = performance.now();
    const said = await kubectl.fails('wait pod --selector=app=web --for=condition=Invalid --timeout=1s');
    expect(said.match(/timed out waiting for the condition on pods\/web-/g)).toHaveLength(3);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1000);
  });

  test('for all to be deleted', async () => {
    // They stay until it is seen that they are waited for.
    const held = (finalizers: string[]) =>
      Promise.all(
        ['never', 'web'].map((name) =>
          kubectl.ok([
            ...['patch', 'deployment', name, '--type=merge'],
            ...['-p', JSON.stringify({ metadata: { finalizers } })],
          ]),
        ),
      );
    await held(['test.example/held']);
    await kubectl.ok('delete deployment --all --wait=false');
    const waiting = kubectl.start('wait deployment --for=delete --all --timeout=60s --v=6');
    await waiting.shows(/watch=true/);
    await held([]);
    const { code, stdout } = await waiting.ended;
    expect(code).toBe(0);
    expect(stdout.trim().split('\n').sort()).toEqual([
      'deployment.apps/never condition met',
      'deployment.apps/web condition met',
    ]);
  });

  test('for one that is created while it waits', async () => {
    const waiting = kubectl.run('wait configmap/late --for=create --timeout=60s');
    await kubectl.ok('create configmap late');
    expect((await waiting).stdout.trim()).toBe('configmap/late condition met');
  });
});

describe('events', () => {
  beforeAll(async () => {
    await inNewNamespace();
    await kubectl.ok([
      ...['create', 'cronjob', 'pi', '--schedule=59 23 31 2 *', '--image=registry.test/pi:1'],
    ]);
    await eventually(async () =>
      (await kubectl.ok('events --for=Cronjob/pi')).includes('InvalidSchedule') ? true : undefined,
    );
  });

  const isThere = /Warning +(InvalidSchedule|UnparseableSchedule).*Cronjob\/pi/i;

  test.each(['events', 'events -A', 'events --for=Cronjob/pi', 'events --for=Cronjob/pi --types=Warning'])(
    '%s tells of it',
    async (command) => expect(await kubectl.ok(command)).toMatch(isThere),
  );

  test('of another type there are none', async () => {
    const { code, stdout, stderr } = await kubectl.run('events --for=Cronjob/pi --types=Normal');
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/No events found in .* namespace/);
  });

  test('a watch tells what is there, and goes on until its time is up', async () => {
    const { stdout } = await kubectl.run('events --for=Cronjob/pi --watch --request-timeout=1');
    expect(stdout).toMatch(isThere);
  });

  test('without a head, and in full', async () => {
    expect(await kubectl.ok('events --for=Cronjob/pi --no-headers')).not.toContain('LAST SEEN');
    const { kind, items } = await kubectl.json('events --for=Cronjob/pi');
    expect(kind).toBe('EventList');
    expect(items[0]).toMatchObject({ type: 'Warning', involvedObject: { kind: 'CronJob', name: 'pi' } });
    expect(await kubectl.ok('events --for=Cronjob/pi -o yaml')).toContain('name: pi');
  });
});

describe('nodes', () => {
  const field = (path: string) => kubectl.ok(['get', 'node', node, '-o', `jsonpath=${path}`]);
  const taint = () => field('{range .spec.taints[?(@.key=="dedicated")]}{.key}={.value}:{.effect}{end}');

  beforeAll(async () => {
    await inNewNamespace();
    const spec = { nodeName: node };
    await kubectl.apply(
      list(
        pod('one', { labels: { e: 'f', type: 'drained' }, spec }),
        pod('two', { labels: { c: 'd', type: 'drained' }, spec }),
      ),
    );
    await kubectl.ok('wait pod --all --for=condition=Ready --timeout=60s');
    await kubectl.ok(`label node ${node} test=label`);
  });
  afterAll(() => kubectl.ok(`uncordon ${node}`));

  test('get taints with and without a value, and lose them; dry runs change nothing', async () => {
    for (const dryRun of ['client', 'server'])
      await kubectl.ok(`taint node ${node} --dry-run=${dryRun} dedicated=foo:PreferNoSchedule`);
    expect(await taint()).toBe('');
    await kubectl.ok(`taint node ${node} dedicated=foo:PreferNoSchedule`);
    expect(await taint()).toBe('dedicated=foo:PreferNoSchedule');
    await kubectl.ok(`taint node ${node} dedicated-`);
    await kubectl.ok(`taint node ${node} dedicated:PreferNoSchedule`);
    expect(await taint()).toBe('dedicated=:PreferNoSchedule');
    const managers = await kubectl.ok([
      ...[
        'get',
        'node',
        node,
        '--show-managed-fields',
        '-o',
        'jsonpath={.metadata.managedFields[*].manager}',
      ],
    ]);
    expect(managers.split(' ')).toContain('kubectl-taint');
    for (const dryRun of ['client', 'server'])
      await kubectl.ok(`taint node ${node} --dry-run=${dryRun} dedicated-`);
    expect(await taint()).toBe('dedicated=:PreferNoSchedule');
    await kubectl.ok(`taint node ${node} dedicated-`);
    expect(await taint()).toBe('');
  });

  test('are cordoned and drained in dry runs, which change nothing', async () => {
    for (const dryRun of ['client', 'server']) {
      const mode = `--dry-run=${dryRun}`;
      expect(await kubectl.ok(`cordon ${node} ${mode}`)).toContain(`node/${node} cordoned`);
      const drained = await kubectl.ok(`drain ${node} ${mode} --force --pod-selector 'e in (f)'`);
      expect(drained).toMatch(/evicting pod test-\d+\/one/);
      expect(await kubectl.ok(`uncordon ${node} ${mode}`)).toContain('already uncordoned');
    }
    expect(await field('{.spec.unschedulable}')).toBe('');
    expect(await kubectl.ok('get pods -o name')).toBe('pod/one\npod/two');
  });

  test('are drained page by page', async () => {
    const { stdout, stderr, code } = await kubectl.run(
      '--v=6 drain --force --pod-selector type=drained --selector test=label --chunk-size=1 --dry-run=client',
    );
    expect(code).toBe(0);
    expect(stderr).toContain('/api/v1/nodes?labelSelector=test%3Dlabel&limit=1"');
    const query = `fieldSelector=spec.nodeName%3D${node}&labelSelector=type%3Ddrained&limit=1"`;
    expect(stderr).toContain(`/api/v1/pods?${query}`);
    expect(stderr).toMatch(new RegExp(`/api/v1/pods\\?continue=[^&]+&${query}`));
    for (const name of ['one', 'two']) expect(stdout).toMatch(new RegExp(`evicting pod test-\\d+/${name}`));
  });

  test('of one selector are drained of pods of another', async () => {
    const said = await kubectl.ok(`drain ${node} --force --pod-selector 'e in (f)' --timeout=60s`);
    expect(said).toMatch(/evicting pod test-\d+\/one/);
    expect(await kubectl.ok('get pods -o name')).toBe('pod/two');
    await kubectl.ok(`uncordon ${node}`);
    expect(await kubectl.fails(`drain ${node} --selector test=label`)).toContain(
      'cannot specify both a node name',
    );
    expect(await kubectl.fails('cordon --selector=')).toContain('must provide one or more resources');
    expect(await kubectl.ok('cordon --selector invalid=label')).not.toContain('cordoned');
    expect(await kubectl.ok('cordon --selector test=label')).toBe(`node/${node} cordoned`);
    expect(await field('{.spec.unschedulable}')).toBe('true');
  });
});

describe('debug', () => {
  beforeAll(inNewNamespace);

  const target = () =>
    pod('target', { spec: { containers: [{ name: 'target', image: 'registry.test/web:1' }] } });
  const probed = {
    containers: [
      { name: 'target', image: 'registry.test/web:1', readinessProbe: { tcpSocket: { port: 80 } } },
    ],
  };
  const detached = '-it --image=registry.test/debug:1 --attach=false -c debugger';

  test.each([
    ['legacy', undefined],
    ['general', { capabilities: { add: ['SYS_PTRACE'] } }],
    ['baseline', undefined],
    ['netadmin', { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } }],
    ['sysadmin', { privileged: true }],
    [
      'restricted',
      {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    ],
  ])('profile %s: an ephemeral container, and a copy with another container', async (profile, context) => {
    await kubectl.apply({ ...target(), spec: probed });
    await kubectl.ok(`debug target ${detached} --profile=${profile}`);
    const { spec } = await kubectl.json('get pod target');
    expect(spec.ephemeralContainers).toMatchObject([{ name: 'debugger', image: 'registry.test/debug:1' }]);
    expect(spec.ephemeralContainers[0].securityContext).toEqual(context);
    await kubectl.ok(`debug target ${detached} --copy-to=copy --profile=${profile}`);
    const copy = (await kubectl.json('get pod copy')).spec;
    expect(copy.containers.map((c: { name: string; image: string }) => [c.name, c.image])).toEqual([
      ['target', 'registry.test/web:1'],
      ['debugger', 'registry.test/debug:1'],
    ]);
    expect(copy.containers[0].readinessProbe === undefined).toBe(profile !== 'legacy');
    expect(copy.containers[1].securityContext).toEqual(context);
    await kubectl.ok('delete pod target copy --force --grace-period=0');
    await kubectl.ok('wait pod --all --for=delete --timeout=60s');
  });

  test('a copy in place of the pod, one with another image, and one of a file', async () => {
    await kubectl.apply(target());
    await kubectl.ok(`debug target ${detached} --copy-to=copy --replace`);
    await eventually(async () => ((await kubectl.ok('get pods -o name')) === 'pod/copy' ? true : undefined));
    await kubectl.ok('delete pod copy --force --grace-period=0');
    await kubectl.apply(target());
    const other = ['--image=registry.test/other:1', '--container=target', '--', 'sleep', '1m'];
    await kubectl.ok(['debug', 'target', '--copy-to=first', ...other]);
    const file = kubectl.file(await kubectl.ok('get pod target -o yaml'));
    await kubectl.ok(['debug', '-f', file, '--copy-to=second', ...other]);
    for (const name of ['first', 'second']) {
      const { containers } = (await kubectl.json(`get pod ${name}`)).spec;
      expect(containers).toMatchObject([{ image: 'registry.test/other:1', command: ['sleep', '1m'] }]);
    }
    await kubectl.ok('delete pod --all --force --grace-period=0');
  });

  test('where pods are restricted, with what the profile adds to that', async () => {
    const ns = `restricted-${Date.now()}`;
    await kubectl.ok(`create namespace ${ns}`);
    await kubectl.ok(`label namespace ${ns} pod-security.kubernetes.io/enforce=restricted`);
    const inside = cluster.kubectl.with({ namespace: ns });
    const securityContext = {
      runAsNonRoot: true,
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    await inside.apply(
      pod('target', {
        spec: { containers: [{ name: 'target', image: 'registry.test/web:1', securityContext }] },
      }),
    );
    expect(await inside.fails(`debug target ${detached} --profile=general`)).toMatch(
      /violates PodSecurity "restricted:latest"/,
    );
    await inside.ok(`debug target ${detached} --profile=restricted`);
    expect(
      await inside.ok(['get', 'pod', 'target', '-o', 'jsonpath={.spec.ephemeralContainers[*].name}']),
    ).toBe('debugger');
  });

  test.each([
    ['general', true],
    ['baseline', false],
  ])('a node, with the profile %s', async (profile, shares) => {
    const said = await kubectl.ok([
      ...['debug', `node/${node}`, '--image=registry.test/debug:1', '--attach=false'],
      ...['--profile', profile, '--', 'true'],
    ]);
    const [, name] = /(node-debugger-\S+)/.exec(said) ?? [];
    const { spec } = await kubectl.json(`get pod ${name}`);
    expect(spec.nodeName).toBe(node);
    for (const namespace of ['hostIPC', 'hostNetwork', 'hostPID'])
      expect(spec[namespace] ?? false, namespace).toBe(shares);
    expect(spec.volumes?.[0]?.hostPath?.path).toBe(shares ? '/' : undefined);
    await kubectl.ok(`delete pod ${name} --force --grace-period=0`);
  });
});

describe('time for a request', () => {
  beforeAll(async () => {
    await inNewNamespace();
    await kubectl.apply(configMap('one'));
  });

  test('is enough for what is answered, and ends a watch', async () => {
    expect(await kubectl.ok('get configmap one --request-timeout=10')).toContain('one');
    const { stdout, stderr } = await kubectl.run('get configmap one --request-timeout=5 --watch --v=5');
    expect(stdout).toContain('one');
    // It is the client that gives up; which of its two clocks is first is chance.
    expect(stderr).toMatch(
      /Client\.Timeout or context cancellation while reading body|context deadline exceeded/,
    );
    expect(await kubectl.fails('get configmap one --request-timeout=1p')).toContain('Invalid timeout value');
  });
});

describe('the last applied manifest', () => {
  beforeAll(inNewNamespace);

  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const isSaved = async (kind: string, name: string) =>
    annotation in ((await kubectl.json(`get ${kind} ${name}`)).metadata.annotations ?? {});

  test('is saved by create, edit, replace, run, expose and autoscale where that is wanted', async () => {
    const file = kubectl.file(pod('one', { labels: { name: 'before' } }));
    await kubectl.ok(`create -f ${file} --save-config`);
    expect(await isSaved('pod', 'one')).toBe(true);
    const editor = join(cluster.home, 'save-editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i "s/name: before/name: after/" "$1"\n', { mode: 0o755 });
    const plain = kubectl.file(configMap('plain', {}, { name: 'before' }));
    for (const command of ['edit configmap plain --save-config', `replace -f ${plain} --save-config`]) {
      await kubectl.ok('delete configmap plain --ignore-not-found');
      await kubectl.ok(`create -f ${plain}`);
      expect(await isSaved('configmap', 'plain')).toBe(false);
      await kubectl.ok(command, { env: { EDITOR: editor } });
      expect(await isSaved('configmap', 'plain'), command).toBe(true);
    }
    await kubectl.ok('run two --image=registry.test/web:1 --save-config');
    expect(await isSaved('pod', 'two')).toBe(true);
    await kubectl.ok('expose pod two --save-config --port=80 --target-port=8000');
    expect(await isSaved('service', 'two')).toBe(true);
    await kubectl.ok('create deployment web --image=registry.test/web:1');
    await kubectl.ok('autoscale deployment web --save-config --max=2');
    expect(await isSaved('hpa', 'web')).toBe(true);
  });

  test('autoscalers are found by the beginning of their group', async () => {
    for (const name of ['hpa', 'hpa.autoscaling', 'hpa.autoscal'])
      expect(await kubectl.ok(['get', name, '-o', 'jsonpath={.items[0].apiVersion}'])).toBe('autoscaling/v2');
  });
});

describe('exec', () => {
  beforeAll(inNewNamespace);

  test('says of what is not there, not running or no pod', async () => {
    expect(await kubectl.fails('exec abc -- date')).toContain('pods "abc" not found');
    expect(await kubectl.fails('exec foo/bar -- date')).toContain('error:');
    expect(await kubectl.fails('exec deployments/bar -- date')).toContain('"bar" not found');
    await kubectl.apply(configMap('one'));
    expect(await kubectl.fails('exec configmap/one -- date')).toContain('not implemented');
    const two = list(pod('one'), pod('two'));
    const { code, stderr } = await kubectl.run('exec -f - -- date', { input: JSON.stringify(two) });
    expect([code, stderr.trim()]).toEqual([1, 'error: cannot exec into multiple objects at a time']);
  });
});

describe('diff', () => {
  beforeAll(inNewNamespace);

  test.each([
    ['the client', []],
    ['the server', ['--server-side']],
  ])('is empty after an apply on %s, and shows what would change', async (_, flags) => {
    const before = kubectl.file(pod('one'));
    const after = kubectl.file(
      pod('one', { spec: { containers: [{ name: 'main', image: 'registry.test/main:2' }] } }),
    );
    const diff = (file: string) => kubectl.run(['diff', ...flags, '-f', file]);
    expect(await diff(before)).toMatchObject({ code: 1, stdout: expect.stringContaining('name: one') });
    expect(await kubectl.ok('get pods -o name')).toBe('');
    await kubectl.ok(['apply', ...flags, '-f', before]);
    await kubectl.ok('wait pod/one --for=condition=Ready --timeout=60s');
    const version = () => kubectl.ok(['get', 'pod', 'one', '-o', 'jsonpath={.metadata.resourceVersion}']);
    const was = await version();
    expect(await diff(before)).toMatchObject({ code: 0, stdout: '' });
    const { code, stdout } = await diff(after);
    expect(code).toBe(1);
    expect(stdout).toContain('+  - image: registry.test/main:2');
    expect(await version()).toBe(was);
    const invalid = kubectl.file({ ...pod('one'), spec: { containers: [{ name: 'X' }] } });
    expect((await diff(invalid)).code).toBeGreaterThan(1);
    await kubectl.ok('delete pod one --force --grace-period=0');
  });

  test('shows what would be pruned where that is asked for', async () => {
    const labels = { 'prune-group': 'true' };
    const [a, b] = ['a', 'b'].map((name) => kubectl.file(configMap(name, {}, labels)));
    await kubectl.ok(`apply -l prune-group=true -f ${a}`);
    const without = await kubectl.run(`diff -l prune-group=true -f ${b}`);
    expect(without.stdout).not.toContain('name: a');
    const pruned = await kubectl.run(`diff --prune -l prune-group=true -f ${b}`);
    expect(pruned.code).toBe(1);
    expect(pruned.stdout).toMatch(/^-\s+name: a$/m);
    await kubectl.ok(`apply --prune -l prune-group=true -f ${b}`);
    expect((await kubectl.run(`diff --prune -l prune-group=true -f ${b}`)).code).toBe(0);
  });
});

describe('a local proxy', () => {
  test('passes on what is asked of it, at a path of choice', async () => {
    for (const prefix of ['', '/custom']) {
      const proxy = cluster.kubectl.start(`proxy --port=0 --www=. ${prefix && `--api-prefix=${prefix}`}`);
      try {
        const [, port] = /127\.0\.0\.1:(\d+)/.exec(await proxy.shows(/Starting to serve on/)) ?? [];
        const status = async (path: string) =>
          (await fetch(`http://127.0.0.1:${port}${prefix}${path}`)).status;
        expect(await status('/api/kubernetes')).toBe(404);
        expect(await status('/api/v1/namespaces')).toBe(200);
        expect(await status('/metrics')).toBe(200);
        expect(await status('/apis')).toBe(200);
      } finally {
        await proxy.stop();
      }
    }
  });
});

describe('what a user prefers', () => {
  const options = (all: Record<string, string>) =>
    Object.entries(all).map(([name, value]) => ({ name, default: value }));
  const preferences = {
    apiVersion: 'kubectl.config.k8s.io/v1beta1',
    kind: 'Preference',
    aliases: [
      { name: 'crns', command: 'create namespace', appendArgs: ['preferred'] },
      { name: 'getn', command: 'get', prependArgs: ['namespace'], options: options({ output: 'wide' }) },
      { name: 'crole', command: 'create role', options: options({ verb: 'get,watch' }) },
      {
        name: 'runx',
        command: 'run',
        options: options({
          image: 'registry.test/web:1',
          labels: 'app=test,env=test',
          env: 'DNS_DOMAIN=test',
          namespace: 'preferred',
        }),
        appendArgs: ['one', '--', 'custom-arg1', 'custom-arg2'],
      },
      { name: 'setx', command: 'set image', appendArgs: ['pod/one', 'one=registry.test/web:2'] },
    ],
    defaults: [
      {
        command: 'apply',
        options: options({ 'server-side': 'true', 'dry-run': 'server', validate: 'strict' }),
      },
      { command: 'delete', options: options({ interactive: 'true' }) },
      { command: 'get', options: options({ namespace: 'preferred', output: 'json' }) },
    ],
  };

  test('is what kubectl does, unless it is told otherwise', async () => {
    const all = cluster.kubectl;
    const flag = `--kuberc=${all.file(preferences)}`;
    const ok = (command: string, input?: string) =>
      all.ok(`${command} ${flag}`, input ? { input } : undefined);
    await ok('crns');
    expect(await ok('getn preferred')).toMatch(/^NAME +STATUS +AGE/);
    await ok('crole lister --verb=list --namespace preferred --resource=pods');
    expect((await all.json('get role lister -n preferred')).rules).toMatchObject([{ verbs: ['list'] }]);
    await ok('runx');
    expect(JSON.parse(await ok('get pod one'))).toMatchObject({
      metadata: { namespace: 'preferred', labels: { app: 'test', env: 'test' } },
      spec: {
        containers: [{ args: ['custom-arg1', 'custom-arg2'], env: [{ name: 'DNS_DOMAIN', value: 'test' }] }],
      },
    });
    expect(await all.fails(`get pod one -n kube-system ${flag}`)).toContain('pods "one" not found');
    await ok('setx -n preferred');
    expect(await ok('get pod one')).toContain('registry.test/web:2');
    expect(await ok(`apply -n preferred -f ${all.file(configMap('dry'))}`)).toBe(
      'configmap/dry serverside-applied (server dry run)',
    );
    expect(await all.fails(`get configmap dry ${flag}`)).toContain('"dry" not found');
    expect(await ok('delete pod one -n preferred', 'n\n')).toContain('pod/one');
    expect(JSON.parse(await ok('get pod one')).metadata).not.toHaveProperty('deletionTimestamp');
    expect(await ok('delete namespace preferred --interactive=false')).toContain('"preferred" deleted');
  });
});
