import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { deployment, pod } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 3 });
});
afterAll(() => cluster?.stop());

describe.concurrent('Deployments', () => {
  test('create, scale, expose', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create deployment web --image=registry.test/web:1 --port=80 --replicas=2');
    expect(await kubectl.ok('rollout status deployment/web --timeout=30s')).toContain(
      'deployment "web" successfully rolled out',
    );
    expect(await kubectl.ok('scale deployment/web --replicas=4')).toBe('deployment.apps/web scaled');
    await kubectl.ok("wait deployment/web --for=jsonpath='{.status.readyReplicas}'=4 --timeout=30s");
    expect(await kubectl.fails('scale deployment/web --current-replicas=2 --replicas=1')).toContain(
      'Expected replicas to be 2, was 4',
    );
    expect(await kubectl.ok('expose deployment web --name=web-service --port=8080 --target-port=80')).toBe(
      'service/web-service exposed',
    );
    await kubectl.ok(
      "wait endpointslice -l kubernetes.io/service-name=web-service --for=jsonpath='{.endpoints[3].conditions.ready}'=true --timeout=30s",
    );
    expect(
      await kubectl.ok('get endpoints web-service -o jsonpath={.subsets[0].addresses[*].targetRef.kind}'),
    ).toBe('Pod Pod Pod Pod');
    expect(await kubectl.ok('autoscale deployment web --min=2 --max=5 --cpu=80%')).toBe(
      'horizontalpodautoscaler.autoscaling/web autoscaled',
    );
    await kubectl.ok('scale deployment/web --replicas=0');
    await kubectl.ok('wait pod -l app=web --for=delete --timeout=30s');
    expect(await kubectl.ok('get pods -o name')).toBe('');
  });

  test('roll out, look back, undo', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    await kubectl.ok('set image deployment/web web=registry.test/web:2');
    await kubectl.ok('annotate deployment/web kubernetes.io/change-cause=second');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    await kubectl.ok(
      "wait deployment/web --for=jsonpath='{.metadata.annotations.deployment\\.kubernetes\\.io/revision}'=2 --timeout=10s",
    );
    const images = await kubectl.ok(
      "wait pods -l app=web --for=jsonpath='{.spec.containers[0].image}'=registry.test/web:2 --timeout=30s",
    );
    expect(images.split('\n').length).toBeGreaterThanOrEqual(2);
    expect((await kubectl.ok('rollout history deployment/web')).split('\n')).toEqual([
      'deployment.apps/web ',
      'REVISION  CHANGE-CAUSE',
      '1         <none>',
      expect.stringMatching(/^2 {9}(second|<none>)$/),
    ]);
    expect(await kubectl.ok('rollout history deployment/web --revision=1')).toContain(
      'Image:\tregistry.test/web:1',
    );
    expect(await kubectl.ok('rollout undo deployment/web')).toBe('deployment.apps/web rolled back');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('get deployment web -o jsonpath={..image}')).toBe('registry.test/web:1');
    expect(
      (await kubectl.ok('rollout history deployment/web'))
        .split('\n')
        .slice(2)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['2', '3']);
    expect(await kubectl.ok('rollout undo deployment/web --to-revision=2 --dry-run=server')).toContain(
      'deployment.apps/web rolled back (server dry run)',
    );
    expect(await kubectl.fails('rollout undo deployment/web --to-revision=9')).toMatch(
      /^error: unable to find specified revision 9 in history$/m,
    );
    const replicaSets = await kubectl.json('get replicasets');
    expect(replicaSets.items.map((r: { spec: { replicas: number } }) => r.spec.replicas).sort()).toEqual([
      0, 2,
    ]);
  });

  test('pause, resume, restart', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('rollout pause deployment/web')).toBe('deployment.apps/web paused');
    expect(await kubectl.fails('rollout pause deployment/web')).toBe(
      'error: deployments.apps "web" is already paused',
    );
    await kubectl.ok('set image deployment/web web=registry.test/web:2');
    await kubectl.ok("wait deployment/web --for=jsonpath='{.status.observedGeneration}'=3 --timeout=30s");
    expect((await kubectl.ok('get replicasets -o name')).split('\n')).toHaveLength(1);
    expect(await kubectl.fails('rollout restart deployment/web')).toBe(
      'error: deployments.apps "web" can\'t restart paused deployment (run rollout resume first)',
    );
    expect(await kubectl.ok('rollout resume deployment/web')).toBe('deployment.apps/web resumed');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect((await kubectl.ok('get replicasets -o name')).split('\n')).toHaveLength(2);
    expect(await kubectl.ok('rollout restart deployment/web')).toBe('deployment.apps/web restarted');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect((await kubectl.ok('get replicasets -o name')).split('\n')).toHaveLength(3);
  });

  test('a rollout that does not come to its end says so', async () => {
    const { kubectl } = await cluster.namespace();
    const manifest = deployment('web');
    Object.assign(manifest.spec, { progressDeadlineSeconds: 3, minReadySeconds: 0 });
    Object.assign(manifest.spec.template.spec, { nodeSelector: { nowhere: 'true' } });
    await kubectl.apply(manifest);
    // Pods that are made after the deadline are progress too, and would take it back.
    await kubectl.ok('wait deployment/web --for=jsonpath={.status.updatedReplicas}=2 --timeout=30s');
    const said = await kubectl.fails('rollout status deployment/web --timeout=30s');
    expect(said).toBe('error: deployment "web" exceeded its progress deadline');
    expect(await kubectl.ok('describe deployment web')).toMatch(
      /Progressing +False +ProgressDeadlineExceeded/,
    );
    expect(await kubectl.ok('describe pod -l app=web --show-events')).toMatch(
      /Warning +FailedScheduling .* 0\/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity\/selector/,
    );
  });

  test('deleting one deletes its own, orphans it, or waits for it', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.apply(deployment('web'));
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('delete deployment web --cascade=orphan')).toBe(
      `deployment.apps "web" deleted from ${ns} namespace`,
    );
    expect((await kubectl.ok('get pods -o name')).split('\n')).toHaveLength(2);
    const before = await kubectl.ok('get replicasets -o name');
    await kubectl.apply(deployment('web'));
    await kubectl.ok(
      "wait replicasets --all --for=jsonpath='{.metadata.ownerReferences[0].kind}'=Deployment --timeout=30s",
    );
    expect(await kubectl.ok('get replicasets -o name')).toBe(before);
    await kubectl.ok('delete deployment web --cascade=foreground');
    expect(await kubectl.ok('get replicasets,pods -o name')).toBe('');
  });
});

