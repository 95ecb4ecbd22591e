import type { LabelSelector } from '../../../api/meta/v1.ts';
import { compileLabelSelector, formatLabelSelector } from '../../../machinery/label-selector.ts';

/** The selector that `/scale` shows; empty for one that cannot be read. */
export function selectorOfScale(selector: LabelSelector | undefined): string {
  try {
    return formatLabelSelector(compileLabelSelector(selector) ?? []);
  } catch {
    return '';
  }
}
