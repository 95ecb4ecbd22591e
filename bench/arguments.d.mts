export function numbers<T extends Record<string, number>>(
  usage: string,
  defaults: T,
  args?: readonly string[],
): Record<keyof T, number>;
export function refuse(usage: string, wrong: string | undefined): never;
