import { createHash } from 'node:crypto';

/** A text as metrics and messages tell of it that are to say whether it is the same, and not what it is; nothing of an empty one. */
export const textHash = (text: string): string =>
  text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`;
