import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually, type Running } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap, list } from './support/manifests.ts';
import {
  answersItsName,
  ask,
  shell,
  shellArchive,
  shellImage,
  shellPod,
  untilStopped,
  whyNoRealNodes,
} from './support/real.ts';

const why = whyNoRealNodes();
let cluster: E2eCluster;

/** Waits until a pod is ready. */
const ready = (kubectl: CommandClient, ...names: string[]) =>
  kubectl.ok(['wait', ...names.map((name) => `pod/${name}`), '--for=condition=Ready', '--timeout=60s']);

/** Runs a script in a pod. */
const inPod = (kubectl: CommandClient, name: string, script: string) =>
  kubectl.ok(['exec', name, '--', 'sh', '-c', script]);

const until = (kubectl: CommandClient, what: string, path: string, value: string | number) =>
  kubectl.ok(['wait', what, `--for=jsonpath={${path}}=${value}`, '--timeout=60s']);

/**
 * Types to who attaches, again until it shows what is expected: what a container says before somebody listens is not repeated, and
 * containerd passes input on before it listens itself.
 */
async function tell(attached: Running, text: string, expected: RegExp): Promise<string> {
  attached.write(text);
  const again = setInterval(() => attached.write(text), 300);
  return attached.shows(expected, 60_000).finally(() => clearInterval(again));
}

