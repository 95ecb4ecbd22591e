import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec, PodStatus } from '../../../../api/core/v1.ts';
import type { Stored } from '../../../../api/resource.ts';
import { created, createErrors, testContext, texts, updateErrors } from '../../shared/testing.ts';
import { podKind } from './pod.ts';

const container = (more: Partial<Container> = {}): Container => ({ name: 'c', image: 'nginx', ...more });

function pod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', ...metadata },
    spec: { containers: [container()], ...spec },
  };
}

const mounting = (...names: string[]) =>
  container({ volumeMounts: names.map((name) => ({ name, mountPath: `/${name}` })) });
const claimTemplate = (metadata = {}) => ({
  metadata,
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
});

describe('what is said of volumes', () => {
  test.each<[what: string, spec: Partial<PodSpec>, errors: string[]]>([
    [
      'a volume that is wrong in itself cannot be mounted',
      { volumes: [{ name: 'v', hostPath: { path: '' } }], containers: [mounting('v')] },
      [
        'spec.volumes[0].hostPath.path: Required value',
        'spec.containers[0].volumeMounts[0].name: Not found: "v"',
      ],
    ],
    [
      'two volumes of one name',
      {
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'v', emptyDir: {} },
        ],
        containers: [mounting('v')],
      },
      ['spec.volumes[1].name: Duplicate value: "v"'],
    ],
    [
      'two sources',
      { volumes: [{ name: 'v', emptyDir: {}, cephfs: { monitors: [] }, downwardAPI: {} }] },
      [
        'spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type',
        'spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type',
      ],
    ],
    [
      'a path that is a step upwards',
      { volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'a', path: '..' }] } }] },
      [
        `spec.volumes[0].configMap.items[0].path: Invalid value: "..": must not contain '..'`,
        `spec.volumes[0].configMap.items[0].path: Invalid value: "..": must not start with '..'`,
      ],
    ],
    [
      'the claim of another volume',
      {
        volumes: [
          { name: 'a', ephemeral: { volumeClaimTemplate: claimTemplate() } },
          { name: 'b', persistentVolumeClaim: { claimName: 'p-a' } },
        ],
      },
      [
        'spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: "p-a": must not reference a PVC that gets created for an ephemeral volume',
      ],
    ],
    [
      'metadata that means nothing',
      {
        volumes: [{ name: 'a', ephemeral: { volumeClaimTemplate: claimTemplate({ name: 'x', uid: 'u' }) } }],
      },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set',
      ],
    ],
  ])('%s', (_, spec, errors) => {
    expect(createErrors(podKind, pod(spec))).toEqual(errors);
  });
});

describe('what is said of the rest of a spec', () => {
  test.each<[what: string, spec: Partial<PodSpec>, errors: string[]]>([
    ['an empty policy', { preemptionPolicy: '' }, ['spec.preemptionPolicy: Required value']],
    [
      'images are looked at last',
      { containers: [container({ image: ' nginx' })], hostname: 'A' },
      [
        expect.stringMatching(/^spec\.hostname: Invalid value: "A"/) as unknown as string,
        'spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing whitespace',
      ],
    ],
    [
      'names before tolerations, tolerations before classes',
      { subdomain: 'A', tolerations: [{ operator: 'Maybe', key: 'a' }], priorityClassName: 'A' },
      [
        expect.stringMatching(/^spec\.subdomain:/) as unknown as string,
        'spec.tolerations[0].operator: Unsupported value: "Maybe": supported values: "Equal", "Exists"',
        expect.stringMatching(/^spec\.priorityClassName:/) as unknown as string,
      ],
    ],
    [
      'a pod of windows',
      {
        os: { name: 'windows' },
        hostPID: true,
        shareProcessNamespace: false,
        securityContext: { runAsUser: 1, seLinuxOptions: { level: 'x' }, fsGroup: 1 },
      },
      [
        'spec.securityContext.seLinuxOptions: Forbidden: cannot be set for a windows pod',
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod',
        'spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod',
        'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
      ],
    ],
    [
      'pages that are no size',
      { containers: [container({ resources: { limits: { cpu: '1', 'hugepages-big': '1' } } })] },
      [
        'spec.containers[0].resources.limits[hugepages-big]: Invalid value: "1": 1 is not positive integer multiple of hugepages-big',
        'spec.containers[0].resources.requests[hugepages-big]: Invalid value: "1": 1 is not positive integer multiple of hugepages-big',
      ],
    ],
    [
      'rules of restarting',
      { containers: [container({ restartPolicy: 'Never', restartPolicyRules: [{ action: 'Reboot' }] })] },
      [
        'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Reboot": supported values: "Restart", "RestartAllContainers"',
        'spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified',
      ],
    ],
    [
      'claims by one name or the other',
      { resourceClaims: [{ name: 'c' }] },
      [
        'spec.resourceClaims[0]: Invalid value: {"Name":"c","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
      ],
    ],
  ])('%s', (_, spec, errors) => {
    expect(createErrors(podKind, pod(spec))).toEqual(errors);
  });
});

