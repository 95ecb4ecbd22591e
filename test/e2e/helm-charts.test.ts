import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { helm3, helm4 } from './support/clients.ts';
import { type E2eCluster, startE2eCluster } from './support/cluster.ts';
import type { CommandClient } from './support/kubectl.ts';
import { configMap } from './support/manifests.ts';

let cluster: E2eCluster;

beforeAll(async () => {
  cluster = await startE2eCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());

/** A folder with files: a chart of the name `site`, unless it has a Chart.yaml of its own. */
function chartOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(cluster.home, 'chart-'));
  const all = { 'Chart.yaml': 'apiVersion: v2\nname: site\nversion: 0.1.0\n', 'values.yaml': '', ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

/** A hook that is a Job, which ends at once with this exit code. */
const hookJob = (name: string, annotations: object, exitCode = 0) =>
  JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, annotations },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: {
          annotations: {
            'simulated.k8ts.dev/exit-after': '0s',
            'simulated.k8ts.dev/exit-code': String(exitCode),
            'simulated.k8ts.dev/logs': `${name} ran\n`,
          },
        },
        spec: { restartPolicy: 'Never', containers: [{ name: 'hook', image: 'registry.test/hook:1' }] },
      },
    },
  });

const hook = (when: string, more: object = {}) => ({ 'helm.sh/hook': when, ...more });

const web = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: {{ .Release.Name }} }
spec:
  replicas: {{ .Values.replicas | default 2 }}
  selector: { matchLabels: { app: {{ .Release.Name }} } }
  template:
    metadata: { labels: { app: {{ .Release.Name }} } }
    spec: { containers: [{ name: web, image: registry.test/web:1 }] }
