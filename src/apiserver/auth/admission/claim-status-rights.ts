import type { NodeSelector } from '../../../api/core/v1.ts';
import type { AllocatedDeviceStatus, ResourceClaim, ResourceClaimStatus } from '../../../api/resource/v1.ts';
import { deepEqual } from '../../../machinery/equal.ts';
import { type FieldError, forbiddenField, invalidObject } from '../../../machinery/field-error.ts';
import { dns1123SubdomainErrors } from '../../../machinery/names.ts';
import type { AdmissionAttributes, AdmissionPlugin } from '../../admission/admission.ts';
import { forbiddenError } from '../../corridor/authorize.ts';
import type { UserInfo } from '../../registry/kind.ts';
import type { Attributes, Authorizer } from '../authorizer.ts';
import { parseServiceAccountName } from '../service-account-name.ts';

const group = 'resource.k8s.io';
const resource = 'resourceclaims';
const nodeNameKey = 'authentication.kubernetes.io/node-name';

/**
 * Who may write the status of a claim may not write all of it: what devices it has and who uses them takes the right to
 * `resourceclaims/binding`, and what a driver says of its devices that to `resourceclaims/driver` under the driver's name
 * (`DRAResourceClaimGranularStatusAuthorization`).
 */
export function claimStatusRights(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'ResourceClaimStatusRights',
    validate(attributes) {
      const { operation, kind, subresource } = attributes;
      if (operation !== 'UPDATE' || subresource !== 'status') return undefined;
      if (kind.resource.plural !== resource || kind.resource.group !== group) return undefined;
      return checkStatus(attributes, authorizer);
    },
  };
}

async function checkStatus(attributes: AdmissionAttributes, authorizer: Authorizer): Promise<void> {
  const { object, old, name } = attributes;
  const [now = {}, before = {}] = [(object as ResourceClaim).status, (old as ResourceClaim).status];
  const errors = [
    ...(await bindingErrors(attributes, authorizer, [now, before])),
    ...(await deviceErrors(attributes, authorizer, [now, before])),
  ];
  if (errors.length > 0) throw invalidObject({ group, kind: 'ResourceClaim' }, name, errors);
}

/** The status as it is to be, and as it stands. */
type Change = readonly [ResourceClaimStatus, ResourceClaimStatus];

async function bindingErrors(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  [now, before]: Change,
): Promise<FieldError[]> {
  const isSame =
    deepEqual(now.allocation, before.allocation) &&
    deepEqual(now.reservedFor ?? [], before.reservedFor ?? []);
  if (isSame) return [];
  const { verb } = attributes;
  const asked = askedFor(attributes, { verb, subresource: 'binding', namespace: '', name: '' });
  const refusal = await refusalOf(authorizer, attributes.context.user, asked);
  if (refusal === undefined) return [];
  const what = 'changing status.allocation or status.reservedFor requires';
  const detail = `${what} resource="resourceclaims/binding", verb="${verb}" permission: ${refusal}`;
  return [forbiddenField('status', detail)];
}

async function deviceErrors(
  attributes: AdmissionAttributes,
  authorizer: Authorizer,
  change: Change,
): Promise<FieldError[]> {
  const drivers = changedDrivers(change);
  if (drivers.length === 0) return [];
  const { user } = attributes.context;
  const anywhere = `arbitrary-node:${attributes.verb}`;
  const isThere = isOnNode(user, onlyNodeOf(change[0].allocation?.nodeSelector));
  const verbs = isThere ? [`associated-node:${attributes.verb}`, anywhere] : [anywhere];
  const errors: FieldError[] = [];
  for (const driver of drivers) {
    const { namespace } = attributes;
    const inquiries = verbs.map((verb) =>
      askedFor(attributes, { verb, subresource: 'driver', namespace, name: driver }),
    );
    const refusal = await refusalOfAll(authorizer, user, inquiries);
    if (refusal === undefined) continue;
    const what = 'changing status.devices requires resource="resourceclaims/driver"';
    const detail = `${what}, verb="[${verbs.join(' ')}]" permission: ${refusal}`;
    errors.push(forbiddenField('status.devices', detail));
  }
  return errors;
}

function askedFor(
  { resource: { version } }: AdmissionAttributes,
  asked: Pick<Attributes, 'verb' | 'subresource' | 'namespace' | 'name'>,
): Attributes {
  return { isResource: true, group, version, resource, path: '', ...asked };
}

/** Why the user may do none of these, by the first; undefined where they may do one. */
async function refusalOfAll(
  authorizer: Authorizer,
  user: UserInfo,
  inquiries: readonly Attributes[],
): Promise<string | undefined> {
  let first: string | undefined;
  for (const asked of inquiries) {
    const refusal = await refusalOf(authorizer, user, asked);
    if (refusal === undefined) return undefined;
    first ??= refusal;
  }
  return first;
}

/** Why the user may not do this; undefined where they may. */
async function refusalOf(
  authorizer: Authorizer,
  user: UserInfo,
  asked: Attributes,
): Promise<string | undefined> {
  const { verdict, reason } = await authorizer.authorize(user, asked);
  return verdict === 'allow' ? undefined : forbiddenError(user, asked, reason).message;
}

const deviceOf = ({ driver, pool, device }: { driver: string; pool: string; device: string }) =>
  [driver, pool, device].join('/');
const givenBy = ({ allocation }: ResourceClaimStatus) =>
  new Set((allocation?.devices?.results ?? []).map(deviceOf));

/**
 * The drivers of devices about which something else is said than before, sorted. What was said of devices that the claim no longer has goes
 * with them, whoever takes them.
 */
export function changedDrivers([now, before]: Change): string[] {
  const keyOf = (device: AllocatedDeviceStatus) => [deviceOf(device), device.shareID ?? ''].join('/');
  const [given, givenBefore] = [givenBy(now), givenBy(before)];
  const isTaken = (device: string) => givenBefore.has(device) && !given.has(device);
  const kept = (before.devices ?? []).filter((device) => !isTaken(deviceOf(device)));
  const old = new Map(kept.map((device) => [keyOf(device), device]));
  const drivers = new Set<string>();
  for (const device of now.devices ?? []) {
    const key = keyOf(device);
    if (!deepEqual(old.get(key), device)) drivers.add(device.driver);
    old.delete(key);
  }
  for (const { driver } of old.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The node that a selector is for, where it is for that one by its name alone. */
export function onlyNodeOf(selector: NodeSelector | undefined): string | undefined {
  const [term, ...more] = selector?.nodeSelectorTerms ?? [];
  if (!term || more.length > 0 || (term.matchExpressions ?? []).length > 0) return undefined;
  const [field, ...others] = term.matchFields ?? [];
  if (field?.key !== 'metadata.name' || field.operator !== 'In' || others.length > 0) return undefined;
  return field.values?.length === 1 ? field.values[0] : undefined;
}

/** Whether a service account speaks from a pod of this node. */
export function isOnNode(user: UserInfo, node: string | undefined): boolean {
  if (!node || !parseServiceAccountName(user.name)) return false;
  const names = user.extra?.[nodeNameKey] ?? [];
  return names.length === 1 && names[0] === node && dns1123SubdomainErrors(node).length === 0;
}
