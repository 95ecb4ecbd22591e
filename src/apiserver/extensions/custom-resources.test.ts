import { describe, expect, test, vi } from 'vitest';
import type { CustomResourceDefinition, JSONSchemaProps } from '../../api/apiextensions/v1.ts';
import { clusterroles, customresourcedefinitions, secrets } from '../../api/generated/resources.ts';
import type { KubernetesObject, Resource } from '../../api/resource.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { turnTogether } from '../../platform/turn.ts';
import { VirtualClock } from '../../platform/virtual-clock.ts';
import { createMemoryStore } from '../../store/memory-store.ts';
import type { CachedObject } from '../request.ts';
import type { TestRequest } from '../registry/testing.ts';
import type { AdmissionPlugin } from '../admission/admission.ts';
import { defaultAdmission } from '../admission/plugins.ts';
import { createCustomCluster, renamedWidgets, renaming, widgets } from './testing.ts';

const spec = (properties: object) => ({ spec: { type: 'object', properties } });
const named = (name: string, more: object = {}) => ({ body: { metadata: { name }, ...more } });

/** Widgets of a definition that nobody has asked for here. */
const widgetsInV1: Resource<any> = {
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  singular: 'widget',
  namespaced: true,
  shortNames: [],
  categories: [],
  type: 'custom',
};

/** A definition in a group of the project, which nobody has approved of. */
function definitionOf(
  names: { group: string; plural: string; kind: string },
  version = 'v1',
): CustomResourceDefinition {
  const { group, plural, kind } = names;
  const { spec } = widgets({ [version]: { root: { 'x-kubernetes-preserve-unknown-fields': true } } });
  const annotations = { 'api-approved.kubernetes.io': 'unapproved, by nobody' };
  return {
    metadata: { name: `${plural}.${group}`, annotations },
    spec: { ...spec, group, names: { plural, kind } },
  };
}

async function failure(work: Promise<unknown>): Promise<StatusError> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error instanceof StatusError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

