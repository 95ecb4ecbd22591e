import { ipFamily } from '../../machinery/ip.ts';

const isOf = (family: number) => (ip: string) => ipFamily(ip) === family;

/**
 * A pod's addresses, of which there may be several in any order, as its status has them: the first of each family, and first the one of
 * the family that is the node's first. (`sortPodIPs` of `pkg/kubelet/kubelet_pods.go`)
 */
export function inNodeOrder(ips: readonly string[], hostIps: readonly string[]): string[] {
  const first = ipFamily(hostIps[0] ?? '') === 6 ? 6 : 4;
  return [first, first === 6 ? 4 : 6].flatMap((family) => ips.find(isOf(family)) ?? []);
}

/**
 * The addresses of a pod on the node's network: those of the node when the pod came. They stay when the node gets others, but for one of
 * a family that the node did not have.
 */
export function hostNetworkIps(before: readonly string[], hostIps: readonly string[]): string[] {
  const [first] = before;
  if (first === undefined) return [...hostIps];
  const second = hostIps[1];
  const isNew = before.length === 1 && second !== undefined && ipFamily(first) !== ipFamily(second);
  return isNew ? [first, second] : [...before];
}
