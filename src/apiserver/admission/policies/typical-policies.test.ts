import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transport } from '../../../client/transport.ts';
import { startApiServer, type TestApiServer } from '../../testing-api-server.ts';

/*
 * Policies as people write them. What each comes to was worked out by hand.
 */

let t: TestApiServer;
let api: Transport;
let last = 0;

beforeAll(async () => {
  t = await startApiServer();
  api = t.api.transportFor({ name: 'root', groups: ['system:masters'] });
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'apps', labels: { env: 'prod' } } });
  await send('POST', '/api/v1/namespaces/apps/serviceaccounts', { metadata: { name: 'default' } });
});
afterAll(() => t.stop());

const registration = '/apis/admissionregistration.k8s.io/v1';
const send = (method: 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
  api.request({ method, path, body }) as Promise<any>;

const paths = {
  pods: '/api/v1/namespaces/apps/pods',
  services: '/api/v1/namespaces/apps/services',
  configmaps: '/api/v1/namespaces/apps/configmaps',
  persistentvolumeclaims: '/api/v1/namespaces/apps/persistentvolumeclaims',
  deployments: '/apis/apps/v1/namespaces/apps/deployments',
  ingresses: '/apis/networking.k8s.io/v1/namespaces/apps/ingresses',
  rolebindings: '/apis/rbac.authorization.k8s.io/v1/namespaces/apps/rolebindings',
};
type Plural = keyof typeof paths;

/** What becomes of something that is done while such a policy is bound. */
async function under<T>(
  kind: 'validating' | 'mutating',
  spec: object,
  plural: Plural,
  work: () => Promise<T>,
) {
  const [, root, group] = paths[plural].split('/');
  const rule = {
    apiGroups: [root === 'api' ? '' : group],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: [plural],
  };
  const metadata = { name: `p${++last}` };
  const policies = `${registration}/${kind}admissionpolicies`;
  const bindings = policies.replace(/ies$/, 'ybindings');
  await send('POST', policies, { metadata, spec: { matchConstraints: { resourceRules: [rule] }, ...spec } });
  const binding = kind === 'validating' ? { validationActions: ['Deny'] } : {};
  await send('POST', bindings, { metadata, spec: { policyName: metadata.name, ...binding } });
  try {
    return await work();
  } finally {
    await send('DELETE', `${bindings}/${metadata.name}`);
    await send('DELETE', `${policies}/${metadata.name}`);
  }
}

const named = (more: object = {}) => ({ metadata: { name: `o${++last}`, ...more } });
const pod = (container: object = {}, spec: object = {}, meta: object = {}) => ({
  ...named(meta),
  spec: { containers: [{ name: 'c', image: 'registry.example.com/a:1.0', ...container }], ...spec },
});
const deployment = (replicas: number, meta: object = {}) => ({
  ...named(meta),
  spec: {
    replicas,
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: pod().spec },
  },
});
const service = (spec: object) => ({ ...named(), spec: { ports: [{ port: 80 }], ...spec } });
const claim = (storage: string, accessModes = ['ReadWriteOnce']) => ({
  ...named(),
  spec: { accessModes, resources: { requests: { storage } } },
});
const ingress = (host: string, tls: object[] = []) => {
  const backend = { service: { name: 's', port: { number: 80 } } };
  const http = { paths: [{ path: '/', pathType: 'Prefix', backend }] };
  return { ...named(), spec: { rules: [{ host, http }], tls } };
};

interface Case {
  plural: Plural;
  spec: object;
  good: readonly object[];
  /** With what the answer says. */
  bad: readonly (readonly [object, string])[];
}
const one = (expression: string, more: object = {}) => ({ validations: [{ expression, ...more }] });
const all = '(object.spec.containers + object.spec.?initContainers.orValue([]))';

