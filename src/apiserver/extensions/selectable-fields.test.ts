import { expect, test, vi } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import type { ConversionWebhook } from './conversion.ts';
import { createCustomCluster, widgets } from './testing.ts';

/** Colors are hues in v1beta1; the other fields are called the same. */
const shirtVersion = (color: string) => ({
  properties: {
    spec: {
      type: 'object',
      properties: {
        [color]: { type: 'string' },
        quantity: { type: 'integer' },
        size: { type: 'string', enum: ['S', 'M'] },
        branded: { type: 'boolean' },
      },
    },
  },
  selectableFields: [color, 'quantity', 'size', 'branded'].map((field) => ({ jsonPath: `.spec.${field}` })),
});

const recolored: ConversionWebhook = async (_, { apiVersion, objects }) =>
  objects.map((object) => {
    const { spec = {}, ...rest } = object as KubernetesObject & { spec?: Record<string, unknown> };
    const { color, hue, ...same } = spec;
    return {
      ...rest,
      apiVersion,
      spec: { ...same, [apiVersion.endsWith('/v1') ? 'color' : 'hue']: color ?? hue },
    };
  });

const shirts = {
  shirt1: { color: 'blue', quantity: 2, size: 'S', branded: true },
  shirt2: { color: 'blue', quantity: 3, size: 'M', branded: false },
  shirt3: { color: 'green', quantity: 2, branded: false },
};

async function wardrobe() {
  const cluster = await createCustomCluster({ webhook: recolored });
  const definition = widgets({ v1: shirtVersion('color'), v1beta1: shirtVersion('hue') });
  const clientConfig = { url: 'https://example.com/convert' };
  const webhook = { clientConfig, conversionReviewVersions: ['v1'] };
  definition.spec.conversion = { strategy: 'Webhook', webhook };
  const versions = await cluster.define(definition);
  const fill = async () => {
    for (const [name, spec] of Object.entries(shirts)) {
      await cluster.api.object('create', versions.v1!, { body: { metadata: { name }, spec } });
    }
  };
  return { api: cluster.api, versions, fill };
}

/** Upstream's cases, by its test of selectable fields: what is selected, and what of it leaves when shirt1 goes and shirt2 turns green. */
const cases = (['v1', 'v1beta1'] as const).flatMap((version) => {
  const color = version === 'v1' ? 'spec.color' : 'spec.hue';
  return [
    { version, selector: `${color}=blue`, found: ['shirt1', 'shirt2'], left: ['shirt1', 'shirt2'] },
    { version, selector: 'spec.quantity=2', found: ['shirt1', 'shirt3'], left: ['shirt1'] },
    { version, selector: 'spec.size=M', found: ['shirt2'], left: [] },
    { version, selector: 'spec.size=', found: ['shirt3'], left: [] },
    { version, selector: 'spec.branded=false', found: ['shirt2', 'shirt3'], left: [] },
    { version, selector: `${color}=blue,spec.quantity=2`, found: ['shirt1'], left: ['shirt1'] },
    { version, selector: `${color}=blue,spec.branded=false`, found: ['shirt2'], left: ['shirt2'] },
  ];
});

test.each(cases)('$version: $selector selects what is listed and deleted', async (one) => {
  const { api, versions, fill } = await wardrobe();
  await fill();
  const of = versions[one.version]!;
  const query = { fieldSelector: one.selector };
  const namesOf = async (request = {}) =>
    (await api.list(of, request)).items.map(({ object }) => object.metadata.name);
  expect(await namesOf({ query })).toEqual(one.found);
  await api.send('deletecollection', of, { query });
  expect(await namesOf()).toEqual(Object.keys(shirts).filter((name) => !one.found.includes(name)));
});

test.each(cases)('$version: $selector selects what is watched', async (one) => {
  const { api, versions, fill } = await wardrobe();
  const watch = await api.watch(versions[one.version]!, { query: { fieldSelector: one.selector } });
  await fill();
  await api.send('delete', versions.v1!, { name: 'shirt1' });
  const body = { spec: { color: 'green' } };
  await api.send('patch', versions.v1!, { name: 'shirt2', body, mediaType: 'application/merge-patch+json' });
  const seen = (type: string) =>
    watch.said.filter((text) => text.startsWith(type)).map((text) => text.split(/[ @]/)[1]);
  await vi.waitFor(() => expect(seen('DELETED')).toEqual(one.left));
  expect(seen('ADDED')).toEqual(one.found);
});

test.each([
  ['v1', 'spec.nosuchfield=xyz', 'spec.nosuchfield'],
  ['v1', 'spec.hue=blue', 'spec.hue'],
  ['v1beta1', 'spec.color=blue', 'spec.color'],
])('%s knows no others: %s', async (version, fieldSelector, field) => {
  const { api, versions } = await wardrobe();
  const request = { query: { fieldSelector } };
  const refusal = { code: 400, message: `field label not supported: ${field}` };
  await expect(api.send('list', versions[version]!, request)).rejects.toMatchObject(refusal);
  await expect(api.send('watch', versions[version]!, request)).rejects.toMatchObject(refusal);
  await expect(api.send('deletecollection', versions[version]!, request)).rejects.toMatchObject(refusal);
});
