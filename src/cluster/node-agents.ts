import type { Platform } from '../platform/platform.ts';
import type { ControlCommand } from './control-socket.ts';
import { removeNodeProcesses } from './hosts/cleanup.ts';
import { type NodeProcessOptions, startNodeProcess } from './node-process.ts';
import { SupervisedAgent } from './supervised-agent.ts';

/** The agents of the nodes of one machine's cluster, each a process of its own that is kept running. */
export class NodeAgents {
  readonly #platform: Platform;
  readonly #onEnd: (node: string, text: string) => void;
  readonly #agents = new Map<string, SupervisedAgent>();

  /** `onEnd` is told when an agent has ended though nobody asked for that, with its last words. */
  constructor(platform: Platform, onEnd: (node: string, text: string) => void) {
    this.#platform = platform;
    this.#onEnd = onEnd;
  }

  /** Starts the agent of a node, and keeps it running. */
  async add(options: NodeProcessOptions): Promise<void> {
    const { name } = options.node;
    const agent = new SupervisedAgent({
      node: name,
      platform: this.#platform,
      launch: (onEnd) => startNodeProcess(options, onEnd),
      endAll: () => removeNodeProcesses(this.#platform, options.node),
      onEnd: (text) => this.#onEnd(name, text),
    });
    this.#agents.set(name, agent);
    await agent.start();
  }

  /** What other commands can ask for: to start a node, and to stop it as if its power had gone. */
  commands(): Record<'start-node' | 'stop-node', ControlCommand> {
    return {
      'start-node': ({ name }) => this.#named(name).start(),
      'stop-node': ({ name }) => this.#named(name).stop(),
    };
  }

  /** From now on none is started again. */
  async release(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.release()));
  }

  #named(name: unknown): SupervisedAgent {
    const agent = this.#agents.get(String(name));
    if (!agent) throw new Error(`there is no node ${name}`);
    return agent;
  }
}
