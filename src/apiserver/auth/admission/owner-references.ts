import type { OwnerReference } from '../../../api/meta/v1.ts';
import type { KubernetesObject } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { parseApiVersion } from '../../../machinery/schema.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import { refuse } from '../../admission/refuse.ts';
import type { Kind } from '../../registry/kind.ts';
import type { Attributes, Authorizer, Decision } from '../authorizer.ts';

export const ownerReferencesName = 'OwnerReferencesPermissionEnforcement';

interface Means {
  authorizer: Authorizer;
  /** What is served, as clients see it. */
  served(): Iterable<{ view: Kind }>;
}

/**
 * Only who may delete an object says who owns it, since it goes with its owner; and only who may set the finalizers of an
 * owner says that it waits for the object. Off unless asked for.
 */
export function ownerReferences(means: Means): AdmissionPlugin {
  return {
    name: ownerReferencesName,
    validate(attributes) {
      const { operation, kind, subresource, object, old } = attributes;
      if ((operation !== 'CREATE' && operation !== 'UPDATE') || !object?.metadata) return undefined;
      // What nodes write there leaves the owners as they are.
      if (kind.resource.group === '' && kind.resource.plural === 'pods' && subresource === 'status')
        return undefined;
      const before = ownersOf(old);
      const isSame = deepEqual(ownersOf(object), before);
      return isSame ? undefined : check(attributes, newlyBlocking(ownersOf(object), before), means);
    },
  };
}

const ownersOf = (object: KubernetesObject | undefined) => object?.metadata?.ownerReferences ?? [];

/** Owners that from now on wait for the object. */
const newlyBlocking = (now: readonly OwnerReference[], before: readonly OwnerReference[]) =>
  now.filter(
    (owner) =>
      owner.blockOwnerDeletion &&
      !before.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion),
  );

/** What Go prints of an answer and its error. */
const saidOf = ({ reason, error }: Decision) => `${reason}, ${error ?? '<nil>'}`;

async function check(
  attributes: AdmissionAttributes,
  blocking: readonly OwnerReference[],
  { authorizer, served }: Means,
): Promise<void> {
  const { resource, subresource, namespace, name, context } = attributes;
  const { group, version, plural } = resource;
  const asked = askedFor({ verb: 'delete', group, version, resource: plural, subresource, namespace, name });
  const decision = await authorizer.authorize(context.user, asked);
  if (decision.verdict !== 'allow') {
    const what = "cannot set an ownerRef on a resource you can't delete";
    throw refuse(attributes, `${what}: ${saidOf(decision)}`);
  }
  for (const owner of blocking) {
    for (const finalizers of finalizersOf(owner, namespace, served())) {
      const leave = await authorizer.authorize(context.user, finalizers);
      if (leave.verdict === 'allow') continue;
      const what =
        "cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on";
      throw refuse(attributes, `${what}: ${saidOf(leave)}`);
    }
    if (!isServed(owner, served())) {
      const { apiVersion, kind } = owner;
      const { group: of = '', version: as = '' } = parseApiVersion(apiVersion) ?? {};
      const why = `no matches for kind "${kind}" in version "${of ? `${of}/` : ''}${as}"`;
      const what =
        'cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion';
      throw refuse(attributes, `${what} ${apiVersion} Kind ${kind}: ${why}`);
    }
  }
}

const askedFor = (asked: Omit<Attributes, 'isResource' | 'path'>): Attributes => ({
  isResource: true,
  path: '',
  ...asked,
});

function* resourcesOf({ apiVersion, kind }: OwnerReference, served: Iterable<{ view: Kind }>) {
  const { group, version } = parseApiVersion(apiVersion) ?? {};
  for (const { view } of served) {
    const { resource } = view;
    if (resource.group === group && resource.version === version && resource.kind === kind) yield resource;
  }
}

const isServed = (owner: OwnerReference, served: Iterable<{ view: Kind }>) =>
  !resourcesOf(owner, served).next().done;

/** Leave to set the finalizers of an owner, of each resource that it may be one of. */
function finalizersOf(
  owner: OwnerReference,
  namespace: string,
  served: Iterable<{ view: Kind }>,
): Attributes[] {
  return [...resourcesOf(owner, served)].map(({ group, version, plural, namespaced }) =>
    askedFor({
      verb: 'update',
      group,
      version,
      resource: plural,
      subresource: 'finalizers',
      namespace: namespaced ? namespace : '',
      name: owner.name,
    }),
  );
}