describe.concurrent('other workloads', () => {
  test('a Job runs to its end', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'once' },
      spec: {
        completions: 3,
        parallelism: 2,
        template: {
          metadata: { annotations: { 'simulated.k8ts.dev/exit-after': '0s' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.test/once:1' }] },
        },
      },
    });
    expect(await kubectl.ok('wait job/once --for=condition=complete --timeout=60s')).toBe(
      'job.batch/once condition met',
    );
    expect(await kubectl.ok('get job once')).toMatch(/once +Complete +3\/3 /);
    const cronJob = "create cronjob often --image=registry.test/once:1 --schedule='0 0 1 1 *'";
    await kubectl.ok(cronJob);
    expect(await kubectl.ok('create job now --from=cronjob/often')).toBe('job.batch/now created');
    expect(await kubectl.ok('get job now -o jsonpath={.metadata.ownerReferences[0].kind}')).toBe('CronJob');
  });

  test('a StatefulSet goes up in order', async () => {
    const { kubectl } = await cluster.namespace();
    const { spec } = deployment('db', { replicas: 3 });
    // Go writes some of it in another way than others do.
    const containers = [{ ...spec.template.spec.containers[0], command: ['sh', '-c', 'a && b <c >d'] }];
    const template = { ...spec.template, spec: { containers } };
    await kubectl.apply({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db' },
      spec: { ...spec, template, serviceName: 'db' },
    });
    expect(await kubectl.ok('rollout status statefulset/db --timeout=60s')).toMatch(
      /(statefulset rolling update complete|partitioned roll out complete)/,
    );
    expect((await kubectl.ok('get pods -o name')).split('\n')).toEqual(['pod/db-0', 'pod/db-1', 'pod/db-2']);
    await kubectl.ok('scale statefulset db --replicas=1');
    await kubectl.ok('wait pod/db-1 pod/db-2 --for=delete --timeout=30s');
    await kubectl.ok('rollout restart statefulset/db');
    await kubectl.ok('rollout status statefulset/db --timeout=60s');
    expect((await kubectl.ok('rollout history statefulset/db')).split('\n')).toHaveLength(4);
    expect(await kubectl.ok('rollout undo statefulset/db --to-revision=2')).toContain(
      'statefulset.apps/db skipped rollback (current template already matches revision 2)',
    );
  });

  test('a DaemonSet runs on each node', async () => {
    const { kubectl } = await cluster.namespace();
    const { spec } = deployment('agent');
    const { replicas: _, ...rest } = spec;
    await kubectl.apply({
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      spec: rest,
    });
    expect(await kubectl.ok('rollout status daemonset/agent --timeout=60s')).toContain(
      'daemon set "agent" successfully rolled out',
    );
    expect(await kubectl.ok('rollout undo daemonset/agent --to-revision=1')).toContain(
      'daemonset.apps/agent skipped rollback (current template already matches revision 1)',
    );
    const nodes = await kubectl.ok('get pods -l app=agent -o jsonpath={.items[*].spec.nodeName}');
    expect(nodes.split(' ').sort()).toEqual(['node-1', 'node-2', 'node-3']);
    expect(await kubectl.ok('get daemonset agent')).toMatch(/agent +3 +3 +3 +3 +3 +<none>/);
  });

  test('a DaemonSet tells what changed it, and goes back to what it was', async () => {
    const { kubectl } = await cluster.namespace();
    const { replicas: _, ...spec } = deployment('agent').spec;
    const agent = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent' }, spec };
    const first = kubectl.file(agent, 'first.yaml');
    const second = kubectl.file(JSON.stringify(agent).replace('web:1', 'web:2'), 'second.yaml');
    const image = () =>
      kubectl.ok('get daemonset agent -o jsonpath={.spec.template.spec.containers[0].image}');
    for (const file of [first, second]) {
      await kubectl.ok(['apply', '-f', file, '--record']);
      await kubectl.ok('rollout status daemonset/agent --timeout=60s');
    }
    const history = await kubectl.ok('rollout history daemonset');
    expect(history).toMatch(/^1 +kubectl apply .*first\.yaml.*--record=true$/m);
    expect(history).toMatch(/^2 +kubectl apply .*second\.yaml.*--record=true$/m);
    expect(await kubectl.ok('rollout undo daemonset --dry-run=server')).toBe(
      'daemonset.apps/agent rolled back (server dry run)',
    );
    expect(await image()).toBe('registry.test/web:2');
    expect(await kubectl.fails('rollout undo daemonset --to-revision=1000000')).toContain(
      'error: unable to find specified revision 1000000 in history',
    );
    await kubectl.ok('rollout undo daemonset');
    expect(await image()).toBe('registry.test/web:1');
    const numbers =
      '{.metadata.generation} {.metadata.annotations.deprecated\\.daemonset\\.template\\.generation}';
    expect(await kubectl.ok(['get', 'daemonset', 'agent', '-o', `jsonpath=${numbers}`])).toBe('3 3');
  });
});

