interface Address {
  readonly host: string;
  readonly port: number;
}

/** What the proxy goes by. */
export interface ProxySettings {
  readonly nodeName: string;
  readonly podRange: string;
  readonly health: Address;
  readonly diagnostics: Address;
}

/** The same in the words of `KubeProxyConfiguration`, whose fields upstream's `/configz` shows with capitals. */
export function settingsOf({
  nodeName,
  podRange,
  health,
  diagnostics,
}: ProxySettings): Record<string, unknown> {
  return {
    HostnameOverride: nodeName,
    BindAddress: '0.0.0.0',
    HealthzBindAddress: `${health.host}:${health.port}`,
    MetricsBindAddress: `${diagnostics.host}:${diagnostics.port}`,
    Mode: 'nftables',
    NFTables: { MasqueradeBit: 14 },
    DetectLocalMode: 'ClusterCIDR',
    DetectLocal: { ClusterCIDRs: [podRange] },
    NodePortAddresses: ['primary'],
    SyncPeriod: '30s',
  };
}
