import { mustRun, type Processes } from '../platform/processes.ts';
import type { ProxyBackend } from './backend.ts';
import { table } from './ruleset.ts';

/** Rules by `nft`, in a table of our own. A file is one transaction: all of it or nothing. */
export function nftablesBackend(processes: Processes): ProxyBackend {
  return {
    apply: async (script) => void (await mustRun(processes, 'nft', ['-f', '-'], { input: script })),
    isInstalled: async () =>
      (await processes.run('nft', ['list', 'chain', 'ip', table, 'nat-prerouting'])).code === 0,
    forgetFlows: async ({ protocol, address, port }) => {
      // Exit code 1 says that there was no such flow.
      const args = ['-D', '-p', protocol, '--orig-dst', address, '--orig-port-dst', String(port)];
      await processes.run('conntrack', args);
    },
    remove: async () => void (await processes.run('nft', ['delete', 'table', 'ip', table])),
  };
}
