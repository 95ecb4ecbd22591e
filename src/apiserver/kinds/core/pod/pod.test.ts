import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec } from '../../../../api/core/v1.ts';
import { created, createErrors, row, testContext, updateErrors } from '../../shared/testing.ts';
import { podKind } from './pod.ts';

const container = (more: Partial<Container> = {}): Container => ({ name: 'c', image: 'nginx', ...more });

function pod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', ...metadata },
    spec: { containers: [container()], ...spec },
  };
}

describe('a new pod', () => {
  test('is filled in as upstream does', () => {
    const made = created(podKind, pod({ containers: [container({ ports: [{ containerPort: 80 }] })] }));
    expect(made.spec).toEqual({
      containers: [
        {
          name: 'c',
          image: 'nginx',
          imagePullPolicy: 'Always',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
    expect(made.status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(made.metadata.generation).toBe(1);
  });

  test('requests what it is limited to', () => {
    const limits = { cpu: '1', memory: '1Gi' };
    const made = created(
      podKind,
      pod({ containers: [container({ resources: { limits, requests: { cpu: '500m' } } })] }),
    );
    expect(made.spec.containers[0]?.resources?.requests).toEqual({ cpu: '500m', memory: '1Gi' });
  });

  test('publishes its ports on the network of the node', () => {
    const made = created(
      podKind,
      pod({ hostNetwork: true, containers: [container({ ports: [{ containerPort: 80 }] })] }),
    );
    expect(made.spec.containers[0]?.ports?.[0]?.hostPort).toBe(80);
  });

  test('has a grace period of one second where it says a negative one, and so has an update', () => {
    const made = created(podKind, pod({ terminationGracePeriodSeconds: -1 }));
    expect(made.spec.terminationGracePeriodSeconds).toBe(1);
    const errors = updateErrors(podKind, made, ({ spec }) => {
      spec.terminationGracePeriodSeconds = -1;
    });
    expect(errors).toEqual([]);
  });

  test('waits at its gates', () => {
    const made = created(podKind, pod({ schedulingGates: [{ name: 'example.com/gate' }] }));
    expect(made.status?.conditions?.[0]).toMatchObject({
      type: 'PodScheduled',
      status: 'False',
      reason: 'SchedulingGated',
    });
  });

  test('has its label keys turned into expressions', () => {
    const spread = {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'a' } },
      matchLabelKeys: ['pod-template-hash'],
    };
    const object = pod({ topologySpreadConstraints: [spread] }, { labels: { 'pod-template-hash': 'abc' } });
    const made = created(podKind, object);
    expect(made.spec.topologySpreadConstraints?.[0]?.labelSelector?.matchExpressions).toEqual([
      { key: 'pod-template-hash', operator: 'In', values: ['abc'] },
    ]);
    expect(createErrors(podKind, object)).toEqual([]);
  });
});

describe('validation', () => {
  const cases: [string, Partial<PodSpec>, string[]][] = [
    ['a pod without containers', { containers: [] }, ['spec.containers: Required value']],
    [
      'a container without image',
      { containers: [{ name: 'c' }] },
      ['spec.containers[0].image: Required value'],
    ],
    [
      'a container name in capitals',
      { containers: [container({ name: 'C' })] },
      [
        "spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [
      'two containers of one name',
      { containers: [container(), container()] },
      ['spec.containers[1].name: Duplicate value: "c"'],
    ],
    [
      'an init container of the name of a container',
      { initContainers: [container()] },
      ['spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      'a probe of an init container',
      { initContainers: [container({ name: 'i', livenessProbe: { exec: { command: ['true'] } } })] },
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'a restart policy that is none',
      { restartPolicy: 'Sometimes' },
      [
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    [
      'a mount of no volume',
      { containers: [container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] })] },
      ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
    ],
    [
      'a request above the limit',
      { containers: [container({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } })] },
      [
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    ],
    [
      'a negative request',
      { containers: [container({ resources: { requests: { memory: '-1Gi' } } })] },
      [
        'spec.containers[0].resources.requests[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
      ],
    ],
    [
      'a resource of no name',
      { containers: [container({ resources: { requests: { gpu: '1' } } })] },
      [
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      ],
    ],
    [
      'a device without a limit',
      { containers: [container({ resources: { requests: { 'example.com/gpu': '1' } } })] },
      [
        'spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources',
      ],
    ],
    [
      'a port out of range',
      { containers: [container({ ports: [{ containerPort: 70000 }] })] },
      [
        'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      'a port of the node for two containers',
      {
        containers: [
          container({ ports: [{ containerPort: 80, hostPort: 80 }] }),
          container({ name: 'd', ports: [{ containerPort: 81, hostPort: 80 }] }),
        ],
      },
      ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'a probe that does nothing',
      { containers: [container({ readinessProbe: {} })] },
      ['spec.containers[0].readinessProbe: Required value: must specify a handler type'],
    ],
    [
      'a liveness probe that has to succeed twice',
      { containers: [container({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } })] },
      ['spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
    ],
    [
      'two actions of a hook',
      {
        containers: [
          container({ lifecycle: { preStop: { exec: { command: ['x'] }, sleep: { seconds: 1 } } } }),
        ],
      },
      ['spec.containers[0].lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type'],
    ],
    [
      'a pause longer than the grace period',
      { containers: [container({ lifecycle: { preStop: { sleep: { seconds: 31 } } } })] },
      [
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
    [
      'two sources of one volume',
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a host path that climbs',
      { volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] },
      ['spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\''],
    ],
    [
      'a file mode out of range',
      { volumes: [{ name: 'v', secret: { secretName: 's', defaultMode: 0o1000 } }] },
      [
        'spec.volumes[0].secret.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
      ],
    ],
    [
      'a token without an account',
      { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ],
    ],
    [
      'an environment variable without source',
      { containers: [container({ env: [{ name: 'A', valueFrom: {} }] })] },
      [
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ],
    ],
    [
      'a field of the pod that is none',
      {
        containers: [container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] })],
      },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo',
      ],
    ],
    [
      'a field that is not for the environment',
      {
        containers: [
          container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] }),
        ],
      },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      'a toleration for a while without an effect',
      { tolerations: [{ key: 'k', operator: 'Exists', tolerationSeconds: 1 }] },
      [
        'spec.tolerations[0].effect: Invalid value: "": effect must be \'NoExecute\' when `tolerationSeconds` is set',
      ],
    ],
    [
      'an affinity without a topology',
      {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [{ labelSelector: {}, topologyKey: '' }],
          },
        },
      },
      [
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty',
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": name part must be non-empty',
        "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
    [
      'a node that does not fit',
      { nodeName: 'n', schedulingGates: [{ name: 'g' }] },
      ['spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared'],
    ],
    [
      'its own users on the network of the node',
      { hostUsers: false, hostNetwork: true },
      ['spec.hostNetwork: Forbidden: when `hostUsers` is false'],
    ],
    [
      'no names and no servers for them',
      { dnsPolicy: 'None' },
      ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
    ],
    [
      'an escalation that is both allowed and not',
      { containers: [container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } })] },
      [
        'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      'an ephemeral container from the start',
      { ephemeralContainers: [{ name: 'e', image: 'x' }] },
      ['spec.ephemeralContainers: Forbidden: cannot be set on create'],
    ],
  ];

  test.each(cases)('rejects %s', (_, spec, errors) => {
    expect(createErrors(podKind, pod(spec))).toEqual(errors);
  });

  test('accepts a pod that uses much of it', () => {
    const spec: Partial<PodSpec> = {
      serviceAccountName: 'sa',
      initContainers: [
        container({ name: 'side', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 'x' } } }),
      ],
      containers: [
        container({
          env: [
            { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
            { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          ],
          envFrom: [{ configMapRef: { name: 'cm' } }],
          volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }],
          resources: { limits: { cpu: '1', memory: '1Gi', 'example.com/gpu': '1' } },
          livenessProbe: { httpGet: { port: 8080 } },
        }),
      ],
      volumes: [
        { name: 'v' },
        {
          name: 'token',
          projected: {
            sources: [
              { serviceAccountToken: { path: 'token', expirationSeconds: 3607 } },
              { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
              {
                downwardAPI: {
                  items: [{ path: 'namespace', fieldRef: { fieldPath: 'metadata.namespace' } }],
                },
              },
            ],
          },
        },
      ],
    };
    expect(createErrors(podKind, pod(spec))).toEqual([]);
  });
});

