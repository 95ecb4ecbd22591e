import {
  type Plugin,
  type Point,
  points,
  type PostFilterResult,
  type PreFilterResult,
  type Profile,
  type Refusal,
} from '../framework/framework.ts';
import { type Status, statusOfError, statusOfRefusal, statusOfRoom } from '../framework/stopwatch.ts';

/** How calls of plugins are timed. */
interface Timing {
  nowMs(): number;
  /** Told of each call when it is over. */
  observe(call: { plugin: string; point: string; status: Status; startMs: number }): void;
}

type FunctionName = Exclude<keyof Plugin, 'name' | 'events'>;
type AnyFunction = (...args: readonly unknown[]) => unknown;

/** What upstream calls a function of plugins, and the status that its result stands for. */
interface Timed {
  point: string;
  statusOf(result: unknown): Status;
}

const success = () => 'Success' as const;
const refusing = (point: string): Timed => ({
  point,
  statusOf: (result) => statusOfRefusal(result as Refusal | undefined),
});
const makingRoom: Timed = {
  point: 'PostFilter',
  statusOf: (result) => statusOfRoom(result as PostFilterResult),
};

const timed: Record<FunctionName, Timed | undefined> = {
  changeHelps: undefined,
  preEnqueue: undefined,
  queueSort: undefined,
  sign: undefined,
  changePod: undefined,
  actsBeforeBind: undefined,
  preFilter: {
    point: 'PreFilter',
    statusOf: (result) => statusOfPreFilter(result as PreFilterResult | undefined),
  },
  filter: refusing('Filter'),
  postFilter: makingRoom,
  postFilterAsking: makingRoom,
  preScore: { point: 'PreScore', statusOf: (result) => (result === 'skip' ? 'Skip' : 'Success') },
  score: { point: 'Score', statusOf: success },
  normalize: { point: 'ScoreExtensionNormalize', statusOf: success },
  reserve: refusing('Reserve'),
  unreserve: { point: 'Unreserve', statusOf: success },
  permit: refusing('Permit'),
  preBind: { point: 'PreBind', statusOf: success },
  bind: { point: 'Bind', statusOf: (result) => (result ? 'Success' : 'Skip') },
  postBind: { point: 'PostBind', statusOf: success },
};

const statusOfPreFilter = (result: PreFilterResult | undefined): Status =>
  result?.skip ? 'Skip' : statusOfRefusal(result?.refusal);

/** The same profile, but that each call of a plugin is timed. */
export function measuredProfile(profile: Profile, timing: Timing): Profile {
  const made = new Map<Plugin, Plugin>();
  const measured = (plugin: Plugin) => {
    const known = made.get(plugin) ?? measuredPlugin(plugin, timing);
    made.set(plugin, known);
    return known;
  };
  const at = Object.fromEntries(points.map((point) => [point, profile.at[point].map(measured)]));
  return { ...profile, at: at as Record<Point, Plugin[]> };
}

function measuredPlugin(plugin: Plugin, timing: Timing): Plugin {
  const functions = Object.entries(timed).flatMap(([name, how]) => {
    const own = plugin[name as FunctionName] as AnyFunction | undefined;
    if (!own) return [];
    const call: AnyFunction = (...args) => own.apply(plugin, [...args]);
    return [[name, how ? timedCall(call, { plugin: plugin.name, ...how, ...timing }) : call]];
  });
  return { name: plugin.name, events: plugin.events, ...Object.fromEntries(functions) };
}

/** Calls, and tells what came of it and when it began. A promise is over when it is settled. */
function timedCall(
  call: AnyFunction,
  { plugin, point, statusOf, nowMs, observe }: Timed & Timing & { plugin: string },
): AnyFunction {
  return (...args) => {
    const startMs = nowMs();
    const over = (result: unknown) => {
      observe({ plugin, point, status: statusOf(result), startMs });
      return result;
    };
    const failed = (error: unknown): never => {
      observe({ plugin, point, status: statusOfError(error), startMs });
      throw error;
    };
    let result: unknown;
    try {
      result = call(...args);
    } catch (error) {
      return failed(error);
    }
    return result instanceof Promise ? result.then(over, failed) : over(result);
  };
}
