/** Settings of the kernel without which a node passes on nothing between its pods, others' and Services. */
export const forwardingSettings = (isIPv6: boolean): string[] => [
  'net.ipv4.ip_forward=1',
  // Without it, pod to service to pod on one bridge loses its way back.
  'net.bridge.bridge-nf-call-iptables=1',
  ...(isIPv6 ? ['net.ipv6.conf.all.forwarding=1', 'net.bridge.bridge-nf-call-ip6tables=1'] : []),
];