describe('Pods', () => {
  test('run, wait, delete', async () => {
    const { kubectl, ns } = await cluster.namespace();
    expect(
      await kubectl.ok('run one --image=registry.test/one:1 --labels=app=one --env=A=1 --port=80 --expose'),
    ).toBe('service/one created\npod/one created');
    expect(await kubectl.ok('wait pod/one --for=condition=Ready --timeout=30s')).toBe(
      'pod/one condition met',
    );
    expect(await kubectl.ok("wait pod/one --for=jsonpath='{.status.phase}'=Running --timeout=5s")).toBe(
      'pod/one condition met',
    );
    expect(await kubectl.fails('wait pod/one --for=condition=Initialized=false --timeout=1s')).toBe(
      'error: timed out waiting for the condition on pods/one',
    );
    expect(await kubectl.fails('wait pod/none --for=condition=Ready --timeout=5s')).toBe(
      'Error from server (NotFound): pods "none" not found',
    );
    expect(await kubectl.ok('delete pod one --grace-period=1')).toBe(
      `pod "one" deleted from ${ns} namespace`,
    );
    await kubectl.fails('get pod one');
    await kubectl.ok('run two --image=registry.test/two:1');
    const forced = await kubectl.run('delete pod two --grace-period=0 --force');
    expect(forced.stdout.trim()).toBe(`pod "two" force deleted from ${ns} namespace`);
    expect(forced.stderr).toContain(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated.',
    );
    await kubectl.fails('get pod two');
  });

  test('a quota is counted, and held to', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create quota few --hard=pods=1');
    await kubectl.ok("wait resourcequota/few --for=jsonpath='{.status.hard.pods}'=1 --timeout=20s");
    await kubectl.apply(pod('first'));
    expect(await kubectl.fails('create -f -', { input: JSON.stringify(pod('second')) })).toBe(
      'Error from server (Forbidden): error when creating "STDIN": pods "second" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1',
    );
    expect(await kubectl.ok('describe quota few')).toMatch(/pods +1 +1/);
    expect(ns).toMatch(/^test/);
  });
});