test('annotations that mean something are named twice when a pod changes, as upstream does', () => {
  const key = 'controller.kubernetes.io/pod-deletion-cost';
  const why = `metadata.annotations[${key}]: Invalid value: "much": must be a 32bit integer`;
  expect(updateErrors(podKind, pod(), (p) => (p.metadata.annotations = { [key]: 'much' }))).toEqual([
    why,
    why,
  ]);
});

test('containers for looking into a pod have no part in its work', () => {
  const old = created(podKind, pod());
  const copy = structuredClone(old) as Pod;
  copy.spec.ephemeralContainers = [
    {
      name: 'e',
      image: 'busybox',
      ports: [{ containerPort: 1 }],
      resources: { limits: { cpu: '1' } },
      restartPolicy: 'Never',
      lifecycle: { preStop: { exec: { command: ['a'] } } },
      livenessProbe: { exec: { command: ['a'] } },
    },
  ];
  podKind.defaults?.(copy);
  const part = podKind.parts?.ephemeralcontainers;
  part?.prepareForUpdate(copy, old, testContext());
  const why = 'Forbidden: cannot be set for an Ephemeral Container';
  expect(texts(part?.validateUpdate?.(copy, old, testContext()) ?? [])).toEqual(
    ['ports', 'resources', 'restartPolicy', 'livenessProbe', 'lifecycle'].map(
      (name) => `spec.ephemeralContainers[0].${name}: ${why}`,
    ),
  );
});

