import type { PodRange } from '../controllers/node-ipam/node-ipam.ts';
import { type AddressFamily, familyOf, ipv4, ipv6 } from '../machinery/address-family.ts';
import { numberedRange } from '../machinery/ip-number.ts';
import { badRange, cidrsOverlap, looseCidr } from '../machinery/ip.ts';
import { deepEqual } from '../machinery/equal.ts';
import type { Log } from '../platform/log.ts';
import { type Store, StoreError } from '../store/store.ts';
import { UserError } from './user-error.ts';

/** Where pods have their addresses: one range, or two of different families. The first is of the family that nodes and pods have first. */
export interface PodNetwork {
  readonly ranges: readonly PodRange[];
}

/** What a user says of the addresses of pods; the names are those of upstream's flags. */
export interface PodNetworkSettings {
  /** Ranges with a comma between them. */
  clusterCidr?: string | undefined;
  /** With how many bits all addresses of the part of one node begin, by the family. */
  nodeCidrMaskSize?: number | undefined;
  nodeCidrMaskSizeIpv4?: number | undefined;
  nodeCidrMaskSizeIpv6?: number | undefined;
}

/** What the addresses of pods are to be, before it is known whether the cluster has others. */
export interface WantedPodNetwork {
  network: PodNetwork;
  /** Whether a user has said it. */
  isTold: boolean;
}

const usualNodeBits = { IPv4: 24, IPv6: 64 };

/** Those of a cluster of which nobody says anything else. */
export const usualPodNetwork: PodNetwork = { ranges: [{ cidr: '10.244.0.0/16', nodeBits: 24 }] };
/** The same where that has no part for each node; has it inside. */
export const largePodNetwork: PodNetwork = { ranges: [{ cidr: '10.128.0.0/9', nodeBits: 24 }] };

export const cidrsOf = ({ ranges }: PodNetwork): string[] => ranges.map(({ cidr }) => cidr);
export const familiesOf = (network: PodNetwork): AddressFamily[] => cidrsOf(network).map(familyOf);

/** Upstream counts the parts of a range of IPv6 in a table with a place for each. */
const mostIpv6PartBits = 16;
/** A part has an address for the network, one for the node, and one for a pod. */
const fewestHostBits = 2;

/** Reads what is said of the addresses of pods, `usual` where nothing is. Throws a `UserError` for what upstream's controller manager refuses. */
export function readPodNetwork(settings: PodNetworkSettings, usual = usualPodNetwork): WantedPodNetwork {
  const { clusterCidr } = settings;
  const cidrs = clusterCidr ? parse(clusterCidr) : cidrsOf(usual);
  const bits = nodeBitsOf(settings, cidrs.map(familyOf));
  const ranges = cidrs.map((cidr) => ({ cidr, nodeBits: bits[familyOf(cidr).name] }));
  for (const range of ranges) checkParts(range);
  return { network: { ranges }, isTold: clusterCidr !== undefined && clusterCidr !== '' };
}

function parse(text: string): string[] {
  const texts = text.trim().split(',');
  const bad = badRange(texts);
  if (bad !== undefined) throw new UserError(`--cluster-cidr: ${bad}`);
  const cidrs = texts.map((one) => looseCidr(one) ?? one);
  const families = new Set(cidrs.map(familyOf)).size;
  if (cidrs.length > 1 && families < 2)
    throw new UserError(
      `len of ClusterCIDRs==${cidrs.length} and they are not configured as dual stack (at least one from each IPFamily`,
      'give --cluster-cidr one range, or one of each family',
    );
  if (cidrs.length > 2)
    throw new UserError(`length of clusterCIDRs is:${cidrs.length} more than max allowed of 2`);
  return cidrs;
}

function nodeBitsOf(
  { nodeCidrMaskSize: any, nodeCidrMaskSizeIpv4: bits4, nodeCidrMaskSizeIpv6: bits6 }: PodNetworkSettings,
  families: readonly AddressFamily[],
): Record<AddressFamily['name'], number> {
  const isSingle = families.length === 1;
  if (any && !isSingle)
    throw new UserError('usage of --node-cidr-mask-size is not allowed with dual-stack clusters');
  if (any && (bits4 || bits6))
    throw new UserError(
      'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
    );
  if (bits4 && isSingle && families[0] === ipv6)
    throw new UserError('usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster');
  if (bits6 && isSingle && families[0] === ipv4)
    throw new UserError('usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster');
  return { IPv4: any || bits4 || usualNodeBits.IPv4, IPv6: any || bits6 || usualNodeBits.IPv6 };
}

function checkParts({ cidr, nodeBits }: PodRange): void {
  const { family, bits } = numberedRange(cidr);
  if (bits > nodeBits)
    throw new UserError(
      'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
      `${cidr} has no part of ${nodeBits} bits: give a larger range, or --node-cidr-mask-size-${family.name.toLowerCase()}`,
    );
  if (family === ipv6 && nodeBits - bits > mostIpv6PartBits)
    throw new UserError(
      'New CIDR set failed; the node CIDR size is too big',
      `${cidr} has more than ${2 ** mostIpv6PartBits} parts of ${nodeBits} bits: give --node-cidr-mask-size-ipv6, or a smaller range`,
    );
  if (nodeBits > family.bits - fewestHostBits)
    throw new UserError(`a part of ${nodeBits} bits of ${cidr} has no addresses for pods`);
}

/** Beside the registry's keys: it is no object of the API. */
const storeKey = '/k8ts/pod-network';

/**
 * The addresses that pods have in the cluster in a store, which remembers them. A range may be made larger and one of a second family added,
 * since nodes keep what they have; what else is said is told to be not heeded, for nodes have theirs by what stands.
 */
export async function keptPodNetwork(
  store: Store,
  { network: wanted, isTold }: WantedPodNetwork,
  log: Log,
): Promise<PodNetwork> {
  for (;;) {
    const entry = await store.get(storeKey);
    const kept = entry && (JSON.parse(Buffer.from(entry.value).toString()) as PodNetwork);
    const network = !kept || (isTold ? continues : widens)(wanted, kept) ? wanted : kept;
    if (isTold && network !== wanted)
      log.warn('the pods of the cluster have other ranges than --cluster-cidr names: they stay', {
        has: cidrsOf(network),
        told: cidrsOf(wanted),
      });
    if (deepEqual(network, kept)) return network;
    const value = Buffer.from(JSON.stringify(network));
    try {
      await store.commit({ writes: [{ type: 'put', key: storeKey, value, expected: entry?.revision ?? 0 }] });
      return network;
    } catch (error) {
      // Another server was quicker.
      if (!(error instanceof StoreError) || error.code !== 'Conflict') throw error;
    }
  }
}

/** Whether all addresses of the ranges before are in those after, in the same order of families. */
function continues(after: PodNetwork, before: PodNetwork): boolean {
  return before.ranges.every(({ cidr }, i) => {
    const next = after.ranges[i]?.cidr;
    return next !== undefined && cidrsOverlap(next, cidr) && bitsOf(next) <= bitsOf(cidr);
  });
}

/** What nobody has asked for changes a range only where that has become too small. */
const widens = (after: PodNetwork, before: PodNetwork) =>
  after.ranges.length === before.ranges.length && continues(after, before);

const bitsOf = (cidr: string) => numberedRange(cidr).bits;
