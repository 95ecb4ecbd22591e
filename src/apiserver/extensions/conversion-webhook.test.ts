import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../api/resource.ts';
import { seededRandom } from '../../platform/random.ts';
import { convert } from './conversion.ts';
import { conversionWebhooks } from './conversion-webhook.ts';

interface Asked {
  client: unknown;
  body: any;
}

/** Asks a webhook that answers as `respond` says; gives what it was asked besides. */
async function convertWith(respond: (request: any) => object, versions = ['v1']) {
  const asked: Asked[] = [];
  const caller = {
    async call({ client, body }: Asked) {
      asked.push({ client, body });
      const { apiVersion, request } = body;
      return { kind: 'ConversionReview', apiVersion, response: { uid: request.uid, ...respond(request) } };
    },
  };
  const webhook = conversionWebhooks({ caller: caller as never, random: seededRandom(1) });
  const clientConfig = { url: 'https://example.com/convert' };
  const conversion = { strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions: versions } };
  const objects = [object('a', 'example.com/v1'), object('b', 'example.com/v2')];
  const converted = convert({ name: 'widgets.example.com', conversion, webhook }, objects, 'example.com/v2');
  return { asked, objects: await converted };
}

const object = (name: string, apiVersion: string): KubernetesObject => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name, uid: `uid-${name}`, finalizers: ['f'], labels: { l: '1' } },
});

const success = (change: (object: any) => object) => (request: any) => ({
  result: { status: 'Success' },
  convertedObjects: request.objects.map((o: object) => ({
    ...o,
    apiVersion: request.desiredAPIVersion,
    ...change(o),
  })),
});

describe('a conversion webhook', () => {
  test('is asked for what has another version alone', async () => {
    const { asked, objects } = await convertWith(success(() => ({ made: true })));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.client).toEqual({ url: 'https://example.com/convert' });
    expect(asked[0]?.body).toMatchObject({
      kind: 'ConversionReview',
      apiVersion: 'apiextensions.k8s.io/v1',
      request: { desiredAPIVersion: 'example.com/v2', objects: [{ metadata: { name: 'a' } }] },
    });
    expect(objects).toMatchObject([
      { apiVersion: 'example.com/v2', made: true },
      { metadata: { name: 'b' } },
    ]);
  });

  test('may change labels and annotations, and no other metadata', async () => {
    const metadata = { name: 'a', uid: 'uid-a', labels: { l: '2' }, finalizers: [] };
    const { objects } = await convertWith(success(() => ({ metadata })));
    expect(objects[0]?.metadata).toEqual({ name: 'a', uid: 'uid-a', finalizers: ['f'], labels: { l: '2' } });
  });

  const head = 'conversion webhook for example.com/v1, Kind=Widget ';
  test.each<[string, (request: any) => object, string]>([
    ['a failure', () => ({ result: { status: 'Failure', message: 'no way' } }), 'failed: no way'],
    ['no verdict', () => ({}), "failed: response.result.status was '', not 'Success'"],
    ['another call', (r) => ({ ...success(() => ({}))(r), uid: 'x' }), 'failed: expected response.uid='],
    [
      'too little',
      () => ({ result: { status: 'Success' }, convertedObjects: [] }),
      'returned 0 objects, expected 1',
    ],
    [
      'another version',
      success(() => ({ apiVersion: 'example.com/v3' })),
      'returned invalid converted object at index 0: invalid groupVersion (expected example.com/v2, received example.com/v3)',
    ],
    [
      'another object',
      success(() => ({ metadata: { name: 'z', uid: 'uid-a' } })),
      'returned invalid converted object at index 0: must have the same name: a != z',
    ],
    [
      'an object of another uid',
      success(() => ({ metadata: { name: 'a', uid: 'uid-z' } })),
      'returned invalid converted object at index 0: must have the same UID: uid-a != uid-z',
    ],
    [
      'a label that is no text',
      success(() => ({ metadata: { name: 'a', uid: 'uid-a', labels: { l: 2 } } })),
      'returned invalid metadata in object at index 0: metadata.labels[l] must be a string, but is int64 in converted object',
    ],
    [
      'annotations that are none',
      success(() => ({ metadata: { name: 'a', uid: 'uid-a', annotations: ['x'] } })),
      'returned invalid metadata in object at index 0: invalid metadata.annotations of type []interface {} in converted object',
    ],
    [
      'a label that is not allowed',
      success(() => ({ metadata: { name: 'a', uid: 'uid-a', labels: { l: 'no space' } } })),
      'returned invalid metadata in object at index 0: metadata.labels: Invalid value: "no space": a valid label must be',
    ],
    [
      'an annotation that is not allowed',
      success(() => ({ metadata: { name: 'a', uid: 'uid-a', annotations: { 'a b': '' } } })),
      'returned invalid metadata in object at index 0: metadata.annotation: Invalid value: "a b": name part must consist of',
    ],
  ])('that answers with %s has failed', async (_, respond, why) => {
    await expect(convertWith(respond)).rejects.toThrow(head + why);
  });

  test('whose versions are not spoken is not asked', async () => {
    await expect(
      convertWith(
        success(() => ({})),
        ['v9'],
      ),
    ).rejects.toThrow('no supported conversion review versions');
  });
});
