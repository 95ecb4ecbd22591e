import type { Component } from '../client/component.ts';
import type { Platform } from '../platform/platform.ts';
import { type Agent, type NodeParts, startAgent } from './agent.ts';
import type { AgentConfig } from './agent-config.ts';
import { certificateRenewal } from './certificate-renewal.ts';
import { runComponents } from './run-components.ts';
import { UserError } from './user-error.ts';

/** How often the file is looked at, as upstream looks at files of certificates. */
const lookEveryMs = 60_000;

/** Runs the node of a configuration file, with the certificates that stand in it while it runs. */
export async function runConfigured(path: string, platform: Platform): Promise<Agent> {
  const config = await readConfig(path, platform);
  const agent = await startAgent(config, platform);
  const following = runComponents([followCertificates(path, { config, agent }, platform)], platform);
  return {
    failed: agent.failed,
    async stop() {
      await following.stop();
      await agent.stop();
    },
  };
}

/** Throws a `UserError` where the file cannot be read. */
async function readConfig(path: string, { files }: Pick<Platform, 'files'>): Promise<AgentConfig> {
  try {
    const config = JSON.parse(await files.readText(path)) as AgentConfig;
    if (!Array.isArray(config?.servers)) throw new Error('it names no servers');
    return config;
  } catch (error) {
    throw new UserError(`the node configuration ${path} cannot be read: ${(error as Error).message}`);
  }
}

const certificatesIn = ({ node, proxy, serving }: AgentConfig) =>
  [node, proxy, serving].map(({ certificate }) => certificate).join('');

/** Lets an agent show the certificates of its configuration file whenever others stand there. */
export function followCertificates(
  path: string,
  { config, agent }: { config: AgentConfig; agent: Pick<NodeParts, 'renew'> },
  { files, clock, log }: Pick<Platform, 'files' | 'clock' | 'log'>,
): Component {
  let shown = certificatesIn(config);
  const look = async () => {
    const now = await readConfig(path, { files });
    const certificates = certificatesIn(now);
    if (certificates === shown) return false;
    agent.renew(now);
    shown = certificates;
    return true;
  };
  return certificateRenewal('agent-certificates', { clock, log }, look, lookEveryMs);
}
