import type { ConversionReview, CustomResourceConversion } from '../../api/apiextensions/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';
import { deepEqual } from '../../machinery/equal.ts';
import { isInteger, isNumber } from '../../machinery/exact-json.ts';
import { renderErrors } from '../../machinery/field-error.ts';
import { labelsErrors } from '../../machinery/label-selector.ts';
import { parseApiVersion } from '../../machinery/schema.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { Random } from '../../platform/random.ts';
import type { WebhookCaller } from '../admission/webhooks/caller.ts';
import { annotationErrors } from '../registry/object-meta.ts';
import type { ConversionWebhook } from './conversion.ts';
import { isObject } from './schema/structure.ts';

const timeoutSeconds = 30;
/** Versions of ConversionReview that are spoken. */
const reviewVersions = ['v1', 'v1beta1'];

export interface ConversionWebhooksOptions {
  caller: Pick<WebhookCaller, 'call'>;
  random: Pick<Random, 'uuid'>;
}

/** Asks the webhooks of definitions over the network. */
export function conversionWebhooks({ caller, random }: ConversionWebhooksOptions): ConversionWebhook {
  return async (conversion, { apiVersion, objects }) => {
    const kind = objects[0]?.kind ?? '';
    const { group = '', version = '' } = parseApiVersion(objects[0]?.apiVersion ?? '') ?? {};
    const failed = (why: string) =>
      new StatusError(500, '', `conversion webhook for ${group}/${version}, Kind=${kind} ${why}`);
    const uid = random.uuid();
    const review = reviewOf(conversion, { desiredAPIVersion: apiVersion, objects, uid });
    if (!review) throw new StatusError(500, '', 'no supported conversion review versions');
    const answer = await ask(caller, conversion, review).catch((error: Error) => {
      throw failed(`failed: ${error.message}`);
    });
    const converted = convertedOf(answer, { apiVersion: review.apiVersion, uid });
    if (typeof converted === 'string') throw failed(`failed: ${converted}`);
    if (converted.length !== objects.length) {
      throw failed(`returned ${converted.length} objects, expected ${objects.length}`);
    }
    return converted.map((object, i) => {
      const original = objects[i] as KubernetesObject;
      const wrong = objectError(object, original, apiVersion);
      if (wrong) throw failed(`returned invalid converted object at index ${i}: ${wrong}`);
      const odd = metadataError(object as KubernetesObject, original);
      if (odd) throw failed(`returned invalid metadata in object at index ${i}: ${odd}`);
      return withKeptMetadata(object as KubernetesObject, original);
    });
  };
}

type Review = ConversionReview & { kind: string; apiVersion: string };

function reviewOf(conversion: CustomResourceConversion, request: object): Review | undefined {
  const version = conversion.webhook?.conversionReviewVersions.find((v) => reviewVersions.includes(v));
  return version
    ? { kind: 'ConversionReview', apiVersion: `apiextensions.k8s.io/${version}`, request }
    : undefined;
}

function ask(
  caller: Pick<WebhookCaller, 'call'>,
  { webhook }: CustomResourceConversion,
  body: Review,
): Promise<unknown> {
  const client = webhook?.clientConfig ?? {};
  // What waits for the objects may be many requests: none of them may end the call.
  const { signal } = new AbortController();
  return caller.call({ client, body, timeoutSeconds, signal });
}

/** The objects of an answer, or why it is none. */
function convertedOf(answer: unknown, asked: { apiVersion: string; uid: string }): unknown[] | string {
  if (!isObject(answer)) return 'no response provided';
  const { kind, apiVersion, response } = answer as unknown as Review;
  if (asked.apiVersion.endsWith('/v1') && (kind !== 'ConversionReview' || apiVersion !== asked.apiVersion)) {
    const wanted = `${asked.apiVersion}, Kind=ConversionReview`;
    return `expected webhook response of ${wanted}, got ${apiVersion}, Kind=${kind}`;
  }
  if (!response) return 'no response provided';
  if (asked.apiVersion.endsWith('/v1') && response.uid !== asked.uid) {
    return `expected response.uid="${asked.uid}", got "${response.uid ?? ''}"`;
  }
  const { status = '', message } = response.result ?? {};
  if (status !== 'Success') return message || `response.result.status was '${status}', not 'Success'`;
  return response.convertedObjects ?? [];
}

/** Why a converted object is none of the one that was sent; undefined where it is. */
function objectError(object: unknown, original: KubernetesObject, apiVersion: string): string | undefined {
  if (!isObject(object)) return 'invalid type, expected=Unstructured';
  const converted = object as unknown as KubernetesObject;
  if (converted.apiVersion !== apiVersion) {
    return `invalid groupVersion (expected ${apiVersion}, received ${converted.apiVersion})`;
  }
  if (converted.kind !== original.kind) {
    return `invalid kind (expected ${original.kind}, received ${converted.kind})`;
  }
  for (const field of ['name', 'namespace', 'uid'] as const) {
    const [before = '', now = ''] = [original.metadata[field], converted.metadata?.[field]];
    const called = field === 'uid' ? 'UID' : field;
    if (before !== now) return `must have the same ${called}: ${before} != ${now}`;
  }
  return undefined;
}

/** Why the labels and annotations of a converted object are none; those that it had already are not looked at. */
function metadataError({ metadata }: KubernetesObject, original: KubernetesObject): string | undefined {
  for (const field of ['labels', 'annotations'] as const) {
    const texts: unknown = metadata[field] ?? undefined;
    if (texts === undefined) continue;
    if (!isObject(texts)) return `invalid metadata.${field} of type ${goTypeName(texts)} in converted object`;
    for (const [key, value] of Object.entries(texts)) {
      if (typeof value === 'string') continue;
      return `metadata.${field}[${key}] must be a string, but is ${goTypeName(value)} in converted object`;
    }
    if (deepEqual(texts, original.metadata[field])) continue;
    const changed = texts as Record<string, string>;
    const errors =
      field === 'labels'
        ? labelsErrors(changed, 'metadata.labels')
        : annotationErrors(changed, 'metadata.annotation');
    if (errors.length > 0) return renderErrors(errors);
  }
  return undefined;
}

/** The type of a value as Go has it once it has read it. */
function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (isNumber(value)) return isInteger(value) ? 'int64' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (value === null) return '<nil>';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}

/** A converted object with the metadata that conversion must not touch. */
function withKeptMetadata(converted: KubernetesObject, original: KubernetesObject): KubernetesObject {
  const { labels, annotations } = converted.metadata;
  const { labels: _, annotations: __, ...kept } = original.metadata;
  return {
    ...converted,
    metadata: { ...kept, ...(labels && { labels }), ...(annotations && { annotations }) },
  };
}
