import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import { eventually } from './support/commands.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap, deployment, list } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 2 });
});
afterAll(() => cluster?.stop());

/** The cells of a table, row by row. */
const table = (text: string) => text.split('\n').map((line) => line.trim().split(/ {2,}/));

describe('get', () => {
  let kubectl: CommandClient;
  let ns: string;

  beforeAll(async () => {
    ({ kubectl, ns } = await cluster.namespace());
    await kubectl.apply(deployment('web'));
    await kubectl.apply(
      list(
        configMap('one', { a: '1' }, { tier: 'front', env: 'prod' }),
        configMap('two', { a: '1', b: '2' }, { tier: 'back', env: 'prod' }),
        configMap('three', {}, { tier: 'back' }),
      ),
    );
    await kubectl.ok('expose deployment web --port 80');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
  });

  test('a table of Deployments', async () => {
    const [head, row] = table(await kubectl.ok('get deployment web'));
    expect(head).toEqual(['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE']);
    expect(row?.slice(0, 4)).toEqual(['web', '2/2', '2', '2']);
    expect(row?.[4]).toMatch(/^\d+s$/);
  });

  test('wide tables', async () => {
    const [head, row] = table(await kubectl.ok('get deployment web -o wide'));
    expect(head).toEqual([
      'NAME',
      'READY',
      'UP-TO-DATE',
      'AVAILABLE',
      'AGE',
      'CONTAINERS',
      'IMAGES',
      'SELECTOR',
    ]);
    expect(row?.slice(5)).toEqual(['web', 'registry.test/web:1', 'app=web']);
    const [podHead, podRow] = table(await kubectl.ok('get pods -o wide'));
    const columns = [
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ];
    expect(podHead).toEqual(columns);
    expect(podRow?.[0]).toMatch(/^web-[a-z0-9]+-[a-z0-9]{5}$/);
    expect(podRow?.slice(1, 4)).toEqual(['1/1', 'Running', '0']);
    expect(podRow?.[5]).toMatch(/^10\.244\.\d+\.\d+$/);
    expect(podRow?.slice(6)).toEqual([expect.stringMatching(/^node-[12]$/), '<none>', '<none>']);
    const [nodeHead] = table(await kubectl.ok('get nodes -o wide'));
    expect(nodeHead).toEqual([
      'NAME',
      'STATUS',
      'ROLES',
      'AGE',
      'VERSION',
      'INTERNAL-IP',
      'EXTERNAL-IP',
      'OS-IMAGE',
      'KERNEL-VERSION',
      'CONTAINER-RUNTIME',
    ]);
  });

  test('each kind has its own columns', async () => {
    const columnsOf = async (what: string) => table(await kubectl.ok(`get ${what}`))[0];
    expect(await columnsOf('replicasets')).toEqual(['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE']);
    expect(await columnsOf('services')).toEqual([
      'NAME',
      'TYPE',
      'CLUSTER-IP',
      'EXTERNAL-IP',
      'PORT(S)',
      'AGE',
    ]);
    expect(await columnsOf('configmaps')).toEqual(['NAME', 'DATA', 'AGE']);
    expect(await columnsOf('namespaces')).toEqual(['NAME', 'STATUS', 'AGE']);
    expect(await columnsOf('nodes')).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
    expect(await columnsOf('endpointslices')).toEqual(['NAME', 'ADDRESSTYPE', 'PORTS', 'ENDPOINTS', 'AGE']);
    expect(await columnsOf('serviceaccounts')).toEqual(['NAME', 'SECRETS', 'AGE']);
    expect(await columnsOf('events')).toEqual(['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
    expect(await columnsOf('clusterroles')).toEqual(['NAME', 'CREATED AT']);
    expect(await columnsOf('clusterrolebindings')).toEqual(['NAME', 'ROLE', 'AGE']);
    expect(await columnsOf('priorityclasses')).toEqual([
      'NAME',
      'VALUE',
      'GLOBAL-DEFAULT',
      'AGE',
      'PREEMPTIONPOLICY',
    ]);
    expect(await columnsOf('leases -n kube-node-lease')).toEqual(['NAME', 'HOLDER', 'AGE']);
  });

  test('selectors over labels', async () => {
    const names = async (selector: string) =>
      (await kubectl.ok(['get', 'configmaps', '-o', 'name', '-l', selector]))
        .split('\n')
        .filter(Boolean)
        .sort();
    expect(await names('tier=back')).toEqual(['configmap/three', 'configmap/two']);
    expect(await names('tier==front')).toEqual(['configmap/one']);
    expect(await names('tier,tier!=front')).toEqual(['configmap/three', 'configmap/two']);
    expect(await names('tier in (front, back),env')).toEqual(['configmap/one', 'configmap/two']);
    expect(await names('tier notin (front),tier')).toEqual(['configmap/three', 'configmap/two']);
    expect(await names('tier=back,!env')).toEqual(['configmap/three']);
    expect(await names('!tier')).toEqual(['configmap/kube-root-ca.crt']);
    expect(await kubectl.ok('get configmaps -l tier=none')).toBe('');
    expect((await kubectl.run('get configmaps -l tier=none')).stderr.trim()).toBe(
      `No resources found in ${ns} namespace.`,
    );
    expect(await kubectl.fails(['get', 'configmaps', '-l', 'tier in front'])).toContain(
      'unable to parse requirement',
    );
  });

  test('field selectors', async () => {
    expect(await kubectl.ok('get configmaps --field-selector metadata.name=two -o name')).toBe(
      'configmap/two',
    );
    const running = await kubectl.ok('get pods --field-selector status.phase=Running -o name');
    expect(running.split('\n')).toHaveLength(2);
    expect(await kubectl.ok('get pods --field-selector status.phase!=Running -o name')).toBe('');
    const onNodes = await kubectl.ok('get pods --field-selector spec.nodeName!= -o name');
    expect(onNodes.split('\n')).toHaveLength(2);
    expect(await kubectl.fails('get configmaps --field-selector data.a=1')).toBe(
      'Error from server (BadRequest): Unable to find "/v1, Resource=configmaps" that match label selector "", field selector "data.a=1": "data.a" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });

  test('output as name, JSON, YAML, JSON path, template and columns of choice', async () => {
    expect(await kubectl.ok('get deployment web -o name')).toBe('deployment.apps/web');
    const json = await kubectl.json('get configmap two');
    expect(json).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1', b: '2' } });
    expect(json.metadata).not.toHaveProperty('managedFields');
    const yaml = await kubectl.ok('get configmap two -o yaml');
    expect(yaml).toMatch(/^apiVersion: v1\ndata:\n {2}a: "1"\n {2}b: "2"\nkind: ConfigMap\nmetadata:\n/);
    expect(await kubectl.ok('get configmap two -o yaml --show-managed-fields')).toContain(
      'manager: kubectl-client-side-apply',
    );
    expect(await kubectl.ok('get configmap -l tier -o jsonpath={.items[*].metadata.name}')).toBe(
      'one three two',
    );
    expect(await kubectl.ok('get configmap two -o go-template={{.data.b}}')).toBe('2');
    const columns = await kubectl.ok('get configmap -l tier -o custom-columns=N:.metadata.name,B:.data.b');
    expect(table(columns)).toEqual([
      ['N', 'B'],
      ['one', '<none>'],
      ['three', '<none>'],
      ['two', '2'],
    ]);
  });

  test('several kinds, all namespaces, sorted, labels as columns', async () => {
    const names = (await kubectl.ok('get deployments,services -o name')).split('\n');
    expect(names).toEqual(['deployment.apps/web', 'service/web']);
    const everywhere = table(await kubectl.ok('get configmaps -A'));
    expect(everywhere[0]).toEqual(['NAMESPACE', 'NAME', 'DATA', 'AGE']);
    expect(everywhere.map(([namespace]) => namespace)).toEqual(
      expect.arrayContaining([ns, 'default', 'kube-system']),
    );
    const sorted = await kubectl.ok('get configmaps -l tier --sort-by={.metadata.labels.tier} -o name');
    expect(sorted.split('\n').at(-1)).toBe('configmap/one');
    const labelled = table(await kubectl.ok('get configmaps -l tier -L tier,env'));
    expect(labelled[0]).toEqual(['NAME', 'DATA', 'AGE', 'TIER', 'ENV']);
    expect(labelled.find(([name]) => name === 'two')?.slice(3)).toEqual(['back', 'prod']);
    expect((await kubectl.ok('get configmap one --show-labels')).split('\n')[1]).toMatch(
      /env=prod,tier=front$/,
    );
    expect(await kubectl.ok('get all -o name')).toContain('replicaset.apps/web-');
  });

  test('lists in chunks', async () => {
    const { stdout, stderr } = await kubectl.run('get configmaps -l tier --chunk-size=1 -o name -v=6');
    expect(stdout.trim().split('\n')).toEqual(['configmap/one', 'configmap/three', 'configmap/two']);
    expect(stderr.match(/limit=1/g)).toHaveLength(3);
    expect(stderr).toMatch(/continue=/);
  });

  test('a watch shows what happens', async () => {
    const watch = kubectl.start('get configmaps -w --output-watch-events');
    await watch.shows(/ADDED +three/);
    await kubectl.ok('create configmap fresh --from-literal=x=1');
    await watch.shows(/ADDED +fresh +1 /);
    await kubectl.ok(['patch', 'configmap', 'fresh', '-p', '{"data":{"y":"2"}}']);
    await watch.shows(/MODIFIED +fresh +2 /);
    await kubectl.ok('delete configmap fresh');
    await watch.shows(/DELETED +fresh +2 /);
    await watch.stop('SIGINT');
  });

  test('a watch only shows what its selector matches', async () => {
    const watch = kubectl.start('get configmaps -w -l watched=yes --output-watch-events');
    await kubectl.ok('create configmap seen');
    await kubectl.ok('label configmap seen watched=yes');
    await watch.shows(/ADDED +seen/);
    await kubectl.ok('label configmap seen watched-');
    await watch.shows(/DELETED +seen/);
    await watch.stop('SIGINT');
    expect(watch.stdout).not.toContain('one');
  });

  test('raw requests', async () => {
    expect(JSON.parse(await kubectl.ok('get --raw /version'))).toMatchObject({ major: '1', minor: '36' });
    expect(await kubectl.ok('get --raw /healthz')).toBe('ok');
    expect(await kubectl.ok(['get', '--raw', '/readyz?verbose'])).toContain('readyz check passed');
    expect(JSON.parse(await kubectl.ok('get --raw /api'))).toMatchObject({
      kind: 'APIVersions',
      versions: ['v1'],
    });
    const one = JSON.parse(await kubectl.ok(`get --raw /api/v1/namespaces/${ns}/configmaps/one`));
    expect(one.metadata.name).toBe('one');
    expect(await kubectl.ok('get --raw /metrics')).toContain('apiserver_request_total');
  });

  test('what is not there', async () => {
    expect(await kubectl.fails('get configmap nothing')).toBe(
      'Error from server (NotFound): configmaps "nothing" not found',
    );
    expect(await kubectl.ok('get configmap nothing --ignore-not-found')).toBe('');
    expect(await kubectl.fails('get widgets')).toBe(
      'error: the server doesn\'t have a resource type "widgets"',
    );
  });
});

describe('describe', () => {
  let kubectl: CommandClient;
  let ns: string;

  beforeAll(async () => {
    ({ kubectl, ns } = await cluster.namespace());
    await kubectl.apply(deployment('web'));
    await kubectl.ok('expose deployment web --port 80 --target-port http');
    await kubectl.ok('rollout status deployment/web --timeout=30s');
  });

  test('a Deployment, with its events', async () => {
    const text = await kubectl.ok('describe deployment web');
    expect(text).toMatch(/^Name: +web$/m);
    expect(text).toMatch(/^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m);
    expect(text).toMatch(/^StrategyType: +RollingUpdate$/m);
    expect(text).toMatch(/^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m);
    expect(text).toMatch(/Available +True +MinimumReplicasAvailable/);
    expect(text).toMatch(/Progressing +True +NewReplicaSetAvailable/);
    expect(text).toMatch(/^NewReplicaSet: +web-[a-z0-9]+ \(2\/2 replicas created\)$/m);
    expect(text).toMatch(
      /Normal +ScalingReplicaSet +\d+s +deployment-controller +Scaled up replica set web-\w+ from 0 to 2/,
    );
  });

  test('a Pod, with its events', async () => {
    const text = await kubectl.ok('describe pod -l app=web --show-events');
    expect(text).toMatch(/^Controlled By: +ReplicaSet\/web-/m);
    expect(text).toMatch(/^Node: +node-[12]\/127\.0\.0\.1$/m);
    expect(text).toMatch(/^QoS Class: +BestEffort$/m);
    expect(text).toMatch(/^ {2}Ready +True *$/m);
    expect(text).toMatch(
      /\/var\/run\/secrets\/kubernetes\.io\/serviceaccount from kube-api-access-\w{5} \(ro\)/,
    );
    expect(text).toMatch(
      /Normal +Scheduled +\d+s +default-scheduler +Successfully assigned test-\d+\/web-\S+ to node-[12]/,
    );
    expect(text).toMatch(/Normal +Started +\d+s +kubelet /);
  });

  test('a ReplicaSet, a Service, a Namespace', async () => {
    const replicaSet = await kubectl.ok('describe replicaset');
    expect(replicaSet).toMatch(/^Pods Status: +2 Running \/ 0 Waiting \/ 0 Succeeded \/ 0 Failed$/m);
    expect(replicaSet).toMatch(/Normal +SuccessfulCreate +\d+s +replicaset-controller +Created pod: web-/);
    const service = await kubectl.ok('describe service web');
    expect(service).toMatch(/^Type: +ClusterIP$/m);
    expect(service).toMatch(/^TargetPort: +http\/TCP$/m);
    expect(service).toMatch(/^Endpoints: +10\.244\.\d+\.\d+:80,10\.244\.\d+\.\d+:80$/m);
    const namespace = await kubectl.ok(`describe namespace ${ns}`);
    expect(namespace).toMatch(/^Labels: +kubernetes\.io\/metadata\.name=test-/m);
    expect(namespace).toMatch(/^Status: +Active$/m);
  });

  test('a Node, with what runs on it', async () => {
    const text = await kubectl.ok('describe node node-1');
    expect(text).toMatch(/^Taints: +<none>$/m);
    expect(text).toMatch(/^Unschedulable: +false$/m);
    expect(text).toMatch(/Ready +True .* KubeletReady +kubelet is posting ready status/);
    expect(text).toMatch(/^Non-terminated Pods: +\(\d+ in total\)$/m);
    expect(text).toMatch(/^ {2}cpu +0 \(0%\) +0 \(0%\)$/m);
    expect(text).toMatch(/^PodCIDR: +10\.244\.\d\.0\/24$/m);
  });

  test('a Secret without what is in it', async () => {
    await kubectl.ok('create secret generic key --from-literal=password=hunter2');
    const text = await kubectl.ok('describe secret key');
    expect(text).toMatch(/^Type: +Opaque$/m);
    expect(text).toMatch(/^password: +7 bytes$/m);
  });

  test('events', async () => {
    const rows = table(await kubectl.ok('events --for deployment/web'));
    expect(rows[0]).toEqual(['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']);
    expect(rows[1]?.slice(1, 4)).toEqual(['Normal', 'ScalingReplicaSet', 'Deployment/web']);
    expect(await kubectl.ok('events --types=Warning')).toBe('');
    const fields = await kubectl.ok(
      'get events --field-selector involvedObject.kind=ReplicaSet,reason=SuccessfulCreate -o name',
    );
    expect(fields.split('\n')).toHaveLength(2);
  });
});

describe('what the cluster says of itself', () => {
  test('version and address', async () => {
    const version = await cluster.kubectl.json('version');
    expect(version.clientVersion.gitVersion).toBe('v1.36.3');
    expect(version.serverVersion).toMatchObject({
      major: '1',
      minor: '36',
      gitVersion: expect.stringMatching(/^v1\.36\./),
    });
    const { stderr } = await cluster.kubectl.run('version');
    expect(stderr).toBe('');
    expect(await cluster.kubectl.ok('cluster-info')).toContain(
      `Kubernetes control plane is running at ${cluster.url}`,
    );
    expect(await cluster.kubectl.ok('cluster-info')).toContain(
      `CoreDNS is running at ${cluster.url}/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy`,
    );
    expect(await cluster.kubectl.ok('config view')).toContain(`server: ${cluster.url}`);
    expect(await cluster.kubectl.ok('config current-context')).toBe('k8ts');
  });

  test('its resources', async () => {
    const rows = table(await cluster.kubectl.ok('api-resources'));
    expect(rows[0]).toEqual(['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND']);
    expect(rows).toContainEqual(['pods', 'po', 'v1', 'true', 'Pod']);
    expect(rows).toContainEqual(['deployments', 'deploy', 'apps/v1', 'true', 'Deployment']);
    expect(rows).toContainEqual(['nodes', 'no', 'v1', 'false', 'Node']);
    expect(rows).toContainEqual([
      'horizontalpodautoscalers',
      'hpa',
      'autoscaling/v2',
      'true',
      'HorizontalPodAutoscaler',
    ]);
    const namespaced = await cluster.kubectl.ok(
      'api-resources --namespaced=false --api-group=storage.k8s.io -o name',
    );
    expect(namespaced.split('\n')).toEqual(
      expect.arrayContaining(['csidrivers.storage.k8s.io', 'storageclasses.storage.k8s.io']),
    );
    const wide = await cluster.kubectl.ok('api-resources --api-group=apps -o wide');
    expect(wide).toMatch(/deployments .* create,delete,deletecollection,get,list,patch,update,watch +all/);
    const verbs = await cluster.kubectl.ok(
      'api-resources --verbs=create --api-group=authorization.k8s.io -o name',
    );
    expect(verbs.split('\n')).toEqual([
      'localsubjectaccessreviews.authorization.k8s.io',
      'selfsubjectaccessreviews.authorization.k8s.io',
      'selfsubjectrulesreviews.authorization.k8s.io',
      'subjectaccessreviews.authorization.k8s.io',
    ]);
  });

  test('its API versions', async () => {
    const versions = (await cluster.kubectl.ok('api-versions')).split('\n');
    expect(versions).toEqual(
      expect.arrayContaining([
        'v1',
        'apps/v1',
        'batch/v1',
        'autoscaling/v1',
        'autoscaling/v2',
        'policy/v1',
        'networking.k8s.io/v1',
        'rbac.authorization.k8s.io/v1',
        'storage.k8s.io/v1',
        'coordination.k8s.io/v1',
        'discovery.k8s.io/v1',
        'events.k8s.io/v1',
        'authentication.k8s.io/v1',
        'authorization.k8s.io/v1',
        'certificates.k8s.io/v1',
        'admissionregistration.k8s.io/v1',
        'scheduling.k8s.io/v1',
        'node.k8s.io/v1',
      ]),
    );
  });

  test('its fields', async () => {
    const replicas = await cluster.kubectl.ok('explain deployment.spec.replicas');
    expect(replicas).toMatch(
      /^GROUP: +apps\nKIND: +Deployment\nVERSION: +v1\n+FIELD: replicas <integer>\n+DESCRIPTION:\n {4}\S/,
    );
    const container = await cluster.kubectl.ok('explain pod.spec.containers');
    expect(container).toMatch(/^FIELD: containers <\[\]Container>$/m);
    expect(container).toMatch(/^ {2}name\t<string> -required-$/m);
    expect(container).toMatch(/^ {2}imagePullPolicy\t<string>$/m);
    const recursive = await cluster.kubectl.ok('explain configmap --recursive');
    expect(recursive).toMatch(/^ {2}metadata\t<ObjectMeta>\n {4}annotations\t<map\[string\]string>$/m);
    expect(await cluster.kubectl.fails('explain pod.spec.nothing')).toBe(
      'error: field "nothing" does not exist',
    );
    const schedule = await cluster.kubectl.ok('explain cronjob.spec --api-version=batch/v1');
    expect(schedule).toMatch(/^ {2}schedule\t<string> -required-$/m);
  });

  test('what its nodes use, once they have been asked twice', async () => {
    const used = await eventually(() => cluster.kubectl.ok('top nodes --no-headers'));
    expect(used).toMatch(/^node-1 +\d+m +\d+% +\d+Mi +\d+%/m);
  });
});

describe('auth', () => {
  test('who asks, and what they may', async () => {
    const whoami = table(await cluster.kubectl.ok('auth whoami'));
    expect(whoami).toContainEqual(['Username', 'kubernetes-admin']);
    expect(whoami).toContainEqual(['Groups', '[system:masters system:authenticated]']);
    expect(await cluster.kubectl.ok('auth can-i create pods')).toBe('yes');
    const stranger = await cluster.kubectl.run('auth can-i create pods --as=stranger');
    expect(stranger).toMatchObject({ code: 1, stdout: 'no\n' });
    const list = table(await cluster.kubectl.ok('auth can-i --list'));
    expect(list[0]).toEqual(['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']);
    expect(list).toContainEqual(['*.*', '[]', '[]', '[*]']);
  });

  test('a user that is given a role may what the role allows, there alone', async () => {
    const { kubectl } = await cluster.namespace();
    await kubectl.ok('create role reader --verb=get,list --resource=pods,configmaps');
    await kubectl.ok('create rolebinding reads --role=reader --user=jane');
    expect(await kubectl.ok('auth can-i list pods --as=jane')).toBe('yes');
    expect((await kubectl.run('auth can-i delete pods --as=jane')).code).toBe(1);
    expect((await kubectl.run('auth can-i list pods --as=jane -n default')).code).toBe(1);
    expect(await kubectl.ok('get configmaps -o name --as=jane')).toBe('configmap/kube-root-ca.crt');
    expect(await kubectl.ok('auth can-i --list --as=jane')).toMatch(/configmaps +\[\] +\[\] +\[get list\]/);
  });

  test('a service account acts with its token', async () => {
    const { kubectl, ns } = await cluster.namespace();
    await kubectl.ok('create serviceaccount robot');
    await kubectl.ok(`create rolebinding robots --clusterrole=view --serviceaccount=${ns}:robot`);
    const token = await kubectl.ok('create token robot --duration=10m');
    expect(token.split('.')).toHaveLength(3);
    const robot = kubectl.with({ kubeconfig: robotConfig(kubectl, token) });
    expect(await robot.ok('auth whoami')).toContain(`system:serviceaccount:${ns}:robot`);
    expect(await robot.ok('get configmaps -o name')).toBe('configmap/kube-root-ca.crt');
    expect(await robot.fails('create configmap no')).toBe(
      `error: failed to create configmap: configmaps is forbidden: User "system:serviceaccount:${ns}:robot" cannot create resource "configmaps" in API group "" in the namespace "${ns}"`,
    );
    expect(await robot.fails('get secrets')).toContain('secrets is forbidden');
  });
});

/** A kubeconfig that has nothing but a token. */
function robotConfig(kubectl: CommandClient, token: string): string {
  return kubectl.file({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: cluster.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'robot', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'robot' } }],
    'current-context': 'x',
  });
}