describe.skipIf(why)(`containers on real nodes${why ? ` (skipped: ${why})` : ''}`, () => {
  beforeAll(async () => {
    const archive = await shellArchive();
    cluster = await startE2eCluster({ nodes: 3, runtime: 'containerd' });
    const loaded = await cluster.k8ts('image', 'load', archive);
    expect(loaded).toMatchObject({ code: 0 });
  });
  afterAll(() => cluster?.stop());

  describe.concurrent('logs', () => {
    test('whole, the last lines, with times, since, followed', async () => {
      const { kubectl } = await cluster.namespace();
      const script = `echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo three; ${untilStopped}`;
      await kubectl.apply(shellPod('talks', script));
      await ready(kubectl, 'talks');
      expect((await kubectl.ok('logs talks')).split('\n').sort()).toEqual(['one', 'two']);
      expect((await kubectl.ok('logs talks --tail=1')).split('\n')).toHaveLength(1);
      expect(await kubectl.ok('logs talks --timestamps')).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z one$/m,
      );
      expect(await kubectl.ok('logs talks --since=1h')).toContain('one');
      expect(await kubectl.ok('logs talks --since-time=2999-01-01T00:00:00Z')).toBe('');
      expect(await kubectl.ok('logs talks --limit-bytes=2')).toMatch(/^(on|tw)$/);
      const follow = kubectl.start('logs talks -f');
      await follow.shows(/two/);
      await inPod(kubectl, 'talks', 'touch /tmp/go');
      await follow.shows(/three/);
      await kubectl.ok('delete pod talks');
      expect((await follow.ended).code).toBe(0);
    });

    test('of an earlier run, of several containers, of pods by label', async () => {
      const { kubectl } = await cluster.namespace();
      const side = { ...shell(`echo aside; ${untilStopped}`), name: 'side' };
      const main = shell('echo run; while [ ! -e /tmp/end ]; do sleep 0.05; done; echo ending; exit 3');
      await kubectl.apply(
        shellPod('twice', '', { labels: { app: 'twice' }, spec: { containers: [main, side] } }),
      );
      await ready(kubectl, 'twice');
      expect(await kubectl.fails('logs twice -c main --previous')).toBe(
        'Error from server (BadRequest): previous terminated container "main" in pod "twice" not found',
      );
      await kubectl.ok(['exec', 'twice', '-c', 'main', '--', 'touch', '/tmp/end']);
      await until(kubectl, 'pod/twice', '.status.containerStatuses[0].restartCount', 1);
      await until(kubectl, 'pod/twice', '.status.containerStatuses[0].state.running.startedAt', '').catch(
        () => {},
      );
      expect(await kubectl.ok('logs twice -c main --previous')).toBe('run\nending');
      expect(await kubectl.ok('logs twice -c side')).toBe('aside');
      expect((await kubectl.ok('logs twice --all-containers --prefix')).split('\n')).toContain(
        '[pod/twice/side] aside',
      );
      expect(await kubectl.ok('logs -l app=twice -c side')).toBe('aside');
      expect(await kubectl.fails('logs twice -c none')).toBe(
        'error: container none is not valid for pod twice out of: main, side',
      );
      const described = await kubectl.ok('describe pod twice');
      expect(described).toMatch(/Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3/);
    });
  });

  describe('exec', () => {
    let kubectl: CommandClient;
    beforeAll(async () => {
      ({ kubectl } = await cluster.namespace());
      await kubectl.apply(shellPod('box'));
      await ready(kubectl, 'box');
    });

    test('keeps output and errors apart, and gives the exit code', async () => {
      const ended = await kubectl.run(['exec', 'box', '--', 'sh', '-c', 'echo out; echo err >&2; exit 42']);
      expect(ended).toMatchObject({ code: 42, stdout: 'out\n' });
      expect(ended.stderr).toBe('err\ncommand terminated with exit code 42\n');
      const missing = await kubectl.run('exec box -- /no/such/program');
      expect(missing.code).not.toBe(0);
      expect(missing.stderr).toMatch(/no such file or directory/);
      expect(await kubectl.fails('exec nobody -- true')).toBe(
        'Error from server (NotFound): pods "nobody" not found',
      );
    });

    test('carries any bytes both ways', async () => {
      const bytes = randomBytes(3_000_000);
      const sum = await kubectl.ok('exec -i box -- sha256sum', { input: bytes });
      expect(sum.split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect(
        await kubectl.ok(['exec', 'box', '--', 'sh', '-c', 'yes 0123456789 | head -n 100000']),
      ).toHaveLength(1_099_999);
      expect(await kubectl.ok('exec -i box -- sort', { input: 'b\na\n' })).toBe('a\nb');
    });

    test('on a terminal', async () => {
      const terminal = kubectl.startOnTerminal('exec -it box -- sh');
      await terminal.shows(/\/ # /);
      terminal.write('tty; echo $((6*7))\n');
      await terminal.shows(/\/dev\/pts\/\d+\s+42/);
      terminal.write('exit 5\n');
      expect((await terminal.ended).code).toBe(5);
    });

    test('and ports speak SPDY as well', async () => {
      const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' };
      const bytes = randomBytes(1_000_000);
      const sum = await kubectl.ok('exec -i box -- sha256sum', { env, input: bytes });
      expect(sum.split(' ')[0]).toBe(createHash('sha256').update(bytes).digest('hex'));
      expect((await kubectl.run(['exec', 'box', '--', 'sh', '-c', 'exit 42'], { env })).code).toBe(42);
      const terminal = kubectl.startOnTerminal('exec -it box -- sh', { env });
      await terminal.shows(/\/ # /);
      terminal.write('exit 5\n');
      expect((await terminal.ended).code).toBe(5);
      const file = kubectl.file('hello\n', 'greeting');
      await kubectl.ok(`cp ${file} box:/tmp/spdy`, { env });
      expect(await inPod(kubectl, 'box', 'cat /tmp/spdy')).toBe('hello');
      await inPod(kubectl, 'box', 'mkdir -p /w; echo here > /w/index.html; httpd -p 8080 -h /w');
      const forward = kubectl.start('port-forward box :8080 :9', { env });
      const said = await forward.shows(/(127\.0\.0\.1:\d+ -> \d+[^]*){2}/);
      const [web, none] = [...said.matchAll(/127\.0\.0\.1:(\d+) ->/g)].map(([, port]) => port);
      const asked = async () => (await (await fetch(`http://127.0.0.1:${web}/`)).text()).trim();
      expect(await asked()).toBe('here');
      await expect(fetch(`http://127.0.0.1:${none}/`)).rejects.toThrow();
      await forward.shows(/error forwarding port 9 to pod [^\n]*connection refused/);
      await forward.stop('SIGINT');
    });

    test('on a container that is not there says so', async () => {
      expect(await kubectl.fails('exec box -c none -- true')).toBe(
        'error: container none is not valid for pod box out of: main',
      );
      const proxied = `/api/v1/namespaces/${(await kubectl.json('get pod box')).metadata.namespace}/pods/box:9/proxy/`;
      expect(await kubectl.fails(['get', '--raw', proxied])).toMatch(
        /^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp [\d.]+:9: connect: connection refused$/,
      );
    });

    test('copies files and folders in and out', async () => {
      const file = kubectl.file('hello\n', 'greeting');
      await kubectl.ok(`cp ${file} box:/tmp/greeting`);
      expect(await inPod(kubectl, 'box', 'cat /tmp/greeting')).toBe('hello');
      await inPod(
        kubectl,
        'box',
        'mkdir -p /tmp/tree/deep; echo leaf > /tmp/tree/deep/leaf; head -c 500000 /dev/urandom > /tmp/tree/large',
      );
      const target = join(cluster.home, 'tree');
      await kubectl.ok(`cp box:/tmp/tree ${target}`);
      expect(readFileSync(join(target, 'deep', 'leaf'), 'utf8')).toBe('leaf\n');
      const there = (await inPod(kubectl, 'box', 'sha256sum /tmp/tree/large')).split(' ')[0];
      expect(
        createHash('sha256')
          .update(readFileSync(join(target, 'large')))
          .digest('hex'),
      ).toBe(there);
    });

    test('forwards ports of pods and Services', async () => {
      await kubectl.apply(
        shellPod('web', answersItsName(), {
          labels: { app: 'web' },
          container: { ports: [{ containerPort: 8080 }] },
        }),
      );
      await ready(kubectl, 'web');
      await kubectl.ok('expose pod web --port 80 --target-port 8080');
      for (const what of ['pod/web :8080', 'service/web :80']) {
        const forward = kubectl.start(`port-forward ${what}`);
        const [, port] =
          /127\.0\.0\.1:(\d+) -> 8080/.exec(await forward.shows(/127\.0\.0\.1:(\d+) -> 8080/)) ?? [];
        for (let i = 0; i < 3; i++)
          expect((await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim()).toBe('web');
        await forward.stop('SIGINT');
      }
    });

    test('attaches to what runs', async () => {
      await kubectl.apply(
        shellPod('echoes', 'while read line; do echo "you said $line"; done; echo over', {
          container: { stdin: true, stdinOnce: true },
          spec: { restartPolicy: 'Never' },
        }),
      );
      await ready(kubectl, 'echoes');
      const attach = kubectl.start('attach -i echoes');
      await attach.shows(/If you don't see a command prompt|All commands/);
      await tell(attach, 'hello\n', /you said hello/);
      attach.endInput();
      await attach.shows(/over/);
      expect((await attach.ended).code).toBe(0);
      await until(kubectl, 'pod/echoes', '.status.phase', 'Succeeded');
      const ran = await kubectl.ok(
        [
          'run',
          'once',
          '--rm',
          '-i',
          '--restart=Never',
          `--image=${shellImage}`,
          '--command',
          '--',
          'sh',
          '-c',
          'sleep 0.5; cat',
        ],
        { input: 'through\n' },
      );
      expect(ran).toContain('through');
      expect(ran).toMatch(/pod "once" deleted/);
    });

    test('debugs with an ephemeral container', async () => {
      await kubectl.ok([
        'debug',
        'box',
        `--image=${shellImage}`,
        '--container=probe',
        '--target=main',
        '--',
        'sh',
        '-c',
        'ls /proc/1/root/bin/sh && echo seen; sleep 1000',
      ]);
      await until(kubectl, 'pod/box', '.status.ephemeralContainerStatuses[0].state.running', '').catch(
        () => {},
      );
      await eventually(async () =>
        (await kubectl.ok('logs box -c probe')).includes('seen') ? true : undefined,
      );
    });
  });

  describe.concurrent('the life of containers', () => {
    test('those that heed SIGTERM end gracefully, the others after their grace period', async () => {
      const { kubectl } = await cluster.namespace();
      await kubectl.apply(
        shellPod('polite', "trap 'echo goodbye; sleep 0.5; exit 0' TERM; while :; do sleep 0.05; done", {
          spec: { terminationGracePeriodSeconds: 30 },
        }),
      );
      await kubectl.apply(
        shellPod('deaf', "trap '' TERM; while :; do sleep 0.1; done", {
          spec: { terminationGracePeriodSeconds: 2 },
        }),
      );
      await ready(kubectl, 'polite', 'deaf');
      const follow = kubectl.start('logs -f polite');
      const start = performance.now();
      await kubectl.ok('delete pod polite');
      expect(performance.now() - start).toBeLessThan(25_000);
      expect((await follow.ended).stdout).toBe('goodbye\n');
      const again = performance.now();
      await kubectl.ok('delete pod deaf');
      expect(performance.now() - again).toBeGreaterThan(1900);
      expect(
        await kubectl.ok('get events --field-selector reason=Killing -o jsonpath={.items[*].message}'),
      ).toContain('Stopping container main');
    });

    test('a preStop hook comes before SIGTERM, a postStart hook before readiness', async () => {
      const { kubectl } = await cluster.namespace();
      const command = (script: string) => ({ exec: { command: ['sh', '-c', script] } });
      const lifecycle = {
        postStart: command('echo started > /tmp/hook'),
        preStop: command('echo stopping > /proc/1/fd/1'),
      };
      await kubectl.apply(shellPod('hooked', untilStopped, { container: { lifecycle } }));
      await ready(kubectl, 'hooked');
      expect(await inPod(kubectl, 'hooked', 'cat /tmp/hook')).toBe('started');
      const follow = kubectl.start('logs -f hooked');
      await kubectl.ok('delete pod hooked');
      expect((await follow.ended).stdout).toBe('stopping\n');
    });

    test('restart policies', async () => {
      const { kubectl } = await cluster.namespace();
      const ends = (name: string, script: string, restartPolicy: string) => {
        const container = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
        const volumes = [{ name: 'data', emptyDir: {} }];
        return shellPod(name, script, { container, spec: { restartPolicy, volumes } });
      };
      const onceMore = '[ -e /data/once ] && exit 0; touch /data/once; exit 1';
      await kubectl.apply(
        list(
          ends('fails', 'exit 7', 'Never'),
          ends('succeeds', 'exit 0', 'OnFailure'),
          ends('retries', onceMore, 'OnFailure'),
          ends('always', 'exit 0', 'Always'),
        ),
      );
      await until(kubectl, 'pod/fails', '.status.phase', 'Failed');
      await until(kubectl, 'pod/succeeds', '.status.phase', 'Succeeded');
      expect(await kubectl.ok('get pod fails')).toMatch(/fails +0\/1 +Error +0/);
      expect(await kubectl.ok('get pod succeeds')).toMatch(/succeeds +0\/1 +Completed +0/);
      await until(
        kubectl,
        'pod/always',
        '.status.containerStatuses[0].state.waiting.reason',
        'CrashLoopBackOff',
      );
      expect(await kubectl.ok('get pod always')).toMatch(/always +0\/1 +CrashLoopBackOff +\d+/);
      expect(await kubectl.ok('describe pod always')).toMatch(
        /Warning +BackOff .*Back-off restarting failed container main in pod always_test-/,
      );
      await until(kubectl, 'pod/retries', '.status.phase', 'Succeeded');
      expect(
        await kubectl.ok('get pod retries -o jsonpath={.status.containerStatuses[0].restartCount}'),
      ).toBe('1');
    });

    test('a killed container is started again', async () => {
      const { kubectl } = await cluster.namespace();
      await kubectl.apply(shellPod('killed', 'sleep 1000 & echo $! > /tmp/pid; wait'));
      await ready(kubectl, 'killed');
      const before = await kubectl.ok(
        'get pod killed -o jsonpath={.status.containerStatuses[0].containerID}',
      );
      // The command is over before the container is: with that, it would be killed too.
      await inPod(kubectl, 'killed', '(sleep 1; kill -9 $(cat /tmp/pid)) > /dev/null 2>&1 &');
      await until(kubectl, 'pod/killed', '.status.containerStatuses[0].restartCount', 1);
      await ready(kubectl, 'killed');
      expect(
        await kubectl.ok('get pod killed -o jsonpath={.status.containerStatuses[0].containerID}'),
      ).not.toBe(before);
    });

    test('init containers run in order, sidecars run on', async () => {
      const { kubectl } = await cluster.namespace();
      const mount = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
      const note = (name: string, more: object = {}) => ({
        ...shell(`echo ${name} >> /shared/order`, mount),
        name,
        ...more,
      });
      await kubectl.apply(
        shellPod('ordered', '', {
          spec: {
            volumes: [{ name: 'shared', emptyDir: {} }],
            initContainers: [
              note('first'),
              {
                ...shell(`echo side >> /shared/order; ${untilStopped}`, mount),
                name: 'side',
                restartPolicy: 'Always',
              },
              note('second'),
            ],
            containers: [shell(`echo main >> /shared/order; ${untilStopped}`, mount)],
          },
        }),
      );
      await ready(kubectl, 'ordered');
      expect(await kubectl.ok('exec ordered -c main -- cat /shared/order')).toBe('first\nside\nsecond\nmain');
      expect(await kubectl.ok('get pod ordered')).toMatch(/ordered +2\/2 +Running/);
      await kubectl.apply(
        shellPod('stuck', '', {
          spec: {
            initContainers: [note('failing', { command: ['false'], volumeMounts: [] })],
            containers: [shell('true')],
          },
        }),
      );
      await eventually(async () =>
        /stuck +0\/1 +Init:(Error|CrashLoopBackOff)/.test(await kubectl.ok('get pod stuck'))
          ? true
          : undefined,
      );
    });

    test('images that are not there', async () => {
      const { kubectl } = await cluster.namespace();
      await kubectl.apply(
        shellPod('never', '', { container: { image: 'k8ts.local/nothing:1', imagePullPolicy: 'Never' } }),
      );
      await until(
        kubectl,
        'pod/never',
        '.status.containerStatuses[0].state.waiting.reason',
        'ErrImageNeverPull',
      );
      await kubectl.apply(shellPod('badly', '', { container: { image: 'Not//A:name' } }));
      await until(
        kubectl,
        'pod/badly',
        '.status.containerStatuses[0].state.waiting.reason',
        'InvalidImageName',
      );
    });

    test('memory and CPU are held to their limits', async () => {
      const { kubectl } = await cluster.namespace();
      const resources = {
        requests: { cpu: '100m', memory: '32Mi' },
        limits: { cpu: '200m', memory: '64Mi' },
      };
      await kubectl.apply(shellPod('limited', untilStopped, { container: { resources } }));
      await ready(kubectl, 'limited');
      const read = (v1: string, v2: string) =>
        inPod(kubectl, 'limited', `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`);
      expect(await read('memory/memory.limit_in_bytes', 'memory.max')).toBe(String(64 * 2 ** 20));
      expect(await read('cpu/cpu.cfs_quota_us', 'cpu.max')).toMatch(/^20000( 100000)?$/);
      expect(await kubectl.ok('get pod limited -o jsonpath={.status.qosClass}')).toBe('Burstable');
      await kubectl.apply(
        shellPod('hungry', 'tail /dev/zero', { container: { resources }, spec: { restartPolicy: 'Never' } }),
      );
      await until(kubectl, 'pod/hungry', '.status.containerStatuses[0].state.terminated.reason', 'OOMKilled');
    });
  });

  describe.concurrent('probes', () => {
    test('a container that fails its liveness probe is restarted', async () => {
      const { kubectl } = await cluster.namespace();
      const livenessProbe = {
        exec: { command: ['cat', '/tmp/alive'] },
        periodSeconds: 1,
        failureThreshold: 1,
      };
      await kubectl.apply(
        shellPod('lively', `touch /tmp/alive; ${untilStopped}`, {
          container: { livenessProbe: { ...livenessProbe, initialDelaySeconds: 1 } },
        }),
      );
      await ready(kubectl, 'lively');
      await inPod(kubectl, 'lively', 'rm /tmp/alive');
      await until(kubectl, 'pod/lively', '.status.containerStatuses[0].restartCount', 1);
      const events = await kubectl.ok(
        'get events --field-selector involvedObject.name=lively -o jsonpath={.items[*].message}',
      );
      expect(events).toContain(
        "Liveness probe failed: cat: can't open '/tmp/alive': No such file or directory",
      );
      expect(events).toContain('Container main failed liveness probe, will be restarted');
    });

    test('a pod that is not ready gets nothing from its Service', async () => {
      const { kubectl } = await cluster.namespace();
      const readinessProbe = { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 1 };
      await kubectl.apply(
        shellPod('web', `mkdir -p /www; touch /www/ready; ${answersItsName()}`, {
          labels: { app: 'web' },
          container: { readinessProbe },
        }),
      );
      await ready(kubectl, 'web');
      await kubectl.ok('expose pod web --port 80 --target-port 8080');
      const endpoints = 'endpointslice -l kubernetes.io/service-name=web';
      const isReady = (value: boolean) =>
        kubectl.ok(
          `wait ${endpoints} --for=jsonpath='{.endpoints[0].conditions.ready}'=${value} --timeout=60s`,
        );
      await isReady(true);
      await inPod(kubectl, 'web', 'rm /www/ready');
      await kubectl.ok('wait pod/web --for=condition=Ready=false --timeout=60s');
      await isReady(false);
      expect(await kubectl.ok('describe pod web')).toMatch(
        /Warning +Unhealthy .*Readiness probe failed: HTTP probe failed with statuscode: 404/,
      );
      await inPod(kubectl, 'web', 'touch /www/ready');
      await ready(kubectl, 'web');
      await isReady(true);
    });

    test('a startup probe gives slow starters their time; TCP tells of an open port', async () => {
      const { kubectl } = await cluster.namespace();
      const tcp = { tcpSocket: { port: 8080 }, periodSeconds: 1 };
      await kubectl.apply(
        shellPod('slow', `sleep 2; ${answersItsName()}`, {
          container: {
            startupProbe: { ...tcp, failureThreshold: 30 },
            livenessProbe: { ...tcp, failureThreshold: 1 },
            readinessProbe: tcp,
          },
        }),
      );
      await ready(kubectl, 'slow');
      expect(await kubectl.ok('get pod slow -o jsonpath={.status.containerStatuses[0].restartCount}')).toBe(
        '0',
      );
      expect(await kubectl.ok('get pod slow -o jsonpath={.status.containerStatuses[0].started}')).toBe(
        'true',
      );
    });
  });

  describe.concurrent('volumes and environment', () => {
    test('files and variables from ConfigMaps, Secrets and the pod itself', async () => {
      const { kubectl, ns } = await cluster.namespace();
      await kubectl.apply(configMap('settings', { 'app.conf': 'level=1', KEY: 'value' }));
      await kubectl.ok('create secret generic hidden --from-literal=password=hunter2');
      const volumes = [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'secret', secret: { secretName: 'hidden', defaultMode: 0o400 } },
        {
          name: 'pod',
          downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] },
        },
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'settings', items: [{ key: 'KEY', path: 'in/key' }] } },
              { secret: { name: 'hidden' } },
              { serviceAccountToken: { path: 'token', audience: 'test', expirationSeconds: 600 } },
            ],
          },
        },
        { name: 'scratch', emptyDir: { medium: 'Memory', sizeLimit: '8Mi' } },
      ];
      const volumeMounts = [
        { name: 'config', mountPath: '/config' },
        { name: 'secret', mountPath: '/secret' },
        { name: 'pod', mountPath: '/pod' },
        { name: 'all', mountPath: '/all' },
        { name: 'scratch', mountPath: '/scratch' },
        { name: 'config', mountPath: '/one/app.conf', subPath: 'app.conf' },
      ];
      const env = [
        { name: 'FROM_MAP', valueFrom: { configMapKeyRef: { name: 'settings', key: 'KEY' } } },
        { name: 'FROM_SECRET', valueFrom: { secretKeyRef: { name: 'hidden', key: 'password' } } },
        { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        { name: 'COMPOSED', value: '$(FROM_MAP)-$(NODE)' },
      ];
      const envFrom = [{ prefix: 'ALL_', configMapRef: { name: 'settings' } }];
      const container = { env, envFrom, volumeMounts, resources: { limits: { memory: '64Mi' } } };
      await kubectl.apply(
        shellPod('given', untilStopped, { labels: { app: 'given' }, container, spec: { volumes } }),
      );
      await ready(kubectl, 'given');
      const cat = (path: string) => inPod(kubectl, 'given', `cat ${path}`);
      expect(await cat('/config/app.conf')).toBe('level=1');
      expect(await cat('/one/app.conf')).toBe('level=1');
      expect(await cat('/secret/password')).toBe('hunter2');
      expect(await inPod(kubectl, 'given', 'stat -L -c %a /secret/password')).toBe('400');
      expect(await cat('/pod/labels')).toBe('app="given"');
      expect(await cat('/all/in/key /all/password')).toBe('valuehunter2');
      const claims = JSON.parse(
        Buffer.from((await cat('/all/token')).split('.')[1] ?? '', 'base64url').toString(),
      );
      expect(claims).toMatchObject({ aud: ['test'], sub: `system:serviceaccount:${ns}:default` });
      expect(await inPod(kubectl, 'given', 'mount | grep " /scratch " | cut -d" " -f5')).toBe('tmpfs');
      const node = await kubectl.ok('get pod given -o jsonpath={.spec.nodeName}');
      const address = await kubectl.ok('get pod given -o jsonpath={.status.podIP}');
      const shown = await inPod(
        kubectl,
        'given',
        'echo $FROM_MAP $FROM_SECRET $POD_IP $NODE $MEMORY $COMPOSED $ALL_KEY',
      );
      expect(shown).toBe(`value hunter2 ${address} ${node} 64 value-${node} value`);
      // What the ConfigMap says afterwards reaches the files, but not those mounted one by one.
      await kubectl.ok(['patch', 'configmap', 'settings', '-p', '{"data":{"app.conf":"level=2"}}']);
      await eventually(async () => ((await cat('/config/app.conf')) === 'level=2' ? true : undefined), {
        timeoutMs: 100_000,
        everyMs: 500,
      });
      expect(await cat('/one/app.conf')).toBe('level=1');
    });

    test('containers of a pod share its network and its volumes; hosts lend paths', async () => {
      const { kubectl } = await cluster.namespace();
      const mount = {
        volumeMounts: [
          { name: 'shared', mountPath: '/shared' },
          { name: 'host', mountPath: '/host', readOnly: true },
        ],
      };
      const spec = {
        volumes: [
          { name: 'shared', emptyDir: {} },
          { name: 'host', hostPath: { path: '/etc', type: 'Directory' } },
        ],
        containers: [
          shell(`echo hello > /shared/from-main; ${answersItsName()}`, mount),
          { ...shell(untilStopped, mount), name: 'other' },
        ],
      };
      await kubectl.apply(shellPod('pair', '', { spec }));
      await ready(kubectl, 'pair');
      expect(await kubectl.ok('exec pair -c other -- cat /shared/from-main')).toBe('hello');
      expect(await kubectl.ok('exec pair -c other -- wget -qO- http://127.0.0.1:8080/')).toBe('pair');
      expect(await kubectl.ok('exec pair -c other -- head -c 4 /host/passwd')).toBe('root');
      expect((await kubectl.run('exec pair -c other -- touch /host/k8ts-no')).stderr).toContain(
        'Read-only file system',
      );
    });

    test('a log agent finds the logs of its node, and reads from their names whose they are', async () => {
      const { kubectl, ns } = await cluster.namespace();
      await kubectl.apply(shellPod('talks', `echo hello; ${untilStopped}`));
      await ready(kubectl, 'talks');
      const { spec, status } = await kubectl.json('get pod talks');
      const agent = shell(untilStopped, { volumeMounts: [{ name: 'log', mountPath: '/var/log' }] });
      const volumes = [{ name: 'log', hostPath: { path: '/var/log' } }];
      const { nodeName } = spec;
      await kubectl.apply(shellPod('agent', '', { spec: { nodeName, volumes, containers: [agent] } }));
      await ready(kubectl, 'agent');
      const [, id] = status.containerStatuses[0].containerID.split('//');
      const log = `/var/log/containers/talks_${ns}_main-${id}.log`;
      expect(await inPod(kubectl, 'agent', `cat ${log}`)).toMatch(/^\S+Z stdout F hello$/);
      expect(await inPod(kubectl, 'agent', `readlink ${log}`)).toMatch(
        new RegExp(`^/var/log/pods/${ns}_talks_[0-9a-f-]+/main/0\\.log$`),
      );
    });

    test('what has no Secret waits for it', async () => {
      const { kubectl } = await cluster.namespace();
      await kubectl.apply(
        shellPod('waits', untilStopped, { container: { envFrom: [{ secretRef: { name: 'late' } }] } }),
      );
      await until(
        kubectl,
        'pod/waits',
        '.status.containerStatuses[0].state.waiting.reason',
        'CreateContainerConfigError',
      );
      expect(await kubectl.ok('describe pod waits')).toContain('secret "late" not found');
      await kubectl.ok('create secret generic late --from-literal=A=1');
      await ready(kubectl, 'waits');
    });

    test('who a container runs as, and what it may', async () => {
      const { kubectl } = await cluster.namespace();
      const securityContext = {
        runAsUser: 1000,
        runAsGroup: 2000,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      };
      await kubectl.apply(
        shellPod('confined', untilStopped, {
          container: { securityContext },
          spec: {
            securityContext: {
              fsGroup: 3000,
              sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '80' }],
            },
          },
        }),
      );
      await ready(kubectl, 'confined');
      expect(await inPod(kubectl, 'confined', 'id -u; id -g; id -G')).toBe('1000\n2000\n2000 3000');
      expect((await kubectl.run('exec confined -- touch /x')).stderr).toContain('Read-only file system');
      expect(await inPod(kubectl, 'confined', 'grep CapEff /proc/self/status')).toMatch(/CapEff:\s+0+$/);
      expect(await inPod(kubectl, 'confined', 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe(
        '80',
      );
      await kubectl.apply(
        shellPod('root', untilStopped, { spec: { securityContext: { runAsNonRoot: true } } }),
      );
      await until(
        kubectl,
        'pod/root',
        '.status.containerStatuses[0].state.waiting.reason',
        'CreateContainerConfigError',
      );
    });
  });

  describe.concurrent('what else pods may ask for', () => {
    test('a name and names of others, the processes of its containers, DNS of its own', async () => {
      const { kubectl, ns } = await cluster.namespace();
      const spec = {
        hostname: 'custom',
        subdomain: 'sub',
        setHostnameAsFQDN: true,
        shareProcessNamespace: true,
        hostAliases: [{ ip: '192.0.2.7', hostnames: ['seven.test'] }],
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['10.96.0.10'],
          searches: ['some.test'],
          options: [{ name: 'ndots', value: '2' }],
        },
        containers: [shell(untilStopped), { ...shell('exec sleep 1234'), name: 'side' }],
      };
      await kubectl.apply(shellPod('named', '', { spec }));
      await ready(kubectl, 'named');
      expect(await inPod(kubectl, 'named', 'hostname')).toBe(`custom.sub.${ns}.svc.cluster.local`);
      expect(await inPod(kubectl, 'named', 'cat /etc/hosts')).toMatch(/^192\.0\.2\.7\s+seven\.test$/m);
      expect(await inPod(kubectl, 'named', 'cat /etc/resolv.conf')).toBe(
        'search some.test\nnameserver 10.96.0.10\noptions ndots:2',
      );
      expect(await inPod(kubectl, 'named', 'ps')).toContain('sleep 1234');
    });

    test('a port of its node, the network of its node', async () => {
      const { kubectl } = await cluster.namespace();
      await kubectl.apply(
        shellPod('port', answersItsName(), {
          container: { ports: [{ containerPort: 8080, hostPort: 18080 }] },
        }),
      );
      await kubectl.apply(shellPod('host', untilStopped, { spec: { hostNetwork: true } }));
      await ready(kubectl, 'port', 'host');
      const address = await kubectl.ok('get pod port -o jsonpath={.status.hostIP}');
      expect(await ask(`http://${address}:18080/`)).toBe('port');
      const host = (await kubectl.json('get pod host')).status;
      expect(host.podIP).toBe(host.hostIP);
      expect(await inPod(kubectl, 'host', 'ip -4 addr')).toContain(`inet ${host.hostIP}/`);
    });

    test('a volume that outlives it', async () => {
      const { kubectl } = await cluster.namespace();
      const resources = { requests: { storage: '1Gi' } };
      const claim = { accessModes: ['ReadWriteOnce'], resources };
      await kubectl.apply({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: claim,
      });
      const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }];
      const container = { volumeMounts: [{ name: 'data', mountPath: '/data' }] };
      await kubectl.apply(
        shellPod('writes', `echo kept > /data/file; ${untilStopped}`, { container, spec: { volumes } }),
      );
      await ready(kubectl, 'writes');
      expect(await kubectl.ok('get pvc data')).toMatch(/^data +Bound +pvc-\S+ +1Gi +RWO +standard /m);
      await kubectl.ok('delete pod writes');
      await kubectl.apply(shellPod('reads', untilStopped, { container, spec: { volumes } }));
      await ready(kubectl, 'reads');
      expect(await inPod(kubectl, 'reads', 'cat /data/file')).toBe('kept');
      const volume = await kubectl.ok('get pvc data -o jsonpath={.spec.volumeName}');
      await kubectl.ok('delete pod reads');
      await kubectl.ok('delete pvc data');
      await kubectl.ok(`wait pv/${volume} --for=delete --timeout=30s`);
    });

    test('an end in time, and a word about it', async () => {
      const { kubectl } = await cluster.namespace();
      const never = { restartPolicy: 'Never' };
      await kubectl.apply(shellPod('late', untilStopped, { spec: { ...never, activeDeadlineSeconds: 1 } }));
      await kubectl.apply(shellPod('says', 'echo because > /dev/termination-log; exit 4', { spec: never }));
      await kubectl.apply(
        shellPod('logs', 'echo at last; exit 5', {
          container: { terminationMessagePolicy: 'FallbackToLogsOnError' },
          spec: never,
        }),
      );
      await until(kubectl, 'pod/late', '.status.reason', 'DeadlineExceeded');
      await until(kubectl, 'pod/says', '.status.phase', 'Failed');
      await until(kubectl, 'pod/logs', '.status.phase', 'Failed');
      const message = (name: string) =>
        kubectl.ok(`get pod ${name} -o jsonpath={.status.containerStatuses[0].state.terminated.message}`);
      expect(await message('says')).toBe('because');
      expect(await message('logs')).toBe('at last');
    });

    test('other limits while it runs', async () => {
      const { kubectl } = await cluster.namespace();
      const resources = { requests: { cpu: '100m' }, limits: { cpu: '200m' } };
      await kubectl.apply(shellPod('grows', untilStopped, { container: { resources } }));
      await ready(kubectl, 'grows');
      const patch = { spec: { containers: [{ name: 'main', resources: { limits: { cpu: '300m' } } }] } };
      await kubectl.ok(['patch', 'pod', 'grows', '--subresource=resize', '-p', JSON.stringify(patch)]);
      await until(kubectl, 'pod/grows', '.status.containerStatuses[0].resources.limits.cpu', '300m');
      const quota = 'cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || cat /sys/fs/cgroup/cpu.max';
      expect(await inPod(kubectl, 'grows', quota)).toMatch(/^30000( 100000)?$/);
      expect(await kubectl.ok('get pod grows -o jsonpath={.status.containerStatuses[0].restartCount}')).toBe(
        '0',
      );
    });

    test('Jobs: an index for each pod, retries, their end', async () => {
      const { kubectl } = await cluster.namespace();
      const job = (name: string, script: string, spec: object) => ({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: { ...spec, template: { spec: { restartPolicy: 'Never', containers: [shell(script)] } } },
      });
      await kubectl.apply(
        list(
          job('each', 'echo number $JOB_COMPLETION_INDEX', {
            completions: 3,
            parallelism: 3,
            completionMode: 'Indexed',
          }),
          job('fails', 'exit 1', { backoffLimit: 0 }),
        ),
      );
      await kubectl.ok('wait job/each --for=condition=complete --timeout=60s');
      const logs = await kubectl.ok('logs -l batch.kubernetes.io/job-name=each');
      expect(logs.split('\n').sort()).toEqual(['number 0', 'number 1', 'number 2']);
      await kubectl.ok('wait job/fails --for=condition=failed --timeout=60s');
      expect(await kubectl.ok('describe job fails')).toMatch(
        /Warning +BackoffLimitExceeded .*Job has reached the specified backoff limit/,
      );
    });

    test('its node, to look around', async () => {
      const { kubectl } = await cluster.namespace();
      // The input stays open, since without stdinOnce the engine lets go of who attaches at its end.
      const look = ['chroot', '/host', 'sh', '-c', 'while read go; do cat /etc/passwd; done'];
      const debug = kubectl.start(['debug', 'node/node-1', '-i', `--image=${shellImage}`, '--', ...look]);
      expect(await tell(debug, 'go\n', /root:x:0:0:/)).toContain('node-debugger-node-1-');
      await debug.stop();
    });
  });

  test('static pods come from a folder of their node', async () => {
    const kubectl = cluster.kubectl.with({ namespace: 'default' });
    const directory = join(cluster.dataDir, 'nodes', 'node-2', 'manifests');
    mkdirSync(directory, { recursive: true });
    const path = join(directory, 'still.json');
    writeFileSync(path, JSON.stringify(shellPod('still', 'echo static; exec sleep 1000')));
    await eventually(() => kubectl.ok('get pod still-node-2'), { timeoutMs: 60_000 });
    await ready(kubectl, 'still-node-2');
    expect(await kubectl.ok('get pod still-node-2 -o jsonpath={.metadata.ownerReferences[0].kind}')).toBe(
      'Node',
    );
    expect(await kubectl.ok('logs still-node-2')).toBe('static');
    rmSync(path);
    await kubectl.ok('wait pod/still-node-2 --for=delete --timeout=60s');
  });

  describe('Services', () => {
    let kubectl: CommandClient;
    let ns: string;
    /** What a Service answers to so many requests from a pod. */
    const answers = async (url: string, times = 20) =>
      (await inPod(kubectl, 'client', `for i in $(seq ${times}); do timeout 5 wget -qO- ${url}; done`)).split(
        '\n',
      );

    beforeAll(async () => {
      ({ kubectl, ns } = await cluster.namespace());
      const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } } };
      const spread = {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: 'kubernetes.io/hostname',
            whenUnsatisfiable: 'DoNotSchedule',
            labelSelector: spec.selector,
          },
        ],
      };
      const container = shell(answersItsName(), {
        ports: [{ containerPort: 8080, name: 'http' }],
        readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
      });
      const template = {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [container], terminationGracePeriodSeconds: 2, ...spread },
      };
      await kubectl.apply({
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata: { name: 'web' },
        spec: { ...spec, serviceName: 'web-each', podManagementPolicy: 'Parallel', template },
      });
      const service = (name: string, more: object) => ({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name },
        spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...more },
      });
      await kubectl.apply(
        list(
          service('web', {}),
          service('web-each', { clusterIP: 'None' }),
          service('open', { type: 'NodePort' }),
          service('sticky', { sessionAffinity: 'ClientIP' }),
          service('empty', { selector: { app: 'nobody' } }),
          service('local', { type: 'NodePort', externalTrafficPolicy: 'Local' }),
          service('balanced', { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }),
          service('near', { trafficDistribution: 'PreferSameNode' }),
        ),
      );
      await kubectl.apply(shellPod('client'));
      await kubectl.ok('rollout status statefulset/web --timeout=60s');
      await ready(kubectl, 'client');
      for (const name of ['web', 'sticky', 'open', 'web-each', 'balanced', 'near']) {
        await kubectl.ok(
          `wait endpointslice -l kubernetes.io/service-name=${name} --for=jsonpath='{.endpoints[2].conditions.ready}'=true --timeout=60s`,
        );
      }
    });

    test('their address answers from all of their pods', async () => {
      const address = await kubectl.ok('get service web -o jsonpath={.spec.clusterIP}');
      await eventually(async () => ((await answers(`http://${address}/`, 1)).length > 0 ? true : undefined));
      const seen = new Set(await answers(`http://${address}/`, 40));
      expect([...seen].sort()).toEqual(['web-0', 'web-1', 'web-2']);
    });

    test('names: of Services, of pods, with search paths, of ports', async () => {
      const address = await kubectl.ok('get service web -o jsonpath={.spec.clusterIP}');
      const lookup = (name: string, type = 'a') =>
        inPod(kubectl, 'client', `nslookup -type=${type} ${name} 2>&1 || true`);
      expect(await lookup(`web.${ns}.svc.cluster.local`)).toContain(`Address: ${address}`);
      expect(await answers('http://web/', 1)).toHaveLength(1);
      expect(await answers(`http://web.${ns}/`, 1)).toHaveLength(1);
      expect(await answers(`http://web.${ns}.svc.cluster.local/`, 1)).toHaveLength(1);
      expect(await answers(`http://web-1.web-each:8080/`, 1)).toEqual(['web-1']);
      const headless = await lookup(`web-each.${ns}.svc.cluster.local`);
      expect(headless.match(/Address: 10\.244\.\d+\.\d+/g)).toHaveLength(3);
      const srv = await lookup(`_http._tcp.web.${ns}.svc.cluster.local`, 'srv');
      expect(srv).toMatch(new RegExp(`service = \\d+ \\d+ 80 web\\.${ns}\\.svc\\.cluster\\.local`));
      expect(await lookup(`nothing.${ns}.svc.cluster.local`)).toContain('NXDOMAIN');
      expect(await inPod(kubectl, 'client', 'cat /etc/resolv.conf')).toBe(
        `search ${ns}.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5`,
      );
      expect(await lookup('kubernetes.default.svc.cluster.local')).toContain('Address: 10.96.0.1');
    });

    test('node ports answer on every node', async () => {
      const port = await kubectl.ok('get service open -o jsonpath={.spec.ports[0].nodePort}');
      const addresses = (
        await kubectl.ok([
          'get',
          'nodes',
          '-o',
          `jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}`,
        ])
      ).split(' ');
      expect(addresses).toHaveLength(3);
      for (const address of addresses) expect(await ask(`http://${address}:${port}/`)).toMatch(/^web-\d$/);
    });

    test('external traffic that stays on its node is answered by the pod there', async () => {
      const port = await kubectl.ok('get service local -o jsonpath={.spec.ports[0].nodePort}');
      for (const { metadata, spec, status } of (await kubectl.json('get pods -l app=web')).items) {
        expect(spec.nodeName).toMatch(/^node-/);
        expect(await ask(`http://${status.hostIP}:${port}/`)).toBe(metadata.name);
      }
    });

    test('load balancers learn which nodes have endpoints, and that their proxies work', async () => {
      const port = await kubectl.ok('get service balanced -o jsonpath={.spec.healthCheckNodePort}');
      const pods = (await kubectl.json('get pods -l app=web')).items;
      for (const { hostIP } of pods.map((p: { status: { hostIP: string } }) => p.status)) {
        const told = await eventually(async () => {
          const answer = await fetch(`http://${hostIP}:${port}/`).catch(() => undefined);
          return answer?.status === 200 ? answer : undefined;
        });
        expect(told.headers.get('x-load-balancing-endpoint-weight')).toBe('1');
        expect(await told.json()).toEqual({
          service: { namespace: ns, name: 'balanced' },
          localEndpoints: 1,
          serviceProxyHealthy: true,
        });
        const healthz = await fetch(`http://${hostIP}:10256/healthz`);
        expect([healthz.status, await healthz.json()]).toMatchObject([200, { nodeEligible: true }]);
      }
    });

    test('the proxy tells who is on its node what it does, and nobody else', async () => {
      await kubectl.apply(shellPod('on-node', untilStopped, { spec: { hostNetwork: true } }));
      await kubectl.ok('wait pod/on-node --for=condition=Ready --timeout=60s');
      const told = (path: string) =>
        kubectl.ok(`exec on-node -- timeout 10 wget -qO- http://127.0.0.1:10249${path}`);
      expect((await told('/proxyMode')).trim()).toBe('nftables');
      expect((await told('/healthz')).trim()).toBe('ok');
      const metrics = await told('/metrics');
      expect(metrics).toMatch(/^kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family="IPv4"} [1-9]/m);
      expect(metrics).toMatch(
        /^kubeproxy_network_programming_duration_seconds_count{ip_family="IPv4"} [1-9]/m,
      );
      const closeWait = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_close_wait';
      expect((await kubectl.ok(`exec on-node -- cat ${closeWait}`)).trim()).toBe('3600');
      const { hostIP } = (await kubectl.json('get pod on-node')).status;
      await expect(fetch(`http://${hostIP}:10249/metrics`)).rejects.toThrow();
    });

    test('pods get to the pod of their own node where that is wanted', async () => {
      const home = await kubectl.ok('get pod client -o jsonpath={.spec.nodeName}');
      const near = (await kubectl.json('get pods -l app=web')).items.find(
        (p: { spec: { nodeName: string } }) => p.spec.nodeName === home,
      );
      expect(new Set(await answers('http://near/', 20))).toEqual(new Set([near.metadata.name]));
    });

    test('clients stay with their pod where that is wanted', async () => {
      expect(new Set(await answers('http://sticky/', 20)).size).toBe(1);
    });

    test('without pods, a connection is refused at once', async () => {
      const { stderr, code } = await kubectl.run([
        'exec',
        'client',
        '--',
        'sh',
        '-c',
        'timeout 5 wget -qO- http://empty/',
      ]);
      expect(code).toBe(1);
      expect(stderr).toContain('Connection refused');
    });

    test('pods see each other by their own addresses', async () => {
      const pods = (await kubectl.json('get pods -l app=web')).items;
      for (const pod of pods)
        expect(await answers(`http://${pod.status.podIP}:8080/`, 1)).toEqual([pod.metadata.name]);
      // A pod reaches itself by way of its Service.
      expect(
        new Set(
          (
            await inPod(kubectl, 'web-0', 'for i in $(seq 20); do timeout 5 wget -qO- http://web/; done')
          ).split('\n'),
        ).size,
      ).toBeGreaterThan(1);
    });

    test('a deleted pod is replaced, and the Service goes on', async () => {
      await kubectl.ok('delete pod web-1');
      await kubectl.ok('rollout status statefulset/web --timeout=60s');
      await ready(kubectl, 'web-1');
      expect(await answers('http://web-1.web-each:8080/', 1)).toEqual(['web-1']);
    });
  });
});
