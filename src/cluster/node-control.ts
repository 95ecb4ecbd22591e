import type { Platform } from '../platform/platform.ts';
import { askControl } from './control-socket.ts';
import { agentConfigPath } from './node-process.ts';
import { isRunning, readState } from './state.ts';
import { UserError } from './user-error.ts';

/** Throws a `UserError` where no cluster runs in a data directory that has a node of that name with processes of its own. */
async function checkNode({ files }: Platform, dataDir: string, name: string): Promise<void> {
  const state = await readState(files, dataDir);
  if (!state || !(await isRunning(files, state)))
    throw new UserError(`no cluster runs in ${dataDir}`, 'start one with `k8ts up`');
  const node = state.nodes.find((n) => n.name === name);
  const names = state.nodes.map((n) => n.name).join(', ');
  if (!node) throw new UserError(`there is no node ${name}`, `there are: ${names || 'none'}`);
  if (!node.runtimeSocket) throw new UserError(`${name} is simulated: it has no processes of its own`);
}

/** Whether the agent of a node runs. */
export async function hasAgent(platform: Platform, dataDir: string, name: string): Promise<boolean> {
  const config = agentConfigPath(dataDir, name);
  return (await platform.processes.run('pgrep', ['-f', `agent --config ${config}`])).code === 0;
}

/** Ends everything that runs on a node at once, as if its power had gone: agent, container runtime and containers. */
export async function stopNode(platform: Platform, dataDir: string, name: string): Promise<void> {
  await checkNode(platform, dataDir, name);
  await ask(dataDir, { command: 'stop-node', name });
}

/** Starts the agent of a node that was stopped, or whose agent has ended and would be started later. */
export async function startNode(platform: Platform, dataDir: string, name: string): Promise<void> {
  await checkNode(platform, dataDir, name);
  await ask(dataDir, { command: 'start-node', name });
}

/** The process of the cluster keeps the agents running, so it is asked. */
async function ask(dataDir: string, request: { command: string; name: string }): Promise<void> {
  try {
    for await (const _ of askControl(dataDir, request));
  } catch (error) {
    throw new UserError((error as Error).message);
  }
}