`;

const helms: [name: string, program: () => string, isOld: boolean][] = [
  ['helm 4', helm4, false],
  ['helm 3', helm3, true],
];

describe.each(helms)('%s', (_name, program, isOld) => {
  const inNamespace = async (): Promise<{ helm: CommandClient; kubectl: CommandClient; ns: string }> => {
    const { helm, kubectl, ns } = await cluster.namespace();
    return { helm: helm.with({ program: program() }), kubectl, ns };
  };
  /** Failed releases too. */
  const listAll = isOld ? 'list --all' : 'list';
  const rollsBack = isOld ? '--atomic' : '--rollback-on-failure';

  test('the chart that helm itself begins with: lint, template, install, test, upgrade, roll back', async () => {
    const { helm, kubectl } = await inNamespace();
    const parent = mkdtempSync(join(cluster.home, 'create-'));
    await helm.ok('create web', { cwd: parent });
    const chart = join(parent, 'web');
    const values = 'replicaCount=2';
    // Simulated containers end when they are told to.
    const tests = join(chart, 'templates', 'tests', 'test-connection.yaml');
    const annotations = {
      ...hook('test'),
      'simulated.k8ts.dev/exit-after': '0s',
      'simulated.k8ts.dev/logs': 'it answers',
    };
    const metadata = { name: 'web-test', annotations };
    const spec = { restartPolicy: 'Never', containers: [{ name: 'wget', image: 'registry.test/wget:1' }] };
    writeFileSync(tests, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec }));

    expect(await helm.ok(`lint ${chart}`)).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(await helm.ok(`template web ${chart}`)).toContain('kind: ServiceAccount');
    expect(await helm.ok(`install web ${chart} --dry-run=server --set ${values}`)).toContain(
      'pending-install',
    );
    expect(await kubectl.ok('get deployments,secrets -o name')).toBe('');
    await helm.ok(`install web ${chart} --set ${values} --wait --timeout 60s`);
    expect(await kubectl.ok('get deployment web')).toMatch(/web +2\/2 /);
    const tested = await helm.ok('test web --logs --timeout 60s');
    expect(tested).toMatch(/Phase: +Succeeded/);
    expect(tested).toContain('it answers');
    await helm.ok(`upgrade web ${chart} --reuse-values --set autoscaling.enabled=true --wait --timeout 60s`);
    expect(await kubectl.ok('get hpa -o name')).toBe('horizontalpodautoscaler.autoscaling/web');
    await helm.ok('rollback web 1 --wait --timeout 60s');
    expect(await kubectl.ok('get hpa -o name')).toBe('');
    expect((await helm.json('history web')).length).toBe(3);
    expect(await helm.ok('get values web -o json')).toContain('"replicaCount":2');
    expect(await helm.ok('get notes web')).toContain('Get the application URL');
    await helm.ok('uninstall web --wait --timeout 60s');
    expect(await kubectl.ok('get deployments,services,secrets -o name')).toBe('');
  });

  test('hooks run by their weight, and go as their policy says', async () => {
    const { helm, kubectl } = await inNamespace();
    const chart = chartOf({
      'templates/web.yaml': web,
      'templates/second.yaml': hookJob('second', hook('pre-install', { 'helm.sh/hook-weight': '5' })),
      'templates/first.yaml': hookJob('first', hook('pre-install', { 'helm.sh/hook-weight': '-5' })),
      'templates/after.yaml': hookJob(
        'after',
        hook('post-install,post-upgrade', {
          'helm.sh/hook-delete-policy': 'before-hook-creation,hook-succeeded',
        }),
      ),
      'templates/gone.yaml': hookJob('gone', hook('pre-delete')),
    });
    const watch = kubectl.start('get jobs --watch --output-watch-events');
    await watch.shows(/No resources|^$/);
    await helm.ok(`install site ${chart} --wait --timeout 60s`);
    await watch.shows(/DELETED +after/);
    await watch.stop('SIGINT');
    const made = [...watch.stdout.matchAll(/^ADDED +(\w+) /gm)].map(([, name]) => name);
    expect(made).toEqual(['first', 'second', 'after']);
    const at = async (what: string, path: string) =>
      Date.parse(await kubectl.ok(`get ${what} -o jsonpath={${path}}`));
    const ended = await at('job first', '.status.completionTime');
    expect(await at('job second', '.metadata.creationTimestamp')).toBeGreaterThanOrEqual(ended);
    expect(await kubectl.ok('get jobs -o name')).toBe('job.batch/first\njob.batch/second');
    await helm.ok('uninstall site --timeout 60s');
    expect(await kubectl.ok('get job gone -o jsonpath={.status.succeeded}')).toBe('1');
  });

  test('a hook that fails ends the installation', async () => {
    const { helm, kubectl } = await inNamespace();
    const chart = chartOf({
      'templates/web.yaml': web,
      'templates/fails.yaml': hookJob('fails', hook('pre-install'), 1),
    });
    expect(await helm.fails(`install site ${chart} --timeout 60s`)).toMatch(/pre-install/);
    expect(await kubectl.ok('get deployments -o name')).toBe('');
    const [release] = await helm.json(listAll);
    expect(release).toMatchObject({ name: 'site', status: 'failed' });
    await helm.fails(`install site ${chart} ${rollsBack} --timeout 20s --replace`);
    expect(await helm.json(listAll)).toEqual([]);
  });

  test('definitions come before what they define; lookup sees what is there', async () => {
    const { helm, kubectl, ns } = await inNamespace();
    const group = `${ns}.example.test`;
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `gadgets.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    };
    const chart = chartOf({
      'crds/gadgets.yaml': JSON.stringify(definition),
      'templates/gadget.yaml': `apiVersion: ${group}/v1\nkind: Gadget\nmetadata: { name: one }\nspec: { size: 1 }\n`,
      'templates/found.yaml': `
{{- $there := lookup "v1" "ConfigMap" .Release.Namespace "there" }}
apiVersion: v1
kind: ConfigMap
metadata: { name: found }
data: { value: {{ dig "data" "value" "nothing" $there | quote }} }
`,
    });
    await kubectl.apply(configMap('there', { value: 'looked up' }));
    expect(await helm.ok(`install site ${chart} --wait --timeout 60s`)).toContain('STATUS: deployed');
    expect(await kubectl.ok(`get gadgets.${group} one -o jsonpath={.spec.size}`)).toBe('1');
    expect(await kubectl.ok('get configmap found -o jsonpath={.data.value}')).toBe('looked up');
    await helm.ok('uninstall site --wait --timeout 60s');
    // Definitions stay, and with them what others may have made.
    expect(await kubectl.ok(`get crd gadgets.${group} -o name`)).toContain('gadgets');
    expect(await kubectl.ok(`get gadgets.${group} -o name`)).toBe('');
  });

  test('an upgrade puts right what was changed, and leaves what others added', async () => {
    const { helm, kubectl } = await inNamespace();
    const chart = chartOf({ 'templates/web.yaml': web });
    await helm.ok(`install site ${chart} --wait --timeout 60s`);
    await kubectl.ok('annotate deployment site added=by-hand');
    const upgrade = `upgrade site ${chart} --set replicas=3 --wait --timeout 60s`;
    if (isOld) {
      await kubectl.ok('scale deployment site --replicas=5');
      await helm.ok(upgrade);
    } else {
      const { metadata } = await kubectl.json('get deployment site --show-managed-fields');
      expect(metadata.managedFields).toContainEqual(
        expect.objectContaining({ manager: 'helm', operation: 'Apply' }),
      );
      await kubectl.ok(['patch', 'deployment', 'site', '--type=merge', '-p', '{"spec":{"replicas":5}}']);
      expect(await helm.fails(upgrade)).toMatch(/conflict with "kubectl-patch".*: \.spec\.replicas/);
      await helm.ok(`${upgrade} --force-conflicts`);
    }
    const { metadata, spec } = await kubectl.json('get deployment site');
    expect(spec.replicas).toBe(3);
    expect(metadata.annotations.added).toBe('by-hand');
  });
});
