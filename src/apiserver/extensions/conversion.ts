import type { CustomResourceConversion } from '../../api/apiextensions/v1.ts';
import type { KubernetesObject } from '../../api/resource.ts';

/** Asks a conversion webhook. Gives the objects in the wanted version, in their order; throws where it cannot. */
export type ConversionWebhook = (
  conversion: CustomResourceConversion,
  request: { name: string; apiVersion: string; objects: readonly KubernetesObject[] },
) => Promise<KubernetesObject[]>;

/** What conversion needs to know of a definition. */
export interface ConversionContext {
  /** Name of the definition. */
  name: string;
  conversion: CustomResourceConversion | undefined;
  webhook: ConversionWebhook;
}

/** Objects in another version: fresh, or as they are where they have that version already. */
export function convert(
  { name, conversion, webhook }: ConversionContext,
  objects: readonly KubernetesObject[],
  apiVersion: string,
): KubernetesObject[] | Promise<KubernetesObject[]> {
  const others = objects.filter((object) => object.apiVersion !== apiVersion);
  if (others.length === 0) return [...objects];
  if (conversion?.strategy !== 'Webhook') {
    return objects.map((object) => (object.apiVersion === apiVersion ? object : { ...object, apiVersion }));
  }
  return webhook(conversion, { name, apiVersion, objects: others }).then((converted) => {
    const next = converted.values();
    return objects.map((object) =>
      object.apiVersion === apiVersion ? object : (next.next().value as KubernetesObject),
    );
  });
}

/** One object in another version: fresh, or as it is where it has that version already. */
export function convertOne(
  context: ConversionContext,
  object: KubernetesObject,
  apiVersion: string,
): KubernetesObject | Promise<KubernetesObject> {
  const converted = convert(context, [object], apiVersion);
  const only = ([made]: KubernetesObject[]) => made as KubernetesObject;
  return converted instanceof Promise ? converted.then(only) : only(converted);
}
