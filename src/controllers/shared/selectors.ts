import type { LabelSelector } from '../../api/meta/v1.ts';
import { compileLabelSelector, type Selector } from '../../machinery/label-selector.ts';

const known = new WeakMap<LabelSelector, Selector>();

/**
 * What a set selects, read once for each version of it that an informer shows: each pod that nobody manages is compared with every
 * set of its namespace, and a selector may have thousands of conditions. Throws as {@link compileLabelSelector} does.
 */
export function compiledOnce(selector: LabelSelector | undefined): Selector | undefined {
  if (!selector) return undefined;
  const before = known.get(selector);
  if (before) return before;
  const compiled = compileLabelSelector(selector) ?? [];
  known.set(selector, compiled);
  return compiled;
}
