import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts';
import { type AdmissionTimes, placeOf, type Step } from './admission-times.ts';

export interface Questions {
  plugins: readonly AdmissionPlugin[];
  step: Step;
  attributes: AdmissionAttributes;
  /** Those that come last are not asked. */
  isBooked?: boolean;
  /** Told how long the plugins take. */
  times: AdmissionTimes | undefined;
}

/**
 * Asks the plugins in their order. Most of them have nothing to wait for, so only what they promise is waited for:
 * undefined where none of them promises anything.
 */
export function askPlugins(questions: Questions, from = 0): Promise<void> | undefined {
  const { plugins, step, attributes, isBooked, times } = questions;
  const place = times ? placeOf(attributes.operation, step) : 0;
  let startMs = times ? times.clock.monotonic() : 0;
  for (let i = from; i < plugins.length; i++) {
    const plugin = plugins[i] as AdmissionPlugin;
    if (!plugin[step] || (isBooked && plugin.last)) continue;
    let waiting: void | Promise<void>;
    try {
      waiting = plugin[step](attributes);
    } catch (error) {
      times?.plugin(plugin, place, true, startMs);
      throw error;
    }
    if (waiting) return waitFor(waiting, { questions, at: i, place, startMs });
    if (times) startMs = times.plugin(plugin, place, false, startMs);
  }
  return undefined;
}

interface Waited {
  questions: Questions;
  /** Of the plugin that is waited for. */
  at: number;
  place: number;
  startMs: number;
}

/** Waits for one plugin, then asks those after it. */
async function waitFor(waiting: Promise<void>, { questions, at, place, startMs }: Waited): Promise<void> {
  const { plugins, times } = questions;
  let isRejected = true;
  try {
    await waiting;
    isRejected = false;
  } finally {
    times?.plugin(plugins[at] as AdmissionPlugin, place, isRejected, startMs);
  }
  return askPlugins(questions, at + 1);
}

/** Does all of one step, and tells how long it took. */
export function timedStep(
  { step, attributes, plugins, times }: Questions,
  work: () => Promise<void> | undefined,
): Promise<void> | undefined {
  if (!times || plugins.length === 0) return work();
  const place = placeOf(attributes.operation, step);
  const startMs = times.clock.monotonic();
  const over = (isRejected: boolean) => times.step(place, isRejected, startMs);
  let waiting: Promise<void> | undefined;
  try {
    waiting = work();
  } catch (error) {
    over(true);
    throw error;
  }
  if (!waiting) {
    over(false);
    return undefined;
  }
  return waiting.then(
    () => over(false),
    (error: unknown) => {
      over(true);
      throw error;
    },
  );
}
