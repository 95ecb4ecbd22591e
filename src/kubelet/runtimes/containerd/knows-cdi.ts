import type { RuntimeVersion } from '../types.ts';

/** Whether a runtime finds CDI devices by their names: containerd does from 1.7 on, others are believed to. */
export function knowsCdi({ name, version }: Pick<RuntimeVersion, 'name' | 'version'>): boolean {
  const match = /^v?(\d+)\.(\d+)/.exec(version);
  if (name !== 'containerd' || !match) return true;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > 1 || (major === 1 && minor >= 7);
}
