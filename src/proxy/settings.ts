interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the proxy goes by. */
export interface ProxySettings {
  readonly nodeName: string;
  readonly podRanges: readonly string[];
  /** It is the same port on all addresses. */
  readonly health: { readonly port: number };
  readonly diagnostics: Address;
}

/** The same in the words of `KubeProxyConfiguration`, whose fields upstream's `/configz` shows with capitals. */
export function settingsOf({
  nodeName,
  podRanges,
  health,
  diagnostics,
}: ProxySettings): Record<string, unknown> {
  return {
    HostnameOverride: nodeName,
    BindAddress: '0.0.0.0',
    HealthzBindAddress: `0.0.0.0:${health.port}`,
    MetricsBindAddress: `${diagnostics.host}:${diagnostics.port}`,
    Mode: 'nftables',
    NFTables: { MasqueradeBit: 14 },
    DetectLocalMode: 'ClusterCIDR',
    DetectLocal: { ClusterCIDRs: podRanges },
    NodePortAddresses: ['primary'],
    SyncPeriod: '30s',
  };
}
