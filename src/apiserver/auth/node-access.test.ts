import { describe, expect, test } from 'vitest';
import * as resources from '../../api/generated/resources.ts';
import type { Resource } from '../../api/resource.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { selectorsOf } from './asked-selectors.ts';
import type { Attributes } from './authorizer.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { testReader } from './testing-reader.ts';

const kubelet = { name: 'system:node:n1', groups: ['system:nodes'] };

describe('the node authorizer', () => {
  const reader = testReader();
  const authorizer = new NodeAuthorizer(reader);
  const attributes = (more: Partial<Attributes>): Attributes => ({
    isResource: true,
    verb: 'get',
    group: '',
    version: 'v1',
    namespace: 'default',
    resource: 'secrets',
    subresource: '',
    name: '',
    path: '',
    ...more,
  });
  const may = (more: Partial<Attributes>) =>
    authorizer.authorize(kubelet, attributes(more)).verdict === 'allow';
  reader.put(resources.pods, {
    metadata: { namespace: 'default', name: 'web' },
    spec: {
      nodeName: 'n1',
      serviceAccountName: 'robot',
      imagePullSecrets: [{ name: 'pull' }],
      volumes: [
        { name: 'a', secret: { secretName: 'mounted' } },
        { name: 'b', projected: { sources: [{ configMap: { name: 'projected' } }] } },
        { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
      ],
      containers: [
        { name: 'x', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 'from-env', key: 'k' } } }] },
        { name: 'y', envFrom: [{ configMapRef: { name: 'all' } }] },
      ],
    },
  } as never);
  reader.put(resources.pods, {
    metadata: { namespace: 'default', name: 'elsewhere' },
    spec: { nodeName: 'n2', volumes: [{ name: 'a', secret: { secretName: 'foreign' } }], containers: [] },
  } as never);
  reader.put(resources.persistentvolumes, {
    metadata: { name: 'pv1' },
    spec: { claimRef: { namespace: 'default', name: 'data' } },
  } as never);

  test('looks at no pods but those of the node', () => {
    const asked: object[] = [];
    const watched = {
      ...reader,
      list: () => [],
      listWhere: (...args: Parameters<typeof reader.listWhere>) => (
        asked.push(args), reader.listWhere(...args)
      ),
    };
    const wanted = attributes({ name: 'mounted' });
    expect(new NodeAuthorizer(watched as never).authorize(kubelet, wanted).verdict).toBe('allow');
    expect(asked).toEqual([[resources.pods, { field: 'spec.nodeName', value: 'n1' }, 'default']]);
  });

  test('lets kubelets see what the pods on their node refer to', () => {
    for (const name of ['mounted', 'pull', 'from-env']) expect(may({ name })).toBe(true);
    for (const name of ['projected', 'all']) expect(may({ resource: 'configmaps', name })).toBe(true);
    expect(may({ name: 'foreign' })).toBe(false);
    expect(may({ name: 'mounted', namespace: 'other' })).toBe(false);
    expect(may({ verb: 'list' })).toBe(false);
    expect(may({ verb: 'delete', name: 'mounted' })).toBe(false);
    expect(may({ resource: 'persistentvolumeclaims', name: 'data' })).toBe(true);
    expect(may({ resource: 'persistentvolumes', namespace: '', name: 'pv1' })).toBe(true);
    expect(may({ resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'robot' })).toBe(
      true,
    );
    expect(may({ resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'default' })).toBe(
      false,
    );
  });

  test('and write their own lease, node and CSI node', () => {
    const lease = {
      group: 'coordination.k8s.io',
      resource: 'leases',
      namespace: 'kube-node-lease',
      verb: 'update',
    };
    expect(may({ ...lease, name: 'n1' })).toBe(true);
    expect(may({ ...lease, name: 'n2' })).toBe(false);
    expect(may({ ...lease, name: 'n1', namespace: 'kube-system' })).toBe(false);
    expect(may({ resource: 'nodes', verb: 'patch', name: 'n1', namespace: '' })).toBe(true);
    expect(
      may({ group: 'storage.k8s.io', resource: 'csinodes', verb: 'update', name: 'n2', namespace: '' }),
    ).toBe(false);
  });

  test('reads nodes, pods and resource slices of its own alone', () => {
    const spec = (nodeName: string) => ({ nodeName, driver: 'd', pool: { name: 'p' } });
    for (const [name, node] of [
      ['own', 'n1'],
      ['other', 'n2'],
    ] as const)
      reader.put(resources.resourceslices, { metadata: { name }, spec: spec(node) } as never);
    const says = (more: Partial<Attributes>, fieldSelector = '') => {
      const selectors = () => selectorsOf({ fields: fieldSelector });
      const { verdict, reason } = authorizer.authorize(kubelet, attributes({ ...more, selectors }));
      return verdict === 'allow' ? 'allow' : reason;
    };
    const node = { resource: 'nodes', namespace: '' };
    for (const verb of ['get', 'list', 'watch']) {
      expect(says({ ...node, verb, name: 'n1' })).toBe('allow');
      expect(says({ ...node, verb, name: 'n2' })).toBe(
        "node 'n1' cannot read 'n2', only its own Node object",
      );
      expect(says({ ...node, verb })).toBe("node 'n1' cannot read all nodes, only its own Node object");
    }
    const pod = { resource: 'pods' };
    const unrelated = "no relationship found between node 'n1' and this object";
    expect(says({ ...pod, name: 'web' })).toBe('allow');
    for (const name of ['elsewhere', 'none']) expect(says({ ...pod, name })).toBe(unrelated);
    for (const verb of ['create', 'delete']) expect(says({ ...pod, verb, name: 'web' })).toBe('allow');
    const slice = { group: 'resource.k8s.io', resource: 'resourceslices', namespace: '' };
    expect(says({ ...slice, verb: 'create' })).toBe('allow');
    for (const verb of ['get', 'update', 'patch', 'delete']) {
      expect(says({ ...slice, verb, name: 'own' })).toBe('allow');
      for (const name of ['other', 'none']) expect(says({ ...slice, verb, name })).toBe(unrelated);
    }
    const ways = [
      { ...pod, said: 'can only list/watch pods with spec.nodeName field selector' },
      {
        ...slice,
        said: 'can only list/watch/deletecollection resourceslices with spec.nodeName field selector',
      },
    ];
    for (const { said, ...what } of ways)
      for (const verb of ['list', 'watch']) {
        expect(says({ ...what, verb }, 'spec.nodeName=n1')).toBe('allow');
        for (const selector of ['', 'spec.nodeName=n2', 'spec.nodeName!=n1', 'metadata.name=n1'])
          expect(says({ ...what, verb }, selector)).toBe(said);
      }
  });

  test('stops when the pod goes', () => {
    expect(may({ name: 'mounted' })).toBe(true);
    reader.remove(resources.pods, 'web');
    expect(may({ name: 'mounted' })).toBe(false);
  });

  test('lets kubelets see nothing for the mirror pods that they make themselves', () => {
    reader.put(resources.pods, {
      metadata: { namespace: 'kube-system', name: 'm', annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: {
        nodeName: 'n1',
        volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'd' } }],
        containers: [{ name: 'x', envFrom: [{ secretRef: { name: 's' } }, { configMapRef: { name: 'c' } }] }],
      },
    } as never);
    const there = { namespace: 'kube-system' };
    expect(may({ ...there, name: 's' })).toBe(false);
    expect(may({ ...there, resource: 'configmaps', name: 'c' })).toBe(false);
    expect(may({ ...there, resource: 'persistentvolumeclaims', name: 'd' })).toBe(false);
    const token = { resource: 'serviceaccounts', subresource: 'token', verb: 'create', name: 'default' };
    expect(may({ ...there, ...token })).toBe(false);
    expect(may({ ...there, resource: 'pods', name: 'm' })).toBe(true);
  });

  test('lets kubelets see the resource claims of their pods, and what is attached to their node', () => {
    const pod = (name: string, nodeName: string, claim: string) => ({
      metadata: { namespace: 'default', name },
      spec: {
        nodeName,
        resourceClaims: [
          { name: 'a', resourceClaimName: claim },
          { name: 'b', resourceClaimTemplateName: 't' },
        ],
        containers: [],
      },
      status: {
        resourceClaimStatuses: [{ name: 'b', resourceClaimName: `${name}-made` }],
        extendedResourceClaimStatus: { resourceClaimName: `${name}-extended`, requestMappings: [] },
      },
    });
    reader.put(resources.pods, pod('p1', 'n1', 'own') as never);
    reader.put(resources.pods, pod('p2', 'n2', 'other') as never);
    const claim = { group: 'resource.k8s.io', resource: 'resourceclaims' };
    for (const name of ['own', 'p1-made', 'p1-extended']) expect(may({ ...claim, name })).toBe(true);
    for (const name of ['other', 'p2-made', 'p2-extended', 'none', ''])
      expect(may({ ...claim, name })).toBe(false);
    expect(may({ ...claim, name: 'own', namespace: 'else' })).toBe(false);
    for (const nodeName of ['n1', 'n2'])
      reader.put(resources.volumeattachments, {
        metadata: { name: `to-${nodeName}` },
        spec: { nodeName },
      } as never);
    const attachment = { group: 'storage.k8s.io', resource: 'volumeattachments', namespace: '' };
    expect(may({ ...attachment, name: 'to-n1' })).toBe(true);
    for (const name of ['to-n2', 'none']) expect(may({ ...attachment, name })).toBe(false);
  });

  test('knows no node without a name', () => {
    const nameless = { name: 'system:node:', groups: ['system:nodes'] };
    const selectors = () => selectorsOf({ fields: 'spec.nodeName=' });
    const pending = attributes({ resource: 'pods', verb: 'list', selectors });
    expect(authorizer.authorize(nameless, pending)).toEqual({
      verdict: 'none',
      reason: 'unknown node for user "system:node:"',
    });
  });

  test('has no opinion on anybody else', () => {
    const user = { name: 'system:node:n1', groups: [] };
    expect(authorizer.authorize(user, {} as never).verdict).toBe('none');
  });
});

