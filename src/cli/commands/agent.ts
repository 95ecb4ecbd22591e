import { readFileSync } from 'node:fs';
import { startAgent } from '../../cluster/agent.ts';
import type { AgentConfig } from '../../cluster/agent-config.ts';
import { UserError } from '../../cluster/user-error.ts';
import { progress } from '../output.ts';
import { platformWith, stderrLog, whenAskedToStop } from '../world.ts';

function readConfig(path: string): AgentConfig {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as AgentConfig;
  } catch (error) {
    throw new UserError(`the node configuration ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Runs one node until it is asked to stop. */
export async function agent(flags: { config: string }): Promise<void> {
  const stopAsked = whenAskedToStop();
  const running = await startAgent(readConfig(flags.config), platformWith(stderrLog()));
  const outcome = await Promise.race([stopAsked, running.failed]);
  if (outcome instanceof Error) progress(`stopping: ${outcome.message}`);
  await running.stop();
  process.exit(outcome instanceof Error ? 1 : 0);
}
