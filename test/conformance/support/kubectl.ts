import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubectl36 } from '../../e2e/support/clients.ts';
import { CommandClient } from '../../e2e/support/kubectl.ts';
import type { ConformanceCluster } from './cluster.ts';

/** kubectl for a cluster in this process, with a home of its own. */
export interface Kubectl {
  kubectl: CommandClient;
  home: string;
  remove(): void;
}

export function kubectlFor({ kubeconfigPath: kubeconfig }: ConformanceCluster): Kubectl {
  const home = mkdtempSync(join(tmpdir(), 'k8ts-kubectl-'));
  return {
    kubectl: new CommandClient({ program: kubectl36(), kubeconfig, home }),
    home,
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
