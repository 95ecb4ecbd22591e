import { UserError } from './user-error.ts';

/** What is wrong, and what mends it. */
const hints: readonly [what: RegExp, hint: string][] = [
  [/has it open/, 'stop that process, or choose another --data-dir'],
  [/use a newer one/, 'the store was not changed'],
  [/ENOSPC|ENOMEM|No space left/i, 'make room on the disk; the store was not changed'],
  [
    /EROFS|EACCES|EPERM|Read-only|Permission denied/i,
    'the data directory must be writable; or choose another --data-dir',
  ],
  [
    /damaged|CORRUPTED|PAGE_NOTFOUND|BAD_TXN|not a store/i,
    'bring back a snapshot with `k8ts snapshot restore FILE --data-dir DIR --replace`; the store was not changed',
  ],
];

/** For a user whose store cannot be opened, or the directory that it is in. */
export function unusableStore(error: Error): UserError {
  return new UserError(error.message, hints.find(([what]) => what.test(error.message))?.[1]);
}