describe('an update', () => {
  const mutable =
    '`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

  test('may change an image and add a toleration', () => {
    const errors = updateErrors(podKind, pod(), (p) => {
      (p.spec.containers[0] as Container).image = 'nginx:2';
      p.spec.tolerations = [{ operator: 'Exists' }];
      p.spec.activeDeadlineSeconds = 10;
    });
    expect(errors).toEqual([]);
  });

  test('may not change a command; says what was changed', () => {
    const errors = updateErrors(podKind, pod(), (p) => {
      (p.spec.containers[0] as Container).command = ['sh'];
    });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`spec: Forbidden: pod updates may not change fields other than ${mutable}\n`);
    expect(errors[0]).toContain('+ \t\t\tCommand: {"sh"},');
  });

  test.each<[string, (p: Pod) => void, string]>([
    [
      'add a container',
      (p) => p.spec.containers.push(container({ name: 'd' })),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ],
    [
      'take a toleration off',
      (p) => {
        p.spec.tolerations = [];
      },
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ],
    [
      'put the deadline off',
      (p) => {
        p.spec.activeDeadlineSeconds = 20;
      },
      'spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value',
    ],
    [
      'add a gate',
      (p) => {
        p.spec.schedulingGates = [{ name: 'g' }];
      },
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'",
    ],
  ])('may not %s', (_, change, error) => {
    const object = pod({
      activeDeadlineSeconds: 10,
      tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }],
    });
    expect(updateErrors(podKind, object, change)).toEqual([error]);
  });

  test('may narrow a gated pod down', () => {
    const object = pod({ schedulingGates: [{ name: 'g' }], nodeSelector: { a: 'b' } });
    const add = updateErrors(podKind, object, (p) =>
      Object.assign(p.spec.nodeSelector as object, { c: 'd' }),
    );
    expect(add).toEqual([]);
    const change = updateErrors(podKind, object, (p) =>
      Object.assign(p.spec.nodeSelector as object, { a: 'x' }),
    );
    expect(change[0]).toContain('only additions to spec.nodeSelector are allowed');
  });
});

