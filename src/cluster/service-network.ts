import { addressAt, addressRange, isAllottable } from '../apiserver/kinds/core/service/address-range.ts';
import { defaultRangeName, usualServiceCidrs } from '../apiserver/kinds/core/service/service.ts';
import { servicecidrs } from '../api/generated/resources.ts';
import type { ServiceCIDR } from '../api/networking/v1.ts';
import { decodeStored, storedJsonOf } from '../apiserver/cache/encoding.ts';
import { EncryptingStore } from '../apiserver/encryption/encrypting-store.ts';
import type { ResourceTransformers } from '../apiserver/encryption/resource-transformers.ts';
import { TransformError } from '../apiserver/encryption/transform-error.ts';
import { objectKey } from '../apiserver/registry/keys.ts';
import type { ApiServer } from '../apiserver/server.ts';
import { cidrsOverlap, ipFamily, looseCidr } from '../machinery/ip.ts';
import { deepEqual } from '../machinery/equal.ts';
import type { Log } from '../platform/log.ts';
import type { Store } from '../store/store.ts';
import { UserError } from './user-error.ts';

/** Where Services have their addresses, and what follows from that. */
export interface ServiceNetwork {
  /** One range or two of different families, in their canonical form. Services have the family of the first unless they say. */
  ranges: readonly string[];
  /** The Service `kubernetes`, which is the API server as pods see it: the first address of the first range. */
  apiServiceAddress: string;
  /** Cluster DNS: the tenth. */
  dnsAddress: string;
}

export function serviceNetworkOf(ranges: readonly string[]): ServiceNetwork {
  const first = addressRange(ranges[0] as string);
  return { ranges, apiServiceAddress: addressAt(first, 1), dnsAddress: addressAt(first, 10) };
}

/** That of a cluster of which nobody says anything else. */
export const usualServiceNetwork = serviceNetworkOf(usualServiceCidrs);

/** What else has addresses in a cluster. */
export interface OtherAddresses {
  /** Those of all pods: one range, or two of different families. */
  podRanges: readonly string[];
  /** Where others find the API server: addresses, or the ranges that they will be of. Anywhere where there are none. */
  publicAddresses?: readonly string[];
}

/**
 * Reads `--service-cluster-ip-range`: one range, or two with a comma between them; the usual ones where it says nothing. Throws a
 * `UserError` for what upstream's API server refuses, for ranges without an address for DNS, as kubeadm does, and for those in which
 * others have their addresses.
 */
export function readServiceNetwork(text: string | undefined, others: OtherAddresses): ServiceNetwork {
  const ranges = text ? parse(text) : usualRanges(others.podRanges);
  for (const range of ranges) checkSize(range);
  const network = serviceNetworkOf(ranges);
  checkPublicAddress(network, others);
  refuseTaken(network, others);
  return network;
}

/** Of the families that pods have, and in their order. */
const usualRanges = (podRanges: readonly string[]): readonly string[] =>
  podRanges.map((range) => (familyOf(range) === 6 ? usualServiceCidr6 : (usualServiceCidrs[0] as string)));

/** The usual one of kind. */
const usualServiceCidr6 = 'fd00:10:96::/112';

/** Throws a `UserError` where Services would have addresses that others have. */
export function refuseTaken(
  { ranges }: ServiceNetwork,
  { podRanges, publicAddresses = [] }: OtherAddresses,
): void {
  for (const other of [...podRanges, ...publicAddresses]) {
    const overlapping = ranges.find((range) => cidrsOverlap(range, asRange(other)));
    if (overlapping !== undefined)
      throw new UserError(
        `--service-cluster-ip-range ${overlapping} has addresses that ${podRanges.includes(other) ? 'pods' : 'servers'} have: ${other}`,
        `choose another, such as ${usualRanges([overlapping])[0]}`,
      );
  }
}

const asRange = (text: string) => (text.includes('/') ? text : `${text}/${ipFamily(text) === 6 ? 128 : 32}`);
const familyOf = (range: string) => ipFamily(range.slice(0, range.indexOf('/')));

function parse(text: string): string[] {
  const texts = text.split(',');
  if (texts.length > 2)
    throw new UserError('--service-cluster-ip-range must not contain more than two entries');
  const ranges = texts.map((one, i) => {
    const range = looseCidr(one);
    if (range !== undefined) return range;
    throw new UserError(`service-cluster-ip-range[${i}] is not ${i === 0 ? 'a valid cidr' : 'an ip net'}`);
  });
  const [first = '', second] = ranges;
  if (second !== undefined && familyOf(first) === familyOf(second))
    throw new UserError(
      '--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family',
    );
  return ranges;
}

/** The tenth address is that of DNS. */
const fewestAddresses = 10;

function checkSize(range: string): void {
  const bits = Number(range.slice(range.indexOf('/') + 1));
  const count = 2 ** ((familyOf(range) === 6 ? 128 : 32) - bits);
  if (count < fewestAddresses)
    throw new UserError(
      `--service-cluster-ip-range ${range}: subnet with ${count} address(es) is too small, the minimum is ${fewestAddresses}`,
    );
  if (!isAllottable(range))
    throw new UserError(
      `--service-cluster-ip-range ${range}: shortest allowed prefix length for service CIDR is 64, got ${bits}`,
    );
}

/** The Service `kubernetes` has one family, and so must what it leads to. */
function checkPublicAddress({ ranges }: ServiceNetwork, { publicAddresses = [] }: OtherAddresses): void {
  const [first = ''] = ranges;
  const isOfFamily = (address: string) => familyOf(asRange(address)) === familyOf(first);
  if (publicAddresses.length === 0 || publicAddresses.some(isOfFamily)) return;
  throw new UserError(
    `service IP family "${first}" must match public address family "${publicAddresses[0]}"`,
    'name a range of that family first',
  );
}

/**
 * The ranges that the cluster has, where it was made with others than this start has been told: what stands in the cluster
 * is what its Services live by. To be asked once the server has started.
 */
export function serviceNetworkNow(
  { dispatcher }: Pick<ApiServer, 'dispatcher'>,
  told: ServiceNetwork,
  log: Log,
): ServiceNetwork {
  const ranges = dispatcher.reader.get(servicecidrs, { name: defaultRangeName })?.spec.cidrs;
  if (!ranges?.length || deepEqual(ranges, told.ranges)) return told;
  log.warn('the cluster has its Services in other ranges than --service-cluster-ip-range names: they stay', {
    has: ranges,
    told: told.ranges,
  });
  return serviceNetworkOf(ranges);
}

/**
 * That of the cluster whose objects are in a store; undefined where it has none yet. `encryption` opens them where they are encrypted.
 * To be asked before a server is made, since what it allots follows from it.
 */
export async function storedServiceNetwork(
  store: Store,
  encryption: ResourceTransformers | undefined,
): Promise<ServiceNetwork | undefined> {
  const { group, plural: resource } = servicecidrs;
  const opened = encryption ? new EncryptingStore(store, encryption, () => ({ group, resource })) : store;
  const entry = await opened.get(objectKey(servicecidrs, { name: defaultRangeName }));
  if (!entry) return undefined;
  try {
    const { spec } = decodeStored(storedJsonOf(entry.value), entry.revision) as ServiceCIDR;
    return spec?.cidrs?.length ? serviceNetworkOf(spec.cidrs) : undefined;
  } catch (error) {
    if (!(error instanceof TransformError)) throw error;
    const what = `${resource}.${group} (${error.message})`;
    throw new TransformError(`the server cannot start without what cannot be decrypted: ${what}`);
  }
}
