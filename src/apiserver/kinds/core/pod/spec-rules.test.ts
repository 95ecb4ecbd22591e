import { describe, expect, test } from 'vitest';
import type { Container, Pod, PodSpec, Toleration, VolumeProjection } from '../../../../api/core/v1.ts';
import { created, createErrors, updateErrors } from '../../shared/testing.ts';
import { dropGatedFields } from '../../pod-spec/gated-fields.ts';
import { podTemplateKind } from '../pod-template.ts';
import { podKind } from './pod.ts';

const container = (more: Partial<Container> = {}): Container => ({ name: 'c', image: 'nginx', ...more });
const first = (more: Partial<Container>): Partial<PodSpec> => ({ initContainers: [{ name: 'i', ...more }] });
const only = (more: Partial<Container>): Partial<PodSpec> => ({ containers: [container(more)] });

function pod(spec: Partial<PodSpec> = {}, metadata: Pod['metadata'] = {}): Pod {
  return {
    metadata: { name: 'p', namespace: 'default', labels: { app: 'web' }, ...metadata },
    spec: { containers: [container()], ...spec },
  };
}

type Case = [what: string, spec: Partial<PodSpec>, errors: string[]];

const rules = (...list: NonNullable<Container['restartPolicyRules']>) => ({ restartPolicyRules: list });
const restart = { action: 'Restart', exitCodes: { operator: 'In', values: [1] } };

const restarting: Case[] = [
  ['rules and a policy', only({ restartPolicy: 'Never', ...rules(restart) }), []],
  [
    'rules without a policy',
    only(rules({ action: '', exitCodes: { operator: '' } })),
    [
      'spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
      'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "": supported values: "Restart", "RestartAllContainers"',
      'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "": supported values: "In", "NotIn"',
    ],
  ],
  [
    'rules without a policy of a container that comes first',
    first({ image: 'a', ...rules({ action: '' }) }),
    [
      'spec.initContainers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used',
    ],
  ],
  [
    'no code at all',
    only({ restartPolicy: 'Never', ...rules({ action: 'Restart', exitCodes: { operator: 'NotIn' } }) }),
    [],
  ],
  [
    'too many codes and rules',
    only({
      restartPolicy: 'Always',
      ...rules(
        { action: 'Restart', exitCodes: { operator: 'In', values: Array(256).fill(1) } },
        ...Array.from({ length: 20 }, () => restart),
      ),
    }),
    [
      'spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items',
      'spec.containers[0].restartPolicyRules[0].exitCodes.values: Too many: 256: must have at most 255 items',
    ],
  ],
];

const resizing: Case[] = [
  [
    'a restart that the pod does not allow',
    {
      restartPolicy: 'Never',
      ...only({ resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
    },
    [
      "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'",
    ],
  ],
  [
    'a restart of what runs once',
    first({ image: 'a', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
    [
      'spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to \'RestartContainer\' for non-sidecar initContainers',
    ],
  ],
  [
    'a restart of a sidecar',
    first({
      image: 'a',
      restartPolicy: 'Always',
      resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
    }),
    [],
  ],
];

const device = { volumeDevices: [{ name: 'v', devicePath: '/dev/a' }] };
const claimed: Partial<PodSpec> = {
  volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
};

const hosts: Case[] = [
  [
    'users of its own beside namespaces of the node',
    { hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true },
    ['hostNetwork', 'HostPID', 'HostIPC'].map(
      (name) => `spec.${name}: Forbidden: when \`hostUsers\` is false`,
    ),
  ],
  [
    'users of its own and devices',
    { hostUsers: false, ...claimed, ...only(device), initContainers: [{ name: 'i', image: 'a', ...device }] },
    ['initContainers', 'containers'].map(
      (name) => `spec.${name}[0].volumeDevices: Forbidden: when \`hostUsers\` is false`,
    ),
  ],
  ['devices and the users of the node', { ...claimed, ...only(device) }, []],
  [
    'a name beside the full one and that of the node',
    { hostnameOverride: 'a', setHostnameAsFQDN: true, hostNetwork: true },
    [
      'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
      'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
    ],
  ],
  [
    'a name that is too long',
    { hostnameOverride: 'a'.repeat(65) },
    ['spec.hostnameOverride: Too long: may not be more than 64 bytes'],
  ],
  ['no system', { os: { name: '' } }, ['spec.os.name: Required value']],
];

const taken = (requests: Record<string, string>, limits: Record<string, string>) => ({
  resources: { requests, limits },
});

const wholes: Case[] = [
  [
    'a pod of windows',
    { os: { name: 'windows' }, resources: { limits: { cpu: '1' } } },
    ['spec.resources: Forbidden: may not be set for a windows pod'],
  ],
  [
    'claims',
    { resources: { claims: [{ name: 'a' }] }, resourceClaims: [{ name: 'a', resourceClaimName: 'a' }] },
    ['spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level'],
  ],
  [
    'less than its containers ask for',
    { resources: { requests: { cpu: '1' } }, ...only(taken({ cpu: '2', memory: '1Gi' }, {})) },
    [
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
    ],
  ],
  [
    'more than it may have',
    { resources: { limits: { cpu: '1' } }, ...only(taken({ cpu: '1' }, { cpu: '2' })) },
    [
      'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
    ],
  ],
];

const fromFile = (volumeName: string, path = 'a', key = 'A') =>
  only({ env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName, path, key } } }] });