describe('the row', () => {
  const status = (more: Pod['status']): Pod => ({
    ...pod({ containers: [container(), container({ name: 'd' })] }),
    status: more,
  });
  const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };
  const base = { restartCount: 0, image: '', imageID: '' };

  test.each<[string, Pod, Record<string, string>]>([
    ['a pod that waits', status({ phase: 'Pending' }), { Ready: '0/2', Status: 'Pending', Restarts: '0' }],
    [
      'a pod that runs',
      status({
        phase: 'Running',
        containerStatuses: ['c', 'd'].map((name) => ({ ...base, name, ready: true, state: running })),
      }),
      { Ready: '2/2', Status: 'Running', Restarts: '0' },
    ],
    [
      'a container that crashes',
      status({
        phase: 'Running',
        containerStatuses: [
          {
            ...base,
            name: 'c',
            ready: false,
            restartCount: 2,
            state: { waiting: { reason: 'CrashLoopBackOff' } },
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:00:00Z' } },
          },
          { ...base, name: 'd', ready: true, state: running },
        ],
      }),
      { Ready: '1/2', Status: 'CrashLoopBackOff', Restarts: '2 (5m ago)' },
    ],
    [
      'an init container that runs',
      {
        ...status({
          phase: 'Pending',
          initContainerStatuses: [{ ...base, name: 'i', ready: false, state: running }],
        }),
        spec: {
          containers: [container()],
          initContainers: [container({ name: 'i' }), container({ name: 'j' })],
        },
      },
      { Ready: '0/1', Status: 'Init:0/2', Restarts: '0' },
    ],
    [
      'an init container that failed',
      {
        ...status({
          phase: 'Pending',
          initContainerStatuses: [
            { ...base, name: 'i', ready: false, state: { terminated: { exitCode: 3 } } },
          ],
        }),
        spec: { containers: [container()], initContainers: [container({ name: 'i' })] },
      },
      { Ready: '0/1', Status: 'Init:ExitCode:3', Restarts: '0' },
    ],
    [
      'a pod of which one container is done',
      status({
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'False' }],
        containerStatuses: [
          { ...base, name: 'c', ready: false, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          { ...base, name: 'd', ready: true, state: running },
        ],
      }),
      { Ready: '1/2', Status: 'NotReady', Restarts: '0' },
    ],
    [
      'an evicted pod',
      status({ phase: 'Failed', reason: 'Evicted' }),
      { Ready: '0/2', Status: 'Evicted', Restarts: '0' },
    ],
  ])('of %s', (_, object, cells) => {
    expect(row(podKind, object, Date.parse('2026-01-01T00:05:00Z'))).toMatchObject(cells);
  });

  test('of a pod that goes says so, unless it has ended', () => {
    const leaving = { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(row(podKind, { ...status({ phase: 'Running' }), metadata: leaving }).Status).toBe('Terminating');
    expect(row(podKind, { ...status({ phase: 'Succeeded' }), metadata: leaving }).Status).toBe('Succeeded');
    expect(
      row(podKind, { ...status({ phase: 'Running', reason: 'NodeLost' }), metadata: leaving }).Status,
    ).toBe('Unknown');
  });

  test('of a pod that has ended carries a condition', () => {
    expect(podKind.rowConditions?.(status({ phase: 'Succeeded' }))).toMatchObject([
      { type: 'Completed', reason: 'Succeeded' },
    ]);
    expect(podKind.rowConditions?.(status({ phase: 'Running' }))).toEqual([]);
  });
});

describe('deletion', () => {
  const grace = (object: Pod, asked?: number) =>
    podKind.gracefulDeletion?.(created(podKind, object), asked, testContext())?.gracePeriodSeconds;

  test('takes as long as the pod wants, on a node', () => {
    expect(grace(pod({ nodeName: 'n' }))).toBe(30);
    expect(grace(pod({ nodeName: 'n', terminationGracePeriodSeconds: 5 }))).toBe(5);
    expect(grace(pod({ nodeName: 'n' }), 0)).toBe(0);
    expect(grace(pod({ nodeName: 'n' }), -3)).toBe(1);
  });

  test('is immediate without a node', () => {
    expect(grace(pod())).toBe(0);
  });
});

test('warnings tell of what will surprise', () => {
  const object = created(
    podKind,
    pod(
      {
        nodeSelector: { 'beta.kubernetes.io/os': 'linux' },
        containers: [
          container({ env: [{ name: 'A' }, { name: 'A' }], resources: { limits: { memory: '100m' } } }),
        ],
      },
      { name: 'a.b' },
    ),
  );
  expect(podKind.warnings?.(object, undefined)).toEqual([
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
    'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
  ]);
});