const policies: Record<string, Case> = {
  'few replicas': {
    plural: 'deployments',
    spec: one('object.spec.replicas <= 5'),
    good: [deployment(5)],
    bad: [[deployment(6), 'failed expression: object.spec.replicas <= 5']],
  },
  'labels that everything has': {
    plural: 'deployments',
    spec: one("['team', 'app'].all(k, has(object.metadata.labels) && k in object.metadata.labels)", {
      messageExpression:
        "'missing labels: ' + ['team', 'app'].filter(k, !(k in object.metadata.?labels.orValue({}))).join(', ')",
    }),
    good: [deployment(1, { labels: { team: 'x', app: 'y' } })],
    bad: [
      [deployment(1), 'missing labels: team, app'],
      [deployment(1, { labels: { app: 'y' } }), 'missing labels: team'],
    ],
  },
  'images of one registry': {
    plural: 'pods',
    spec: {
      variables: [{ name: 'images', expression: `${all}.map(c, c.image)` }],
      validations: [
        {
          expression: "variables.images.all(i, i.startsWith('registry.example.com/'))",
          messageExpression:
            "'not from our registry: ' + variables.images.filter(i, !i.startsWith('registry.example.com/'))[0]",
        },
      ],
    },
    good: [pod()],
    bad: [
      [pod({ image: 'nginx' }), 'not from our registry: nginx'],
      [pod({}, { initContainers: [{ name: 'i', image: 'busybox' }] }), 'not from our registry: busybox'],
    ],
  },
  'no latest tag': {
    plural: 'pods',
    spec: one("object.spec.containers.all(c, c.image.matches(':[^/]+$') && !c.image.endsWith(':latest'))", {
      message: 'a tag other than latest is needed',
    }),
    good: [pod(), pod({ image: 'localhost:5000/a:2' })],
    bad: [
      [pod({ image: 'a:latest' }), 'a tag other than latest is needed'],
      [pod({ image: 'localhost:5000/a' }), 'a tag other than latest is needed'],
    ],
  },
  'nobody is privileged': {
    plural: 'pods',
    spec: one(`${all}.all(c, c.?securityContext.?privileged.orValue(false) == false)`, {
      reason: 'Forbidden',
    }),
    good: [pod(), pod({ securityContext: { privileged: false } })],
    bad: [[pod({ securityContext: { privileged: true } }), 'failed expression']],
  },
  'nobody is root': {
    plural: 'pods',
    spec: one(
      'object.spec.containers.all(c, (has(c.securityContext) && has(c.securityContext.runAsNonRoot) ? c.securityContext.runAsNonRoot : has(object.spec.securityContext) && has(object.spec.securityContext.runAsNonRoot) && object.spec.securityContext.runAsNonRoot) == true)',
    ),
    good: [
      pod({ securityContext: { runAsNonRoot: true } }),
      pod({}, { securityContext: { runAsNonRoot: true } }),
    ],
    bad: [
      [pod(), 'failed expression'],
      [
        pod({ securityContext: { runAsNonRoot: false } }, { securityContext: { runAsNonRoot: true } }),
        'failed expression',
      ],
    ],
  },
  'limits of memory': {
    plural: 'pods',
    spec: one(
      "object.spec.containers.all(c, has(c.resources.limits) && 'memory' in c.resources.limits && quantity(c.resources.limits['memory']).compareTo(quantity('1Gi')) <= 0)",
    ),
    good: [pod({ resources: { limits: { memory: '1024Mi' } } })],
    bad: [
      [pod(), 'failed expression'],
      [pod({ resources: { limits: { memory: '1100M' } } }), 'failed expression'],
    ],
  },
  'nothing of the node': {
    plural: 'pods',
    spec: {
      validations: [
        {
          expression: '!has(object.spec.hostNetwork) || !object.spec.hostNetwork',
          message: 'no host network',
        },
        {
          expression: '!object.spec.?volumes.orValue([]).exists(v, has(v.hostPath))',
          message: 'no host paths',
        },
      ],
    },
    good: [pod(), pod({}, { volumes: [{ name: 'v', emptyDir: {} }] })],
    bad: [
      [pod({}, { hostNetwork: true }), 'no host network'],
      [pod({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] }), 'no host paths'],
    ],
  },
  'by what the namespace is for': {
    plural: 'deployments',
    spec: {
      variables: [
        { name: 'env', expression: "namespaceObject.metadata.?labels['env'].orValue('test')" },
        { name: 'least', expression: "variables.env == 'prod' ? 2 : 1" },
      ],
      validations: [
        {
          expression: 'object.spec.replicas >= variables.least',
          messageExpression: "'in ' + variables.env + ' at least ' + string(variables.least)",
        },
      ],
    },
    good: [deployment(2)],
    bad: [[deployment(1), 'in prod at least 2']],
  },
  'but for those who are exempt': {
    plural: 'deployments',
    spec: {
      matchConditions: [
        {
          name: 'not-exempt',
          expression:
            "!('exempt' in object.metadata.?labels.orValue({}) && object.metadata.labels['exempt'] == 'true')",
        },
        { name: 'not-nodes', expression: "!('system:nodes' in request.userInfo.groups)" },
      ],
      ...one('false', { message: 'not exempt' }),
    },
    good: [deployment(1, { labels: { exempt: 'true' } })],
    bad: [[deployment(1, { labels: { exempt: 'no' } }), 'not exempt']],
  },
  'no public load balancers': {
    plural: 'services',
    spec: one(
      "object.spec.type != 'LoadBalancer' || (object.spec.?loadBalancerSourceRanges.orValue([]).size() > 0 && object.spec.loadBalancerSourceRanges.all(r, isCIDR(r) && cidr('10.0.0.0/8').containsCIDR(r)))",
    ),
    good: [
      service({}),
      service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['10.1.0.0/16', '10.2.0.0/24'] }),
    ],
    bad: [
      [service({ type: 'LoadBalancer' }), 'failed expression'],
      [service({ type: 'LoadBalancer', loadBalancerSourceRanges: ['192.168.0.0/16'] }), 'failed expression'],
    ],
  },
  'hosts of one domain, with TLS': {
    plural: 'ingresses',
    spec: {
      validations: [
        {
          expression: "object.spec.rules.all(r, r.host.endsWith('.example.com') && !r.host.startsWith('*'))",
          message: 'hosts are below example.com',
        },
        {
          expression:
            'object.spec.rules.all(r, object.spec.?tls.orValue([]).exists(t, r.host in t.?hosts.orValue([])))',
          messageExpression: "'no TLS for ' + object.spec.rules.map(r, r.host).join(', ')",
        },
      ],
    },
    good: [ingress('a.example.com', [{ hosts: ['a.example.com'] }])],
    bad: [
      [ingress('a.example.org', [{ hosts: ['a.example.org'] }]), 'hosts are below example.com'],
      [ingress('a.example.com'), 'no TLS for a.example.com'],
    ],
  },
  'volumes that are small, and written by one': {
    plural: 'persistentvolumeclaims',
    spec: one(
      "quantity(object.spec.resources.requests['storage']).isLessThan(quantity('10Gi').add(1)) && sets.contains(['ReadWriteOnce', 'ReadOnlyMany'], object.spec.accessModes)",
    ),
    good: [claim('10Gi'), claim('5G', ['ReadOnlyMany'])],
    bad: [
      [claim('11Gi'), 'failed expression'],
      [claim('1Gi', ['ReadWriteMany']), 'failed expression'],
    ],
  },
  'names that say where something belongs': {
    plural: 'configmaps',
    spec: one(
      "object.metadata.name.matches('^[a-z0-9]+(-[a-z0-9]+)*$') && size(object.metadata.name) <= 20 && !format.dns1123Label().validate(object.metadata.name).hasValue()",
      { reason: 'Invalid' },
    ),
    good: [{ metadata: { name: 'team-a-settings' } }],
    bad: [
      [{ metadata: { name: 'team.a' } }, 'failed expression'],
      [{ metadata: { name: 'a'.repeat(21) } }, 'failed expression'],
    ],
  },
  'roles that are given to nobody in particular': {
    plural: 'rolebindings',
    spec: one(
      "!object.subjects.exists(s, s.kind == 'Group' && s.name in ['system:authenticated', 'system:unauthenticated'])",
    ),
    good: [{ ...named(), roleRef: role('view'), subjects: [subject('Group', 'dev')] }],
    bad: [
      [
        { ...named(), roleRef: role('view'), subjects: [subject('Group', 'system:authenticated')] },
        'failed expression',
      ],
    ],
  },
};

