import type { KubeletOptions } from '../config.ts';

/** What the kubelet was told, in the words of `KubeletConfiguration`: the answer of `/configz`. */
export function settingsOf(options: KubeletOptions): Record<string, unknown> {
  const { cluster, node, dirs, cgroupRoot, maxPidsPerPod, seccompDefault = false, server } = options;
  return {
    kind: 'KubeletConfiguration',
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    clusterDNS: cluster.dnsServers,
    clusterDomain: cluster.domain,
    staticPodPath: dirs.staticPods,
    podLogsDir: dirs.logs,
    cgroupRoot,
    podPidsLimit: maxPidsPerPod,
    seccompDefault,
    maxPods: node.maxPods,
    address: server?.host,
    port: server?.port,
  };
}
