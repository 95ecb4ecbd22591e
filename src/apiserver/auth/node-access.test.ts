import { describe, expect, test } from 'vitest';
import * as resources from '../../api/generated/resources.ts';
import type { Resource } from '../../api/resource.ts';
import { loadX509 } from '../../platform/x509.ts';
import { nodeRestriction } from './admission/node-restriction.ts';
import { selectorsOf } from './asked-selectors.ts';
import type { Attributes, Authorizer } from './authorizer.ts';
import { NodeAuthorizer } from './node-authorizer.ts';
import { testReader } from './testing-reader.ts';

/** A request for a certificate of this name, as it stands in a CertificateSigningRequest. */
async function requestOf(commonName: string): Promise<string> {
  const x509 = await loadX509();
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const name = `CN=${commonName}`;
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm });
  return Buffer.from(request.toString('pem')).toString('base64');
}

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

  test('lets kubelets see the secrets of the volumes that their pods have claimed, wherever these are', () => {
    const volume = (name: string, claim: string, source: object) =>
      reader.put(resources.persistentvolumes, {
        metadata: { name },
        spec: { ...source, claimRef: { namespace: 'default', name: claim } },
      } as never);
    const csi = (more: object) => ({ csi: { driver: 'd', volumeHandle: 'v', ...more } });
    const secret = (name: string, namespace = 'storage') => ({ name, namespace });
    const claim = (name: string, volumeName: string) =>
      reader.put(resources.persistentvolumeclaims, {
        metadata: { namespace: 'default', name },
        spec: { volumeName },
      } as never);
    const [stage, publish, expand] = ['stage', 'publish', 'expand'].map((name) => secret(name));
    const needs = { nodeStageSecretRef: stage, nodePublishSecretRef: publish, nodeExpandSecretRef: expand };
    volume('pv1', 'data', csi({ ...needs, controllerPublishSecretRef: secret('controller') }));
    claim('data', 'pv1');
    for (const { name, namespace } of [stage, publish, expand] as { name: string; namespace: string }[])
      expect(may({ name, namespace })).toBe(true);
    expect(may({ name: 'stage' })).toBe(false);
    expect(may({ name: 'controller', namespace: 'storage' })).toBe(false);
    volume('pv1', 'other', csi(needs));
    expect(may({ name: 'stage', namespace: 'storage' })).toBe(false);
    for (const source of [
      { azureFile: { shareName: 's', secretName: 'old' } },
      { rbd: { monitors: [], image: 'i', secretRef: { name: 'old' } } },
    ]) {
      volume('pv1', 'data', source);
      expect(may({ name: 'old' })).toBe(true);
      expect(may({ name: 'old', namespace: 'storage' })).toBe(false);
    }
    volume('pv1', 'data', {});
  });

  test('lets kubelets read by name what is in one namespace alone', () => {
    for (const verb of ['list', 'watch']) {
      expect(may({ verb, name: 'mounted' })).toBe(true);
      expect(may({ verb, name: 'mounted', namespace: '' })).toBe(false);
    }
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
  const rights: Attributes[] = [];
  /** Nobody may anything but have the node get tokens for the audience `granted`. */
  const authorizer: Authorizer = {
    authorize(_, asked) {
      rights.push(asked);
      return { verdict: asked.resource === 'granted' ? 'allow' : 'none', reason: '' };
    },
  };
  const refusal = async (more: object): Promise<string | undefined> => {
    try {
      await nodeRestriction(authorizer).validate?.({
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
  const projected = (audience?: string) => ({
    name: 'v',
    projected: { sources: [{ serviceAccountToken: { path: 'token', ...(audience && { audience }) } }] },
  });
  const claimed = (claimName: string) => ({ name: 'v', persistentVolumeClaim: { claimName } });
  const azureFile = { name: 'v', azureFile: { shareName: 's', secretName: 'x' } };
  /** Claims, volumes and drivers: `gone` of none is there. */
  const storage: Record<string, object | undefined> = {
    'persistentvolumeclaims/data': { spec: { volumeName: 'pv' } },
    'persistentvolumeclaims/p-v': { spec: { volumeName: 'pv' } },
    'persistentvolumeclaims/unbound': { spec: { volumeName: 'gone' } },
    'persistentvolumes/pv': { metadata: { name: 'pv' }, spec: { csi: { driver: 'd', volumeHandle: 'h' } } },
    'csidrivers/d': { spec: { tokenRequests: [{ audience: 'foo' }] } },
    'csidrivers/file.csi.azure.com': { spec: { tokenRequests: [{ audience: 'foo' }] } },
  };
  const asksFor = (audiences: string[], volumes: object[]) => {
    const user = { ...pod('n1'), metadata: { namespace: 'default', name: 'p', uid: 'u' } };
    const get = () => ({ ...user, spec: { ...user.spec, volumes } });
    const getLean = ({ plural }: Resource, { name }: { name: string }) => storage[`${plural}/${name}`];
    return refusal({
      kind: { resource: resources.serviceaccounts },
      resource: resources.serviceaccounts,
      subresource: 'token',
      name: 'robot',
      object: { spec: { audiences, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'u' } } },
      context: { user: kubelet, get, getLean },
    });
  };
  const node = (name: string, more: object = {}) => ({ metadata: { name, ...more } });
  const nodes = { kind: { resource: resources.nodes }, resource: resources.nodes, namespace: '' };

  test('pods', async () => {
    expect(await refusal({ object: pod('n1') })).toBeUndefined();
    expect(await refusal({ object: pod('n2') })).toContain(
      'can only create pods with spec.nodeName set to itself',
    );
    expect(await refusal({ object: pod('n1', false) })).toContain('can only create mirror pods');
    expect(await refusal({ operation: 'DELETE', old: pod('n1') })).toBeUndefined();
    expect(await refusal({ operation: 'DELETE', old: pod('n2') })).toBe(
      'pods "p" is forbidden: node "n1" can only delete pods with spec.nodeName set to itself',
    );
    const [old, object] = [pod('n1'), pod('n1')];
    expect(await refusal({ operation: 'UPDATE', subresource: 'status', old, object })).toBeUndefined();
    expect(await refusal({ operation: 'UPDATE', subresource: 'status', old: pod('n2') })).toContain(
      'only update pod status',
    );
    expect(await refusal({ subresource: 'binding' })).toContain('unexpected pod subresource');
  });

  test('what others say of a pod', async () => {
    const says = (object: object) =>
      refusal({ operation: 'UPDATE', subresource: 'status', old: pod('n1'), object });
    const { metadata } = pod('n1');
    expect(
      await says({ ...pod('n1'), metadata: { ...metadata, labels: {} }, status: { phase: 'Running' } }),
    ).toBe(undefined);
    expect(await says({ ...pod('n1'), metadata: { ...metadata, labels: { a: 'b' } } })).toBe(
      'pods "p" is forbidden: node "n1" cannot update labels through pod status',
    );
    const resourceClaimStatuses = [{ name: 'c', resourceClaimName: 'x' }];
    expect(await says({ ...pod('n1'), status: { resourceClaimStatuses } })).toBe(
      'pods "p" is forbidden: node "n1" cannot update resource claim statues',
    );
    const extendedResourceClaimStatus = { resourceClaimName: 'x', requestMappings: [] };
    expect(await says({ ...pod('n1'), status: { extendedResourceClaimStatus } })).toBe(
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
  ])('mirror pods belong to their node: %s', async (why, ownerReferences) => {
    const { metadata, ...rest } = pod('n1');
    expect(await refusal({ object: { ...rest, metadata: { ...metadata, ownerReferences } } })).toBe(
      `pods "p" is forbidden: ${why}`,
    );
  });

  test('tokens are for pods of the node', async () => {
    const tokens = { kind: { resource: resources.serviceaccounts }, resource: resources.serviceaccounts };
    const asks = (boundObjectRef: object | undefined) =>
      refusal({ ...tokens, subresource: 'token', name: 's', object: { spec: { boundObjectRef } } });
    const ref = { apiVersion: 'v1', kind: 'Pod', name: 'on-n1', uid: 'u' };
    expect(await asks({ ...ref, uid: 'another' })).toBeUndefined();
    const unbound = 'serviceaccounts "s" is forbidden: node requested token not bound to a pod';
    for (const other of [
      undefined,
      { ...ref, apiVersion: 'v2' },
      { ...ref, kind: 'Node' },
      { ...ref, name: '' },
    ])
      expect(await asks(other)).toBe(unbound);
    expect(await asks({ ...ref, uid: '' })).toContain('with a pod binding without a uid');
    expect(await asks({ ...ref, name: 'on-n2' })).toContain('bound to a pod scheduled on a different node');
  });

  test.each<[string, string[], object[]]>([
    ['whom a volume names', ['vault'], [projected('vault')]],
    ['the server where a volume names nobody', [], [projected()]],
    ['whom a driver names', ['foo'], [{ name: 'v', csi: { driver: 'd' } }]],
    ['whom the driver of a claim names', ['foo'], [claimed('data')]],
    ['whom the driver of a claim that is made for it names', ['foo'], [{ name: 'v', ephemeral: {} }]],
    ['whom the driver of a volume of old names', ['foo'], [azureFile]],
    ['whom a volume names, whatever else cannot be looked at', ['foo'], [claimed('gone'), projected('foo')]],
    ['whom it has a right to name', ['granted'], []],
  ])('tokens are for %s', async (_, audiences, volumes) => {
    expect(await asksFor(audiences, volumes)).toBeUndefined();
  });

  const unnamed = (audience: string) =>
    `audience "${audience}" not found in pod spec volume, system:node:n1 is not authorized to request tokens for this audience`;
  test.each<[string, string[], object[]]>([
    ['node may only request 0 or 1 audiences', ['a', 'b'], [projected('a'), projected('b')]],
    [unnamed('foo'), ['foo'], [projected('vault')]],
    [unnamed(''), [], [projected('vault')]],
    [unnamed('bar'), ['bar'], [{ name: 'v', csi: { driver: 'd' } }]],
    [unnamed('bar'), ['bar'], [claimed('data'), azureFile]],
    ['error validating audience "foo": persistentvolumeclaim "gone" not found', ['foo'], [claimed('gone')]],
    ['error validating audience "foo": persistentvolume "gone" not found', ['foo'], [claimed('unbound')]],
    [
      'error validating audience "foo": csidriver.storage.k8s.io "gone" not found',
      ['foo'],
      [{ name: 'v', csi: { driver: 'gone' } }],
    ],
  ])('tokens are not for others: %s', async (why, audiences, volumes) => {
    expect(await asksFor(audiences, volumes)).toBe(`serviceaccounts "robot" is forbidden: ${why}`);
  });

  test('a right to have tokens made for somebody is one for a service account', async () => {
    await asksFor(['granted'], []);
    expect(rights.at(-1)).toMatchObject({
      verb: 'request-serviceaccounts-token-audience',
      group: '',
      resource: 'granted',
      namespace: 'default',
      name: 'robot',
    });
  });

  test('of claims it changes the status alone', async () => {
    const resource = resources.persistentvolumeclaims;
    const claim = { metadata: { name: 'p' }, spec: {} };
    expect(
      await refusal({ kind: { resource }, resource, operation: 'UPDATE', old: claim, object: claim }),
    ).toBe('persistentvolumeclaims "p" is forbidden: may only update PVC status');
  });

  test('certificates of nodes are for its own name', async () => {
    const resource = resources.certificatesigningrequests;
    const asksAs = async (commonName: string, signer = 'kubelet-serving', request?: string) => {
      const spec = {
        signerName: `kubernetes.io/${signer}`,
        request: request ?? (await requestOf(commonName)),
      };
      return refusal({ kind: { resource }, resource, name: 'r', object: { metadata: { name: 'r' }, spec } });
    };
    for (const signer of ['kubelet-serving', 'kube-apiserver-client-kubelet']) {
      expect(await asksAs('system:node:n1', signer)).toBeUndefined();
      expect(await asksAs('system:node:n2', signer)).toBe(
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: can only create a node CSR with CN=system:node:n1',
      );
    }
    expect(await asksAs('somebody', 'kube-apiserver-client')).toBeUndefined();
    expect(await asksAs('', 'kubelet-serving', 'AA==')).toContain('unable to parse csr: ');
  });

  test('nothing comes from a node without a name', async () => {
    const user = { name: 'system:node:', groups: ['system:nodes'] };
    expect(await refusal({ object: pod('n1'), context: { user, get: objects, getLean: objects } })).toBe(
      'pods "p" is forbidden: could not determine node from user "system:node:"',
    );
  });

  test('of claims it says how large they are', async () => {
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
    expect(await says(claim(grown, { resourceVersion: '2', managedFields: [] }))).toBeUndefined();
    for (const other of [claim({ phase: 'Lost' }), claim({}, { labels: { a: 'b' } })])
      expect(await says(other)).toContain(
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
  ])('mirror pods that reference %s: %j', async (what, spec) => {
    const object = { ...pod('n1'), spec: { ...pod('n1').spec, ...spec } };
    expect(await refusal({ object })).toBe(
      `pods "p" is forbidden: node "n1" can not create pods that reference ${what}`,
    );
  });

  test('nodes', async () => {
    expect(
      await refusal({
        ...nodes,
        name: 'n1',
        object: node('n1', { labels: { 'kubernetes.io/hostname': 'n1' } }),
      }),
    ).toBeUndefined();
    expect(await refusal({ ...nodes, name: 'n2', object: node('n2') })).toContain(
      'is not allowed to modify node "n2"',
    );
    const label = { labels: { 'node-role.kubernetes.io/control-plane': '' } };
    expect(await refusal({ ...nodes, name: 'n1', object: node('n1', label) })).toBe(
      'nodes "n1" is forbidden: node "n1" is not allowed to set the following labels: node-role.kubernetes.io/control-plane',
    );
    const tainted = { ...node('n1'), spec: { taints: [{ key: 'a', effect: 'NoSchedule' }] } };
    const update = { ...nodes, operation: 'UPDATE', name: 'n1' };
    expect(await refusal({ ...update, old: node('n1', label), object: node('n1') })).toBe(
      'nodes "n1" is forbidden: is not allowed to modify labels: node-role.kubernetes.io/control-plane',
    );
    expect(await refusal({ ...nodes, operation: 'DELETE', name: 'n1', old: node('n1') })).toBeUndefined();
    expect(await refusal({ ...update, old: tainted, object: node('n1') })).toContain(
      'not allowed to modify taints',
    );
    expect(await refusal({ ...update, old: tainted, object: tainted })).toBeUndefined();
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'gone', uid: 'u' };
    const owned = node('n1', { ownerReferences: [owner] });
    expect(await refusal({ ...update, old: node('n1'), object: owned })).toContain(
      'node "n1" is not allowed to modify ownerReferences',
    );
    expect(await refusal({ ...update, old: owned, object: owned })).toBeUndefined();
    const configured = { ...node('n1'), spec: { configSource: { configMap: {} } } };
    expect(await refusal({ ...nodes, name: 'n1', object: configured })).toContain('a non-nil configSource');
    expect(await refusal({ ...update, old: node('n1'), object: configured })).toContain(
      'is not allowed to update configSource to a new non-nil configSource',
    );
    expect(await refusal({ ...update, old: configured, object: configured })).toBeUndefined();
  });

  test.each([
    [
      resources.leases,
      'kube-node-lease',
      'can only access node lease with the same name as the requesting node',
    ],
    [resources.csinodes, '', 'can only access CSINode with the same name as the requesting node'],
  ])('what is new has the name of the node: $plural', async (resource, namespace, why) => {
    const own = { kind: { resource }, resource, namespace, name: '' };
    expect(await refusal({ ...own, object: node('n1') })).toBeUndefined();
    for (const operation of ['CREATE', 'UPDATE'])
      expect(await refusal({ ...own, operation, object: node('n2') })).toContain(why);
  });

  test('leases are in the namespace of those of nodes', async () => {
    const leases = { kind: { resource: resources.leases }, resource: resources.leases };
    expect(await refusal({ ...leases, namespace: 'kube-system', object: node('n1') })).toContain(
      'can only access leases in the "kube-node-lease" system namespace',
    );
  });

  test('resource slices are of the node', async () => {
    const slices = { kind: { resource: resources.resourceslices }, resource: resources.resourceslices };
    const [own, other, all] = [{ nodeName: 'n1' }, { nodeName: 'n2' }, { allNodes: true }].map((spec) => ({
      ...node('s'),
      spec,
    }));
    expect(await refusal({ ...slices, object: own })).toBeUndefined();
    expect(await refusal({ ...slices, operation: 'DELETE', old: own })).toBeUndefined();
    const why = 'ResourceSlice with the same NodeName as the requesting node';
    for (const slice of [other, all]) {
      expect(await refusal({ ...slices, object: slice })).toContain(`can only create ${why}`);
      expect(await refusal({ ...slices, operation: 'DELETE', old: slice })).toContain(
        `can only delete ${why}`,
      );
    }
  });
});
