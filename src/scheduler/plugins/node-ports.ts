import type { NodeInfo } from '../cache/node-info.ts';
import type { Plugin } from '../framework/framework.ts';

const reasons = ["node(s) didn't have free ports for the requested pod ports"];
const anyAddress = '0.0.0.0';

/** The same port of the same protocol collides on the same address, and with all addresses. */
function collides(taken: NodeInfo['hostPorts'], wanted: string): boolean {
  if (taken.size === 0) return false;
  const [protocol, address, port] = wanted.split(' ') as [string, string, string];
  if (taken.has(wanted) || taken.has(`${protocol} ${anyAddress} ${port}`)) return true;
  if (address !== anyAddress) return false;
  for (const other of taken) if (other.startsWith(`${protocol} `) && other.endsWith(` ${port}`)) return true;
  return false;
}

/** A node's ports go to one pod only. */
export function nodePorts(): Plugin {
  const name = 'NodePorts';
  return {
    name,
    events: ['Pod/Delete', 'Node/Add'],
    filter: ({ pod }, node) =>
      pod.hostPorts.some((port) => collides(node.hostPorts, port))
        ? { plugin: name, reasons, unresolvable: false }
        : undefined,
  };
}
