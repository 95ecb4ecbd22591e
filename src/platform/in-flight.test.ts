import { array, assert, boolean, nat, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { InFlight } from './in-flight.ts';

test('what is under way is found by its number until it is over', () => {
  assert(
    property(array(tuple(nat(30), boolean())), (steps) => {
      const [inFlight, model] = [new InFlight<string>(), new Map<number, string>()];
      for (const [i, [id, begins]] of steps.entries()) {
        if (begins) {
          inFlight.set(id, `${i}`);
          model.set(id, `${i}`);
        } else expect(inFlight.delete(id)).toBe(model.delete(id));
        expect(inFlight.size).toBe(model.size);
        expect([inFlight.get(id), inFlight.has(id)]).toEqual([model.get(id), model.has(id)]);
      }
      const ids = [...model.keys()].sort((a, b) => a - b);
      expect(inFlight.keys()).toEqual(ids);
      expect(inFlight.values()).toEqual(ids.map((id) => model.get(id)));
      const told: string[] = [];
      inFlight.forEach((value) => {
        told.push(value);
        for (const id of ids) inFlight.delete(id);
      });
      expect([told.length, inFlight.size]).toEqual([ids.length, 0]);
    }),
  );
});