describe('a resize', () => {
  const sized = (requests: Record<string, string>) => container({ resources: { requests } });
  const resize = (spec: Partial<PodSpec>, edit: (spec: PodSpec) => void) => {
    const old = created(podKind, pod(spec));
    const copy = structuredClone(old) as Pod;
    edit(copy.spec);
    podKind.defaults?.(copy);
    const part = podKind.parts?.resize;
    part?.prepareForUpdate(copy, old, testContext());
    return texts(part?.validateUpdate?.(copy, old, testContext()) ?? []);
  };

  test.each<[what: string, spec: Partial<PodSpec>, edit: (spec: PodSpec) => void, errors: string[]]>([
    [
      'of cpu and memory',
      { containers: [sized({ cpu: '1' })] },
      (s) => (s.containers = [sized({ cpu: '2', memory: '1Gi' })]),
      [],
    ],
    [
      'takes nothing away',
      { containers: [sized({ cpu: '1', memory: '1Gi' })] },
      (s) => (s.containers = [sized({ cpu: '1' })]),
      ['spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'of something else',
      { containers: [sized({ cpu: '1' })] },
      (s) => (s.containers = [sized({ cpu: '1', 'ephemeral-storage': '1Gi' })]),
      ['spec: Forbidden: only cpu and memory resources are mutable'],
    ],
    [
      'of containers that come first',
      { containers: [sized({ cpu: '1' })], initContainers: [{ ...sized({ cpu: '1' }), name: 'i' }] },
      (s) => (s.initContainers = [{ ...sized({ cpu: '2' }), name: 'i' }]),
      [],
    ],
    [
      'of containers that come first takes nothing away',
      { containers: [sized({ cpu: '1' })], initContainers: [{ ...sized({ cpu: '1' }), name: 'i' }] },
      (s) => (s.initContainers = [{ ...sized({ memory: '1Gi' }), name: 'i' }]),
      ['spec.initContainers[0].resources.requests: Forbidden: resource requests cannot be removed'],
    ],
    [
      'of something else that containers that come first take',
      { containers: [sized({ cpu: '1' })], initContainers: [{ ...sized({ cpu: '1' }), name: 'i' }] },
      (s) => (s.initContainers = [{ ...sized({ cpu: '1', 'ephemeral-storage': '1Gi' }), name: 'i' }]),
      [
        'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
      ],
    ],
    [
      'of sidecars',
      {
        containers: [sized({ cpu: '1' })],
        initContainers: [{ ...sized({ cpu: '1' }), name: 'i', restartPolicy: 'Always' }],
      },
      (s) => (s.initContainers = [{ ...sized({ cpu: '2' }), name: 'i', restartPolicy: 'Always' }]),
      [],
    ],
    [
      'of what runs once and would be started anew',
      {
        containers: [sized({ cpu: '1' })],
        initContainers: [{ ...sized({ cpu: '1' }), name: 'i' }],
      },
      (s) => {
        const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
        s.initContainers = [{ ...sized({ cpu: '2' }), name: 'i', resizePolicy }];
      },
      [
        'spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to \'RestartContainer\' for non-sidecar initContainers',
        'spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable',
        'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
      ],
    ],
    [
      'that adds a container',
      { containers: [sized({ cpu: '1' })] },
      (s) => s.containers.push({ ...sized({ cpu: '1' }), name: 'd' }),
      ['spec.containers: Forbidden: containers may not be added or removed on resize'],
    ],
    [
      'that names containers anew',
      { containers: [sized({ cpu: '1' })], initContainers: [{ ...sized({ cpu: '1' }), name: 'i' }] },
      (s) => {
        s.containers = [{ ...sized({ cpu: '1' }), name: 'd' }];
        s.initContainers = [{ ...sized({ cpu: '1' }), name: 'j' }];
      },
      [
        'spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize',
        'spec.initContainers[0].name: Forbidden: initContainers may not be renamed or reordered on resize',
      ],
    ],
    [
      'of the pod as a whole',
      { resources: { requests: { cpu: '2' } }, containers: [sized({ cpu: '1' })] },
      (s) => (s.resources = { requests: { cpu: '3', memory: '1Gi' } }),
      [],
    ],
    [
      'of the pod as a whole takes nothing away',
      { resources: { requests: { cpu: '2', memory: '1Gi' } }, containers: [sized({ cpu: '1' })] },
      (s) => (s.resources = { requests: { cpu: '2' } }),
      ['spec.resources.requests: Forbidden: pod-level resource requests cannot be removed'],
    ],
    [
      'of the pod as a whole stays one',
      { resources: { requests: { cpu: '2' } }, containers: [sized({ cpu: '1' })] },
      (s) => delete s.resources,
      ['spec.resources: Forbidden: pod-level resources cannot be removed'],
    ],
    [
      'that changes the class',
      { containers: [container()] },
      (s) => (s.containers = [sized({ cpu: '1' })]),
      ['spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing'],
    ],
  ])('%s', (_, spec, edit, errors) => {
    expect(resize(spec, edit)).toEqual(errors);
  });
});

test.each<
  [what: string, spec: Partial<PodSpec>, metadata: Pod['metadata'], status: PodStatus, error: string]
>([
  [
    'of the node itself',
    {},
    { annotations: { 'kubernetes.io/config.mirror': 'x' } },
    {},
    '[]: Forbidden: static pods cannot be resized',
  ],
  ['of windows', { os: { name: 'windows' } }, {}, {}, '[]: Forbidden: windows pods cannot be resized'],
  [
    'on a node that does not resize',
    {},
    {},
    {
      containerStatuses: [
        { name: 'c', image: 'a', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
      ],
    },
    'spec: Forbidden: Pod running on node without support for resize',
  ],
])('a pod %s is not resized', (_, spec, metadata, status, error) => {
  const old = created(podKind, pod({ nodeName: 'n', ...spec }, metadata));
  old.status = { ...old.status, ...status };
  const copy = structuredClone(old) as Pod;
  expect(texts(podKind.parts?.resize?.validateUpdate?.(copy, old, testContext()) ?? [])).toEqual([error]);
});

describe('what is said of a report', () => {
  const report = (status: PodStatus, spec: Partial<PodSpec> = {}) => {
    const old = created(podKind, pod(spec)) as Stored<Pod>;
    const now = { ...structuredClone(old), status: { qosClass: 'BestEffort', ...status } } as Pod;
    return texts(podKind.status?.validateUpdate?.(now, old, testContext()) ?? []);
  };
  const about = { name: 'c', image: 'nginx', imageID: '', ready: true, restartCount: 0 };

  test.each<[what: string, status: PodStatus, spec: Partial<PodSpec>, errors: string[]]>([
    [
      'addresses of one family',
      { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] },
      {},
      [
        'status.podIPs: Invalid value: [{"IP":"10.0.0.1"},{"IP":"10.0.0.1"}]: may specify no more than one IP for each IP family',
      ],
    ],
    [
      'addresses that are none',
      { podIPs: [{ ip: '010.0.0.1' }, { ip: 'x' }], hostIP: '::1', hostIPs: [{ ip: '::2' }] },
      {},
      [
        'status.podIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
        'status.podIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'status.podIPs: Internal error: failed to check for dual stack with error:ip <nil> is invalid',
        'status.podIPs: Invalid value: [{"IP":"010.0.0.1"},{"IP":"x"}]: may specify no more than one IP for each IP family',
        'status.hostIPs[0].ip: Invalid value: "::2": must be equal to `hostIP`',
      ],
    ],
    [
      'generations before the first',
      {
        observedGeneration: -1,
        conditions: [{ type: 'a b', status: 'True', observedGeneration: -2 }],
      },
      {},
      [
        'status.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer',
        expect.stringMatching(/^status\.conditions\[0\]\.Type: Invalid value: "a b"/) as unknown as string,
        'status.observedGeneration: Invalid value: -1: must be a non-negative integer',
      ],
    ],
    [
      'another node than that of the pod',
      { nominatedNodeName: 'other' },
      { nodeName: 'n' },
      ['status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node'],
    ],
    [
      'what is said of health at length',
      {
        containerStatuses: [
          {
            ...about,
            allocatedResourcesStatus: [
              {
                name: 'example.com/gpu',
                resources: [
                  { resourceID: 'a', health: 'Healthy', message: '' },
                  { resourceID: 'b', health: 'Healthy', message: 'a'.repeat(1025) },
                ],
              },
            ],
          },
        ],
      },
      {
        containers: [
          container({
            resources: { requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } },
          }),
        ],
      },
      [
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].message: Required value: must be non-empty if specified',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].message: Too long: may not be more than 1024 bytes',
      ],
    ],
    [
      'users of linux on windows',
      { containerStatuses: [{ ...about, user: { linux: { uid: 1, gid: 1 } } }] },
      { os: { name: 'windows' } },
      ['status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod'],
    ],
    [
      'health of what nobody asked for',
      {
        containerStatuses: [
          {
            ...about,
            allocatedResourcesStatus: [
              {
                name: 'example.com/gpu',
                resources: [{ resourceID: 'a', health: 'Fine' }, { resourceID: 'a' }],
              },
            ],
          },
        ],
      },
      {},
      [
        `status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: "example.com/gpu": must match one of the container's resource requests`,
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].health: Unsupported value: "": supported values: "Healthy", "Unhealthy", "Unknown"',
        'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "a"',
      ],
    ],
    [
      'claims by bad names',
      { resourceClaimStatuses: [{ name: 'c', resourceClaimName: 'Not A Name' }] },
      { resourceClaims: [{ name: 'c', resourceClaimName: 'x' }] },
      [
        expect.stringMatching(
          /^status\.resourceClaimStatuses\[0\]\.resourceClaimName: Invalid value: "Not A Name"/,
        ) as unknown as string,
      ],
    ],
    [
      'the claim for extended resources without anything',
      { extendedResourceClaimStatus: { requestMappings: [], resourceClaimName: '' } },
      {},
      [
        'status.extendedResourceClaimStatus.requestMappings: Required value: at least one request mapping is required',
        'status.extendedResourceClaimStatus.resourceClaimName: Required value',
      ],
    ],
    [
      'the claim for extended resources and what it is for',
      {
        extendedResourceClaimStatus: {
          resourceClaimName: 'Not A Name',
          requestMappings: [
            { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r' },
            { containerName: 'c', resourceName: 'example.com/gpu', requestName: 'r' },
            { containerName: 'c', resourceName: 'example.com/other', requestName: 'Bad' },
            { containerName: 'none', resourceName: 'example.com/gpu', requestName: 'r' },
          ],
        },
      },
      {
        containers: [
          container({
            resources: { requests: { 'example.com/gpu': '1' }, limits: { 'example.com/gpu': '1' } },
          }),
        ],
      },
      [
        'status.extendedResourceClaimStatus.requestMappings[1].containerName: Duplicate value: "c"',
        'status.extendedResourceClaimStatus.requestMappings[1].resourceName: Duplicate value: "example.com/gpu"',
        'status.extendedResourceClaimStatus.requestMappings[1].requestName: Duplicate value: "r"',
        'status.extendedResourceClaimStatus.requestMappings[2].resourceName: Invalid value: "example.com/other": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests',
        expect.stringMatching(
          /^status\.extendedResourceClaimStatus\.requestName: Invalid value: "Bad": a lowercase RFC 1123 label/,
        ) as unknown as string,
        'status.extendedResourceClaimStatus.requestMappings[3].containerName: Invalid value: "none": must match the name of an entry in spec.initContainers.name or spec.containers.name',
        expect.stringMatching(
          /^status\.extendedResourceClaimStatus\.resourceClaimName: Invalid value: "Not A Name"/,
        ) as unknown as string,
      ],
    ],
  ])('%s', (_, status, spec, errors) => {
    expect(report(status, spec)).toEqual(errors);
  });
});