describe('a definition', () => {
  test('is established, and its resource is served at once', async () => {
    const { define, definition, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: { properties: spec({ size: { type: 'integer' } }) } }));
    expect(definition('widgets.example.com')?.status).toMatchObject({
      acceptedNames: {
        plural: 'widgets',
        singular: 'widget',
        kind: 'Widget',
        listKind: 'WidgetList',
        shortNames: ['wd'],
      },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
    });
    const made = await api.object('create', v1!, named('a', { spec: { size: 1 } }));
    expect(made).toMatchObject({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { generation: 1 } });
    expect((await api.list(v1!)).kind).toBe('WidgetList');
  });

  test('says of its status what upstream prints in any case, null for what nobody noted yet', async () => {
    const { api } = await createCustomCluster();
    const made = await api.object('create', customresourcedefinitions, { body: widgets({ v1: {} }) });
    expect(made.status).toEqual({
      conditions: null,
      acceptedNames: { plural: '', kind: '' },
      storedVersions: ['v1'],
    });
  });

  test('does not get names that another one has, until these are free', async () => {
    const { define, definition, api } = await createCustomCluster();
    await define(widgets({ v1: {} }));
    const other = widgets({ v1: {} });
    other.metadata.name = 'gadgets.example.com';
    Object.assign(other.spec.names, { plural: 'gadgets' });
    await api.object('create', customresourcedefinitions, { body: other });
    const reasons = () =>
      definition('gadgets.example.com')?.status?.conditions?.map((c) => `${c.type} ${c.status} ${c.reason}`);
    await vi.waitFor(() =>
      expect(reasons()).toEqual(['NamesAccepted False ListKindConflict', 'Established False NotAccepted']),
    );
    await api.send('delete', customresourcedefinitions, { name: 'widgets.example.com' });
    await vi.waitFor(() => expect(reasons()?.[1]).toBe('Established True InitialNamesAccepted'));
  });

  test('whose group is that of built-in types spelled backwards keeps its objects apart from theirs', async () => {
    const { define, api } = await createCustomCluster();
    const secret = { metadata: { name: 'key' }, data: { password: 'c2VjcmV0' } };
    await api.object('create', secrets, { body: secret });
    const { v1 } = await define(
      definitionOf({ group: 'core.api.k8s.io', plural: 'secrets', kind: 'Secret' }),
    );
    expect((await api.list(v1!)).items).toEqual([]);
    await api.object('create', v1!, named('mine', { data: { password: 'b3Ro' } }));
    const names = ({ items }: { items: readonly CachedObject[] }) =>
      items.map(({ object }) => object.metadata.name);
    expect(names(await api.list(secrets))).toEqual(['key']);
    expect(names(await api.list(v1!))).toEqual(['mine']);
  });

  test.each(['v1', 'v9'])(
    'of a built-in resource in %s neither serves it in its own way nor takes its objects along',
    async (version) => {
      const { define, definition, api } = await createCustomCluster();
      const role = { metadata: { name: 'reader' }, rules: [] };
      await api.object('create', clusterroles, { body: role });
      const names = { group: 'rbac.authorization.k8s.io', plural: 'clusterroles', kind: 'Foo' };
      await define({ ...definitionOf(names, version) });
      const wrong = { metadata: { name: 'wrong' }, rules: [{ verbs: [] }] };
      expect(await failure(api.send('create', clusterroles, { body: wrong }))).toMatchObject({ code: 422 });
      expect((await api.list(clusterroles)).items).toHaveLength(1);
      const name = 'clusterroles.rbac.authorization.k8s.io';
      await api.send('delete', customresourcedefinitions, { name });
      await vi.waitFor(() => expect(definition(name)).toBeUndefined());
      expect((await api.list(clusterroles)).items).toHaveLength(1);
      expect(
        await api.object('create', clusterroles, { body: { ...role, metadata: { name: 'b' } } }),
      ).toMatchObject({
        kind: 'ClusterRole',
      });
    },
  );

  test('goes once its objects are gone, and takes nothing new meanwhile', async () => {
    const { define, definition, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: {} }));
    await api.object('create', v1!, {
      body: { metadata: { name: 'held', finalizers: ['example.com/hold'] } },
    });
    await api.object('create', v1!, named('free'));
    await api.send('delete', customresourcedefinitions, { name: 'widgets.example.com' });
    await vi.waitFor(async () => expect((await api.list(v1!)).items).toHaveLength(1));
    expect(definition('widgets.example.com')?.status?.conditions?.[2]?.reason).toBe(
      'InstanceDeletionInProgress',
    );
    const refusal = {
      code: 403,
      message:
        'widgets.example.com "late" is forbidden: create not allowed while custom resource definition is terminating',
    };
    expect(await failure(api.send('create', v1!, named('late')))).toMatchObject(refusal);
    const late = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'late' } };
    const apply = { mediaType: 'application/apply-patch+yaml', query: { fieldManager: 'x' } };
    expect(await failure(api.send('patch', v1!, { name: 'late', body: late, ...apply }))).toMatchObject(
      refusal,
    );
    const shown = api.dispatcher.discovery().resourceList({ group: 'example.com', version: 'v1' });
    expect(shown?.resources[0]?.verbs).toEqual(['delete', 'deletecollection', 'get', 'list', 'watch']);
    const patch = { metadata: { finalizers: null } };
    await api.object('patch', v1!, { name: 'held', body: patch, mediaType: 'application/merge-patch+json' });
    await vi.waitFor(async () => {
      await api.clock.advance(1000);
      expect(definition('widgets.example.com')).toBeUndefined();
    });
    expect((await failure(api.send('list', v1!))).code).toBe(404);
  });

  test('goes with its objects, whatever admission says of their deletion, and without its webhook', async () => {
    const refuse = () => {
      throw new StatusError(403, 'Forbidden', 'nobody deletes widgets');
    };
    const guard: AdmissionPlugin = {
      name: 'Guard',
      validate: ({ operation, kind }) => {
        if (operation === 'DELETE' && kind.resource.kind === 'Widget') refuse();
      },
    };
    const admission = [...defaultAdmission, guard];
    const webhook = async () => refuse();
    const { define, definition, api } = await createCustomCluster({ admission, webhook });
    const widget = renamedWidgets();
    widget.spec.versions.reverse();
    const { v1 } = await define(widget);
    await api.object('create', v1!, named('a', { spec: { host: 'x' } }));
    await api.send('delete', customresourcedefinitions, { name: 'widgets.example.com' });
    await vi.waitFor(() => expect(definition('widgets.example.com')).toBeUndefined());
    await define(widgets({ v1: {} }));
    expect((await api.list(v1!)).items).toEqual([]);
  });

  test('says why its objects cannot be deleted, and goes once they can', async () => {
    let isUp = true;
    const webhook: typeof renaming = async (...asked) => {
      if (!isUp) throw new StatusError(500, '', 'nobody converts');
      return renaming(...asked);
    };
    const { define, definition, api } = await createCustomCluster({ webhook });
    const { v1 } = await define(renamedWidgets());
    await api.object('create', v1!, named('a', { spec: { host: 'x' } }));
    const body = [
      { op: 'replace', path: '/spec/versions/0/storage', value: false },
      { op: 'replace', path: '/spec/versions/1/storage', value: true },
    ];
    const mediaType = 'application/json-patch+json';
    const name = 'widgets.example.com';
    await api.send('patch', customresourcedefinitions, { name, body, mediaType });
    isUp = false;
    await api.send('delete', customresourcedefinitions, { name });
    const said = () => definition(name)?.status?.conditions?.find(({ type }) => type === 'Terminating');
    const reason = 'InstanceDeletionFailed';
    await vi.waitFor(() => expect(said()).toMatchObject({ status: 'True', reason }));
    expect(said()?.message).toMatch(/^could not issue all deletes: .*nobody converts/);
    isUp = true;
    await vi.waitFor(async () => {
      await api.clock.advance(1000);
      expect(definition(name)).toBeUndefined();
    });
  });

  test('is told in discovery in the order in which upstream tells it', async () => {
    const { define, api } = await createCustomCluster();
    const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
    await define(widgets({ v1: { subresources: { status: {}, scale } } }));
    const shown = api.dispatcher.discovery().resourceList({ group: 'example.com', version: 'v1' });
    expect(shown?.resources.map(({ name, verbs }) => `${name} ${verbs.join(',')}`)).toEqual([
      'widgets delete,deletecollection,get,list,patch,create,update,watch',
      'widgets/status get,patch,update',
      'widgets/scale get,patch,update',
    ]);
  });

  test('that upstream has stored, in v1beta1, is one of v1, and its objects keep to it', async () => {
    const schema = {
      type: 'object',
      properties: spec({ size: { type: 'integer' }, color: { type: 'string', default: 'red' } }),
    };
    const metadata = { name: 'widgets.example.com', uid: 'u', generation: 1 };
    const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' };
    const service = { namespace: 'default', name: 'converter', port: 443 };
    const stored = {
      kind: 'CustomResourceDefinition',
      apiVersion: 'apiextensions.k8s.io/v1beta1',
      metadata,
      spec: {
        group: 'example.com',
        version: 'v1',
        names,
        scope: 'Namespaced',
        validation: { openAPIV3Schema: schema },
        versions: [
          { name: 'v1', served: true, storage: true },
          { name: 'v2', served: false, storage: false, deprecated: true },
        ],
        additionalPrinterColumns: [{ name: 'Size', type: 'integer', JSONPath: '.spec.size' }],
        conversion: {
          strategy: 'Webhook',
          webhookClientConfig: { service },
          conversionReviewVersions: ['v1'],
        },
        preserveUnknownFields: false,
      },
      status: { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions: ['v1'] },
    };
    const store = createMemoryStore({ clock: new VirtualClock() });
    const key = '/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com';
    const value = Buffer.from(JSON.stringify(stored));
    await store.commit({ writes: [{ type: 'put', key, value }] });
    const { api, definition } = await createCustomCluster({ store });
    const { name } = metadata;
    await vi.waitFor(() =>
      expect(definition(name)?.status?.conditions?.[1]).toMatchObject({
        type: 'Established',
        status: 'True',
      }),
    );
    const common = {
      schema: { openAPIV3Schema: schema },
      additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
    };
    const shown = await api.object('get', customresourcedefinitions, { name });
    expect(shown).toMatchObject({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' });
    expect(shown.spec).toEqual({
      group: 'example.com',
      names,
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, ...common },
        { name: 'v2', served: false, storage: false, deprecated: true, ...common },
      ],
      conversion: {
        strategy: 'Webhook',
        webhook: { clientConfig: { service }, conversionReviewVersions: ['v1'] },
      },
    });
    expect(await api.object('create', widgetsInV1, named('a', { spec: { size: 1, odd: 2 } }))).toMatchObject({
      spec: { size: 1, color: 'red' },
    });
  });

  test('that keeps unknown fields everywhere, as upstream took it in v1beta1, prunes nothing and may stay so', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const { spec: asked, metadata } = widgets({ v1: { properties: spec({ a: {} }) } });
    const [v1] = asked.versions;
    const names = { ...asked.names, singular: 'widget', listKind: 'WidgetList' };
    const older = { ...asked, names, versions: [{ ...v1, deprecated: false }] };
    const stored = { kind: 'CustomResourceDefinition', apiVersion: 'apiextensions.k8s.io/v1beta1', metadata };
    const value = Buffer.from(JSON.stringify({ ...stored, spec: older, status: { storedVersions: ['v1'] } }));
    const key = '/registry/apiextensions.k8s.io/customresourcedefinitions/widgets.example.com';
    await store.commit({ writes: [{ type: 'put', key, value }] });
    const { api, definition } = await createCustomCluster({ store });
    const name = 'widgets.example.com';
    const said = () =>
      definition(name)?.status?.conditions?.find(({ type }) => type === 'NonStructuralSchema');
    await vi.waitFor(() => expect(said()).toMatchObject({ status: 'True', reason: 'Violations' }));
    expect(said()?.message).toBe(
      '[spec.preserveUnknownFields: Invalid value: true: must be false, spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields]',
    );
    const made = await api.object('create', widgetsInV1, named('a', { spec: { b: 1, c: null } }));
    expect(made.spec).toEqual({ b: 1, c: null });
    const properties = '/spec/versions/0/schema/openAPIV3Schema/properties';
    const patch = (op: string, path: string, value?: unknown) =>
      api.object('patch', customresourcedefinitions, {
        name,
        body: [{ op, path, value }],
        mediaType: 'application/json-patch+json',
      });
    await patch('add', `${properties}/more`, { description: 'Of any type.' });
    expect((await failure(patch('replace', '/spec/preserveUnknownFields', false))).message).toMatch(
      /properties\[more\]\.type: Required value: must not be empty for specified object fields/,
    );
    await patch('add', properties, {});
    await patch('replace', '/spec/preserveUnknownFields', false);
    await vi.waitFor(() => expect(said()).toBeUndefined());
  });

  test('can be made anew, with nothing left of what was', async () => {
    const { define, definition, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: {} }));
    await api.object('create', v1!, named('a'));
    await api.send('delete', customresourcedefinitions, { name: 'widgets.example.com' });
    await vi.waitFor(() => expect(definition('widgets.example.com')).toBeUndefined());
    await define(widgets({ v1: {} }));
    expect((await api.list(v1!)).items).toEqual([]);
  });

  test('may get other metadata with its status, which whoever writes it then owns', async () => {
    const { define, api } = await createCustomCluster();
    await define(widgets({ v1: {} }));
    const body = { metadata: { labels: { a: 'b' } }, spec: { scope: 'Cluster' } };
    const made = await api.object('patch', customresourcedefinitions, {
      name: 'widgets.example.com',
      subresource: 'status',
      body,
      mediaType: 'application/merge-patch+json',
      query: { fieldManager: 'me' },
    });
    expect(made).toMatchObject({ metadata: { labels: { a: 'b' } }, spec: { scope: 'Namespaced' } });
    const mine = made.metadata.managedFields?.find(({ manager }) => manager === 'me');
    expect(mine).toMatchObject({
      subresource: 'status',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    });
  });

  test('is served under its own names, whatever its status is made to say', async () => {
    const { define, definition, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: {} }));
    await api.object('create', v1!, named('a'));
    const group = 'example.com';
    const { v1: gadgets } = await define(definitionOf({ group, plural: 'gadgets', kind: 'Gadget' }));
    const spec = definition('gadgets.example.com')!.spec;
    await api.object('patch', customresourcedefinitions, {
      name: 'gadgets.example.com',
      subresource: 'status',
      body: { status: { acceptedNames: { ...spec.names, plural: 'widgets', kind: 'Widget' } } },
      mediaType: 'application/merge-patch+json',
    });
    expect((await api.list(gadgets!)).items).toEqual([]);
    await vi.waitFor(() =>
      expect(definition('gadgets.example.com')?.status?.acceptedNames?.plural).toBe('gadgets'),
    );
    expect((await api.list(v1!)).items).toHaveLength(1);
    expect(await api.object('create', gadgets!, named('b'))).toMatchObject({ kind: 'Gadget' });
  });

  test('is served again after a restart', async () => {
    const first = await createCustomCluster();
    const { v1 } = await first.define(widgets({ v1: {} }));
    await first.api.object('create', v1!, named('a'));
    first.custom.stop();
    first.api.dispatcher.close();
    const { api } = await createCustomCluster({ store: first.api.store });
    expect((await api.object('get', v1!, { name: 'a' })).kind).toBe('Widget');
  });
});

