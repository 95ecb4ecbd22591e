const named =
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP ' +
  'TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN';

const realTime = [
  ...Array.from({ length: 15 }, (_, i) => `SIGRTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `SIGRTMAX-${14 - i}`),
  'SIGRTMAX',
];

/** Signals in the order of the runtime interface, whose first entry is "what the runtime does by default". */
const signals = ['', ...named.split(' ').map((name) => `SIG${name}`), ...realTime];

/** The interface's number of a signal's name; 0 where it has none. */
export function stopSignalNumber(name: string | undefined): number {
  return Math.max(0, signals.indexOf(name ?? ''));
}