const fileKey = 'spec.containers[0].env[0].valueFrom.fileKeyRef';

const files: Case[] = [
  ['a file', { volumes: [{ name: 'v', emptyDir: {} }], ...fromFile('v') }, []],
  ['a file of no volume', fromFile('v'), [`${fileKey}.volumeName: Not found: "v"`]],
  [
    'a file of another volume',
    { volumes: [{ name: 'v', hostPath: { path: '/a' } }], ...fromFile('v') },
    [`${fileKey}.volumeName: Invalid value: "v": referenced volume must be of type emptyDir`],
  ],
  [
    'nothing',
    fromFile('', '', ''),
    [
      `${fileKey}.key: Required value`,
      `${fileKey}.volumeName: Required value`,
      `${fileKey}.path: Required value`,
      `${fileKey}.volumeName: Not found: ""`,
    ],
  ],
  [
    'a path that is a step upwards',
    { volumes: [{ name: 'v', emptyDir: {} }], ...fromFile('v', 'a/../b') },
    [`${fileKey}.path: Invalid value: "a/../b": must not contain '..'`],
  ],
];

const tolerating = (...tolerations: Toleration[]): Partial<PodSpec> => ({ tolerations });
const spread = (more: object): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      ...more,
    },
  ],
});

const scheduling: Case[] = [
  [
    'comparisons of taints, which are behind a gate',
    tolerating({ key: 'a', operator: 'Lt', value: '1' }, { key: 'a', operator: 'Like' }),
    [
      'spec.tolerations[0].operator: Unsupported value: "Lt": supported values: "Equal", "Exists", "Lt", "Gt"',
      'spec.tolerations[1].operator: Unsupported value: "Like": supported values: "Equal", "Exists"',
    ],
  ],
  [
    'a spread by keys that the selector names',
    spread({ labelSelector: { matchLabels: { app: 'web' } }, matchLabelKeys: ['app'] }),
    [
      'spec.topologySpreadConstraints[0][0]: Invalid value: "app": exists in both matchLabelKeys and labelSelector',
    ],
  ],
  [
    'a spread by keys without a selector',
    spread({ matchLabelKeys: ['app'] }),
    [
      'spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
    ],
  ],
  [
    'a spread by keys of its own',
    spread({ labelSelector: { matchLabels: { a: 'b' } }, matchLabelKeys: ['app'] }),
    [],
  ],
];

describe.each([
  ['of restarting', restarting],
  ['of resizing', resizing],
  ['of what is the node’s', hosts],
  ['of the pod as a whole', wholes],
  ['of files of variables', files],
  ['of scheduling', scheduling],
])('what is said %s', (_, cases) => {
  test.each(cases)('%s', (__, spec, errors) => {
    expect(createErrors(podKind, pod(spec))).toEqual(errors);
  });
});

describe('what is said of annotations', () => {
  const key = 'scheduler.alpha.kubernetes.io/tolerations';
  test.each<[text: string, errors: string[]]>([
    ['', []],
    ['null', []],
    ['[{"key":"a","operator":"Exists"}]', []],
    [
      '[{"Key":"a","OPERATOR":"Like"}]',
      [
        `metadata.annotations.${key}[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"`,
      ],
    ],
    ['[', [`metadata.annotations: Invalid value: "${key}": unexpected end of JSON input`]],
    [
      '{}',
      [
        `metadata.annotations: Invalid value: "${key}": json: cannot unmarshal object into Go value of type []core.Toleration`,
      ],
    ],
  ])('tolerations %j', (text, errors) => {
    expect(createErrors(podKind, pod({}, { annotations: { [key]: text } }))).toEqual(errors);
  });

  test('a mirror claims nothing', () => {
    const spec = { nodeName: 'n', resourceClaims: [{ name: 'a', resourceClaimName: 'a' }] };
    const mirror = pod(spec, { annotations: { 'kubernetes.io/config.mirror': 'x' } });
    expect(createErrors(podKind, mirror)).toEqual([
      '[]: Forbidden: static pods do not support resource claims',
    ]);
  });
});

