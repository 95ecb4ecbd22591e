import type { AddressFamily } from '../machinery/address-family.ts';

/** What tells fronts from each other, as a packet has it. */
export const frontIn = ({ nft }: AddressFamily): string => `${nft} daddr . meta l4proto . th dport`;

/** What tells the client of a front from others. */
export const clientIn = (family: AddressFamily): string => `${family.nft} saddr . ${frontIn(family)}`;

/** The type of a front in sets and maps. */
export const frontTypeIn = ({ nftType }: AddressFamily): string => `${nftType} . inet_proto . inet_service`;
