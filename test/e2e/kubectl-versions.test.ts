import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubectlMinors, kubectlOf, machineKubectl } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { certificateRequest, configMap, deployment, list, pod } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 2 });
});
afterAll(() => cluster?.stop());

type Version = [name: string, path: () => string | undefined, isAtTheEnd: boolean];

/** The oldest and the newest do everything; those between them what they do in ways of their own. */
const clients: Version[] = [
  ...kubectlMinors.map(
    (minor, i): Version => [
      `kubectl 1.${minor}`,
      () => kubectlOf(minor),
      i === 0 || i === kubectlMinors.length - 1,
    ],
  ),
  ["the machine's own kubectl", () => machineKubectl, false],
];

/** Deletions say where since kubectl 1.33. */
const deleted = (what: string, ns: string) => new RegExp(`^${what} deleted(?: from ${ns} namespace)?$`);

describe.each(clients)('%s', (name, program, isAtTheEnd) => {
  const path = program();
  const missing = path ? '' : ` (skipped: there is no ${name})`;
  type Run = (kubectl: CommandClient, ns: string) => Promise<void>;
  const inNamespace = (run: Run) => async () => {
    const { kubectl, ns } = await cluster.namespace();
    await run(kubectl.with({ program: path }), ns);
  };
  /** Sessions do not meet: each has a namespace of its own. */
  const session = (title: string, run: Run) =>
    test.skipIf(!path).concurrent(title + missing, inNamespace(run));

  // Server-side or by a patch of its own; what it says of a deletion.
  session('writes: create, apply, edit, patch, replace, diff, delete', async (kubectl, ns) => {
    const { serverVersion } = await kubectl.json('version');
    expect(serverVersion).toMatchObject({ major: '1', minor: '36' });
    expect(await kubectl.apply(configMap('c', { a: '1', b: '1' }))).toBe('configmap/c created');
    expect(await kubectl.apply(configMap('c', { a: '1' }))).toBe('configmap/c configured');
    expect(await kubectl.apply(configMap('c', { a: '1' }))).toBe('configmap/c unchanged');
    expect(await kubectl.ok('get configmap c -o jsonpath={.data}')).toBe('{"a":"1"}');
    const differs = await kubectl.run('diff -f -', { input: JSON.stringify(configMap('c', { a: '2' })) });
    expect([differs.code, differs.stdout]).toEqual([1, expect.stringMatching(/^-.*a: "1"\n\+.*a: "2"$/m)]);
    expect(await kubectl.ok(['patch', 'configmap', 'c', '-p', '{"data":{"p":"1"}}'])).toBe(
      'configmap/c patched',
    );
    const json = '[{"op":"add","path":"/data/j","value":"1"}]';
    await kubectl.ok(['patch', 'configmap', 'c', '--type=json', '-p', json]);
    await kubectl.ok(['patch', 'configmap', 'c', '--type=merge', '-p', '{"data":{"m":"1"}}']);
    const EDITOR = "sed -i 's/a: .*/a: edited/'";
    expect(await kubectl.ok('edit configmap c', { env: { EDITOR } })).toBe('configmap/c edited');
    expect((await kubectl.json('get configmap c')).data).toEqual({ a: 'edited', p: '1', j: '1', m: '1' });
    const live = await kubectl.json('get configmap c');
    const input = JSON.stringify({ ...live, data: { a: 'replaced' } });
    expect(await kubectl.ok('replace -f -', { input })).toBe('configmap/c replaced');
    const stale = JSON.stringify({ ...live, data: { a: 'stale' } });
    expect(await kubectl.fails('replace -f -', { input: stale })).toContain('the object has been modified');
    const odd = JSON.stringify({ ...configMap('odd'), dat: {} });
    expect(await kubectl.fails('create -f -', { input: odd })).toContain('unknown field "dat"');
    expect(await kubectl.ok('delete configmap c')).toMatch(deleted('configmap "c"', ns));
    expect(await kubectl.fails('get configmap c')).toBe(
      'Error from server (NotFound): configmaps "c" not found',
    );
  });

  // Lists in pieces, and watches that begin with a list or without.
  session('reads: tables, JSON, YAML, paths, columns, watches', async (kubectl) => {
    await kubectl.apply(list(configMap('one', { a: '1' }, { tier: 'front' }), configMap('two')));
    expect(await kubectl.ok('get configmaps one two')).toMatch(
      /^NAME +DATA +AGE\none +1 +\d+s\ntwo +0 +\d+s$/,
    );
    expect(await kubectl.ok('get nodes -o wide')).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP/);
    expect(await kubectl.ok('get configmap one -o yaml')).toMatch(
      /^apiVersion: v1\ndata:\n {2}a: "1"\nkind: ConfigMap/,
    );
    expect(await kubectl.ok('get configmaps -l tier=front -o name')).toBe('configmap/one');
    expect(await kubectl.ok('get configmaps -o jsonpath={.items[?(@.data.a)].metadata.name}')).toBe('one');
    const columns = 'custom-columns=N:.metadata.name,A:.data.a';
    expect(await kubectl.ok(`get configmap one -o ${columns}`)).toBe('N     A\none   1');
    expect(await kubectl.ok('get configmap one -o go-template={{.data.a}}')).toBe('1');
    expect(await kubectl.ok('get configmaps --sort-by=.metadata.name -o name --chunk-size=1')).toBe(
      'configmap/kube-root-ca.crt\nconfigmap/one\nconfigmap/two',
    );
    const watch = kubectl.start('get configmaps --watch --output-watch-events');
    await watch.shows(/ADDED +two +0/);
    await kubectl.ok('create configmap fresh');
    await watch.shows(/ADDED +fresh +0/);
    await kubectl.ok('label configmap fresh a=b');
    await watch.shows(/MODIFIED +fresh +0/);
    await kubectl.ok('delete configmap fresh');
    await watch.shows(/DELETED +fresh +0/);
    await watch.stop('SIGINT');
  });

  // SPDY or WebSocket.
  session('runs, logs, executes, describes ten kinds', async (kubectl) => {
    const talker = pod('talker');
    const annotations = {
      'simulated.k8ts.dev/logs': 'one\ntwo\n',
      'simulated.k8ts.dev/exec-output': 'executed',
    };
    await kubectl.apply({ ...talker, metadata: { ...talker.metadata, annotations } });
    expect(await kubectl.ok('run web --image=registry.test/web:1 --port=80 --expose')).toMatch(
      /service\/web created\npod\/web created/,
    );
    await kubectl.ok('wait pod/talker pod/web --for=condition=Ready --timeout=30s');
    expect(await kubectl.ok('logs talker --tail=1')).toBe('two');
    expect(await kubectl.ok('exec talker -- anything')).toBe('executed');
    expect(await eventually(() => kubectl.ok('top nodes --no-headers'))).toMatch(/^node-1 +\d+m +\d+%/);
    await kubectl.apply(deployment('web', { replicas: 1 }));
    await kubectl.ok('create secret generic s --from-literal=a=b');
    await kubectl.ok('create job j --image=registry.test/j:1');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
    for (const [what, shows] of Object.entries({
      'pod talker': /^Status: +Running$/m,
      'service web': /^Endpoints: +10\.244\./m,
      'deployment web': /1 desired \| 1 updated \| 1 total \| 1 available/,
      replicasets: /^Controlled By: +Deployment\/web$/m,
      'job j': /^Pods Statuses: +1 Active/m,
      'secret s': /^a: +1 bytes?$/m,
      'configmap kube-root-ca.crt': /^ca\.crt:\n----$/m,
      'serviceaccount default': /^Image pull secrets: +<none>$/m,
      'namespace kube-system': /^Status: +Active$/m,
      'node node-1': /^Non-terminated Pods:/m,
      'clusterrole view': /^PolicyRule:$/m,
    })) {
      expect(await kubectl.ok(`describe ${what}`)).toMatch(shows);
    }
    expect(await kubectl.ok('events --for pod/talker')).toMatch(/Normal +Started +Pod\/talker/);
    expect(await kubectl.ok('get events --field-selector involvedObject.name=talker')).toContain('Scheduled');
    expect(await kubectl.ok('describe pod talker')).toMatch(
      /^ +Normal +Scheduled +\d+s +default-scheduler +Successfully assigned /m,
    );
  });

  if (!isAtTheEnd) return;

  session('applies on the server, and is told of conflicts', async (kubectl) => {
    const web = deployment('web', { replicas: 0 });
    expect(await kubectl.apply(web, '--server-side')).toBe('deployment.apps/web serverside-applied');
    const other = JSON.stringify(deployment('web', { replicas: 1 }));
    const refused = await kubectl.fails('apply -f - --server-side --field-manager=other', { input: other });
    expect(refused).toMatch(/Apply failed with 1 conflict: conflict with "kubectl": \.spec\.replicas/);
    await kubectl.apply(
      deployment('web', { replicas: 1 }),
      '--server-side',
      '--field-manager=other',
      '--force-conflicts',
    );
    const { metadata } = await kubectl.json('get deployment web --show-managed-fields');
    const managers = metadata.managedFields.map(({ manager }: { manager: string }) => manager);
    expect(managers).toEqual(expect.arrayContaining(['kubectl', 'other']));
    expect(await kubectl.apply(web, '--server-side', '--dry-run=server', '--force-conflicts')).toContain(
      '(server dry run)',
    );
  });

  session('rollouts: status, history, undo, restart, scale, autoscale, set', async (kubectl, ns) => {
    const done = () => kubectl.ok('rollout status deployment/web --timeout=60s');
    expect(await kubectl.apply(deployment('web'))).toBe('deployment.apps/web created');
    expect(await done()).toContain('successfully rolled out');
    expect(await kubectl.ok('wait deployment/web --for=condition=Available --timeout=30s')).toBe(
      'deployment.apps/web condition met',
    );
    expect(
      await kubectl.ok("wait deployment/web --for=jsonpath='{.status.readyReplicas}'=2 --timeout=30s"),
    ).toContain('met');
    expect(await kubectl.ok('set image deployment/web web=registry.test/web:2')).toBe(
      'deployment.apps/web image updated',
    );
    await done();
    expect(await kubectl.ok('set env deployment/web A=1')).toBe('deployment.apps/web env updated');
    expect(await kubectl.ok('set resources deployment/web --limits=cpu=200m,memory=64Mi')).toBe(
      'deployment.apps/web resource requirements updated',
    );
    await done();
    const history = await kubectl.ok('rollout history deployment/web');
    expect(history.split('\n').filter((row) => /^\d+ /.test(row))).toHaveLength(4);
    expect(await kubectl.ok('rollout history deployment/web --revision=1')).toContain('registry.test/web:1');
    expect(await kubectl.ok('rollout undo deployment/web --to-revision=1')).toBe(
      'deployment.apps/web rolled back',
    );
    expect(await kubectl.ok('rollout restart deployment/web')).toBe('deployment.apps/web restarted');
    await done();
    const { containers } = (await kubectl.json('get deployment web')).spec.template.spec;
    expect(containers).toEqual([expect.objectContaining({ image: 'registry.test/web:1', resources: {} })]);
    expect(await kubectl.ok('scale deployment web --current-replicas=2 --replicas=3')).toBe(
      'deployment.apps/web scaled',
    );
    await done();
    expect(await kubectl.ok('autoscale deployment web --min=2 --max=5 --cpu-percent=80')).toBe(
      'horizontalpodautoscaler.autoscaling/web autoscaled',
    );
    expect(await kubectl.ok('get hpa web')).toMatch(
      /^NAME +REFERENCE +TARGETS +MINPODS +MAXPODS +REPLICAS +AGE\nweb +Deployment\/web/,
    );
    expect(await kubectl.ok('expose deployment web --port=80')).toBe('service/web exposed');
    expect(await kubectl.ok('get all')).toMatch(
      /pod\/web-[^]*service\/web[^]*deployment\.apps\/web[^]*replicaset\.apps\/web-/,
    );
    expect(await kubectl.ok('delete deployment web')).toMatch(deleted('deployment.apps "web"', ns));
    expect(await kubectl.ok('wait pods --all --for=delete --timeout=30s')).not.toContain('timed out');
  });

  session('asks what there is and who it is', async (kubectl, ns) => {
    expect(await kubectl.ok('explain pod.spec.containers.image')).toMatch(/FIELD: +image <string>/);
    expect(await kubectl.ok('explain deployment --recursive')).toMatch(/replicas\t<integer>/);
    expect(await kubectl.ok('explain cronjob.spec --output=plaintext-openapiv2')).toMatch(
      /schedule\t<string> -required-/,
    );
    expect(await kubectl.ok('api-resources --namespaced=true --verbs=list -o name')).toContain(
      'deployments.apps\n',
    );
    expect(await kubectl.ok('api-resources --categories=all --no-headers')).toMatch(
      /cronjobs +cj +batch\/v1 +true +CronJob/,
    );
    expect((await kubectl.ok('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'apps/v1', 'batch/v1']),
    );
    // Older ones colour what they say.
    const running = new RegExp(`Kubernetes control plane\\S* is running at \\S*${cluster.url}`);
    expect(await kubectl.ok('cluster-info')).toMatch(running);
    const dump = await kubectl.ok(`cluster-info dump --namespaces=${ns}`);
    expect(dump).toContain('"kind": "NodeList"');
    expect(await kubectl.ok('auth can-i create pods')).toBe('yes');
    expect(await kubectl.ok(`auth can-i --list --as=system:serviceaccount:${ns}:default`)).toMatch(
      /selfsubjectaccessreviews\.authorization\.k8s\.io +\[\] +\[\] +\[create\]/,
    );
    expect(await kubectl.ok('auth whoami')).toMatch(/^Username +kubernetes-admin$/m);
    const token = await kubectl.ok('create token default --duration=20m');
    expect(token.split('.')).toHaveLength(3);
    expect(await kubectl.fails(`get pods --as=system:serviceaccount:${ns}:default`)).toMatch(
      /^Error from server \(Forbidden\): pods is forbidden: User "system:serviceaccount:/,
    );
    expect(await kubectl.ok('config current-context')).toBe('k8ts');
    expect(await kubectl.ok('config view --minify -o jsonpath={.clusters[0].cluster.server}')).toBe(
      cluster.url,
    );
    const proxy = kubectl.start('proxy --port=0');
    const said = await proxy.shows(/Starting to serve on 127\.0\.0\.1:\d+/);
    const answer = await fetch(`http://${/127\.0\.0\.1:\d+/.exec(said)?.[0]}/version`);
    expect(await answer.json()).toMatchObject({ major: '1' });
    await proxy.stop();
  });

  session('creates with each generator, and from a kustomization', async (kubectl, ns) => {
    const made = async (command: string, what: string) =>
      expect(await kubectl.ok(`create ${command}`)).toBe(`${what} created`);
    await made('configmap c --from-literal=a=b', 'configmap/c');
    await made('secret generic s --from-literal=a=b', 'secret/s');
    await made('secret docker-registry r --docker-username=u --docker-password=p', 'secret/r');
    await made('deployment d --image=registry.test/d:1 --replicas=0', 'deployment.apps/d');
    await made('job j --image=registry.test/j:1', 'job.batch/j');
    await made("cronjob cj --image=registry.test/j:1 --schedule='*/5 * * * *'", 'cronjob.batch/cj');
    await made('job from-cj --from=cronjob/cj', 'job.batch/from-cj');
    await made('service clusterip s1 --tcp=80', 'service/s1');
    await made('service nodeport s2 --tcp=80', 'service/s2');
    await made('service loadbalancer s3 --tcp=80', 'service/s3');
    await made('service externalname s4 --external-name=example.test', 'service/s4');
    await made('ingress i --rule=example.test/*=s1:80', 'ingress.networking.k8s.io/i');
    await made('serviceaccount sa', 'serviceaccount/sa');
    await made('role r --verb=get --resource=pods', 'role.rbac.authorization.k8s.io/r');
    await made(
      `rolebinding rb --role=r --serviceaccount=${ns}:sa`,
      'rolebinding.rbac.authorization.k8s.io/rb',
    );
    await made(
      `clusterrole ${ns} --verb=get --resource=nodes`,
      `clusterrole.rbac.authorization.k8s.io/${ns}`,
    );
    await made(
      `clusterrolebinding ${ns} --clusterrole=${ns} --user=x`,
      `clusterrolebinding.rbac.authorization.k8s.io/${ns}`,
    );
    await made('quota q --hard=pods=10', 'resourcequota/q');
    await made('poddisruptionbudget p --selector=a=b --min-available=1', 'poddisruptionbudget.policy/p');
    await made(`priorityclass ${ns} --value=10`, `priorityclass.scheduling.k8s.io/${ns}`);
    await kubectl.ok(`delete clusterrole,clusterrolebinding,priorityclass ${ns}`);

    const folder = join(cluster.home, `kustomization-${ns}`);
    mkdirSync(folder);
    const map = 'configMapGenerator: [{ name: generated, literals: [a=1] }]\n';
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      `namePrefix: k-\nlabels: [{ pairs: { k: v } }]\n${map}`,
    );
    expect(await kubectl.ok(`apply -k ${folder}`)).toMatch(/^configmap\/k-generated-\w+ created$/);
    expect(await kubectl.ok('get configmaps -l k=v -o name')).toMatch(/^configmap\/k-generated-/);
  });

  session('approves and denies certificates', async (kubectl, ns) => {
    const request = (of: string) => ({
      apiVersion: 'certificates.k8s.io/v1',
      kind: 'CertificateSigningRequest',
      metadata: { name: of },
      spec: {
        request: certificateRequest,
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    });
    const [yes, no] = [`${ns}-yes`, `${ns}-no`];
    await cluster.kubectl.apply(list(request(yes), request(no)));
    expect(await kubectl.ok(`certificate approve ${yes}`)).toMatch(/ approved$/);
    await kubectl.ok(`wait csr/${yes} --for=jsonpath='{.status.certificate}' --timeout=20s`);
    expect(await kubectl.ok(`certificate deny ${no}`)).toMatch(/ denied$/);
    expect(await kubectl.ok(`get csr ${yes} ${no}`)).toMatch(/Approved,Issued\n.* Denied$/);
    await kubectl.ok(`delete csr ${yes} ${no}`);
  });

  // By itself, since it takes the nodes away from the others.
  test.skipIf(!path)(
    `labels, annotates, taints, cordons, drains${missing}`,
    inNamespace(async (kubectl) => {
      await kubectl.apply(deployment('web', { replicas: 2 }));
      await kubectl.ok('rollout status deployment/web --timeout=30s');
      expect(await kubectl.ok('label deployment web x=y')).toBe('deployment.apps/web labeled');
      expect(await kubectl.ok('annotate deployment web x=y')).toBe('deployment.apps/web annotated');
      expect(await kubectl.ok('label deployment web x-')).toBe('deployment.apps/web unlabeled');
      expect(await kubectl.ok('taint node node-2 test=1:PreferNoSchedule')).toBe('node/node-2 tainted');
      expect(await kubectl.ok('taint node node-2 test-')).toBe('node/node-2 untainted');
      expect(await kubectl.ok('cordon node-2')).toBe('node/node-2 cordoned');
      const drained = await kubectl.ok(
        'drain node-2 --ignore-daemonsets --delete-emptydir-data --force --timeout=60s',
      );
      expect(drained).toMatch(/node\/node-2 drained$/);
      expect(
        await kubectl.ok('get pods --field-selector spec.nodeName=node-2,status.phase=Running -o name'),
      ).toBe('');
      expect(await kubectl.ok('uncordon node-2')).toBe('node/node-2 uncordoned');
    }),
  );
});
