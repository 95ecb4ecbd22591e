import type { ParamKind, ParamRef } from '../../../api/admissionregistration/v1.ts';
import { mutatingadmissionpolicies, validatingadmissionpolicies } from '../../../api/generated/resources.ts';
import type { Resource } from '../../../api/resource.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { forbiddenField, invalidObject } from '../../../machinery/field-error.ts';
import { formatApiVersion, parseApiVersion } from '../../../machinery/schema.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import type { Binding, Policy } from '../../admission/policies/policy-set.ts';
import type { Kind, UserInfo } from '../../registry/kind.ts';
import { type Attributes, type Authorizer, privilegedGroup } from '../authorizer.ts';

interface Means {
  authorizer: Authorizer;
  /** What is served, as clients see it. */
  served(): Iterable<{ view: Kind }>;
}

const group = 'admissionregistration.k8s.io';

/** Of bindings, where their policies are. */
const policiesOf = new Map<string, Resource>([
  ['validatingadmissionpolicybindings', validatingadmissionpolicies as Resource],
  ['mutatingadmissionpolicybindings', mutatingadmissionpolicies as Resource],
]);

/**
 * Who writes a policy that has parameters, or binds it to some, must be able to read these: its expressions see what is in them, and
 * tell it.
 */
export function policyParams(means: Means): AdmissionPlugin {
  return {
    name: 'AdmissionPolicyParams',
    validate(attributes) {
      const { kind, subresource, operation, object, context } = attributes;
      const { group: of, plural } = kind.resource;
      if (of !== group || subresource !== '' || !object || operation === 'DELETE') return undefined;
      if (context.user.groups.includes(privilegedGroup)) return undefined;
      const policies = policiesOf.get(plural);
      if (policies) return checkBinding(attributes, policies, means);
      const hasParams =
        plural === validatingadmissionpolicies.plural || plural === mutatingadmissionpolicies.plural;
      return hasParams ? checkPolicy(attributes, means) : undefined;
    },
  };
}

async function checkPolicy(attributes: AdmissionAttributes, means: Means): Promise<void> {
  const { paramKind } = (attributes.object as Policy).spec;
  if (!paramKind || deepEqual(paramKind, (attributes.old as Policy | undefined)?.spec.paramKind)) return;
  const asked = { ...resourceOf(paramKind, means), verb: 'get', name: '*', namespace: '*' };
  if (await may(attributes, asked, means)) return;
  const { kind = '', apiVersion = '' } = paramKind;
  const who = goUser(attributes.context.user);
  const what = 'must have "get" permission on all objects of the referenced paramKind';
  throw refused(attributes, 'spec.paramKind', `user ${who} ${what} (kind=${kind}, apiVersion=${apiVersion})`);
}

async function checkBinding(
  attributes: AdmissionAttributes,
  policies: Resource,
  means: Means,
): Promise<void> {
  const { paramRef, policyName = '' } = (attributes.object as Binding).spec;
  const before = (attributes.old as Binding | undefined)?.spec;
  if (!paramRef || (deepEqual(paramRef, before?.paramRef) && policyName === before?.policyName)) return;
  const policy = attributes.context.get(policies, { name: policyName }) as Policy | undefined;
  const resource = resourceOf(policy?.spec.paramKind, means);
  const verb = paramRef.name ? 'get' : 'list';
  if (await may(attributes, { ...resource, verb, ...placeOf(paramRef) }, means)) return;
  const what = `does not have "${verb}" permission on the object referenced by paramRef`;
  throw refused(attributes, 'spec.paramRef', `user ${goUser(attributes.context.user)} ${what}`);
}

/** Without a namespace, those of any may be meant. */
const placeOf = ({ name = '', namespace = '' }: ParamRef) => ({ name, namespace });

type AskedResource = Pick<Attributes, 'group' | 'version' | 'resource'>;

/** The resource of parameters as far as it is known; anything where it is not. */
function resourceOf(paramKind: ParamKind | undefined, { served }: Means): AskedResource {
  const found = paramKind && parseApiVersion(paramKind.apiVersion ?? '');
  if (!found) return { group: '*', version: '*', resource: '*' };
  for (const { view } of served()) {
    const { resource } = view;
    if (resource.kind === paramKind.kind && formatApiVersion(resource) === paramKind.apiVersion)
      return { ...found, resource: resource.plural };
  }
  return { ...found, resource: '*' };
}

async function may(
  { context }: AdmissionAttributes,
  asked: AskedResource & Pick<Attributes, 'verb' | 'name' | 'namespace'>,
  { authorizer }: Means,
): Promise<boolean> {
  const attributes: Attributes = { isResource: true, subresource: '', path: '', ...asked };
  return (await authorizer.authorize(context.user, attributes)).verdict === 'allow';
}

/** A user as Go prints one. */
function goUser({ name, uid = '', groups, extra = {} }: UserInfo): string {
  const keys = Object.keys(extra).sort();
  const more = keys.map((key) => `${key}:[${(extra[key] ?? []).join(' ')}]`);
  return `&{${name} ${uid} [${groups.join(' ')}] map[${more.join(' ')}]}`;
}

function refused({ kind, name }: AdmissionAttributes, field: string, why: string) {
  return invalidObject({ group, kind: kind.resource.kind }, name, [forbiddenField(field, why)]);
}
