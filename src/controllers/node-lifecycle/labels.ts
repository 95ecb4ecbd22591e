import type { Node } from '../../api/core/v1.ts';

/** Labels by the names that pods may still select by, and those that they follow. */
const olderNames: Readonly<Record<string, string>> = {
  'kubernetes.io/os': 'beta.kubernetes.io/os',
  'kubernetes.io/arch': 'beta.kubernetes.io/arch',
};

/** What the labels of older names are to say; undefined where they do. */
export function olderLabels({ metadata: { labels = {} } }: Node): Record<string, string> | undefined {
  const wrong = Object.entries(olderNames).flatMap(([name, older]) => {
    const value = labels[name];
    return value === undefined || labels[older] === value ? [] : [[older, value] as const];
  });
  return wrong.length > 0 ? Object.fromEntries(wrong) : undefined;
}
