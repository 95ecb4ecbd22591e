import type { Random } from '../platform/random.ts';
import type { NodeInfo } from './cache/node-info.ts';
import { blockOf, placeInBlock } from './cache/node-list.ts';
import { type Fitting, fits, type Stretch } from './fitting.ts';
import { type Decision, maxScore, type Plugin } from './framework/framework.ts';
import { type Best, type BlockScores, ScoresPerBlock, signsScore } from './framework/memory.ts';
import { evaluated } from './framework/stopwatch.ts';

const within = (score: number) => Math.min(maxScore, Math.max(0, score));

const weightOf = ({ profile }: Decision, { name }: Plugin) => profile.weights[name] ?? 1;

/** The node with the highest sum of weighted scores; among equals one by chance. `extra` is what extenders add to each. */
export function best(
  decision: Decision,
  fitting: Fitting,
  random: Random,
  extra?: readonly number[],
): NodeInfo {
  const plugins = pluginsToAsk(decision, fitting);
  const { stretches } = fitting;
  const node =
    stretches && !extra && plugins.every(signsScore)
      ? bestWithin(stretches, signedScores(decision, plugins), random)
      : bestOfAll(fitting, totalScores(decision, fitting, plugins), { random, extra });
  decision.stopwatch?.lap('Score');
  return node;
}

function bestOfAll(
  { nodes }: Fitting,
  totals: number[],
  { random, extra }: { random: Random; extra?: readonly number[] | undefined },
): NodeInfo {
  if (extra) for (let i = 0; i < totals.length; i++) totals[i] = (totals[i] as number) + (extra[i] as number);
  let [score, count] = [none.score, 0];
  for (const total of totals) {
    if (total > score) [score, count] = [total, 1];
    else if (total === score) count++;
  }
  let at = totals.indexOf(score);
  for (let left = choose({ score, count }, random); left > 0; left--) at = totals.indexOf(score, at + 1);
  return nodes[at] as NodeInfo;
}

/** Those that have something to say about the pod. */
export function pluginsToAsk(decision: Decision, fitting: Fitting): Plugin[] {
  const { at } = decision.profile;
  const skipped = new Set<string>();
  const { stopwatch } = decision;
  const counts = stopwatch?.evaluations;
  for (const [place, plugin] of at.preScore.entries()) {
    if (plugin.preScore?.(decision, () => fitting.nodes) === 'skip') skipped.add(plugin.name);
    else evaluated(counts?.PreScore, place);
  }
  stopwatch?.lap('PreScore');
  return at.score.filter(({ name }, place) => {
    if (skipped.has(name)) return false;
    evaluated(counts?.Score, place);
    return true;
  });
}

/** The weighted sum of what these plugins say of each node. */
export function totalScores(decision: Decision, fitting: Fitting, plugins: readonly Plugin[]): number[] {
  const { nodes } = fitting;
  const totals = signedTotals(decision, fitting, plugins.filter(signsScore));
  for (const plugin of plugins) {
    if (signsScore(plugin)) continue;
    const scores = nodes.map(() => 0);
    for (let i = 0; i < nodes.length; i++) scores[i] = plugin.score?.(decision, nodes[i] as NodeInfo) ?? 0;
    plugin.normalize?.(decision, scores, nodes);
    const weight = weightOf(decision, plugin);
    for (let i = 0; i < nodes.length; i++)
      totals[i] = (totals[i] as number) + within(scores[i] as number) * weight;
  }
  return totals;
}

/** What plugins say that a node says to all pods that are alike. */
interface SignedScores {
  known: ScoresPerBlock;
  of(node: NodeInfo): number;
}

function signedScores(decision: Decision, plugins: readonly Plugin[]): SignedScores {
  const names = plugins.map(({ name }) => name);
  const make = () => new ScoresPerBlock();
  return {
    known: decision.known?.part(`scores of ${names}`, make) ?? make(),
    of(node) {
      let sum = 0;
      for (const plugin of plugins)
        sum += within(plugin.score?.(decision, node) ?? 0) * weightOf(decision, plugin);
      return sum;
    },
  };
}

/** The sum of what these say of each node, as is known or found out now. */
function signedTotals(decision: Decision, { nodes, places }: Fitting, plugins: readonly Plugin[]): number[] {
  const signed = signedScores(decision, plugins);
  const all = decision.snapshot.nodes;
  const totals = nodes.map(() => 0);
  let number = -1;
  let scores: BlockScores['scores'] = [];
  for (let i = 0; i < nodes.length; i++) {
    const place = places[i] as number;
    if (blockOf(place) !== number) {
      number = blockOf(place);
      scores = signed.known.of(number, all.block(number)).scores;
    }
    totals[i] = scores[placeInBlock(place)] ??= signed.of(nodes[i] as NodeInfo);
  }
  return totals;
}

const none: Best = { score: Number.NEGATIVE_INFINITY, count: 0 };

function better(a: Best, b: Best): Best {
  if (a.score !== b.score) return a.score > b.score ? a : b;
  return { score: a.score, count: a.count + b.count };
}

/** Which of the best it is to be. */
const choose = ({ count }: Best, random: Random) => (count > 1 ? random.int(count) : 0);

/** The same where nobody compares the nodes with each other: of most blocks it is known what their best is. */
function bestWithin(stretches: readonly Stretch[], signed: SignedScores, random: Random): NodeInfo {
  const bests = stretches.map((stretch) => bestOf(stretch, signed));
  const best = bests.reduce(better, none);
  let left = choose(best, random);
  for (let i = 0; i < stretches.length; i++) {
    const [stretch, own] = [stretches[i] as Stretch, bests[i] as Best];
    if (own.score !== best.score) continue;
    if (left < own.count) return nodeWith(best.score, left, { stretch, signed });
    left -= own.count;
  }
  throw new Error('the best node is none of those that fit');
}

/** The best of a stretch. */
function bestOf(stretch: Stretch, signed: SignedScores): Best {
  const { block, first, from, to } = stretch;
  const known = signed.known.of(block.number, block.nodes);
  const isWhole = to - from === block.nodes.length;
  if (isWhole && known.best?.of === block) return known.best.is;
  let [score, count] = [none.score, 0];
  for (let i = from - first; i < to - first; i++) {
    if (!fits(block, i)) continue;
    const own = (known.scores[i] ??= signed.of(block.nodes[i] as NodeInfo));
    if (own > score) [score, count] = [own, 1];
    else if (own === score) count++;
  }
  const best = { score, count };
  if (isWhole) known.best = { of: block, is: best };
  return best;
}

/** The node of a stretch that has this score, and before which so many others have it. */
function nodeWith(
  score: number,
  before: number,
  { stretch: { block, first, from, to }, signed }: { stretch: Stretch; signed: SignedScores },
): NodeInfo {
  const { scores } = signed.known.of(block.number, block.nodes);
  let left = before;
  for (let i = from - first; i < to - first; i++)
    if (fits(block, i) && scores[i] === score && left-- === 0) return block.nodes[i] as NodeInfo;
  throw new Error('no node has the best score');
}

/** Brings scores to 0..100, the largest to 100; `reverse` where less is better. (`DefaultNormalizeScore`) */
export function normalizeByLargest(scores: number[], reverse = false): void {
  let largest = 0;
  for (const score of scores) if (score > largest) largest = score;
  for (let i = 0; i < scores.length; i++) {
    const share = largest === 0 ? 0 : Math.floor(((scores[i] as number) * maxScore) / largest);
    scores[i] = reverse ? maxScore - share : share;
  }
}