test('advice on a report', () => {
  const status = {
    podIPs: [{ ip: '10.0.0.1' }, { ip: 'FD00::1' }],
    hostIPs: [{ ip: '010.0.0.1' }],
  };
  expect(podKind.status?.warnings?.({ ...pod(), status })).toEqual([
    'status.podIPs[1].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
    'status.hostIPs[0].ip: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
  ]);
});

test('a report does not look again at what was reported, and leaves out what is behind a gate', () => {
  const old = created(podKind, pod()) as Stored<Pod>;
  old.status = { ...old.status, podIPs: [{ ip: '010.0.0.1' }] };
  const now = structuredClone(old) as Pod;
  const mount = { name: 'v', mountPath: '/v', volumeStatus: { image: { imageRef: 'a' } } };
  const given = structuredClone(mount);
  now.status = {
    ...now.status,
    nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'c' }] as never,
    containerStatuses: [
      { name: 'c', image: 'a', imageID: '', ready: true, restartCount: 0, volumeMounts: [given] },
    ],
  };
  podKind.status?.prepareForUpdate?.(now, old, testContext());
  expect(now.status?.nodeAllocatableResourceClaimStatuses).toBeUndefined();
  expect(now.status?.containerStatuses?.[0]?.volumeMounts).toEqual([{ name: 'v', mountPath: '/v' }]);
  expect(texts(podKind.status?.validateUpdate?.(now, old, testContext()) ?? [])).toEqual([]);
  const digested = { ...old, status: { ...now.status } };
  digested.status.containerStatuses = now.status?.containerStatuses?.map((s) => ({
    ...s,
    volumeMounts: [mount],
  }));
  const again = structuredClone(digested) as Pod;
  podKind.status?.prepareForUpdate?.(again, digested as Stored<Pod>, testContext());
  expect(again.status?.containerStatuses?.[0]?.volumeMounts).toEqual([mount]);
});

