import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';

let cluster: E2eCluster;
let chart: string;

const files = {
  'Chart.yaml': 'apiVersion: v2\nname: site\nversion: 0.1.0\nappVersion: "1"\n',
  'values.yaml': 'replicas: 2\nimage: registry.test/site:1\ngreeting: hello\nfailing: false\n',
  'templates/site.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels: { app.kubernetes.io/instance: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata:
      labels: { app: {{ .Release.Name }} }
    spec:
      {{- if .Values.failing }}
      nodeSelector: { nowhere: "true" }
      {{- end }}
      containers: [{ name: site, image: {{ .Values.image }}, ports: [{ containerPort: 80 }] }]
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
spec:
  selector: { app: {{ .Release.Name }} }
  ports: [{ port: 80 }]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  greeting: {{ .Values.greeting }}
  version: {{ .Capabilities.KubeVersion.Version }}
  {{- if .Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" }}
  budgets: "yes"
  {{- end }}
`,
  'templates/hook.yaml': `
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    metadata:
      annotations: { simulated.k8ts.dev/exit-after: 0s }
    spec:
      restartPolicy: Never
      containers: [{ name: before, image: registry.test/before:1 }]
`,
  'templates/NOTES.txt': 'Greets with {{ .Values.greeting }}.\n',
  'crds/.keep': '',
};

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1 });
  chart = mkdtempSync(join(cluster.home, 'chart-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(chart, name)), { recursive: true });
    writeFileSync(join(chart, name), text);
  }
});
afterAll(() => cluster?.stop());

describe('helm', () => {
  test('installs, upgrades, rolls back, uninstalls', async () => {
    const { helm, kubectl, ns } = await cluster.namespace();
    const installed = await helm.ok(`install front ${chart} --wait --timeout 60s`);
    expect(installed).toContain('STATUS: deployed\nREVISION: 1');
    expect(installed).toContain('Greets with hello.');
    // --wait: all of it is there and ready.
    expect(await kubectl.ok('get deployment front')).toMatch(/front +2\/2 /);
    expect((await kubectl.json('get configmap front')).data).toMatchObject({
      greeting: 'hello',
      budgets: 'yes',
      version: expect.stringMatching(/^v1\.36\./),
    });
    expect(await kubectl.ok('get job front-before -o jsonpath={.status.succeeded}')).toBe('1');

    await helm.ok(`upgrade front ${chart} --set greeting=servus,replicas=3 --wait --timeout 60s`);
    expect(await kubectl.ok('get configmap front -o jsonpath={.data.greeting}')).toBe('servus');
    expect(await kubectl.ok('get deployment front')).toMatch(/front +3\/3 /);
    const [release] = JSON.parse(await helm.ok('list -o json'));
    expect(release).toMatchObject({
      name: 'front',
      namespace: ns,
      revision: '2',
      status: 'deployed',
      chart: 'site-0.1.0',
    });

    expect(await helm.ok('rollback front 1 --wait --timeout 60s')).toContain('Rollback was a success!');
    expect(await kubectl.ok('get configmap front -o jsonpath={.data.greeting}')).toBe('hello');
    const history = JSON.parse(await helm.ok('history front -o json'));
    expect(
      history.map((entry: { revision: number; status: string }) => [entry.revision, entry.status]),
    ).toEqual([
      [1, 'superseded'],
      [2, 'superseded'],
      [3, 'deployed'],
    ]);
    expect(await helm.ok('get values front --all -o json')).toContain('"greeting":"hello"');
    expect(await helm.ok('get manifest front')).toContain('kind: Deployment');
    expect(await helm.ok('status front')).toContain('STATUS: deployed');

    expect(await helm.ok('uninstall front --wait --timeout 60s')).toContain('release "front" uninstalled');
    expect(
      await kubectl.ok('get deployments,services,configmaps -l app.kubernetes.io/managed-by=Helm -o name'),
    ).toBe('');
    expect(JSON.parse(await helm.ok('list -o json'))).toEqual([]);
  });

  test('dry runs show what would come, and leave nothing', async () => {
    const { helm, kubectl } = await cluster.namespace();
    const shown = await helm.ok(`install dry ${chart} --dry-run=server`);
    expect(shown).toContain('STATUS: pending-install');
    expect(shown).toContain('name: dry');
    expect(await helm.ok(`template dry ${chart}`)).toContain('kind: Service');
    expect(await kubectl.ok('get deployments,services,secrets -o name')).toBe('');
  });

  test('an upgrade that fails is rolled back, where that is wanted', async () => {
    const { helm, kubectl } = await cluster.namespace();
    await helm.ok(`install front ${chart} --wait --timeout 60s`);
    const failed = await helm.fails(
      `upgrade front ${chart} --set failing=true --rollback-on-failure --wait --timeout 4s`,
    );
    expect(failed).toContain('UPGRADE FAILED');
    const history = JSON.parse(await helm.ok('history front -o json'));
    expect(history.at(-1)).toMatchObject({ status: 'deployed', description: 'Rollback to 1' });
    expect(await kubectl.ok('get deployment front -o jsonpath={.spec.template.spec.nodeSelector}')).toBe('');
  });

  test('what is there already is not taken over', async () => {
    const { helm, kubectl } = await cluster.namespace();
    await kubectl.ok('create configmap front');
    const refused = await helm.fails(`install front ${chart}`);
    expect(refused).toContain('ConfigMap "front" in namespace');
    expect(refused).toContain(
      'exists and cannot be imported into the current release: invalid ownership metadata',
    );
    expect(await kubectl.ok('get deployments -o name')).toBe('');
  });

  test('a chart whose objects the server refuses', async () => {
    const { helm, kubectl } = await cluster.namespace();
    const broken = mkdtempSync(join(cluster.home, 'broken-'));
    cpSync(chart, broken, { recursive: true });
    writeFileSync(
      join(broken, 'templates', 'bad.yaml'),
      'apiVersion: v1\nkind: Service\nmetadata: { name: Bad }\nspec: { ports: [] }\n',
    );
    const refused = await helm.fails(`install front ${broken}`);
    expect(refused).toContain('Service "Bad" is invalid');
    expect(await kubectl.ok('get service Bad --ignore-not-found')).toBe('');
  });
});