test('many constraints of spreading hold nobody up', () => {
  const topologySpreadConstraints = Array.from({ length: 30_000 }, (_, i) => ({
    maxSkew: 1,
    topologyKey: `k${i}`,
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {},
  }));
  expect(createErrors(podKind, pod({ topologySpreadConstraints }))).toEqual([]);
});

describe('what is behind a gate that is shut', () => {
  const bundle: VolumeProjection = { clusterTrustBundle: { name: 'b', path: 'p' } };
  const certificate: VolumeProjection = {
    podCertificate: { signerName: 'a.io/b', keyType: 'ED25519', credentialBundlePath: 'c' },
  };
  const projected = (...sources: VolumeProjection[]) => [{ name: 'v', projected: { sources } }];
  const stopping = { lifecycle: { stopSignal: 'SIGUSR1', preStop: { sleep: { seconds: 1 } } } };
  const spec: Partial<PodSpec> = {
    schedulingGroup: { podGroupName: 'g' },
    volumes: projected(bundle, certificate),
    containers: [container(stopping)],
    initContainers: [{ name: 'i', image: 'a', lifecycle: { stopSignal: 'SIGUSR1' } }],
  };

  test('is not there in a new pod', () => {
    const made = created(podKind, pod(spec)).spec;
    expect(made.schedulingGroup).toBeUndefined();
    expect(made.volumes?.[0]?.projected?.sources).toEqual([{}, {}]);
    expect(made.containers[0]?.lifecycle).toEqual({ preStop: { sleep: { seconds: 1 } } });
    expect(made.initContainers?.[0]).not.toHaveProperty('lifecycle');
  });

  test('is not there in a template', () => {
    const template = { spec: pod(spec).spec };
    const made = created(podTemplateKind, { metadata: { name: 't', namespace: 'default' }, template });
    expect(made.template?.spec?.schedulingGroup).toBeUndefined();
    expect(made.template?.spec?.volumes?.[0]?.projected?.sources).toEqual([{}, {}]);
  });

  test('is looked for among however many projections', () => {
    const sources = Array.from({ length: 200_000 }, () => ({}));
    const spec = pod({ volumes: [{ name: 'v', projected: { sources } }] }).spec;
    expect(() => dropGatedFields(spec)).not.toThrow();
  });

  test('stays where it was', () => {
    const old = created(podKind, pod());
    old.spec = { ...old.spec, ...structuredClone(spec) };
    const now = structuredClone(old) as Pod;
    podKind.prepareForUpdate?.(now, old, undefined as never);
    expect(now.spec).toEqual(old.spec);
  });
});

test('a container to look into a pod that is stopped otherwise changes nothing of the pod as it is known', () => {
  const old = created(podKind, pod(only({ image: 'a', lifecycle: {} })));
  const now = structuredClone(old) as Pod;
  const debug = { name: 'e', image: 'a', lifecycle: { stopSignal: 'SIGUSR1' } };
  now.spec.ephemeralContainers = [debug];
  const before = structuredClone(old);
  podKind.parts?.ephemeralcontainers?.prepareForUpdate(now, old, undefined as never);
  expect(old).toEqual(before);
  expect(now.spec.containers).toEqual(before.spec.containers);
  expect(now.spec.ephemeralContainers).toEqual([{ name: 'e', image: 'a' }]);
});

describe('a rule that came after a pod', () => {
  const cases: Case[] = [
    ['of devices', { hostUsers: false, ...claimed, ...only(device) }, []],
    [
      'of resizing what runs once',
      first({ image: 'a', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }),
      [],
    ],
    [
      'of values of labels of nodes',
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'a', operator: 'In', values: ['not a value'] }] },
              ],
            },
          },
        },
      },
      [],
    ],
    [
      'of sysctls of the node',
      { hostNetwork: true, securityContext: { sysctls: [{ name: 'net.ipv4.tcp_syncookies', value: '1' }] } },
      [],
    ],
    [
      'of the path of a token',
      {
        serviceAccountName: 'default',
        volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: '../token' } }] } }],
      },
      [],
    ],
  ];

  test.each(cases)('%s is not for it', (_, spec) => {
    expect(createErrors(podKind, pod(spec))).not.toEqual([]);
    expect(updateErrors(podKind, pod(spec), (p) => (p.metadata.labels = { a: 'b' }))).toEqual([]);
  });

  test('is for what it keeps', () => {
    const key = 'controller.kubernetes.io/pod-deletion-cost';
    const annotate = (p: Pod) => (p.metadata.annotations = { [key]: 'much' });
    const before = pod({}, { annotations: { [key]: 'little' } });
    expect(updateErrors(podKind, pod(), annotate)).toHaveLength(2);
    expect(updateErrors(podKind, before, annotate)).toEqual([]);
  });
});
