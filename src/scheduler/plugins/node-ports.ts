import { nodes, pods } from '../../api/generated/resources.ts';
import { podInfo } from '../cache/node-info.ts';
import { interestIn } from '../framework/events.ts';
import type { Plugin, Refusal } from '../framework/framework.ts';

const name = 'NodePorts';
const reasons = ["node(s) didn't have free ports for the requested pod ports"];
const refusal: Refusal = { plugin: name, reasons, unresolvable: false };
const anyAddress = '0.0.0.0';

/** The same port of the same protocol collides on the same address, and with all addresses. */
function collides(taken: readonly string[], wanted: string): boolean {
  if (taken.length === 0) return false;
  const [protocol, address, port] = wanted.split(' ') as [string, string, string];
  return taken.some((other) => {
    const [otherProtocol, otherAddress, otherPort] = other.split(' ');
    if (protocol !== otherProtocol || port !== otherPort) return false;
    return address === otherAddress || address === anyAddress || otherAddress === anyAddress;
  });
}

/** A node's ports go to one pod only. */
export function nodePorts(): Plugin {
  return {
    name,
    changeHelps: () => false,
    events: [
      interestIn(nodes, ['Add']),
      interestIn(pods, ['Delete'], (pod, gone) => {
        const freed = podInfo(gone).hostPorts;
        return freed.length > 0 && podInfo(pod).hostPorts.some((port) => collides(freed, port));
      }),
    ],
    preFilter: ({ pod }) => (pod.hostPorts.length === 0 ? { skip: true } : undefined),
    sign: ({ hostPorts }) => hostPorts,
    filter: ({ pod }, node) =>
      pod.hostPorts.some((port) => collides(node.hostPorts, port)) ? refusal : undefined,
  };
}