describe('advice on a pod', () => {
  const advice = (spec: Partial<PodSpec>, metadata: Pod['metadata'] = {}) =>
    podKind.warnings?.(created(podKind, pod(spec, metadata)), undefined);
  const variable = (name: string, value: string) => ({ name, value });

  test.each<[what: string, spec: Partial<PodSpec>, warnings: string[]]>([
    [
      'variables that hide others, unless they are made of them',
      { containers: [container({ env: [variable('A', '1'), variable('A', '$(A)2'), variable('A', '3')] })] },
      ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'ports of several containers',
      {
        containers: [
          container({ ports: [{ containerPort: 80 }] }),
          container({ name: 'd', ports: [{ containerPort: 80 }, { containerPort: 80, hostPort: 90 }] }),
        ],
      },
      [
        'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[0]',
        'spec.containers[1].ports[1]: overlapping port definition with spec.containers[1].ports[0]',
      ],
    ],
    [
      'ports that may or may not be the same',
      {
        containers: [
          container({
            ports: [
              { containerPort: 80, hostPort: 90 },
              { containerPort: 80, hostPort: 90, hostIP: '10.0.0.1' },
            ],
          }),
        ],
      },
      ['spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]'],
    ],
    [
      'an address without a port',
      { containers: [container({ ports: [{ containerPort: 80, hostIP: '10.0.0.1' }] })] },
      [
        'spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:TCP HostIP:10.0.0.1}',
      ],
    ],
    [
      'entries given twice',
      {
        hostAliases: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }],
        imagePullSecrets: [{ name: 'a' }, { name: 'a' }, {}],
      },
      [
        'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"',
        'spec.imagePullSecrets[1].name: duplicate name "a"',
        'spec.imagePullSecrets[2].name: invalid empty name ""',
      ],
    ],
    [
      'labels of nodes that have other names now',
      {
        nodeSelector: { 'node-role.kubernetes.io/master': '' },
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                preference: {
                  matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'In', values: ['linux'] }],
                },
              },
            ],
          },
        },
      },
      [
        'spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
      ],
    ],
    [
      'a choice of pods that chooses none',
      {
        affinity: {
          podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'a' }] },
        },
      },
      [
        'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod',
      ],
    ],
    [
      'a file where the token is',
      {
        serviceAccountName: 'default',
        volumes: [
          {
            name: 'v',
            projected: {
              sources: [
                { serviceAccountToken: { path: 'token' } },
                { configMap: { name: 'm', items: [{ key: 'k', path: 'token' }] } },
              ],
            },
          },
        ],
      },
      [
        'volume "v" (Projected): overlapping paths: "token" (ConfigMap "m") with "token" (ServiceAccountToken)',
      ],
    ],
    [
      'less than a byte',
      { overhead: { memory: '1500m' } },
      ['spec.overhead[memory]: fractional byte value "1500m" is invalid, must be an integer'],
    ],
  ])('%s', (_, spec, warnings) => {
    expect(advice(spec)).toEqual(warnings);
  });

  test('annotations that do nothing any more', () => {
    const annotations = {
      'scheduler.alpha.kubernetes.io/critical-pod': '',
      'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
    };
    expect(advice({}, { annotations })).toEqual([
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    ]);
  });
});

