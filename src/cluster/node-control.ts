import type { Platform } from '../platform/platform.ts';
import { removeNodeProcesses } from './hosts/cleanup.ts';
import { clusterLayout, nodeLayout } from './hosts/layout.ts';
import { agentCommand, agentConfigPath, type Program } from './node-process.ts';
import { isRunning, readState } from './state.ts';
import { UserError } from './user-error.ts';

/** A node of the running cluster in a data directory. */
async function findNode(platform: Platform, dataDir: string, name: string) {
  const state = await readState(platform.files, dataDir);
  if (!state || !(await isRunning(platform.files, state))) {
    throw new UserError(`no cluster runs in ${dataDir}`, 'start one with `k8ts up`');
  }
  const node = state.nodes.find((n) => n.name === name);
  const names = state.nodes.map((n) => n.name).join(', ');
  if (!node) throw new UserError(`there is no node ${name}`, `there are: ${names || 'none'}`);
  if (!node.runtimeSocket) throw new UserError(`${name} is simulated: it has no processes of its own`);
  const network = node.address.slice(0, node.address.lastIndexOf('.'));
  const index = Number(node.address.slice(network.length + 1)) - 1;
  return nodeLayout(clusterLayout(state.id, network), index);
}

/** Whether the agent of a node runs. */
export async function hasAgent(platform: Platform, dataDir: string, name: string): Promise<boolean> {
  const config = agentConfigPath(dataDir, name);
  return (await platform.processes.run('pgrep', ['-f', `agent --config ${config}`])).code === 0;
}

/** Ends everything that runs on a node at once, as if its power had gone: agent, container runtime and containers. */
export async function stopNode(platform: Platform, dataDir: string, name: string): Promise<void> {
  const node = await findNode(platform, dataDir, name);
  await removeNodeProcesses(platform, node);
}

/** Starts the agent of a node whose agent has ended. */
export async function startNode(
  platform: Platform,
  dataDir: string,
  { name, program }: { name: string; program: Program },
): Promise<void> {
  const node = await findNode(platform, dataDir, name);
  if (await hasAgent(platform, dataDir, name)) throw new UserError(`${name} runs already`);
  const [command, args] = agentCommand(program, node, agentConfigPath(dataDir, name));
  await platform.processes.startDetached(command, args, `${dataDir}/nodes/${name}/agent.log`);
}
