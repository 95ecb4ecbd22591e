import type { Pod } from '../../../../api/core/v1.ts';
import { ipWarnings } from '../../../../machinery/ip.ts';
import { joined, nothing } from '../../../../machinery/joined.ts';

/** Advice on what is reported of a pod. */
export function podStatusWarnings({ status }: Pod): readonly string[] {
  return joined(addresses('status.podIPs', status?.podIPs), addresses('status.hostIPs', status?.hostIPs));
}

function addresses(field: string, list: readonly { ip: string }[] | undefined): readonly string[] {
  return list?.flatMap(({ ip }, i) => ipWarnings(`${field}[${i}].ip`, ip)) ?? nothing;
}
