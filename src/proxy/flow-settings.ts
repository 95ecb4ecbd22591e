/** Settings of the kernel by their names. */
export type FlowSettings = Readonly<Record<string, number>>;

/** Where a node is a network namespace this can be read there, and not set. */
export const mostFlows = 'net.netfilter.nf_conntrack_max';

/** Flows that are remembered at once: so many for each processor, or so many in all. */
const perProcessor = 32_768;
const least = 131_072;

/**
 * What upstream's proxy sets. A connection that one side has closed is remembered for an hour, as long as servers may take to close theirs; the kernel
 * forgets it after a minute, and then the end of the connection reaches its client from a strange address.
 */
const timeouts: FlowSettings = {
  'net.netfilter.nf_conntrack_tcp_timeout_established': 86_400,
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait': 3600,
};

export const flowSettingNames: readonly string[] = [...Object.keys(timeouts), mostFlows];

/**
 * What is to be set, given what is. The number of flows is the whole machine's, and only ever raised.
 */
export function flowChanges(current: FlowSettings, processors: number): FlowSettings {
  const wanted = { ...timeouts, [mostFlows]: Math.max(least, perProcessor * processors) };
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => {
      const now = current[name];
      return now !== undefined && (name === mostFlows ? value > now : value !== now);
    }),
  );
}

/** Reads what `sysctl` prints of settings. */
export function parseSettings(text: string): FlowSettings {
  const lines = [...text.matchAll(/^(\S+) = (\d+)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value]) => [name, Number(value)]));
}