describe('objects', () => {
  test('lose unknown fields, and say so where they are asked', async () => {
    const { define, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: { properties: spec({ a: { type: 'string' } }) } }));
    const body = { metadata: { name: 'x' }, spec: { a: 'b', extra: 1 } };
    const strict = await failure(api.send('create', v1!, { body, query: { fieldValidation: 'Strict' } }));
    expect(strict.message).toContain('strict decoding error: unknown field "spec.extra"');
    expect(await api.object('create', v1!, { body })).toMatchObject({ spec: { a: 'b' } });
    expect((await api.object('get', v1!, { name: 'x' })).spec).toEqual({ a: 'b' });
  });

  test('say all that is unknown of them at once: metadata, fields, metadata of embedded resources', async () => {
    const { define, api } = await createCustomCluster();
    const template = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { spec: { type: 'object' } },
    } as const;
    const { v1 } = await define(widgets({ v1: { properties: spec({ template }) } }));
    const embedded = { apiVersion: 'v1', kind: 'Pod', metadata: { inner: 1 } };
    const body = { metadata: { name: 'x', outer: 1 }, spec: { template: embedded, extra: 1 } };
    const query = { fieldValidation: 'Strict' };
    const strict = await failure(api.send('create', v1!, { body, query }));
    expect(strict.message).toContain(
      'strict decoding error: unknown field "metadata.outer", unknown field "spec.extra", unknown field "spec.template.metadata.inner"',
    );
  });

  test('that others have stored are read without metadata that is none, can be mended, and go', async () => {
    const store = createMemoryStore({ clock: new VirtualClock() });
    const { define, api } = await createCustomCluster({ store });
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const embedded = { ...open, 'x-kubernetes-embedded-resource': true };
    const { v1 } = await define(widgets({ v1: { properties: { embedded } } }));
    const metadata = { unknown: 42, annotations: { foo: 42, bar: 'abc' }, labels: { invalid: 'x y' } };
    const object = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      unknown: 1,
      metadata: { name: 'a', namespace: 'default', generation: null, ...metadata },
      embedded: { apiVersion: 'foo/v1', kind: 'Foo', metadata },
    };
    const put = async () => {
      const value = Buffer.from(JSON.stringify(object));
      await store.commit({
        writes: [{ type: 'put', key: '/registry/example.com/widgets/default/a', value }],
      });
      return vi.waitFor(() => api.object<any>('get', v1!, { name: 'a' }));
    };
    await put();
    await api.send('delete', v1!, { name: 'a' });
    const found = structuredClone(await put());
    const { labels } = metadata;
    const { resourceVersion } = found.metadata;
    expect(found).toEqual({
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a', namespace: 'default', resourceVersion, generation: 1, labels },
      embedded: { apiVersion: 'foo/v1', kind: 'Foo', metadata: { labels } },
    });
    const update = () => api.object('update', v1!, { name: 'a', body: found });
    found.metadata.labels.invalid = 'mended';
    expect((await failure(update())).message).toContain('embedded.metadata.labels: Invalid value: "x y"');
    found.embedded.metadata.labels.invalid = 'mended';
    expect(await update()).toMatchObject({ metadata: { generation: 2 } });
  });

  test('get no defaults that the metadata of embedded resources does not have', async () => {
    const { define, api } = await createCustomCluster();
    const text = (value: string) => ({ type: 'string', default: value });
    const embedded = (metadata: JSONSchemaProps) => ({
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { apiVersion: text('v1'), kind: text('Pod'), metadata: { type: 'object', ...metadata } },
    });
    const fields = embedded({ properties: { name: text('n'), odd: text('o') } });
    const whole = embedded({ default: { name: 'n', odd: 'o' } });
    const { v1 } = await define(widgets({ v1: { properties: spec({ fields, whole }) } }));
    const body = named('x', { spec: { fields: { metadata: {} }, whole: {} } });
    const filled = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'n' } };
    const wanted = { fields: filled, whole: filled };
    expect((await api.object('create', v1!, body)).spec).toEqual(wanted);
    expect((await api.object('get', v1!, { name: 'x' })).spec).toEqual(wanted);
  });

  test('get defaults when they are written and when they are read', async () => {
    const { define, api } = await createCustomCluster();
    const { v1 } = await define(
      widgets({ v1: { properties: spec({ a: { type: 'string', default: 'one' } }) } }),
    );
    await api.object('create', v1!, named('x', { spec: {} }));
    const operations = [
      { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/a/default' },
      {
        op: 'add',
        path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/b',
        value: { type: 'string', default: 'two' },
      },
    ];
    await api.send('patch', customresourcedefinitions, {
      name: 'widgets.example.com',
      body: operations,
      mediaType: 'application/json-patch+json',
    });
    expect((await api.object('get', v1!, { name: 'x' })).spec).toEqual({ a: 'one', b: 'two' });
    const [item] = (await api.list(v1!)).items;
    expect(JSON.parse(Buffer.from(item!.json()).toString()).spec).toEqual({ a: 'one', b: 'two' });
  });

  test.each([
    [['v1', 'v2', 'v3'], ['v2'], 'example.com/v1 Widget is deprecated'],
    [
      ['v1', 'v1beta1', 'v2', 'v2alpha1', 'v2beta2', 'v3'],
      [],
      'example.com/v1 Widget is deprecated; use example.com/v2 Widget',
    ],
    [['v1', 'v0', 'v2beta1', 'v3'], [], 'example.com/v1 Widget is deprecated'],
  ])('of %j, of which %j and the first are deprecated, say what to use', async (names, others, said) => {
    const { define, api } = await createCustomCluster();
    const part = (name: string) => ({
      served: name !== 'v3',
      deprecated: name === 'v1' || others.includes(name),
    });
    const { v1 } = await define(widgets(Object.fromEntries(names.map((name) => [name, part(name)]))));
    await api.list(v1!);
    expect(api.warnings).toEqual([said]);
  });

  test('show ages of moments, as Go reads them', async () => {
    const { define, api } = await createCustomCluster();
    const column = { name: 'Seen', type: 'date', jsonPath: '.spec.at' };
    const properties = spec({ at: { type: 'string' } });
    await define(widgets({ v1: { properties, additionalPrinterColumns: [column] } }));
    const seen = api.dispatcher
      .find({ group: 'example.com', version: 'v1', resource: 'widgets', subresource: '' })
      ?.kind.columns.at(-1);
    const cellOf = (at: string) =>
      seen?.cell({ spec: { at } } as unknown as KubernetesObject, Date.parse('2026-01-01T12:30:00Z'));
    expect(
      ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00+01:00', '', '2026', '2027-01-01T00:00:00Z', 'x'].map(
        cellOf,
      ),
    ).toEqual(['12h', '12h', '<unknown>', '<invalid>', '<invalid>', '<invalid>']);
  });

  test('keep what is applied as null where their schema lets it be null, and are refused elsewhere', async () => {
    const { define, api } = await createCustomCluster();
    const part = { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] } as const;
    const properties = spec({ free: { ...part, nullable: true }, fixed: part });
    const { v1 } = await define(widgets({ v1: { properties } }));
    const apply = (spec: object) =>
      api.object('patch', v1!, {
        name: 'x',
        body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'x' }, spec },
        mediaType: 'application/apply-patch+yaml',
        query: { fieldManager: 'me' },
      });
    await apply({ free: { b: '1' }, fixed: { b: '1' } });
    expect((await apply({ free: null, fixed: { b: '1' } })).spec).toEqual({ free: null, fixed: { b: '1' } });
    expect((await failure(apply({ fixed: null }))).message).toBe(
      'Widget.example.com "x" is invalid: spec.fixed: Invalid value: "null": spec.fixed in body must be of type object: "null"',
    );
  });

  test('count generations of everything but metadata and an own status', async () => {
    const { define, api } = await createCustomCluster();
    const properties = {
      ...spec({ a: { type: 'string' } }),
      status: { type: 'object', properties: { b: { type: 'string' } } },
    };
    const { v1 } = await define(widgets({ v1: { properties, subresources: { status: {} } } }));
    const made = await api.object('create', v1!, named('x', { spec: {}, status: { b: 'no' } }));
    expect(made.status).toBeUndefined();
    const body = { spec: { a: 'no' }, status: { b: 'yes' }, metadata: { labels: { l: 'no' } } };
    const merge = 'application/merge-patch+json';
    const status = await api.object('patch', v1!, {
      name: 'x',
      subresource: 'status',
      body,
      mediaType: merge,
    });
    expect(status).toMatchObject({ spec: {}, status: { b: 'yes' }, metadata: { generation: 1 } });
    expect(status.metadata.labels).toBeUndefined();
    const main = await api.object('patch', v1!, {
      name: 'x',
      body: { ...body, status: { b: 'no' } },
      mediaType: merge,
    });
    expect(main).toMatchObject({ spec: { a: 'no' }, status: { b: 'yes' }, metadata: { generation: 2 } });
  });

  test('are refused, with the reason, where they hold another sort of value than their schema says', async () => {
    const { define, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: { properties: spec({ size: { type: 'integer' } }) } }));
    for (const wrong of ['', 'x', 1, true, []]) {
      const { status } = await failure(api.object('create', v1!, named('a', { spec: wrong })));
      expect([status.code, status.reason, status.details?.causes?.[0]?.field]).toEqual([
        422,
        'Invalid',
        'spec',
      ]);
    }
  });

  test('are refused where the scale finds no number, and no selector', async () => {
    const { define, api } = await createCustomCluster();
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    const { v1 } = await define(
      widgets({
        v1: {
          properties: { spec: open, status: open },
          subresources: {
            scale: {
              specReplicasPath: '.spec.a.n',
              statusReplicasPath: '.status.n',
              labelSelectorPath: '.status.s',
            },
          },
        },
      }),
    );
    const said = async (spec: object, status: object = {}) =>
      (await failure(api.object('create', v1!, named('a', { spec, status })))).status.details?.causes?.map(
        (cause) => `${cause.field}: ${cause.message}`,
      );
    const accessor = (path: string, why: string) =>
      `${path}: Invalid value: 0: ${path} accessor error: ${why}`;
    expect(await said({ a: { n: '1' } })).toEqual([
      accessor('.spec.a.n', '1 is of the type string, expected int64'),
    ]);
    expect(await said({ a: { n: true } })).toEqual([
      accessor('.spec.a.n', 'true is of the type bool, expected int64'),
    ]);
    expect(await said({ a: { n: 1.5 } })).toEqual([
      accessor('.spec.a.n', '1.5 is of the type float64, expected int64'),
    ]);
    expect(await said({ a: 'x' })).toEqual([
      `.spec.a.n: Invalid value: 0: .spec.a.n accessor error: x is of the type string, expected map[string]interface{}`,
    ]);
    expect(await said({}, { n: [1, 2], s: { k: 'v' } })).toEqual([
      accessor('.status.n', '[1 2] is of the type []interface {}, expected int64'),
      '.status.s: Invalid value: "": .status.s accessor error: map[k:v] is of the type map[string]interface {}, expected string',
    ]);
    expect(await said({ a: { n: -1 } }, { n: 2 ** 31 })).toEqual([
      '.spec.a.n: Invalid value: -1: should be a non-negative integer',
      '.status.n: Invalid value: 2147483648: should be less than or equal to 2147483647',
    ]);
    const head = '{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"a"}';
    const body = `${head},"spec":{"a":{"n":9223372036854775807}}}`;
    expect((await failure(api.object('create', v1!, { body }))).message).toContain(
      '.spec.a.n: Invalid value: 9223372036854775807: should be less than or equal to 2147483647',
    );
  });

  test.each<[object, string]>([
    [{ apiVersion: 5 }, 'spec.each[0].at[x].apiVersion: Invalid value: 5: must be a string'],
    [{ kind: {} }, 'spec.each[0].at[x].kind: Invalid value: {}: must be a string'],
    [
      { metadata: 'x' },
      'spec.each[0].at[x].metadata: Invalid value: "x": json: cannot unmarshal string into Go value of type v1.ObjectMeta',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'spec.each[0].at[x].metadata: Invalid value: {"labels":{"a":1}}: json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string',
    ],
  ])('cannot be read where a resource in them is none: %j', async (wrong, why) => {
    const { define, api } = await createCustomCluster();
    const resource = {
      type: 'object',
      'x-kubernetes-embedded-resource': true,
      properties: { spec: { type: 'object' } },
    };
    const at = { type: 'object', additionalProperties: resource };
    const each = { type: 'array', items: { type: 'object', properties: { at } } };
    const { v1 } = await define(widgets({ v1: { properties: spec({ each }) } }));
    const body = {
      apiVersion: 'example.com/v1',
      kind: 'Widget',
      metadata: { name: 'a' },
      spec: { each: [{ at: { x: { apiVersion: 'v1', kind: 'Pod', ...wrong } } }] },
    };
    expect(await failure(api.send('create', v1!, { body: JSON.stringify(body) }))).toMatchObject({
      code: 400,
      message: `Widget in version "v1" cannot be handled as a Widget: ${why}`,
    });
    await api.object('create', v1!, named('a', { spec: {} }));
    const mediaType = 'application/merge-patch+json';
    const patch = api.send('patch', v1!, { name: 'a', body: { spec: body.spec }, mediaType });
    const { status } = await failure(patch);
    expect(status).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(status.details?.causes?.[0]?.message?.endsWith(`: ${why}`)).toBe(true);
  });

  describe('objects whose rules take long', () => {
    const rule = 'self.list.all(x, self.list.all(y, x + y >= 0))';
    const longDefinition = () => {
      const list = { type: 'array', maxItems: 200, items: { type: 'integer' } };
      const own = { type: 'object', properties: { list }, 'x-kubernetes-validations': [{ rule }] };
      return widgets({ v1: { properties: { spec: own, status: own }, subresources: { status: {} } } });
    };
    const list = Array.from({ length: 200 }, (_, i) => i + 1);

    test('leave others their turn, and are refused in the end as others are', async () => {
      const { define, api } = await createCustomCluster();
      const { v1 = widgetsInV1 } = await define(longDefinition());
      const answer = async (work: Promise<unknown>) => {
        const state = { others: 0, isOver: false };
        const done = work.finally(() => (state.isOver = true)).catch(() => {});
        while (!state.isOver) {
          await api.list(secrets, { namespace: 'default' });
          await turnTogether();
          state.others++;
        }
        await done;
        return state.others;
      };
      const namespace = 'default';
      const create = api.object('create', v1, { namespace, ...named('a', { spec: { list } }) });
      expect(await answer(create)).toBeGreaterThan(5);
      const body = { ...(await create), spec: { list: [...list.slice(1), -1] } };
      const update = api.send('update', v1, { namespace, name: 'a', body });
      expect(await answer(update)).toBeGreaterThan(1);
      expect((await failure(update)).status.message).toContain(`spec: Invalid value: failed rule: ${rule}`);
      const status = api.send('update', v1, {
        namespace,
        name: 'a',
        subresource: 'status',
        body: { ...(await create), status: { list } },
      });
      expect(await answer(status)).toBeGreaterThan(5);
      await status;
    });
  });

  describe('that are of another kind or version than their resource', () => {
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'x' } };
    const version = (said: string) =>
      `the API version in the data (${said}) does not match the expected API version (example.com/v1)`;
    const missing = (said: object) =>
      `Widget in version "v1" cannot be handled as a Widget: Object 'Kind' is missing in '${JSON.stringify(said)}'`;
    const other = 'Other.example.com "x" is invalid: kind: Invalid value: "Other": must be Widget';

    const { kind: _, ...withoutKind } = widget;
    const sent: [object, number, string][] = [
      [{ ...widget, kind: 'Other' }, 422, other],
      [withoutKind, 400, missing(withoutKind)],
      [{ ...widget, apiVersion: 'example.com/v2' }, 400, version('example.com/v2')],
      [{ ...widget, apiVersion: 'v1', kind: 'ConfigMap' }, 400, version('v1')],
      [{ ...widget, apiVersion: undefined }, 400, version('')],
    ];
    test.each(sent)('are refused: %j', async (body, code, message) => {
      const { define, api } = await createCustomCluster();
      const { v1 } = await define(widgets({ v1: { subresources: { status: {} } } }));
      await api.object('create', v1!, named('x'));
      const text = JSON.stringify(body);
      const refusal = { code, message };
      expect(await failure(api.send('create', v1!, { body: text }))).toMatchObject(refusal);
      for (const subresource of ['', 'status']) {
        const update = api.send('update', v1!, { name: 'x', subresource, body: text });
        expect(await failure(update)).toMatchObject(refusal);
      }
    });

    test.each([
      [{ kind: 'Other' }, other],
      [
        { apiVersion: 'example.com/v2' },
        'Widget.example.com "x" is invalid: apiVersion: Invalid value: "example.com/v2": must be example.com/v1',
      ],
      [
        { apiVersion: 'v1', kind: 'Pod' },
        'Pod "x" is invalid: [kind: Invalid value: "Pod": must be Widget, apiVersion: Invalid value: "v1": must be example.com/v1]',
      ],
    ])('are not made by a patch: %j', async (body, message) => {
      const { define, api } = await createCustomCluster();
      const { v1 } = await define(widgets({ v1: { subresources: { status: {} } } }));
      await api.object('create', v1!, named('x'));
      const mediaType = 'application/merge-patch+json';
      for (const subresource of ['', 'status']) {
        const patch = api.send('patch', v1!, { name: 'x', subresource, body, mediaType });
        expect(await failure(patch)).toMatchObject({ code: 422, message });
      }
      const bare = api.send('patch', v1!, { name: 'x', body: { kind: null }, mediaType });
      expect((await failure(bare)).message).toMatch(
        /^ "" is invalid: patch: .*: Object 'Kind' is missing in '/,
      );
    });
  });

  test('are answered for what is no request about them as upstream’s one handler of all of them does', async () => {
    const { define, api } = await createCustomCluster();
    const { v1 } = await define(widgets({ v1: { subresources: { status: {} } } }));
    await api.object('create', v1!, named('x'));
    const said = async (verb: string, request: TestRequest) => {
      const { code, message } = await failure(api.send(verb, v1!, { ...named('x'), ...request }));
      return `${code} ${message}`;
    };
    const noName = '400 name must be provided';
    expect(await said('update', {})).toBe(noName);
    expect(await said('patch', {})).toBe(noName);
    const notSupported = 'is not supported on resources of kind "widgets.example.com"';
    expect(await said('create', { name: 'x', subresource: 'status' })).toBe(`405 create ${notSupported}`);
    expect(await said('delete', { name: 'x', subresource: 'status' })).toBe(`405 delete ${notSupported}`);
    expect(await said('get', { name: 'x', subresource: 'scale' })).toBe(
      '404 widgets.example.com "x" not found',
    );
    const nowhere = '404 the server could not find the requested resource';
    expect(await said('create', { namespace: '' })).toBe(nowhere);
    expect(await said('get', { namespace: '', name: 'x' })).toBe(nowhere);
    expect((await api.list(v1!, { namespace: '' })).items).toHaveLength(1);
    const anew = { name: 'ignored', ...named('y') };
    expect((await api.object('create', v1!, anew)).metadata.name).toBe('y');
  });

  test.each(['', 'status', 'scale'])('refuse strategic merge patches, of %j too', async (subresource) => {
    const { define, api } = await createCustomCluster();
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    const { v1 } = await define(widgets({ v1: { subresources: { status: {}, scale } } }));
    await api.object('create', v1!, named('x'));
    const mediaType = 'application/strategic-merge-patch+json';
    expect(
      await failure(api.send('patch', v1!, { name: 'x', subresource, body: {}, mediaType })),
    ).toMatchObject({
      code: 415,
      message:
        'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    });
  });

  test('are selected by the fields that their version names', async () => {
    const { define, api } = await createCustomCluster();
    const version = {
      properties: spec({ color: { type: 'string' } }),
      selectableFields: [{ jsonPath: '.spec.color' }],
    };
    const { v1 } = await define(widgets({ v1: version }));
    for (const color of ['red', 'blue']) await api.object('create', v1!, named(color, { spec: { color } }));
    const watch = await api.watch(v1!, { query: { fieldSelector: 'spec.color=blue' } });
    await vi.waitFor(() => expect(watch.said).toHaveLength(1));
    const found = await api.list(v1!, { query: { fieldSelector: 'spec.color!=blue' } });
    expect(found.items.map((item) => item.object.metadata.name)).toEqual(['red']);
    await api.object('patch', v1!, {
      name: 'blue',
      body: { spec: { color: 'red' } },
      mediaType: 'application/merge-patch+json',
    });
    await vi.waitFor(() => expect(watch.said[1]).toContain('DELETED blue'));
  });

  test('without replicas have no scale to be applied to but by force', async () => {
    const { define, api } = await createCustomCluster();
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    const properties = spec({ replicas: { type: 'integer' } });
    const { v1 } = await define(widgets({ v1: { properties, subresources: { scale } } }));
    await api.object('create', v1!, named('none'));
    const apply = (more: object, query: Record<string, string> = {}) =>
      api.object('patch', v1!, {
        name: 'none',
        subresource: 'scale',
        body: { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'none' }, ...more },
        mediaType: 'application/apply-patch+yaml',
        query: { fieldManager: 'hpa', ...query },
      });
    expect(await failure(apply({}))).toMatchObject({
      code: 400,
      message: 'the spec replicas field ".spec.replicas" cannot be empty',
    });
    const conflict =
      'conflict with "before-first-apply" with subresource "scale" using autoscaling/v1: .spec.replicas';
    expect(await failure(apply({ spec: { replicas: 3 } }))).toMatchObject({
      code: 409,
      message: `Apply failed with 1 conflict: ${conflict}`,
    });
    expect((await api.object('get', v1!, { name: 'none' })).spec).toBeUndefined();
    expect(await apply({ spec: { replicas: 3 } }, { force: 'true' })).toMatchObject({
      spec: { replicas: 3 },
    });
    const { metadata } = await api.object('get', v1!, { name: 'none' });
    const owners = metadata.managedFields?.map((entry: { manager: string }) => entry.manager);
    expect(owners).toEqual(['hpa']);
    expect(await apply({ spec: { replicas: 4 } })).toMatchObject({ spec: { replicas: 4 } });
  });

  test('have a scale', async () => {
    const { define, api } = await createCustomCluster();
    const scale = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' };
    const properties = {
      ...spec({ replicas: { type: 'integer' } }),
      status: { type: 'object', properties: { replicas: { type: 'integer' } } },
    };
    const { v1 } = await define(widgets({ v1: { properties, subresources: { status: {}, scale } } }));
    await api.object('create', v1!, named('x', { spec: { replicas: 2 } }));
    const body = {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'x' },
      spec: { replicas: 5 },
    };
    const scaled = await api.object('update', v1!, { name: 'x', subresource: 'scale', body });
    expect(scaled).toMatchObject({ kind: 'Scale', spec: { replicas: 5 }, status: { replicas: 0 } });
    expect((await api.object('get', v1!, { name: 'x' })).spec).toEqual({ replicas: 5 });
    await api.object('create', v1!, named('none'));
    const none = { name: 'none', subresource: 'scale' };
    expect(await failure(api.object('get', v1!, none))).toMatchObject({
      code: 500,
      message: 'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
    });
    const patch = (change: object) =>
      api.object('patch', v1!, { ...none, body: change, mediaType: 'application/merge-patch+json' });
    expect(await failure(patch({ metadata: { annotations: { a: 'b' } } }))).toMatchObject({
      code: 400,
      message: 'the spec replicas field ".spec.replicas" cannot be empty',
    });
    expect(await patch({ spec: { replicas: 3 } })).toMatchObject({ spec: { replicas: 3 } });
    expect(await api.object('get', v1!, none)).toMatchObject({ spec: { replicas: 3 } });
    await api.object('create', v1!, named('other'));
    const put = { ...body, metadata: { name: 'other' } };
    await api.object('update', v1!, { name: 'other', subresource: 'scale', body: put });
    expect((await api.object('get', v1!, { name: 'other' })).spec).toEqual({ replicas: 5 });
  });
});