function role(name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
}
function subject(kind: string, name: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name };
}

describe('a policy for', () => {
  test.each(Object.keys(policies))('%s', async (name) => {
    const { plural, spec, good, bad } = policies[name] as Case;
    await under('validating', spec, plural, async () => {
      for (const object of good) await send('POST', paths[plural], object);
      for (const [object, why] of bad) await expect(send('POST', paths[plural], object)).rejects.toThrow(why);
    });
  });

  test('what may not change', async () => {
    const spec = one("request.operation != 'UPDATE' || oldObject.data == object.data", {
      message: 'data stays',
    });
    const object = { ...named(), data: { a: '1' } };
    const path = `${paths.configmaps}/${object.metadata.name}`;
    await under('validating', spec, 'configmaps', async () => {
      await send('POST', paths.configmaps, object);
      await send('PUT', path, { ...object, metadata: { ...object.metadata, labels: { a: 'b' } } });
      await expect(send('PUT', path, { ...object, data: { a: '2' } })).rejects.toThrow('data stays');
    });
  });
});

/** What such a mutation makes of an object. */
const made = (plural: Plural, mutation: object, object: object, more: object = {}) =>
  under('mutating', { reinvocationPolicy: 'Never', mutations: [mutation], ...more }, plural, () =>
    send('POST', paths[plural], object),
  );
