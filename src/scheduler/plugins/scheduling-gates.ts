import type { Plugin } from '../framework/framework.ts';

/** A pod with gates waits until all of them have been taken away. */
export function schedulingGates(): Plugin {
  const name = 'SchedulingGates';
  return {
    name,
    changeHelps: (pod, old) =>
      (pod.spec.schedulingGates ?? []).length === 0 && (old.spec.schedulingGates ?? []).length > 0,
    preEnqueue(pod) {
      const gates = (pod.spec.schedulingGates ?? []).map((gate) => gate.name);
      if (gates.length === 0) return undefined;
      const reasons = [`waiting for scheduling gates: [${gates.join(' ')}]`];
      return { plugin: name, reasons, unresolvable: true };
    },
  };
}