describe('a container that has ended', () => {
  const rule = (action: string) => ({ action, exitCodes: { operator: 'In', values: [42] } });
  const never = (name: string, ...actions: string[]) =>
    container({ name, restartPolicy: 'Never', restartPolicyRules: actions.map(rule) });
  const revive = (spec: Partial<PodSpec>) => {
    const old = created(podKind, pod({ restartPolicy: 'Never', ...spec })) as Stored<Pod>;
    const about = { image: 'nginx', imageID: '', ready: false, restartCount: 0 };
    const report = (state: object): PodStatus => ({
      qosClass: 'BestEffort',
      containerStatuses: [{ ...about, name: 'c', state }],
      initContainerStatuses: [{ ...about, name: 'i', state }],
    });
    const before = { ...old, status: report({ terminated: { exitCode: 42 } }) };
    const now = { ...structuredClone(old), status: report({ waiting: {} }) } as Pod;
    const errors = texts(podKind.status?.validateUpdate?.(now, before, testContext()) ?? []);
    return errors.map((error) => error.split('.')[1]);
  };
  const both = ['containerStatuses[0]', 'initContainerStatuses[0]'];

  test.each<[what: string, containers: Container[], initContainers: Container[], errors: string[]]>([
    ['stays so', [container()], [container({ name: 'i' })], both],
    ['runs again by its own rules', [never('c', 'Restart')], [container({ name: 'i' })], both.slice(1)],
    [
      'runs again by its own rules, if it comes first',
      [container()],
      [never('i', 'Restart')],
      both.slice(0, 1),
    ],
    [
      'runs again by the rules of another',
      [never('c', 'RestartAllContainers')],
      [container({ name: 'i' })],
      [],
    ],
    ['runs again by the rules of one before it', [container()], [never('i', 'RestartAllContainers')], []],
  ])('%s', (_, containers, initContainers, errors) => {
    expect(revive({ containers, initContainers })).toEqual(errors);
  });
});