const applying = (expression: string) => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
});
const patching = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

describe('a mutation', () => {
  test('adds a sidecar where there is none', async () => {
    const sidecar = applying(
      'Object{spec: Object.spec{initContainers: [Object.spec.initContainers{name: "mesh", image: "mesh:1", restartPolicy: "Always"}]}}',
    );
    const more = {
      matchConditions: [
        { name: 'none', expression: '!object.spec.?initContainers.orValue([]).exists(c, c.name == "mesh")' },
      ],
    };
    const { spec } = await made('pods', sidecar, pod(), more);
    expect(spec.initContainers).toMatchObject([{ name: 'mesh', image: 'mesh:1', restartPolicy: 'Always' }]);
    const own = pod({}, { initContainers: [{ name: 'mesh', image: 'mesh:0' }] });
    expect((await made('pods', sidecar, own, more)).spec.initContainers).toMatchObject([{ image: 'mesh:0' }]);
  });

  test('sets what all containers need, and keeps the rest', async () => {
    const expression =
      'Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, imagePullPolicy: "Always", env: [Object.spec.containers.env{name: "ZONE", value: "z"}]})}}';
    const containers = [
      { name: 'a', image: 'i:1', env: [{ name: 'X', value: '1' }] },
      { name: 'b', image: 'i:1' },
    ];
    const { spec } = await made('pods', applying(expression), pod({}, { containers }));
    expect(spec.containers).toMatchObject([
      {
        name: 'a',
        imagePullPolicy: 'Always',
        env: [
          { name: 'X', value: '1' },
          { name: 'ZONE', value: 'z' },
        ],
      },
      { name: 'b', imagePullPolicy: 'Always', env: [{ name: 'ZONE', value: 'z' }] },
    ]);
  });

  test('names who made something, whether there are annotations or not', async () => {
    const mutation = patching(
      '(has(object.metadata.annotations) ? [] : [JSONPatch{op: "add", path: "/metadata/annotations", value: {}}]) + [JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("example.com/owner"), value: request.userInfo.username}]',
    );
    const owner = { 'example.com/owner': 'root' };
    expect((await made('configmaps', mutation, named())).metadata.annotations).toEqual(owner);
    const annotated = named({ annotations: { a: 'b' } });
    expect((await made('configmaps', mutation, annotated)).metadata.annotations).toEqual({
      a: 'b',
      ...owner,
    });
  });

  test('appends to a list that is one value', async () => {
    const mutation = patching(
      '[JSONPatch{op: has(object.spec.tolerations) ? "add" : "replace", path: "/spec/tolerations/-", value: Object.spec.tolerations{key: "spot", operator: "Exists"}}]',
    );
    // Two tolerations are there already: those for nodes that are not ready.
    const { spec } = await made('pods', mutation, pod());
    expect(spec.tolerations.at(-1)).toEqual({ key: 'spot', operator: 'Exists' });
    expect(spec.tolerations).toHaveLength(3);
  });

  test('rewrites images by a variable', async () => {
    const mutation = patching(
      'object.spec.containers.map(c, c.name).map(n, JSONPatch{op: "replace", path: "/spec/containers/" + string(variables.names.indexOf(n)) + "/image", value: "mirror.example.com/" + object.spec.containers[variables.names.indexOf(n)].image})',
    );
    const variables = [{ name: 'names', expression: 'object.spec.containers.map(c, c.name)' }];
    const { spec } = await made('pods', mutation, pod({ image: 'nginx:1' }), { variables });
    expect(spec.containers[0].image).toBe('mirror.example.com/nginx:1');
  });
});
