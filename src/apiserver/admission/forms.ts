import type { KubernetesObject } from '../../api/resource.ts';
import { clone, getOwn } from '../../machinery/clone.ts';
import type { Shape } from '../../machinery/managed-fields/shape.ts';
import { type GroupVersionKind, parseApiVersion } from '../../machinery/schema.ts';
import { conformed } from '../registry/conform-object.ts';
import { type Facet, facetOf } from '../registry/facet.ts';
import { shapeOf } from '../registry/managed-fields.ts';
import { stampType } from '../registry/metadata.ts';
import type { Call, Registry } from '../registry/registry.ts';
import { presentObject } from '../registry/view.ts';

/** What a request is about, as one version of the API sees it. */
export interface Form {
  resource: { group: string; version: string; resource: string };
  kind: GroupVersionKind;
  /** An object of the request in this form. Not to be changed. */
  show(object: KubernetesObject): KubernetesObject;
  /** An object in this form, fresh and to be used up, as the request has it: with defaults, without what is unknown. */
  take(sent: KubernetesObject, current: KubernetesObject): KubernetesObject;
  /** How its fields merge; absent where the object is none of a kind of its own. */
  shape?: (() => Shape) | undefined;
}

/** The forms of what a request is about, that of the request itself first. `object`: what was sent. */
export function formsOf(call: Call, object: KubernetesObject | undefined): Form[] {
  const { registry, environment, request } = call;
  const facet = facetOf(call);
  if (!facet) return [bodyForm(call, object)];
  const others = environment.versions(registry).filter((other) => other !== registry);
  return [registry, ...others].map((served) => facetForm({ request, registry: served, environment }));
}

const resourceOf = ({ view: { resource } }: Registry): Form['resource'] => ({
  group: resource.group,
  version: resource.version,
  resource: resource.plural,
});

function facetForm(call: Call): Form {
  const { view } = call.registry;
  const facet = facetOf(call) as Facet;
  const { group, version, kind } = facet.gvk;
  const isWhole = facet.type === view.resource.type;
  return {
    resource: resourceOf(call.registry),
    kind: { group, version, kind },
    show: (object) => facet.show(presentObject(call, object)),
    take: (sent, current) => taken(call, sent, current),
    shape: isWhole ? () => shapeOf(view) : undefined,
  };
}

function taken(call: Call, sent: KubernetesObject, current: KubernetesObject): KubernetesObject {
  const { view, kind } = call.registry;
  const facet = facetOf(call) as Facet;
  const { object } = conformed(sent, facet.type);
  object.metadata ??= {};
  facet.prune(object);
  facet.defaults(object);
  const made = facet.take(object, clone(presentObject(call, current)));
  if (!view.storedAs) return made;
  const stored = view.storedAs.toStored(made);
  stampType(stored, kind.resource);
  return stored;
}

/** What a subresource takes is of a kind of its own, such as an Eviction. */
function bodyForm({ registry, request }: Call, object: KubernetesObject | undefined): Form {
  const known = getOwn(registry.kind.subresources, request.info.subresource)?.gvk;
  const said = parseApiVersion(object?.apiVersion ?? '') ?? { group: '', version: '' };
  return {
    resource: resourceOf(registry),
    kind: known ?? { ...said, kind: object?.kind ?? '' },
    show: (shown) => shown,
    take: (sent) => sent,
  };
}
