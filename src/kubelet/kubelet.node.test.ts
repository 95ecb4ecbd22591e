import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pod } from '../api/core/v1.ts';
import {
  configmaps,
  csidrivers,
  csinodes,
  persistentvolumeclaims,
  persistentvolumes,
  pods,
  secrets,
} from '../api/generated/resources.ts';
import { whyNoContainers } from './runtimes/containerd/test-node.ts';
import { RealNode, shell } from './testing/test-real-node.ts';

const why = whyNoContainers();
const once = (name: string, script: string) => ({ ...shell(name, ''), command: ['sh', '-c', script] });

describe.skipIf(why)(`the kubelet on containerd${why ? ` (skipped: ${why})` : ''}`, () => {
  let node: RealNode;
  beforeAll(async () => {
    node = await RealNode.create();
  });
  afterAll(async () => {
    await node?.remove();
  });

  test('runs a pod and ends it, leaving nothing', async () => {
    node.create('plain', {});
    const pod = await node.phase('plain', 'Running');
    expect(pod.status?.podIP).toMatch(/^10\.88\.0\./);
    const [status] = pod.status?.containerStatuses ?? [];
    expect(status?.containerID).toMatch(/^containerd:\/\/[0-9a-f]{64}$/);
    expect(await node.run('plain', 'c', 'cat', '/etc/hosts')).toContain(`${pod.status?.podIP}\tplain`);
    expect(await node.run('plain', 'c', 'cat', '/etc/resolv.conf')).toContain(
      'search default.svc.cluster.local',
    );
    expect(
      existsSync(`/sys/fs/cgroup/cpu${node.node.cgroupRoot}/kubepods/besteffort/pod${pod.metadata.uid}`),
    ).toBe(true);
    node.api.remove(pods, 'default', 'plain');
    await node.until(() => !node.pod('plain'));
    await node.until(() => !existsSync(`${node.directory}/kubelet/pods/${pod.metadata.uid}`));
    await node.until(async () => (await node.node.daemon.runtime.sandboxes.list()).length === 0);
    expect(
      existsSync(`/sys/fs/cgroup/cpu${node.node.cgroupRoot}/kubepods/besteffort/pod${pod.metadata.uid}`),
    ).toBe(false);
  });

  test('has a CSI driver mount volumes, over its own restart, and take them away', async () => {
    const { api, directory } = node;
    const driver = 'test.csi.example';
    api.add(csidrivers, { metadata: { name: driver }, spec: { attachRequired: false } });
    const options = {
      dir: `${directory}/driver`,
      registry: `${directory}/kubelet/plugins_registry`,
      can: ['STAGE_UNSTAGE_VOLUME'],
      mounts: true,
    };
    const stopDriver = await node.startProgram('test-csi-program.ts', JSON.stringify(options));
    await node.until(() => api.get(csinodes, '', 'n1')?.spec.drivers?.length === 1);
    const claimRef = { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'disk', uid: 'uid-disk' };
    const csi = { driver, volumeHandle: 'disk-1', fsType: 'ext4' };
    api.add(persistentvolumes, {
      metadata: { name: 'pv' },
      spec: { accessModes: ['ReadWriteOnce'], claimRef, csi },
    });
    api.add(persistentvolumeclaims, {
      metadata: { name: 'disk', namespace: 'default' },
      spec: { volumeName: 'pv' },
      status: { phase: 'Bound' },
    });
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'disk' } }];
    const volumeMounts = [{ name: 'd', mountPath: '/disk' }];
    const securityContext = { fsGroup: 77 };
    const writer = { ...once('c', 'id -u > /disk/who; sleep 1000'), volumeMounts };
    node.create('writer', { securityContext, volumes, containers: [writer] });
    await node.phase('writer', 'Running');
    const data = `${directory}/driver/data/disk-1`;
    await node.until(() => existsSync(`${data}/who`) && readFileSync(`${data}/who`, 'utf8') === '0\n');
    expect((statSync(data).mode & 0o2770) === 0o2770 && statSync(data).gid).toBe(77);
    const stopAgain = await stopDriver().then(() =>
      node.startProgram('test-csi-program.ts', JSON.stringify(options)),
    );
    api.remove(pods, 'default', 'writer');
    await node.until(() => !node.pod('writer'));
    await node.until(
      () => readdirSync(`${directory}/kubelet/plugins/kubernetes.io/csi/${driver}`).length === 0,
    );
    expect(readFileSync(`${data}/who`, 'utf8')).toBe('0\n');
    await stopAgain();
    await node.until(() => api.get(csinodes, '', 'n1')?.spec.drivers?.length === 0);
  });

  test('has a CSI driver give devices to containers, over its own restart, and take them away', async () => {
    const { api, directory } = node;
    const driver = 'block.csi.example';
    api.add(csidrivers, { metadata: { name: driver }, spec: { attachRequired: false } });
    const options = {
      dir: `${directory}/block-driver`,
      registry: `${directory}/kubelet/plugins_registry`,
      name: driver,
      can: ['STAGE_UNSTAGE_VOLUME'],
      mounts: true,
    };
    const stopDriver = await node.startProgram('test-csi-program.ts', JSON.stringify(options));
    await node.until(() => api.get(csinodes, '', 'n1')?.spec.drivers?.length === 1);
    const claimRef = { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'raw', uid: 'uid-raw' };
    api.add(persistentvolumes, {
      metadata: { name: 'pv-raw' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        volumeMode: 'Block',
        claimRef,
        csi: { driver, volumeHandle: 'raw-1' },
      },
    });
    api.add(persistentvolumeclaims, {
      metadata: { name: 'raw', namespace: 'default' },
      spec: { volumeName: 'pv-raw', volumeMode: 'Block' },
      status: { phase: 'Bound' },
    });
    const volumes = [{ name: 'd', persistentVolumeClaim: { claimName: 'raw' } }];
    const volumeDevices = [{ name: 'd', devicePath: '/dev/xvda' }];
    node.create('raw', { volumes, containers: [shell('c', 'sleep 1000', { volumeDevices })] });
    await node.phase('raw', 'Running');
    expect(await node.run('raw', 'c', 'stat', '-c', '%F %t %T', '/dev/xvda')).toBe(
      'block special file 7 0\n',
    );
    const { uid } = node.pod('raw')?.metadata ?? {};
    const devices = `${directory}/kubelet/plugins/kubernetes.io/csi/volumeDevices`;
    expect(readlinkSync(`${directory}/kubelet/pods/${uid}/volumeDevices/kubernetes.io~csi/pv-raw`)).toBe(
      `${devices}/publish/pv-raw/${uid}`,
    );
    await node.stopKubelet();
    await node.startKubelet();
    api.remove(pods, 'default', 'raw');
    await node.until(() => !node.pod('raw'));
    await node.until(() => !existsSync(`${devices}/pv-raw`) && !existsSync(`${devices}/staging/pv-raw`));
    expect(existsSync(`${devices}/publish/pv-raw`)).toBe(false);
    await stopDriver();
    await node.until(() => api.get(csinodes, '', 'n1')?.spec.drivers?.length === 0);
  });

  test('shows config maps and secrets in files and variables, and changes of them in the files', async () => {
    node.api.add(configmaps, { metadata: { name: 'cm', namespace: 'default' }, data: { color: 'red' } });
    const password = Buffer.from('hush').toString('base64');
    node.api.add(secrets, { metadata: { name: 'sec', namespace: 'default' }, data: { password } });
    node.create('config', {
      securityContext: { fsGroup: 77 },
      volumes: [
        { name: 'cm', configMap: { name: 'cm' } },
        { name: 'sec', secret: { secretName: 'sec', defaultMode: 0o400 } },
        {
          name: 'all',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token' } },
              { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
            ],
          },
        },
        { name: 'mem', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
        { name: 'disk', emptyDir: {} },
      ],
      containers: [
        shell('c', 'sleep 1000', {
          env: [
            { name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'cm', key: 'color' } } },
            { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
            { name: 'BOTH', value: '$(COLOR)-$(IP)' },
          ],
          volumeMounts: [
            { name: 'cm', mountPath: '/cm' },
            { name: 'sec', mountPath: '/sec', readOnly: true },
            { name: 'all', mountPath: '/all' },
            { name: 'mem', mountPath: '/mem' },
            { name: 'disk', mountPath: '/disk', subPath: 'a/b' },
          ],
        }),
      ],
    });
    const pod = await node.phase('config', 'Running');
    expect(await node.run('config', 'c', 'sh', '-c', 'echo $BOTH')).toBe(`red-${pod.status?.podIP}\n`);
    expect(await node.run('config', 'c', 'cat', '/cm/color', '/sec/password', '/all/name')).toBe(
      'redhushconfig',
    );
    expect(await node.run('config', 'c', 'cat', '/all/token')).toMatch(/^token-/);
    expect(await node.run('config', 'c', 'stat', '-c', '%g %a', '-L', '/sec/password')).toBe('77 440\n');
    expect(await node.run('config', 'c', 'df', '-m', '/mem')).toMatch(/tmpfs +1 /);
    await node.run('config', 'c', 'touch', '/disk/file');
    const volumes = `${node.directory}/kubelet/pods/${pod.metadata.uid}/volumes/kubernetes.io~empty-dir`;
    expect(readdirSync(`${volumes}/disk/a/b`)).toEqual(['file']);
    node.api.change(configmaps, { metadata: { name: 'cm', namespace: 'default' }, data: { color: 'green' } });
    await node.until(async () => (await node.run('config', 'c', 'cat', '/cm/color')) === 'green');
    node.api.remove(pods, 'default', 'config');
    await node.until(() => !node.pod('config'));
    await node.until(() => !existsSync(`${node.directory}/kubelet/pods/${pod.metadata.uid}`));
    expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(pod.metadata.uid);
  });

  test('waits for a config map that is not there yet', async () => {
    const volumes = [{ name: 'v', configMap: { name: 'late' } }];
    node.create('late', {
      volumes,
      containers: [shell('c', 'sleep 1000', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
    });
    await node.until(() => node.told('late').some((t) => t.startsWith('FailedMount')));
    expect(node.told('late')).toContain(
      'FailedMount: MountVolume.SetUp failed for volume "v" : configmap "late" not found',
    );
    expect(node.pod('late')?.status?.containerStatuses?.[0]?.state?.waiting?.reason).toBe(
      'ContainerCreating',
    );
    node.api.add(configmaps, { metadata: { name: 'late', namespace: 'default' }, data: {} });
    await node.phase('late', 'Running');
    node.api.remove(pods, 'default', 'late');
    await node.until(() => !node.pod('late'));
  });

  test('init containers, termination messages and exit codes', async () => {
    node.create('job', {
      restartPolicy: 'Never',
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [
        {
          ...once('prepare', 'echo made > /shared/file'),
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
      ],
      containers: [
        {
          ...once('work', 'cat /shared/file > /dev/termination-log; exit 3'),
          volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
        },
        { ...once('talk', 'echo last words; exit 1'), terminationMessagePolicy: 'FallbackToLogsOnError' },
      ],
    });
    const pod = await node.phase('job', 'Failed');
    const [work, talk] = pod.status?.containerStatuses ?? [];
    expect(work?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'made\n' });
    expect(talk?.state?.terminated).toMatchObject({ exitCode: 1, message: 'last words\n' });
    expect(pod.status?.initContainerStatuses?.[0]).toMatchObject({
      ready: true,
      state: { terminated: { reason: 'Completed' } },
    });
    node.api.remove(pods, 'default', 'job');
    await node.until(() => !node.pod('job'));
  });

  test('starts a pod over as a whole, with its address, its volumes and its logs', async () => {
    const mounted = { volumeMounts: [{ name: 'shared', mountPath: '/shared' }] };
    const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
    const cause = 'if [ -e /shared/again ]; then sleep 1000; fi; touch /shared/again; sleep 1; exit 42';
    node.create('over', {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 600,
      volumes: [{ name: 'shared', emptyDir: {} }],
      initContainers: [{ ...once('prepare', 'echo made >> /shared/log'), ...mounted }],
      containers: [
        { ...once('cause', cause), ...mounted, restartPolicy: 'Never', restartPolicyRules: rules },
        { ...once('deaf', "trap '' TERM; cat /shared/log; sleep 1000"), ...mounted },
      ],
    });
    const { podIP } = (await node.phase('over', 'Running')).status ?? {};
    const [sandbox] = await node.node.daemon.runtime.sandboxes.list();
    const all = () => [
      ...(node.pod('over')?.status?.initContainerStatuses ?? []),
      ...(node.pod('over')?.status?.containerStatuses ?? []),
    ];
    await node.until(() => all().every((s) => s.ready && s.restartCount === 1));
    expect(all().map((s) => s.lastState?.terminated?.reason)).toEqual(
      Array.from({ length: 3 }, () => 'RestartingAllContainers'),
    );
    expect(node.pod('over')?.status?.podIP).toBe(podIP);
    expect((await node.node.daemon.runtime.sandboxes.list()).map((s) => s.id)).toEqual([sandbox?.id]);
    expect(await node.run('over', 'deaf', 'cat', '/shared/log')).toBe('made\nmade\n');
    const logs = `${node.directory}/pod-logs/default_over_${node.pod('over')?.metadata.uid}`;
    expect(readdirSync(`${logs}/deaf`)).toEqual(['0.log', '1.log']);
    node.api.remove(pods, 'default', 'over', 1);
    await node.until(() => !node.pod('over'));
  });

  test('a container that outlives its memory is killed for it and started again', async () => {
    const resources = { limits: { memory: '16Mi', cpu: '500m' } };
    const eat = once('c', 'cat /dev/zero | tail -c 100000000 > /dev/null; exit $?');
    node.create('hungry', { containers: [{ ...eat, resources }] });
    await node.until(() => {
      const status = node.pod('hungry')?.status?.containerStatuses?.[0];
      return (status?.lastState?.terminated ?? status?.state?.terminated)?.reason === 'OOMKilled';
    });
    node.api.remove(pods, 'default', 'hungry');
    await node.until(() => !node.pod('hungry'));
  });

  test('security: user, groups, read-only root, refusal of root', async () => {
    node.create('strict', {
      securityContext: { runAsUser: 1000, runAsGroup: 2000, supplementalGroups: [3000] },
      containers: [
        shell('c', 'sleep 1000', {
          securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
        }),
      ],
    });
    node.create('root', { securityContext: { runAsNonRoot: true } });
    await node.phase('strict', 'Running');
    expect(await node.run('strict', 'c', 'id')).toContain('uid=1000 gid=2000 groups=2000,3000');
    expect(await node.run('strict', 'c', 'touch', '/file')).toContain('Read-only file system');
    await node.until(
      () =>
        node.pod('root')?.status?.containerStatuses?.[0]?.state?.waiting?.reason ===
        'CreateContainerConfigError',
    );
    expect(node.pod('root')?.status?.containerStatuses?.[0]?.state?.waiting?.message).toMatch(
      /^container has runAsNonRoot and image will run as root \(pod: "root_default\(uid-root\)", container: c\)$/,
    );
    for (const name of ['strict', 'root']) node.api.remove(pods, 'default', name);
    await node.until(() => !node.pod('strict') && !node.pod('root'));
  });

  test('probes decide readiness and restarts', async () => {
    const period = { periodSeconds: 1, failureThreshold: 1 };
    node.create('probed', {
      containers: [
        shell('c', 'touch /live; sleep 1000', {
          readinessProbe: { exec: { command: ['test', '-e', '/ready'] }, ...period },
          livenessProbe: { exec: { command: ['test', '-e', '/live'] }, initialDelaySeconds: 1, ...period },
        }),
      ],
    });
    await node.phase('probed', 'Running');
    const status = () => node.pod('probed')?.status?.containerStatuses?.[0];
    expect(status()?.ready).toBe(false);
    await node.run('probed', 'c', 'touch', '/ready');
    await node.until(() => status()?.ready);
    await node.run('probed', 'c', 'rm', '/live');
    await node.until(() => status()?.restartCount === 1);
    expect(node.told('probed')).toContain('Killing: Container c failed liveness probe, will be restarted');
    node.api.remove(pods, 'default', 'probed');
    await node.until(() => !node.pod('probed'));
  });

  test('hooks run around a container; preStop has its time', async () => {
    const dir = `${node.directory}/hooks`;
    const volumes = [{ name: 'h', hostPath: { path: dir, type: 'DirectoryOrCreate' } }];
    const lifecycle = {
      postStart: { exec: { command: ['touch', '/h/started'] } },
      preStop: { exec: { command: ['sh', '-c', 'sleep 1; touch /h/stopping'] } },
    };
    node.create('hooked', {
      volumes,
      containers: [shell('c', 'sleep 1000', { lifecycle, volumeMounts: [{ name: 'h', mountPath: '/h' }] })],
    });
    await node.phase('hooked', 'Running');
    await node.until(() => existsSync(`${dir}/started`));
    node.api.remove(pods, 'default', 'hooked');
    await node.until(() => !node.pod('hooked'));
    expect(existsSync(`${dir}/stopping`)).toBe(true);
  });

  test('parts of volumes, and no way out of them', async () => {
    node.api.add(configmaps, { metadata: { name: 'parts', namespace: 'default' }, data: { key: 'value' } });
    const mounts = [
      { name: 'cm', mountPath: '/etc/key', subPath: 'key' },
      { name: 'disk', mountPath: '/part', subPathExpr: '$(NAME)/inner' },
      { name: 'disk', mountPath: '/whole' },
    ];
    node.create('parts', {
      securityContext: { runAsUser: 1000 },
      volumes: [
        { name: 'cm', configMap: { name: 'parts' } },
        { name: 'disk', emptyDir: {} },
      ],
      containers: [
        shell('c', 'echo mine > /part/file; ln -s / /whole/out; sleep 1000', {
          env: [{ name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          volumeMounts: mounts,
        }),
      ],
    });
    await node.phase('parts', 'Running');
    await node.until(
      async () => (await node.run('parts', 'c', 'cat', '/whole/parts/inner/file')) === 'mine\n',
    );
    expect(await node.run('parts', 'c', 'cat', '/etc/key')).toBe('value');
    const pod = node.pod('parts') as Pod;
    const escape = shell('escape', 'sleep 1000', {
      volumeMounts: [{ name: 'disk', mountPath: '/e', subPath: 'out/etc' }],
    });
    node.api.change(pods, { ...pod, spec: { ...pod.spec, ephemeralContainers: [escape] } });
    await node.until(() => node.told('parts').some((line) => line.includes('leads out of its folder')));
    expect(node.pod('parts')?.status?.containerStatuses?.[0]).toMatchObject({ restartCount: 0, ready: true });
    node.api.remove(pods, 'default', 'parts');
    await node.until(() => !node.pod('parts'));
  });

  test('limits change in place', async () => {
    const spec = (cpu: string) => {
      const amounts = { cpu, memory: '64Mi' };
      const resources = { requests: amounts, limits: amounts };
      return { containers: [shell('c', 'sleep 1000', { resources })] };
    };
    node.create('resized', spec('100m'));
    const pod = await node.phase('resized', 'Running');
    node.api.change(pods, { ...pod, spec: { ...pod.spec, ...spec('250m') } });
    const dir = `/sys/fs/cgroup/cpu${node.node.cgroupRoot}/kubepods/pod${pod.metadata.uid}`;
    const id = pod.status?.containerStatuses?.[0]?.containerID?.split('//')[1];
    await node.until(() => readFileSync(`${dir}/${id}/cpu.cfs_quota_us`, 'utf8').trim() === '25000');
    expect(node.pod('resized')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    node.api.remove(pods, 'default', 'resized');
    await node.until(() => !node.pod('resized'));
  });

  test('limits of a pod as a whole change in place, for the pod and the containers that it holds', async () => {
    const spec = (cpu: string) => {
      const amounts = { cpu, memory: '64Mi' };
      return { resources: { requests: amounts, limits: amounts }, containers: [shell('c', 'sleep 1000')] };
    };
    node.create('whole', spec('100m'));
    const pod = await node.phase('whole', 'Running');
    const dir = `/sys/fs/cgroup/cpu${node.node.cgroupRoot}/kubepods/pod${pod.metadata.uid}`;
    const id = pod.status?.containerStatuses?.[0]?.containerID?.split('//')[1];
    const quotas = () =>
      [dir, `${dir}/${id}`].map((at) => readFileSync(`${at}/cpu.cfs_quota_us`, 'utf8').trim());
    for (const [cpu, quota] of [
      ['250m', '25000'],
      ['150m', '15000'],
    ] as const) {
      const now = node.pod('whole') as Pod;
      node.api.change(pods, { ...now, spec: { ...now.spec, ...spec(cpu) } });
      await node.until(() => quotas().every((found) => found === quota));
      await node.until(() => node.pod('whole')?.status?.resources?.limits?.cpu === cpu);
    }
    expect(node.pod('whole')?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
    node.api.remove(pods, 'default', 'whole');
    await node.until(() => !node.pod('whole'));
  });

  test('a container that keeps failing waits longer; its last log can still be read', async () => {
    node.create('fails', { containers: [once('c', 'echo try; exit 1')] });
    const status = () => node.pod('fails')?.status?.containerStatuses?.[0];
    await node.until(() => status()?.state?.waiting?.reason === 'CrashLoopBackOff');
    expect(status()?.state?.waiting?.message).toBe(
      'back-off 10s restarting failed container=c pod=fails_default(uid-fails)',
    );
    expect(readFileSync(`${node.directory}/pod-logs/default_fails_uid-fails/c/1.log`, 'utf8')).toMatch(
      / stdout F try\n$/,
    );
    node.api.remove(pods, 'default', 'fails');
    await node.until(() => !node.pod('fails'));
    await node.until(() => !existsSync(`${node.directory}/pod-logs/default_fails_uid-fails`));
  });

  test('a killed kubelet comes back to running containers and leaves them be', async () => {
    node.create('stays', {});
    const before = (await node.phase('stays', 'Running')).status?.containerStatuses?.[0]?.containerID;
    await node.stopKubelet('SIGKILL');
    node.create('meanwhile', {});
    await node.startKubelet();
    await node.phase('meanwhile', 'Running');
    expect(node.pod('stays')?.status?.containerStatuses?.[0]).toMatchObject({
      containerID: before,
      restartCount: 0,
    });
    for (const name of ['stays', 'meanwhile']) node.api.remove(pods, 'default', name);
    await node.until(() => !node.pod('stays') && !node.pod('meanwhile'));
  });
});
