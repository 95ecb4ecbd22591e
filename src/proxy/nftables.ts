import { type AddressFamily, addressFamilies, familyOf, ipv4, ipv6 } from '../machinery/address-family.ts';
import { hasIPv6, runNft } from '../platform/nft.ts';
import { mustRun, type Processes } from '../platform/processes.ts';
import type { Flow, ProxyBackend } from './backend.ts';
import { table } from './chains.ts';
import { flowChanges, flowSettingNames, mostFlows, parseSettings } from './flow-settings.ts';

/** Rules by `nft`, in a table of our own for each family. A file is one transaction: all of it or nothing. */
export function nftablesBackend(processes: Processes): ProxyBackend {
  return {
    prepare: () => setFlows(processes),
    apply: (script) => runNft(processes, script),
    families: async () => ((await hasIPv6(processes, table)) ? addressFamilies : [ipv4]),
    isInstalled: async ({ nft }) =>
      (await processes.run('nft', ['list', 'chain', nft, table, 'nat-prerouting'])).code === 0,
    forgetFlows: async (flows) => {
      // Exit code 1 says that there was no such flow.
      let count = 0;
      for (const args of flowsToDelete(flows)) {
        const { stderr } = await processes.run('conntrack', ['-D', ...args]);
        count += Number(/(\d+) flow entries have been deleted/.exec(stderr)?.[1] ?? 0);
      }
      return count;
    },
    remove: async () => {
      for (const { nft } of addressFamilies) await processes.run('nft', ['delete', 'table', nft, table]);
    },
  };
}

/** Ports of one address that are told one by one. */
const mostPorts = 8;

/**
 * What tells conntrack of the flows, each list for one call. Each call has the kernel show all flows there are, and others wait for their
 * rules meanwhile; so of an address of which many ports are meant all are.
 */
function flowsToDelete(flows: readonly Flow[]): string[][] {
  const byAddress = new Map<string, Flow[]>();
  for (const flow of flows) {
    const key = `${flow.protocol} ${flow.address}`;
    const known = byAddress.get(key);
    if (known) known.push(flow);
    else byAddress.set(key, [flow]);
  }
  return [...byAddress.values()].flatMap((those) => {
    const to = ({ protocol, address }: Flow) => [
      ...familyArgs(familyOf(address)),
      ...['-p', protocol, '--orig-dst', address],
    ];
    if (those.length > mostPorts) return those.slice(0, 1).map(to);
    return those.map((flow) => [...to(flow), '--orig-port-dst', String(flow.port)]);
  });
}

/** conntrack takes addresses for those of IPv4 unless told. */
const familyArgs = (family: AddressFamily) => (family === ipv6 ? ['-f', 'ipv6'] : []);

async function setFlows(processes: Processes): Promise<void> {
  const { stdout: count } = await processes.run('nproc', ['--all']);
  const { stdout } = await processes.run('sysctl', flowSettingNames);
  const changes = Object.entries(flowChanges(parseSettings(stdout), Number(count) || 1));
  const { [mostFlows]: most, ...own } = Object.fromEntries(
    changes.map(([name, value]) => [name, `${name}=${value}`]),
  );
  if (most) await processes.run('sysctl', ['-q', '-w', most]);
  if (Object.keys(own).length > 0) await mustRun(processes, 'sysctl', ['-q', '-w', ...Object.values(own)]);
}