describe('Nodes', () => {
  test('cordon, drain, uncordon', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.apply(deployment('web', { replicas: 6 }));
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('cordon node-3')).toBe('node/node-3 cordoned');
    expect(await kubectl.ok('cordon node-3')).toBe('node/node-3 already cordoned');
    expect(await kubectl.ok('get node node-3')).toMatch(/node-3 +Ready,SchedulingDisabled /);
    await kubectl.apply(pod('bare', { spec: { nodeName: 'node-3' } }));
    await kubectl.ok('wait pod/bare --for=condition=Ready --timeout=30s');
    const refused = await kubectl.fails('drain node-3 --ignore-daemonsets');
    expect(refused).toMatch(
      /cannot delete (cannot delete )?Pods that declare no controller \(use --force to override\): .*test-\d+\/bare/,
    );
    const drained = await kubectl.ok(
      'drain node-3 --ignore-daemonsets --force --delete-emptydir-data --timeout=60s',
    );
    expect(drained).toMatch(/node\/node-3 drained$/);
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    expect(await kubectl.ok('get pods -l app=web --field-selector spec.nodeName=node-3 -o name')).toBe('');
    expect(await kubectl.ok('uncordon node-3')).toBe('node/node-3 uncordoned');
    expect(await kubectl.ok('get node node-3 -o jsonpath={.spec.unschedulable}')).toBe('');
  });

  test('a drain heeds a disruption budget', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('label node node-1 keep=here');
    const manifest = deployment('kept', { replicas: 1 });
    Object.assign(manifest.spec.template.spec, { nodeSelector: { keep: 'here' } });
    await kubectl.apply(manifest);
    await kubectl.ok('create poddisruptionbudget guard --selector=app=kept --min-available=1');
    await kubectl.ok('rollout status deployment/kept --timeout=30s');
    await kubectl.ok("wait pdb/guard --for=jsonpath='{.status.currentHealthy}'=1 --timeout=30s");
    const drain = kubectl.start(
      'drain node-1 --ignore-daemonsets --force --pod-selector=app=kept --timeout=20s',
    );
    await drain.shows(
      /error when evicting pods\/"kept-\S+" .*: Cannot evict pod as it would violate the pod's disruption budget/,
    );
    await kubectl.ok('delete pdb guard');
    expect((await drain.ended).code).toBe(0);
    await kubectl.ok('uncordon node-1');
  });

  test('taints keep pods away, or throw them out', async () => {
    const { kubectl } = await cluster.namespace();
    expect(await kubectl.ok('taint node node-2 use=special:NoSchedule')).toBe('node/node-2 tainted');
    expect(await kubectl.fails('taint node node-2 use=other:NoSchedule')).toBe(
      'error: node node-2 already has use taint(s) with same effect(s) and --overwrite is false',
    );
    await kubectl.apply(pod('no', { spec: { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } } }));
    const tolerations = [{ key: 'use', operator: 'Equal', value: 'special', effect: 'NoSchedule' }];
    const selected = { nodeSelector: { 'kubernetes.io/hostname': 'node-2' } };
    await kubectl.apply(pod('yes', { spec: { ...selected, tolerations } }));
    await kubectl.ok('wait pod/yes --for=condition=Ready --timeout=30s');
    await kubectl.ok('wait pod/no --for=condition=PodScheduled=false --timeout=30s');
    expect(await kubectl.ok('taint node node-2 use:NoSchedule-')).toBe('node/node-2 untainted');
    await kubectl.ok('wait pod/no --for=condition=Ready --timeout=30s');
    await kubectl.ok('taint node node-2 out=now:NoExecute');
    await kubectl.ok('wait pod/no pod/yes --for=delete --timeout=40s');
    await kubectl.ok('taint node node-2 out-');
  });
});