describe('the node restriction', () => {
  const refusal = (more: object): string | undefined => {
    try {
      void nodeRestriction.validate?.({
        operation: 'CREATE',
        kind: { resource: resources.pods },
        resource: resources.pods,
        subresource: '',
        namespace: 'default',
        name: 'p',
        options: { dryRun: false },
        context: { user: kubelet, get: objects },
        ...more,
      } as never);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'n1', uid: 'u1', controller: true };
  const pod = (nodeName: string, mirror = true) => ({
    metadata: {
      name: 'p',
      annotations: mirror ? { 'kubernetes.io/config.mirror': 'x' } : {},
      ownerReferences: [owner] as object[],
    },
    spec: { nodeName, containers: [] },
  });
  /** There are the node n1, and a pod on each of two nodes. */
  const objects = ({ plural }: Resource, { name }: { name: string }) => {
    if (plural === 'nodes' && name === 'n1') return { metadata: { name, uid: 'u1' } };
    return plural === 'pods' && name.startsWith('on-') ? pod(name.slice('on-'.length)) : undefined;
  };
  const node = (name: string, more: object = {}) => ({ metadata: { name, ...more } });
  const nodes = { kind: { resource: resources.nodes }, resource: resources.nodes, namespace: '' };

  test('pods', () => {
    expect(refusal({ object: pod('n1') })).toBeUndefined();
    expect(refusal({ object: pod('n2') })).toContain('can only create pods with spec.nodeName set to itself');
    expect(refusal({ object: pod('n1', false) })).toContain('can only create mirror pods');
    expect(refusal({ operation: 'DELETE', old: pod('n1') })).toBeUndefined();
    expect(refusal({ operation: 'DELETE', old: pod('n2') })).toBe(
      'pods "p" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    );
    const [old, object] = [pod('n1'), pod('n1')];
    expect(refusal({ operation: 'UPDATE', subresource: 'status', old, object })).toBeUndefined();
    expect(refusal({ operation: 'UPDATE', subresource: 'status', old: pod('n2') })).toContain(
      'only update pod status',
    );
    expect(refusal({ subresource: 'binding' })).toContain('unexpected pod subresource');
  });

  test('what others say of a pod', () => {
    const says = (object: object) =>
      refusal({ operation: 'UPDATE', subresource: 'status', old: pod('n1'), object });
    const { metadata } = pod('n1');
    expect(says({ ...pod('n1'), metadata: { ...metadata, labels: {} }, status: { phase: 'Running' } })).toBe(
      undefined,
    );
    expect(says({ ...pod('n1'), metadata: { ...metadata, labels: { a: 'b' } } })).toBe(
      'pods "p" is forbidden: node "n1" cannot update labels through pod status',
    );
    const resourceClaimStatuses = [{ name: 'c', resourceClaimName: 'x' }];
    expect(says({ ...pod('n1'), status: { resourceClaimStatuses } })).toBe(
      'pods "p" is forbidden: node "n1" cannot update resource claim statues',
    );
    const extendedResourceClaimStatus = { resourceClaimName: 'x', requestMappings: [] };
    expect(says({ ...pod('n1'), status: { extendedResourceClaimStatus } })).toBe(
      'pods "p" is forbidden: node "n1" cannot update extended resource claim status',
    );
  });

  test.each<[string, object[]]>([
    ['node "n1" can only create pods with an owner reference set to itself', []],
    ['node "n1" can only create pods with a single owner reference set to itself', [owner, owner]],
    ['node "n1" can only create pods with an owner reference set to itself', [{ ...owner, name: 'n2' }]],
    ['node "n1" can only create pods with an owner reference set to itself', [{ ...owner, kind: 'Pod' }]],
    [
      'node "n1" can only create pods with an owner reference set to itself',
      [{ ...owner, apiVersion: 'v2' }],
    ],
    [
      'node "n1" can only create pods with a controller owner reference set to itself',
      [{ ...owner, controller: false }],
    ],
    [
      'node "n1" must not set blockOwnerDeletion on an owner reference',
      [{ ...owner, blockOwnerDeletion: true }],
    ],
    ['node n1 UID mismatch: expected u2 got u1', [{ ...owner, uid: 'u2' }]],
  ])('mirror pods belong to their node: %s', (why, ownerReferences) => {
    const { metadata, ...rest } = pod('n1');
    expect(refusal({ object: { ...rest, metadata: { ...metadata, ownerReferences } } })).toBe(
      `pods "p" is forbidden: ${why}`,
    );
  });

  test('tokens are for pods of the node', () => {
    const tokens = { kind: { resource: resources.serviceaccounts }, resource: resources.serviceaccounts };
    const asks = (boundObjectRef: object | undefined) =>
      refusal({ ...tokens, subresource: 'token', name: 's', object: { spec: { boundObjectRef } } });
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'on-n1', uid: 'u' };
    expect(asks(ref)).toBeUndefined();
    const unbound = 'serviceaccounts "s" is forbidden: node requested token not bound to a pod';
    for (const other of [
      undefined,
      { ...ref, apiVersion: 'v2' },
      { ...ref, kind: 'Node' },
      { ...ref, name: '' },
    ])
      expect(asks(other)).toBe(unbound);
    expect(asks({ ...ref, uid: '' })).toContain('with a pod binding without a uid');
    expect(asks({ ...ref, name: 'on-n2' })).toContain('bound to a pod scheduled on a different node');
  });

  test('of claims it says how large they are', () => {
    const resource = resources.persistentvolumeclaims;
    const claim = (status: object, metadata: object = {}) => ({
      metadata: { name: 'p', resourceVersion: '1', ...metadata },
      spec: {},
      status: { phase: 'Bound', ...status },
    });
    const says = (object: object) =>
      refusal({
        kind: { resource },
        resource,
        operation: 'UPDATE',
        subresource: 'status',
        old: claim({}),
        object,
      });
    const grown = {
      capacity: { storage: '2Gi' },
      conditions: [{ type: 'Resizing' }],
      allocatedResources: {},
    };
    expect(says(claim(grown, { resourceVersion: '2', managedFields: [] }))).toBeUndefined();
    for (const other of [claim({ phase: 'Lost' }), claim({}, { labels: { a: 'b' } })])
      expect(says(other)).toContain(
        'node "n1" is not allowed to update fields other than status.capacity and status.conditions',
      );
  });

  test.each<[string, object]>([
    ['a service account', { serviceAccountName: 'robot' }],
    ['secrets', { imagePullSecrets: [{ name: 's' }] }],
    ['secrets', { containers: [{ name: 'x', envFrom: [{ secretRef: { name: 's' } }] }] }],
    [
      'secrets',
      {
        initContainers: [
          { name: 'x', env: [{ name: 'E', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
        ],
      },
    ],
    ['configmaps', { containers: [{ name: 'x', envFrom: [{ configMapRef: { name: 'c' } }] }] }],
    ['configmaps', { volumes: [{ name: 'v', projected: { sources: [{ configMap: { name: 'c' } }] } }] }],
    [
      'clustertrustbundles',
      { volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { path: 'p' } }] } }] },
    ],
    ['persistentvolumeclaims', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'd' } }] }],
    ['resourceclaims', { resourceClaims: [{ name: 'r', resourceClaimName: 'r' }] }],
  ])('mirror pods that reference %s: %j', (what, spec) => {
    const object = { ...pod('n1'), spec: { ...pod('n1').spec, ...spec } };
    expect(refusal({ object })).toBe(
      `pods "p" is forbidden: node "n1" can not create pods that reference ${what}`,
    );
  });

  test('nodes', () => {
    expect(
      refusal({ ...nodes, name: 'n1', object: node('n1', { labels: { 'kubernetes.io/hostname': 'n1' } }) }),
    ).toBeUndefined();
    expect(refusal({ ...nodes, name: 'n2', object: node('n2') })).toContain(
      'is not allowed to modify node "n2"',
    );
    const label = { labels: { 'node-role.kubernetes.io/control-plane': '' } };
    expect(refusal({ ...nodes, name: 'n1', object: node('n1', label) })).toContain(
      'node-role.kubernetes.io/control-plane',
    );
    const tainted = { ...node('n1'), spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
    const update = { ...nodes, operation: 'UPDATE', name: 'n1' };
    expect(refusal({ ...update, old: tainted, object: node('n1') })).toContain(
      'not allowed to modify taints',
    );
    expect(refusal({ ...update, old: tainted, object: tainted })).toBeUndefined();
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'u' };
    const owned = node('n1', { ownerReferences: [owner] });
    expect(refusal({ ...update, old: node('n1'), object: owned })).toContain(
      'node "n1" is not allowed to modify ownerReferences',
    );
    expect(refusal({ ...update, old: owned, object: owned })).toBeUndefined();
    const configured = { ...node('n1'), spec: { configSource: { configMap: {} } } };
    expect(refusal({ ...nodes, name: 'n1', object: configured })).toContain('a non-nil configSource');
    expect(refusal({ ...update, old: node('n1'), object: configured })).toContain(
      'is not allowed to update configSource to a new non-nil configSource',
    );
    expect(refusal({ ...update, old: configured, object: configured })).toBeUndefined();
  });

  test.each([
    [
      resources.leases,
      'kube-node-lease',
      'can only access node lease with the same name as the requesting node',
    ],
    [resources.csinodes, '', 'can only access CSINode with the same name as the requesting node'],
  ])('what is new has the name of the node: $plural', (resource, namespace, why) => {
    const own = { kind: { resource }, resource, namespace, name: '' };
    expect(refusal({ ...own, object: node('n1') })).toBeUndefined();
    for (const operation of ['CREATE', 'UPDATE'])
      expect(refusal({ ...own, operation, object: node('n2') })).toContain(why);
  });

  test('leases are in the namespace of those of nodes', () => {
    const leases = { kind: { resource: resources.leases }, resource: resources.leases };
    expect(refusal({ ...leases, namespace: 'kube-system', object: node('n1') })).toContain(
      'can only access leases in the "kube-node-lease" system namespace',
    );
  });

  test('resource slices are of the node', () => {
    const slices = { kind: { resource: resources.resourceslices }, resource: resources.resourceslices };
    const [own, other, all] = [{ nodeName: 'n1' }, { nodeName: 'n2' }, { allNodes: true }].map((spec) => ({
      ...node('s'),
      spec,
    }));
    expect(refusal({ ...slices, object: own })).toBeUndefined();
    expect(refusal({ ...slices, operation: 'DELETE', old: own })).toBeUndefined();
    const why = 'ResourceSlice with the same NodeName as the requesting node';
    for (const slice of [other, all]) {
      expect(refusal({ ...slices, object: slice })).toContain(`can only create ${why}`);
      expect(refusal({ ...slices, operation: 'DELETE', old: slice })).toContain(`can only delete ${why}`);
    }
  });
});