const versions = () => ({
  v1: { properties: { host: { type: 'string' } } },
  v2: { properties: { address: { type: 'string' } } },
});

/** Moves the text from one field to the other. */
function renamed(object: KubernetesObject & { host?: string; address?: string }, apiVersion: string) {
  const { host, address, ...rest } = object;
  const value = host ?? address;
  return { ...rest, apiVersion, ...(apiVersion.endsWith('v1') ? { host: value } : { address: value }) };
}

describe('versions', () => {
  test('without a webhook differ in their name alone', async () => {
    const { define, api } = await createCustomCluster();
    const { v1, v2 } = await define(widgets(versions()));
    await api.object('create', v1!, named('x', { host: 'h' }));
    expect(await api.object('get', v2!, { name: 'x' })).toMatchObject({ apiVersion: 'example.com/v2' });
    expect(await api.object('get', v2!, { name: 'x' })).not.toHaveProperty('host');
    expect(await api.object('get', v1!, { name: 'x' })).toHaveProperty('host', 'h');
  });

  test('are converted by a webhook: in answers, lists and watches, when stored and when storage moves on', async () => {
    let calls = 0;
    const { define, api } = await createCustomCluster({
      webhook: async (_, { apiVersion, objects }) => {
        calls++;
        return objects.map((object) => renamed(object, apiVersion));
      },
    });
    const definition = widgets(versions());
    const clientConfig = { url: 'https://example.com/convert' };
    definition.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig, conversionReviewVersions: ['v1'] },
    };
    const { v1, v2 } = await define(definition);
    const watch = await api.watch(v2!);
    await api.object('create', v1!, named('x', { host: 'one' }));
    await vi.waitFor(() => expect(watch.frames).toHaveLength(1));
    expect(watch.frames[0]).toMatchObject({ type: 'ADDED', cached: { object: { address: 'one' } } });
    expect(await api.object('create', v2!, named('y', { address: 'two' }))).toMatchObject({ address: 'two' });
    expect(await api.object('get', v1!, { name: 'y' })).toMatchObject({ host: 'two' });
    await api.send('patch', customresourcedefinitions, {
      name: 'widgets.example.com',
      mediaType: 'application/json-patch+json',
      body: [
        { op: 'replace', path: '/spec/versions/0/storage', value: false },
        { op: 'replace', path: '/spec/versions/1/storage', value: true },
      ],
    });
    await api.object('create', v1!, named('z', { host: 'three' }));
    calls = 0;
    const { items } = await api.list(v2!);
    expect(items.map(({ object }) => (object as { address?: string }).address)).toEqual([
      'one',
      'two',
      'three',
    ]);
    expect(calls).toBe(1);
  });

  describe('of which objects are written in more than one', () => {
    const named = (version: string, name: string, value?: string) => ({
      apiVersion: `example.com/${version}`,
      kind: 'Widget',
      metadata: { name: 'x', ...(value === undefined && { labels: { by: name } }) },
      ...(value !== undefined && { spec: { [name]: value } }),
    });
    const hosts = { properties: spec({ host: { type: 'string' } }) };
    const owners = ({ metadata }: KubernetesObject) =>
      metadata.managedFields?.map(({ manager, apiVersion, fieldsV1 }) => [
        manager,
        apiVersion?.split('/')[1],
        Object.keys((fieldsV1 as Record<string, object>)['f:spec'] ?? {}).join(),
      ]);
    const cluster = async (conversion: boolean) => {
      const { define, api } = await createCustomCluster({ webhook: renaming });
      const second = conversion ? 'address' : 'host';
      const definition = conversion ? renamedWidgets() : widgets({ v1: hosts, v2: hosts });
      const { v1, v2 } = await define(definition);
      const apply = (version: string, manager: string, body: object, force = false) =>
        api.object('patch', (version === 'v1' ? v1 : v2)!, {
          name: 'x',
          mediaType: 'application/apply-patch+yaml',
          query: { fieldManager: manager, force: String(force) },
          body,
        });
      return { api, v1: v1!, v2: v2!, second, apply };
    };

    test.each([false, true])('whoever wrote in one keeps what is his, converted: %o', async (conversion) => {
      const { api, v2, second, apply } = await cluster(conversion);
      await apply('v1', 'one', named('v1', 'host', 'h'));
      const labelled = await api.object('patch', v2, {
        name: 'x',
        mediaType: 'application/merge-patch+json',
        query: { fieldManager: 'two' },
        body: { metadata: { labels: { a: 'b' } } },
      });
      expect(owners(labelled)).toEqual([
        ['one', 'v1', 'f:host'],
        ['two', 'v2', ''],
      ]);
      const same = await apply('v2', 'three', named('v2', second, 'h'));
      expect(owners(same)).toContainEqual(['one', 'v1', 'f:host']);
      const refused = await failure(apply('v2', 'three', named('v2', second, 'other')));
      expect(refused).toMatchObject({ code: 409 });
      expect(refused.message).toBe('Apply failed with 1 conflict: conflict with "one": .spec.host');
      const forced = await apply('v2', 'three', named('v2', second, 'other'), true);
      expect(owners(forced)).toEqual([
        ['three', 'v2', `f:${second}`],
        ['two', 'v2', ''],
      ]);
      expect(await apply('v1', 'three', named('v1', 'three'))).not.toHaveProperty('spec');
    });

    test('whoever scales one in another takes the replicas from whom they are', async () => {
      const { define, api } = await createCustomCluster();
      const scale = { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' };
      const sized = { properties: spec({ size: { type: 'integer' } }), subresources: { scale } };
      const { v1, v2 } = await define(widgets({ v1: sized, v2: sized }));
      const body = { ...named('v1', 'size'), spec: { size: 1 } };
      const mediaType = 'application/apply-patch+yaml';
      await api.object('patch', v1!, { name: 'x', mediaType, query: { fieldManager: 'one' }, body });
      await api.object('patch', v2!, {
        name: 'x',
        subresource: 'scale',
        mediaType: 'application/merge-patch+json',
        query: { fieldManager: 'two' },
        body: { spec: { replicas: 2 } },
      });
      expect(owners(await api.object('get', v1!, { name: 'x' }))).toEqual([
        ['one', 'v1', ''],
        ['two', 'v2', 'f:size'],
      ]);
    });

    test('and the webhook fails, a write goes through and leaves no managers', async () => {
      const { api, v1, apply } = await cluster(true);
      await apply('v2', 'two', named('v2', 'address', 'h'));
      const hopeless = { metadata: { labels: { hopeless: 'yes' } } };
      const mediaType = 'application/merge-patch+json';
      const made = await api.object('patch', v1, { name: 'x', mediaType, body: hopeless });
      expect(made.metadata).toHaveProperty('labels', { hopeless: 'yes' });
      expect(owners(made)).toBeUndefined();
    });

    test('and what is applied cannot be converted, it is refused with the reason', async () => {
      const { apply } = await cluster(true);
      await apply('v2', 'two', named('v2', 'address', 'h'));
      const body = named('v1', 'host', 'h');
      const hopeless = { ...body, metadata: { ...body.metadata, labels: { hopeless: 'yes' } } };
      expect(await failure(apply('v1', 'one', hopeless))).toMatchObject({ code: 500, message: 'no' });
    });
  });

  test('that cannot be converted fail, with the reason', async () => {
    const { define, api } = await createCustomCluster({
      webhook: async () => {
        throw new StatusError(500, '', 'conversion webhook for example.com/v1, Kind=Widget failed: no');
      },
    });
    const definition = widgets(versions());
    const clientConfig = { url: 'https://example.com/convert' };
    definition.spec.conversion = {
      strategy: 'Webhook',
      webhook: { clientConfig, conversionReviewVersions: ['v1'] },
    };
    const { v1, v2 } = await define(definition);
    await api.object('create', v1!, named('x'));
    expect((await failure(api.send('get', v2!, { name: 'x' }))).message).toContain('failed: no');
    expect((await failure(api.send('list', v2!))).code).toBe(500);
  });
});
