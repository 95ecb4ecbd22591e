import { resolve } from 'node:path';
import { clusterStatus } from '../../cluster/status.ts';
import { unrecordedProcess } from '../../cluster/unrecorded-process.ts';
import { answerColors as colors, print } from '../output.ts';
import { platformWith, stderrLog } from '../world.ts';

/** Prints what runs, and what is unwell and why; exit code 1 where anything is. */
export async function status(flags: { dataDir: string }): Promise<void> {
  const dataDir = resolve(flags.dataDir);
  const platform = platformWith(stderrLog('warn'));
  const report = await clusterStatus(platform, dataDir);
  const lost = report ? undefined : await unrecordedProcess(platform.files, dataDir);
  if (lost) {
    print(
      `running  process ${lost.pid}, whose data directory has been removed: it writes nothing any more; \`k8ts down\` ends it`,
    );
    process.exitCode = 1;
    return;
  }
  if (!report?.running) {
    print(report ? 'not running: the last one ended without cleaning up; `k8ts down` does' : 'not running');
    process.exitCode = 1;
    return;
  }
  const { state, nodes, unwell } = report;
  if (state.server === '') {
    print(`starting  process ${state.pid}`);
    process.exitCode = 1;
    return;
  }
  print(`running  ${state.server}  process ${state.pid}  kubeconfig=${state.kubeconfig}`);
  for (const node of nodes) {
    const mark = node.ready ? colors.green('ready    ') : colors.red('not ready');
    print(`${mark} ${node.name}  ${node.pods} pods${node.ready ? '' : `  ${node.why}`}`);
  }
  for (const { pod, why } of unwell) print(`${colors.yellow('unwell   ')} ${pod}  ${why}`);
  if (unwell.length > 0 || nodes.some((node) => !node.ready)) process.exitCode = 1;
}
